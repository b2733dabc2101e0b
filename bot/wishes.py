"""Wishes to hear a violation: noted when somebody clicks Listen, fulfilled once, told about in the thread.

A wish is a row of the outbox that the sender leaves alone. What comes of it is a message of its own: the clips, or why
there are none. All three are named by the violation and by its evidence, so that clips of other evidence are others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, or_, select, update

from audit_core.ledger.violations import Violation, sha256_of
from bot.outbox import WISH, ask, parent_subject
from bot.tables import outbox

__all__ = [
    "Answer",
    "Wish",
    "any_refused",
    "dropped",
    "next_wish",
    "note_failure",
    "note_uploaded",
    "postpone",
    "refused",
    "wish",
]

Word = Literal["noted", "coming", "there"]

_CLIPS: Final = "clips/"
_NONE: Final = "no-clips/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a click: noted now, still coming from before, or there already, as this file."""

    word: Word
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish that is to be fulfilled.

    Attributes
    ----------
    id : int
        Of the row.
    name : str
        The violation's key, and the hash of the evidence that is heard.
    key : str
        The violation's.
    channel, parent : str
        Where its thread is.
    attempts : int
        How often Slack did not take the files.
    """

    id: int
    name: str
    key: str
    channel: str
    parent: str
    attempts: int


def wish(connection: Connection, violation: Violation, *, at: datetime) -> Answer | None:
    """Note that somebody wants to hear a violation.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    violation : Violation
    at : datetime
        Now.

    Returns
    -------
    answer : Answer or None
        None if the violation has no thread.
    """
    parent = parent_subject(violation.policy, violation.rule, violation.dataset)
    channel = connection.scalar(select(outbox.c.channel).where(outbox.c.subject == parent))
    if channel is None:
        return None
    name = f"{violation.key}/{sha256_of(violation.evidence)[:16]}"
    clips = _row(connection, f"{_CLIPS}{name}")
    if clips is not None and clips.failed is None:
        files = clips.content["files"]
        return Answer("there" if clips.sent_at else "coming", files[0]["id"])
    asked = _row(connection, f"{WISH}{name}")
    if asked is not None and asked.sent_at is None:
        return Answer("coming")
    ask(connection, channel=channel, subject=f"{WISH}{name}", parent=parent, at=at)
    return Answer("noted")


def dropped(connection: Connection, violation: Violation) -> None:
    """Forget clips that were deleted in Slack, so that they can be wished for again."""
    name = f"{violation.key}/{sha256_of(violation.evidence)[:16]}"
    connection.execute(delete(outbox).where(outbox.c.subject == f"{_CLIPS}{name}"))


def refused(connection: Connection, *, at: datetime) -> None:
    """Tell the thread of clips that Slack would not share after all, such as files that it has thrown away."""
    for_good = outbox.c.subject.startswith(_CLIPS, autoescape=True), outbox.c.failed.is_not(None)
    for row in connection.execute(select(outbox).where(*for_good, outbox.c.not_before.is_(None))).all():
        name = row.subject.removeprefix(_CLIPS)
        why = f"Slack did not take the clips: {row.failed}. A click on Listen makes them again."
        content = {"says": why}
        subject = f"{_NONE}{name}"
        ask(connection, channel=row.channel, subject=subject, parent=row.parent, content=content, at=at)
        connection.execute(delete(outbox).where(outbox.c.id == row.id))


def any_refused(connection: Connection) -> bool:
    """Tell whether there is something for `refused` to tell of."""
    for_good = outbox.c.subject.startswith(_CLIPS, autoescape=True), outbox.c.failed.is_not(None)
    return connection.execute(select(outbox.c.id).where(*for_good, outbox.c.not_before.is_(None))).first() is not None


def next_wish(connection: Connection, now: datetime) -> Wish | None:
    """Give the oldest wish whose time has come."""
    ripe = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
    waiting = (
        select(outbox)
        .where(outbox.c.subject.startswith(WISH, autoescape=True), outbox.c.sent_at.is_(None), ripe)
        .order_by(outbox.c.id)
        .limit(1)
    )
    row = connection.execute(waiting).one_or_none()
    if row is None:
        return None
    name = row.subject.removeprefix(WISH)
    return Wish(row.id, name, name.partition("/")[0], row.channel, row.parent, row.attempts)


def note_uploaded(
    connection: Connection, fulfilled: Wish, files: Sequence[Mapping[str, str]], says: str, *, at: datetime
) -> None:
    """Ask that files which Slack has be shared in the thread."""
    content = {"files": [dict(file) for file in files], "says": says}
    connection.execute(delete(outbox).where(outbox.c.subject == f"{_CLIPS}{fulfilled.name}"))  # those it refused
    ask(
        connection,
        channel=fulfilled.channel,
        subject=f"{_CLIPS}{fulfilled.name}",
        parent=fulfilled.parent,
        content=content,
        at=at,
    )
    if _row(connection, f"{_NONE}{fulfilled.name}") is not None:
        _tell_failure(connection, fulfilled, "There are clips after all: they are below.", at)
    _done(connection, fulfilled, at)


def note_failure(connection: Connection, failed: Wish, why: str, *, at: datetime) -> None:
    """Ask that the thread be told why there are no clips; a click on Listen tries again."""
    _tell_failure(connection, failed, why, at)
    _done(connection, failed, at)


def postpone(connection: Connection, postponed: Wish, until: datetime) -> None:
    """Let a wish wait: Slack did not take its files."""
    later = {"not_before": until, "attempts": postponed.attempts + 1}
    connection.execute(update(outbox).where(outbox.c.id == postponed.id).values(later))


def _tell_failure(connection: Connection, failed: Wish, why: str, at: datetime) -> None:
    ask(
        connection,
        channel=failed.channel,
        subject=f"{_NONE}{failed.name}",
        parent=failed.parent,
        content={"says": why},
        at=at,
    )


def _done(connection: Connection, fulfilled: Wish, at: datetime) -> None:
    done = {"sent_at": at, "attempts": 0, "not_before": None}
    connection.execute(update(outbox).where(outbox.c.id == fulfilled.id).values(done))


def _row(connection: Connection, subject: str) -> Any:
    return connection.execute(select(outbox).where(outbox.c.subject == subject)).one_or_none()
