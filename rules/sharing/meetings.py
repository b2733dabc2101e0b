"""Where the tracks of two selections meet: in a file, in a recording, in a stretch of audio, in what may be one work.

A query gives the rows that `stars` reads: tracks of either side, each with something that it meets others in.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import tracks
from audit_core.neighbours.recordings import (
    heard_recording,
    heard_tracks,
    matches_both_ways,
    separated_both_ways,
    versions_both_ways,
    whole_between_recordings,
)
from rules.complaint import NAMED
from rules.sharing.same_files import files_in_common, role_of
from rules.sharing.stars import HEARD, Sameness

__all__ = ["BY_EAR", "Sides", "any_apart", "any_heard", "any_scanned", "kept_apart", "meetings", "reached"]

BY_EAR: Final[tuple[Sameness, ...]] = ("excerpt", "version")
"""What no catalogue states: it has to be heard."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Which tracks are judged, and which they are compared with, as conditions and as columns of 1 and 0.

    The columns are asked to be more than 0, not to be 1: PostgreSQL expects next to no row to equal an expression, and
    then chooses a nested loop. `reach` holds of both, and is cheap. Without `heard`, no file was scanned; without
    `any_apart`, every whole match is of one recording.
    """

    of: ColumnElement[bool]
    to: ColumnElement[bool]
    reach: ColumnElement[bool]
    heard: Snapshot | None = None
    overlap_at_least_ms: int = 0
    any_apart: bool = True

    @property
    def is_of(self) -> ColumnElement[int]:
        """Give 1 for a track that is judged."""
        return case((self.of, 1), else_=0).label("is_of")

    @property
    def is_to(self) -> ColumnElement[int]:
        """Give 1 for a track that is compared with."""
        return case((self.to, 1), else_=0).label("is_to")


@dataclass(frozen=True, slots=True)
class _Content:
    """What tracks hold, by its name: from which join with the table of tracks, as which expression, if at all."""

    source: FromClause
    name: ColumnElement[Any]
    known: ColumnElement[bool]


def meetings(way: Sameness, sides: Sides) -> list[Select[Any]]:
    """Give the queries for one way of being the same; none if nobody has listened, and no catalogue could say."""
    if way == "file":
        return [_files(sides)]
    return [_shared_by_both(rows, rows.c.content, _NO) for rows in reached(way, sides)]


def reached(way: Sameness, sides: Sides) -> list[FromClause]:
    """Give the rows of both sides that meet in something: what is stated, and what was heard."""
    found = [_meeting(sides, _STATED, _STATED)] if way == "recording" else []
    if sides.heard is None:
        return found
    source = heard_tracks(sides.heard)
    audio = audio_files.c.packets
    if way == "recording":
        heard = _Content(source, HEARD + heard_recording(), audio.is_not(None))
        if not sides.any_apart:
            return [*found, _meeting(sides, heard, heard)]
        pairs = whole_between_recordings(sides.heard).subquery("pairs")
        whole = _Content(source.join(pairs, pairs.c.packets == audio), _WHOLE + pairs.c.other, true())
        matched = _Content(source, _WHOLE + audio, audio.is_not(None))
        return [*found, _meeting(sides, heard, heard), _meeting(sides, whole, matched)]
    if way == "excerpt":
        pairs = matches_both_ways(sides.heard).subquery("pairs")
        at_least_s = sides.overlap_at_least_ms / 1000
        known = and_(pairs.c.whole.is_(False), pairs.c.overlap >= at_least_s)
    else:
        pairs = versions_both_ways(sides.heard).subquery("pairs")
        known = true()
    led = _Content(source.join(pairs, pairs.c.packets == audio), pairs.c.other, known)
    return [_meeting(sides, led, _Content(source, audio, audio.is_not(None)))]


def _meeting(sides: Sides, of: _Content, to: _Content) -> FromClause:
    columns = (tracks.c.id.label("track_id"), *NAMED, tracks.c.dataset_id)
    to_side = (
        select(to.name.label("content"), *columns, _NO.label("is_of"), _YES.label("is_to"))
        .select_from(to.source)
        .where(sides.to, to.known)
        .cte()
    )
    of_side = (
        select(of.name.label("content"), *columns, _YES.label("is_of"), _NO.label("is_to"))
        .select_from(of.source)
        .where(sides.of, of.known, of.name.in_(select(to_side.c.content)))
        .cte()
    )
    met = select(to_side).where(to_side.c.content.in_(select(of_side.c.content)))
    return union_all(select(of_side), met).subquery()


def _files(sides: Sides) -> Select[Any]:
    found = files_in_common(sides.reach, sides.is_of, sides.is_to, scanned=sides.heard).subquery()
    file = (found.c.algorithm, found.c.value)
    anyone = (
        func.max(found.c.is_of).over(partition_by=file).label("any_of"),
        func.max(found.c.is_to).over(partition_by=file).label("any_to"),
    )
    numbers: list[ColumnElement[Any]] = [*found.c, *anyone]
    both = select(*numbers).subquery()  # narrow, for it is sorted
    columns = (both.c.algorithm, both.c.value, both.c.asset_id, both.c.track_id, both.c.is_of, both.c.is_to)
    rows = (
        select(*columns, *NAMED, tracks.c.dataset_id)
        .join(tracks, tracks.c.id == both.c.track_id)
        .where(both.c.any_of > 0, both.c.any_to > 0)
        .subquery()
    )
    is_audio = case((role_of(rows.c.asset_id) == "audio", 1), else_=0)
    return _shared_by_both(rows, rows.c.algorithm + ":" + rows.c.value, is_audio)


def _shared_by_both(rows: FromClause, content: ColumnElement[str], is_audio: ColumnElement[int]) -> Select[Any]:
    """Select what `stars` reads, of the tracks that are on either side."""
    names = ("track_id", "dataset_id", "key", "title", "artist", "is_of", "is_to")
    columns: list[ColumnElement[Any]] = [content.label("content"), is_audio.label("is_audio")]
    columns += (rows.c[name] for name in names)
    return select(*columns).where(or_(rows.c.is_of > 0, rows.c.is_to > 0))


_YES: Final[ColumnElement[int]] = literal_column("1")
_WHOLE: Final[ColumnElement[str]] = literal_column(f"'{HEARD}whole:'", String)
_NO: Final[ColumnElement[int]] = literal_column("0")
_STATED: Final = _Content(tracks, tracks.c.recording, tracks.c.recording.is_not(None))


def kept_apart(connection: Connection, sides: Sides) -> dict[int, set[int]]:
    """Find the tracks that persons have separated, though the same recording may be heard in them still."""
    if sides.heard is None:
        return {}
    separated = connection.execute(separated_both_ways(sides.heard)).all()
    if not separated:
        return {}
    audio = among(audio_files.c.packets, {packets for packets, _ in separated})
    holding = (
        select(tracks.c.id, audio_files.c.packets).select_from(heard_tracks(sides.heard)).where(sides.reach, audio)
    )
    by_audio: dict[str, set[int]] = defaultdict(set)
    for number, packets in connection.execute(holding):
        by_audio[packets].add(number)
    apart: dict[int, set[int]] = defaultdict(set)
    for packets, other in separated:
        for number in by_audio.get(packets, ()):
            apart[number] |= by_audio.get(other, set())
    return apart


def any_apart(connection: Connection, heard: Snapshot) -> bool:
    """Tell whether any audio matches all of another with which it is of no recording."""
    return connection.execute(whole_between_recordings(heard).limit(1)).first() is not None


def any_heard(connection: Connection, snapshot: Snapshot, condition: ColumnElement[bool]) -> bool:
    """Tell whether any of some tracks was heard."""
    known = and_(condition, audio_files.c.packets.is_not(None))
    query = select(tracks.c.id).select_from(heard_tracks(snapshot)).where(known).limit(1)
    return connection.execute(query).first() is not None


def any_scanned(connection: Connection, snapshot: Snapshot, condition: ColumnElement[bool]) -> bool:
    """Tell whether the scan met any file of some tracks, whatever came of it."""
    query = select(tracks.c.id).select_from(heard_tracks(snapshot)).where(condition).limit(1)
    return connection.execute(query).first() is not None
