"""A policy that was to be looked at again by a day that has passed: its owner is reminded every week.

It stays in force all the same. A rule that nobody looks at any more is not a rule that ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection

from bot.outbox import ask, parent_subject
from rules.language.policy import Policy
from rules.language.schedule import Timing, timing_of

__all__ = ["WEEKLY", "overdue_from", "remind"]

WEEKLY: Final[Timing] = timing_of("weekly monday 09:00")
"""When the owner is reminded, by the clock of the policy."""


def overdue_from(policy: Policy) -> datetime | None:
    """Give the moment at which the last day for looking at a policy has ended; None if it names no day."""
    if policy.review_by is None:
        return None
    return datetime.combine(policy.review_by + timedelta(days=1), time(), policy.zone).astimezone(UTC)


def remind(connection: Connection, policy: Policy, *, due: datetime, now: datetime, late: bool) -> None:
    """Ask that the owner be reminded: once for each time that it is due, in the caller's transaction."""
    ask(
        connection,
        channel=policy.review.channel,
        subject=f"overdue/{due.timestamp():.0f}/{policy.id}",
        content={
            "policy": policy.id,
            "title": policy.title,
            "owner": policy.owner,
            "review_by": policy.review_by.isoformat() if policy.review_by else None,
            "due": due.isoformat() if late else None,
            "opens": parent_subject(policy.id, policy.rules[0].id, ""),
        },
        at=now,
    )
