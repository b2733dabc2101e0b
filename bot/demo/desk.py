"""The demo's desk: its people and channels, as the policies in force name them."""

from __future__ import annotations

from collections.abc import Iterable

from audit_core.settings import Settings
from bot.demo.crate import REVIEWERS
from bot.desk import Channel, DeskConfig, Person, UserGroup
from rules.policy import Policy

__all__ = ["desk_config"]


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
        paced=True,
    )
