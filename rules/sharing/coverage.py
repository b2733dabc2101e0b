"""How much of some tracks was listened to: what a rule about sound could not see.

A track was scanned if all its audio files were, and compared if the audio in all of them was. One without an audio file
was neither. What the catalogue states instead (a checksum, a recording) will do where a rule asks for no more, and as
far as it can be held against what is known of the others: a checksum of an algorithm that they have too, a recording
where they all state theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Join,
    and_,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union,
)

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, checksums, tracks
from audit_core.neighbours.tables import compared
from audit_core.wording import listed
from rules.sharing.same_files import OLDEST_FIRST

__all__ = ["Need", "Unseen", "unmeasured", "unseen"]

Need = Literal["file", "recording", "sound"]
"""What has to be known of a track: its checksum; its recording, stated or compared; what its sound compares with."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """How many of some tracks were not listened to.

    Attributes
    ----------
    tracks : int
        How many there are.
    unscanned, uncompared : int
        How many were not scanned; how many were scanned, and not compared.
    """

    tracks: int
    unscanned: int
    uncompared: int = 0

    @property
    def reason(self) -> str | None:
        """Say it in a sentence; None if all was seen."""
        parts = [_were(self.unscanned, "scanned")] if self.unscanned else []
        parts += [_were(self.uncompared, "compared")] if self.uncompared else []
        return f"of {self.tracks:,} track{'' if self.tracks == 1 else 's'}, {listed(parts)}" if parts else None


def _were(count: int, what: str) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'} not {what}"


def unseen(
    connection: Connection,
    snapshot: Snapshot,
    condition: ColumnElement[bool],
    need: Need,
    to: ColumnElement[bool] | None = None,
) -> Unseen:
    """Count the tracks of which nobody knows what a rule needs.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    snapshot : Snapshot
        When.
    condition : ColumnElement
        On the table of tracks: which tracks.
    need : Need
        What has to be known.
    to : ColumnElement, optional
        Which tracks these are compared with, and are counted too; if left out, they are compared among themselves.
    """
    sides = [(condition, condition)] if to is None else [(condition, to), (to, condition)]
    condition = condition if to is None else or_(condition, to)
    by_ear = and_(compared.c.packets == audio_files.c.packets, snapshot.holds(compared))
    joined = _with_audio(snapshot).join(compared, by_ear, isouter=True)
    silent: ColumnElement[bool] = audio_files.c.packets.is_(None)
    if need == "file":
        stated = [_implied(side, _has(_common_to(connection, snapshot, other))) for side, other in sides]
        silent = and_(audio_files.c.sha256.is_(None), not_(and_(*stated)))
    elif need == "recording":
        untold = [_implied(side, false()) for side, other in sides if not _all_state(connection, other)]
        condition = and_(condition, not_(and_(tracks.c.recording.is_not(None), *untold)))
    compares = need in ("recording", "sound")
    unheard = and_(audio_files.c.packets.is_not(None), compared.c.packets.is_(None))
    query = (
        select(
            func.count(tracks.c.id.distinct()).label("tracks"),
            func.count(case((silent, tracks.c.id)).distinct()).label("unscanned"),
            func.count(case((unheard, tracks.c.id)).distinct()).label("uncompared"),
        )
        .select_from(joined)
        .where(condition)
    )
    found = connection.execute(query).one()
    return Unseen(found.tracks, found.unscanned, found.uncompared if compares else 0)


def _implied(one: ColumnElement[bool], other: ColumnElement[bool]) -> ColumnElement[bool]:
    """Ask the other condition only where the one holds; where the one is neither true nor false, it doesn't."""
    return case((one, other), else_=true())


def _all_state(connection: Connection, condition: ColumnElement[bool]) -> bool:
    silent = select(tracks.c.id).where(condition, tracks.c.recording.is_(None)).limit(1)
    return connection.execute(silent).first() is None


def _has(algorithms: Collection[str]) -> ColumnElement[bool]:
    of_asset = checksums.c.asset_id == assets.c.id
    return (
        select(checksums.c.asset_id).where(of_asset, checksums.c.algorithm.in_(algorithms)).correlate(assets).exists()
    )


def _common_to(connection: Connection, snapshot: Snapshot, condition: ColumnElement[bool]) -> list[str]:
    """List the algorithms of which all audio files have a checksum, stated or computed, that have any."""
    stated = (
        select(assets.c.id, checksums.c.algorithm)
        .select_from(_with_audio(snapshot).join(checksums, checksums.c.asset_id == assets.c.id))
        .where(condition)
    )
    computed = (
        select(assets.c.id, literal_column("'sha256'"))
        .select_from(_with_audio(snapshot))
        .where(condition, audio_files.c.sha256.is_not(None))
    )
    made = union(stated, computed).subquery()  # each once
    of = connection.scalar(select(func.count(made.c.id.distinct()))) or 0
    query = select(made.c.algorithm, func.count().label("files")).group_by(made.c.algorithm)
    counted = {row.algorithm: row.files for row in connection.execute(query)}
    return [algorithm for algorithm in OLDEST_FIRST if counted.get(algorithm, 0) == of]


def unmeasured(
    connection: Connection,
    snapshot: Snapshot,
    condition: ColumnElement[bool],
    extractors: Sequence[str],
    permitted: Collection[str],
) -> Unseen:
    """Count the tracks whose audio was not measured.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    snapshot : Snapshot
        When.
    condition : ColumnElement
        On the table of tracks: which tracks.
    extractors : sequence of str
        What has to have listened, beside the decoder.
    permitted : collection of str
        Problems of files that are known well enough: a rule complains of them.
    """
    listened = [
        type_coerce(audio_files.c.versions, JSON)[extractor].as_string().is_not(None) for extractor in extractors
    ]
    measured = and_(audio_files.c.problem.is_(None), audio_files.c.duration_ms.is_not(None), *listened)
    known = func.coalesce(or_(measured, audio_files.c.problem.in_(sorted(permitted))), false())
    query = (
        select(
            func.count(tracks.c.id.distinct()).label("tracks"),
            func.count(case((not_(known), tracks.c.id)).distinct()).label("unscanned"),
        )
        .select_from(_with_audio(snapshot))
        .where(condition)
    )
    found = connection.execute(query).one()
    return Unseen(found.tracks, found.unscanned)


def _with_audio(snapshot: Snapshot) -> Join:
    of_file = and_(
        audio_files.c.dataset_id == tracks.c.dataset_id,
        audio_files.c.path == assets.c.path,
        snapshot.holds(audio_files),
    )
    of_track = and_(assets.c.track_id == tracks.c.id, assets.c.role == "audio")
    return tracks.join(assets, of_track, isouter=True).join(audio_files, of_file, isouter=True)
