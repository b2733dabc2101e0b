"""The demo's desk: its people and channels as the settings and policies name them, and the service that posts there."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from audit_core.catalogue.store import Store
from audit_core.errors import SettingsError
from audit_core.settings import Settings
from bot.demo.crate import REVIEWERS
from bot.desk import Channel, Desk, DeskConfig, Person, UserGroup, serve
from bot.service import Service
from rules.activation import active
from rules.language.policy import Policy

__all__ = ["Showing", "demand_free", "desk_config", "showing"]


@dataclass(frozen=True, slots=True)
class Showing:
    """A desk that is open: its address, and who works behind it."""

    url: str
    desk: Desk
    service: Service


@contextmanager
def showing(settings: Settings, store: Store, *, port: int = 0) -> Iterator[Showing]:
    """Open the desk of a workspace, with all that is to be posted on its way.

    Parameters
    ----------
    settings : Settings
        Of a demo workspace; its threads are kept in its folder.
    store : Store
        Its database.
    port : int
        On this machine; 0 takes a free one.

    Raises
    ------
    SettingsError
        If the port is taken.
    """
    demand_free(port)
    with store.read() as connection:
        config = desk_config(settings, active(connection))
    with (
        closing(Desk.create(settings.workspace / "desk.sqlite", config)) as desk,
        serve(desk, port=port) as url,
        Service(settings, store, desk) as service,
    ):
        yield Showing(url, desk, service)


def demand_free(port: int) -> None:
    """See that a desk can be opened at a port of this machine.

    Raises
    ------
    SettingsError
        If the port is taken.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"the desk can't be opened at port {port}: {error}", mend="Set --port: 0 takes a free one."
        ) from error


def desk_config(settings: Settings, policies: Iterable[Policy]) -> DeskConfig:
    """Set up the desk: the people and groups of the settings, the channels of the policies."""
    known = {reviewer.id: reviewer for reviewer in REVIEWERS}
    people = []
    for person, name in settings.people.items():
        reviewer = known.get(person)
        handle = reviewer.handle if reviewer else person.lower()
        people.append(Person(handle, name, reviewer.title if reviewer else "", id=person))
    handles = {person.id: person.name for person in people}
    groups = tuple(
        UserGroup(group.removeprefix("@"), members=tuple(handles[member] for member in members if member in handles))
        for group, members in settings.groups.items()
    )
    topics: dict[str, list[str]] = {}
    for policy in policies:
        for channel in sorted({policy.review.channel, *(rule.review.channel for rule in policy.rules)}):
            topics.setdefault(channel.removeprefix("#"), []).append(policy.title)
    return DeskConfig(
        team="Cratecheck demo",
        bot_name="Cratecheck",
        users=tuple(people),
        channels=tuple(Channel(name, "; ".join(titles)) for name, titles in sorted(topics.items())),
        usergroups=groups,
        events=(),
    )
