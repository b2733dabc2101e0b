"""Asking for a message: rows written in the very transaction that calls for them.

A message is named by its subject and has one row for life. Asking for it again means an edit; many requests before the
edit is sent are one edit, for what it says is made when it is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, insert, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from audit_core.ledger.tables import findings
from bot.tables import outbox, outbox_items

__all__ = [
    "WISH",
    "Pending",
    "ask",
    "ask_items",
    "ask_parent_of",
    "edit_listing",
    "edit_listings",
    "edit_parents",
    "is_message",
    "parent_subject",
    "parents_of",
    "rename_parents",
    "rule_of",
]


@dataclass(frozen=True, slots=True)
class Pending:
    """A row of the outbox that is to be sent."""

    id: int
    channel: str
    subject: str
    parent: str | None
    content: dict[str, Any]
    token: str
    asked: int
    attempts: int
    attempted_at: datetime | None
    channel_id: str | None
    ts: str | None
    shown: str | None


def parent_subject(policy: str, rule: str, dataset: str) -> str:
    """Name the parent message of a rule in a dataset."""
    return f"rule/{policy}/{rule}/{dataset}"


WISH: Final = "listen/"
"""How the subject of a wish begins: a row that is no message, but work for whoever makes clips (`wishes`)."""


def rule_of(subject: str) -> tuple[str, str, str]:
    """Read policy, rule and dataset from the name of a parent message.

    Raises
    ------
    ValueError
        If it names no parent message.
    """
    kind, policy, rule, dataset = subject.split("/", 3)
    if kind != "rule":
        raise ValueError(f"{subject!r} names no parent message")
    return policy, rule, dataset


def ask(
    connection: Connection,
    *,
    channel: str,
    subject: str,
    at: datetime,
    parent: str | None = None,
    content: Mapping[str, Any] | None = None,
) -> None:
    """Ask that a message be posted or, where it is posted already, brought up to date.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`: the message is asked for if, and only if, the change that calls for it is committed.
    channel : str
        As the policy names it, with or without the #.
    subject : str
        What the message is about.
    at : datetime
        Now.
    parent : str, optional
        The subject in whose thread it is said.
    content : mapping, optional
        What the subject does not tell; of a message that was asked for before, left as it is if not given.
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row: Any = make(outbox).values(
        channel=channel.removeprefix("#"),
        subject=subject,
        parent=parent,
        content=dict(content or {}),
        token=uuid.uuid4().hex,
        asked=1,
        attempts=0,
        created_at=at,
    )
    stays = outbox.c.channel == row.excluded.channel
    moved = {name: case((stays, outbox.c[name]), else_=row.excluded[name]) for name in _MOVES}
    moved["not_before"] = case((stays, _AGAIN["not_before"]))
    if content is not None:
        moved["content"] = row.excluded.content
    connection.execute(row.on_conflict_do_update(index_elements=[outbox.c.subject], set_={**_AGAIN, **moved}))
    _take_replies_along(connection, subject, channel.removeprefix("#"))


def is_message() -> ColumnElement[bool]:
    """Give the condition under which a row of the outbox is a message, and no wish."""
    return not_(outbox.c.subject.startswith(WISH, autoescape=True))


def _take_replies_along(connection: Connection, parent: str, channel: str) -> None:
    """Move what is still to be said in a message's thread to where the message is said now."""
    left_behind = outbox.c.parent == parent, outbox.c.ts.is_(None), outbox.c.channel != channel
    for reply in connection.scalars(select(outbox.c.id).where(*left_behind)).all():
        anew = {"channel": channel, "token": uuid.uuid4().hex, "attempted_at": None, "failed": None, "not_before": None}
        connection.execute(update(outbox).where(outbox.c.id == reply).values(anew))


_AGAIN: dict[str, Any] = {
    "asked": outbox.c.asked + 1,
    "sent_at": None,
    "failed": None,
    # A post of which we don't know whether Slack has it is not looked for any sooner.
    "not_before": case(
        (
            and_(outbox.c.ts.is_(None), outbox.c.attempted_at.is_not(None), outbox.c.failed.is_(None)),
            outbox.c.not_before,
        )
    ),
    "attempts": 0,
}
# Where the policy names another channel than before, the message is posted anew, there.
_MOVES = ("channel", "token", "attempted_at", "channel_id", "ts", "shown")


def ask_items(
    connection: Connection,
    *,
    channel: str,
    subject: str,
    parent: str,
    keys: Sequence[str],
    more: int,
    at: datetime,
) -> None:
    """Ask for a thread message that lists violations, and says how many more there are."""
    content = {"more": more} if more else {}
    ask(connection, channel=channel, subject=subject, parent=parent, content=content, at=at)
    outbox_id = connection.execute(select(outbox.c.id).where(outbox.c.subject == subject)).scalar_one()
    listed = [{"outbox_id": outbox_id, "position": place, "violation_key": key} for place, key in enumerate(keys)]
    connection.execute(insert(outbox_items), listed)


def edit_listing(connection: Connection, key: str) -> None:
    """Ask that the thread messages that list a violation be brought up to date."""
    listing = select(outbox_items.c.outbox_id).where(outbox_items.c.violation_key == key)
    connection.execute(update(outbox).where(outbox.c.id.in_(listing)).values(_AGAIN))


def edit_listings(connection: Connection, run_id: int) -> None:
    """Ask that the thread messages that list what a run has changed be brought up to date."""
    changed = (
        select(outbox_items.c.outbox_id)
        .join(findings, findings.c.key == outbox_items.c.violation_key)
        .where(findings.c.run_id == run_id)
    )
    connection.execute(update(outbox).where(outbox.c.id.in_(changed)).values(_AGAIN))


def edit_parents(connection: Connection, subject: str | None = None) -> None:
    """Ask that a parent message, or every one, be brought up to date, where there is one."""
    which = outbox.c.subject == subject if subject else outbox.c.subject.startswith("rule/", autoescape=True)
    connection.execute(update(outbox).where(which).values(_AGAIN))


def move_parents(connection: Connection, channels: Mapping[tuple[str, str], str], *, at: datetime) -> None:
    """Move the parent messages of rules whose policy names another channel now; by policy and rule, the channel."""
    parents = select(outbox.c.subject, outbox.c.channel).where(outbox.c.subject.startswith("rule/", autoescape=True))
    for subject, channel in connection.execute(parents).all():
        _, policy, rule, _ = subject.split("/", 3)
        wanted = channels.get((policy, rule), channel).removeprefix("#")
        if wanted != channel:
            ask(connection, channel=wanted, subject=subject, at=at)


def parents_of(connection: Connection, policy: str) -> dict[tuple[str, str], str]:
    """Read in which channel each parent message of a policy is, by rule and dataset."""
    begins = f"rule/{policy}/"
    parents = select(outbox.c.subject, outbox.c.channel).where(outbox.c.subject.startswith(begins, autoescape=True))
    return {rule_of(row.subject)[1:]: row.channel for row in connection.execute(parents)}


def rename_parents(connection: Connection, names: Mapping[tuple[str, str], str]) -> None:
    """Let the parent messages of rules that have another id now go on under it, threads and all.

    Where there is one under the new id already, the older stays as it is.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    names : mapping
        By policy and former id, the rule's id.
    """
    parents = select(outbox.c.subject).where(outbox.c.subject.startswith("rule/", autoescape=True))
    there = set(connection.scalars(parents))
    for subject in sorted(there):
        policy, rule, dataset = rule_of(subject)
        renamed = parent_subject(policy, names.get((policy, rule), rule), dataset)
        if renamed not in there:
            there.add(renamed)
            connection.execute(update(outbox).where(outbox.c.subject == subject).values(subject=renamed))
            connection.execute(update(outbox).where(outbox.c.parent == subject).values(parent=renamed))


def ask_parent_of(connection: Connection, *, policy: str, rule: str, dataset: str, channel: str, at: datetime) -> None:
    """Ask that the parent message of a rule in a dataset be posted or brought up to date."""
    ask(connection, channel=channel, subject=parent_subject(policy, rule, dataset), at=at)
