"""Who may decide: the reviewers that a policy names, as people or as a group.

The members of a group stand in the workspace's settings, which win where they name it, or are learnt from Slack's user
groups in the background, so that a click waits for no network. What Slack last told counts for fifteen minutes; after
that nobody of the group may decide until Slack answers again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy import Connection, delete, insert, select

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused, ServiceError
from bot.tables import group_members
from rules.language.policy import Policy, Reviewers

__all__ = ["REFRESH_EVERY", "Roles", "groups_named", "refresh_groups"]

logger = logging.getLogger(__name__)

REFRESH_EVERY: Final = timedelta(minutes=5)
_COUNTS_FOR: Final = timedelta(minutes=15)


class Roles:
    """Tells whether a person is a reviewer.

    Parameters
    ----------
    groups : mapping
        The members of groups, from the workspace's settings: handle with its @ → user ids.
    people : mapping
        The names of people, from the settings: user id → name.
    """

    def __init__(
        self,
        groups: Mapping[str, Iterable[str]] | None = None,
        people: Mapping[str, str] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._groups = {handle: frozenset(members) for handle, members in (groups or {}).items()}
        self.people: Mapping[str, str] = dict(people or {})
        self._clock = clock

    def demand(self, connection: Connection, reviewers: Reviewers, person: str) -> None:
        """Refuse a person who is no reviewer.

        Raises
        ------
        DecisionRefused
            Saying who has a say, or that the group's members are not known at the moment.
        """
        if person not in self.members(connection, reviewers):
            raise DecisionRefused(
                f"{self.name(person)} has no say in this",
                mend=f"The policy names {self.named(reviewers)} as reviewers.",
            )

    def members(self, connection: Connection, reviewers: Reviewers) -> frozenset[str]:
        """Tell who the reviewers are at the moment.

        Raises
        ------
        DecisionRefused
            If the members of their group are not known at the moment.
        """
        return frozenset(reviewers.people) if reviewers.group is None else self._members(connection, reviewers.group)

    def named(self, reviewers: Reviewers) -> str:
        """Say who the reviewers are."""
        return reviewers.group or ", ".join(map(self.name, reviewers.people)) or "nobody"

    def name(self, person: str) -> str:
        """Give a person's name, where the settings tell it; else the id."""
        return self.people.get(person, person)

    def known(self, handle: str) -> bool:
        """Tell whether the settings name a group's members."""
        return handle in self._groups

    def _members(self, connection: Connection, handle: str) -> frozenset[str]:
        if handle in self._groups:
            return self._groups[handle]
        row = connection.execute(select(group_members).where(group_members.c.handle == handle)).one_or_none()
        if row is None:
            raise DecisionRefused(
                f"who belongs to {handle} is not known",
                mend="Make it a user group in Slack, or name its members in cratecheck.toml under [groups].",
            )
        if self._clock() - row.refreshed_at > _COUNTS_FOR:
            raise DecisionRefused(
                f"who belongs to {handle} was last heard from Slack more than 15 minutes ago",
                mend="Try again when Slack answers, or name its members in cratecheck.toml under [groups].",
            )
        return frozenset(row.members)


def groups_named(policies: Iterable[Policy]) -> frozenset[str]:
    """Name the groups that policies and their rules give a say."""
    reviews = (review for policy in policies for review in (policy.review, *(rule.review for rule in policy.rules)))
    return frozenset(review.reviewers.group for review in reviews if review.reviewers.group)


def refresh_groups(store: Store, client: WebClient, handles: Iterable[str], clock: Clock = utc_now) -> None:
    """Ask Slack for the members of user groups, and keep its answer.

    A group that Slack no longer has is forgotten, so that nobody is taken for its member.

    Raises
    ------
    ServiceError
        If Slack does not answer, or has no user groups for us.
    """
    wanted = sorted(set(handles))
    if not wanted:
        return
    try:
        answer = client.usergroups_list(include_users=True, include_disabled=False)
    except SlackApiError as error:
        raise ServiceError(
            f"Slack does not tell its user groups: {error.response['error']}",
            mend="Give the app the scope usergroups:read, or name the members in cratecheck.toml under [groups].",
        ) from error
    except (SlackClientError, OSError) as error:
        raise ServiceError(f"Slack can't be asked for its user groups: {error}") from error
    told = {f"@{group['handle']}": sorted(group.get("users") or ()) for group in answer["usergroups"]}
    missing = [handle for handle in wanted if handle not in told]
    if missing:
        logger.warning("Slack has no user group %s", ", ".join(missing))
    now = clock()
    rows = [{"handle": handle, "members": told[handle], "refreshed_at": now} for handle in wanted if handle in told]
    with store.write() as connection:
        connection.execute(delete(group_members))
        if rows:
            connection.execute(insert(group_members), rows)
