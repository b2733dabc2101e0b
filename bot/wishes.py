"""Wishes to hear a violation: noted when somebody clicks Listen, fulfilled once, told about in the thread.

A wish is a row of the outbox that the sender leaves alone. What comes of it is a message of its own: the clips, or why
there are none. All three are named by the violation and by its evidence, so that clips of other evidence are others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    "content_of_clips",
    "dropped",
    "next_wish",
    "note_failure",
    "note_uploaded",
    "postpone",
    "refused",
    "tracks_heard",
    "wish",
    "withdraw",
    "withdrawn_files",
]

Word = Literal["noted", "coming", "there"]

_CLIPS: Final = "clips/"
_NONE: Final = "no-clips/"
_FORBIDDEN: Final = "No clip: "  # how `evidence.order` begins to say it


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
    name = _name_of(violation)
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
    connection.execute(delete(outbox).where(outbox.c.subject == _clips_of(violation)))


def refused(connection: Connection, *, at: datetime, deleted: Collection[str] = ()) -> None:
    """Tell the thread of clips that are not to be heard after all.

    Slack would not share them, having thrown them away for instance; or they may not be heard any more, of which the
    thread is told once their files are among those that were deleted in Slack.
    """
    for_good = outbox.c.subject.startswith(_CLIPS, autoescape=True), outbox.c.failed.is_not(None)
    for row in connection.execute(select(outbox).where(*for_good, outbox.c.not_before.is_(None))).all():
        name = row.subject.removeprefix(_CLIPS)
        forbidden = row.failed.startswith(_FORBIDDEN)
        if forbidden and not all(file["id"] in deleted for file in row.content["files"]):
            continue
        why = f"Slack did not take the clips: {row.failed}. A click on Listen makes them again."
        content = {"says": row.failed if forbidden else why}
        subject = f"{_NONE}{name}"
        ask(connection, channel=row.channel, subject=subject, parent=row.parent, content=content, at=at)
        connection.execute(delete(outbox).where(outbox.c.id == row.id))


def tracks_heard(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the tracks whose audio clips bring, of the content of their row."""
    return [(dataset, key) for dataset, key in content["of"]]


def content_of_clips(connection: Connection, violation: Violation) -> dict[str, Any] | None:
    """Give what is noted of a violation's clips; None if there are none."""
    clips = _row(connection, _clips_of(violation))
    return None if clips is None else clips.content


def withdraw(connection: Connection, violation: Violation, why: str) -> None:
    """Ask that clips which may not be heard any more be deleted in Slack, and that the thread be told why."""
    withdrawn = update(outbox).where(outbox.c.subject == _clips_of(violation))
    connection.execute(withdrawn.values(failed=why, not_before=None))


def withdrawn_files(connection: Connection) -> list[str]:
    """Name the files that are to be deleted in Slack."""
    forbidden = outbox.c.subject.startswith(_CLIPS, autoescape=True), outbox.c.failed.startswith(_FORBIDDEN)
    contents = connection.scalars(select(outbox.c.content).where(*forbidden, outbox.c.not_before.is_(None)))
    return [file["id"] for content in contents for file in content["files"]]


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
    connection: Connection,
    fulfilled: Wish,
    files: Sequence[Mapping[str, str]],
    says: str,
    tracks: Sequence[tuple[str, str]],
    *,
    at: datetime,
) -> None:
    """Ask that files which Slack has be shared in the thread; they are of these tracks, each a dataset and a key."""
    content = {"files": [dict(file) for file in files], "says": says, "of": [list(track) for track in tracks]}
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


def _name_of(violation: Violation) -> str:
    return f"{violation.key}/{sha256_of(violation.evidence)[:16]}"


def _clips_of(violation: Violation) -> str:
    return f"{_CLIPS}{_name_of(violation)}"


def _row(connection: Connection, subject: str) -> Any:
    return connection.execute(select(outbox).where(outbox.c.subject == subject)).one_or_none()
