"""The pairs of files that hold the same, as the last comparison left them: for people, and for programs.

Files that hold the very same packets are told as a star, each beside the first of them by name, not as all pairs; what
one of them matches, all do, and it is told of the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, true

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import datasets
from audit_core.neighbours.tables import audio_matches, version_candidates

__all__ = ["CERTAIN", "SEEN_FROM_THE_OTHER", "FilePair", "first_files", "in_datasets", "pairs", "version_pairs"]

#: The score of files that hold the very same packets: no odds against that could be counted.
CERTAIN: Final = 9999.0

#: What `b` is to `a` → what `a` is to `b`, where the two differ.
SEEN_FROM_THE_OTHER: Final[Mapping[str, str]] = {
    "faster": "slower",
    "slower": "faster",
    "higher": "lower",
    "lower": "higher",
}

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class FilePair:
    """A stretch of audio that two files share.

    Attributes
    ----------
    dataset_a, file_a, dataset_b, file_b : str
        The files: datasets, and paths as the catalogue has them; `a` sorts before `b`.
    score : float
        Decimal exponent of the odds against chance; `CERTAIN` of the same packets.
    offset_a, offset_b, overlap_s : float
        Where the stretch begins in each, and how long it lasts in `a`, in seconds.
    tempo, pitch : float
        Seconds of `b` to a second of `a`; semitones that `b` is higher.
    kind : str
        What `b` is to `a`, in words.
    candidate : bool
        Whether the score lies below the threshold: for ears.
    """

    dataset_a: str
    file_a: str
    dataset_b: str
    file_b: str
    score: float
    offset_a: float
    offset_b: float
    overlap_s: float
    tempo: float
    pitch: float
    kind: str
    candidate: bool = False


def pairs(
    connection: Connection, snapshot: Snapshot, *, within: Sequence[str] = (), candidates: bool = False
) -> Iterator[FilePair]:
    """Read the pairs of a snapshot, copies first, then matches by their audio's names.

    Parameters
    ----------
    connection : Connection
    snapshot : Snapshot
    within : sequence of str, optional
        Only files of these datasets.
    candidates : bool
        Whether those below the threshold are wanted too.

    Yields
    ------
    pair : FilePair
        One a stretch.
    """
    yield from _copies(connection, snapshot, within)
    wanted = select(audio_matches).where(snapshot.holds(audio_matches))
    if not candidates:
        wanted = wanted.where(audio_matches.c.candidate.is_(False))
    matches = connection.execute(wanted.order_by(audio_matches.c.packets_a, audio_matches.c.packets_b))
    for page in matches.partitions(_PAGE):
        together = {one for row in page for one in (row.packets_a, row.packets_b)}
        names = first_files(connection, snapshot, together, within)
        for row in page:
            if row.packets_a in names and row.packets_b in names:
                yield from _stretches(row, names[row.packets_a], names[row.packets_b])


def version_pairs(connection: Connection, snapshot: Snapshot, *, within: Sequence[str] = ()) -> Iterator[FilePair]:
    """Read the pairs that may be versions of one work, the most alike first.

    Parameters
    ----------
    connection : Connection
    snapshot : Snapshot
    within : sequence of str, optional
        Only files of these datasets.

    Yields
    ------
    pair : FilePair
        All candidates; the score is their similarity, 1 at most. They share no stretch.
    """
    similarity = version_candidates.c.similarity
    a, b = version_candidates.c.packets_a, version_candidates.c.packets_b
    found = connection.execute(
        select(a, b, similarity).where(snapshot.holds(version_candidates)).order_by(similarity.desc(), a, b)
    )
    for page in found.partitions(_PAGE):
        names = first_files(connection, snapshot, {one for row in page for one in (row[0], row[1])}, within)
        for row in page:
            if row[0] in names and row[1] in names:
                first, second = sorted((names[row[0]], names[row[1]]))
                yield FilePair(
                    *first,
                    *second,
                    score=row.similarity,
                    offset_a=0.0,
                    offset_b=0.0,
                    overlap_s=0.0,
                    tempo=1.0,
                    pitch=0.0,
                    kind="version",
                    candidate=True,
                )


_File = tuple[str, str]
"""Dataset and path."""


def _files() -> Any:
    return (
        select(
            datasets.c.name, audio_files.c.path, audio_files.c.packets, audio_files.c.sha256, audio_files.c.duration_ms
        )
        .join(datasets, datasets.c.id == audio_files.c.dataset_id)
        .order_by(audio_files.c.packets, datasets.c.name, audio_files.c.path)
    )


def _copies(connection: Connection, snapshot: Snapshot, within: Sequence[str]) -> Iterator[FilePair]:
    held = and_(snapshot.holds(audio_files), in_datasets(within))
    several = (
        select(audio_files.c.packets)
        .where(held, audio_files.c.packets.is_not(None))
        .group_by(audio_files.c.packets)
        .having(func.count() > 1)
    )
    rows = connection.execute(_files().where(held, audio_files.c.packets.in_(several)))
    for _, same in groupby(rows, key=attrgetter("packets")):
        first, *others = same
        for other in others:
            copy = first.sha256 is not None and first.sha256 == other.sha256
            yield FilePair(
                first.name,
                first.path,
                other.name,
                other.path,
                score=CERTAIN,
                offset_a=0.0,
                offset_b=0.0,
                overlap_s=(first.duration_ms or 0) / 1000,
                tempo=1.0,
                pitch=0.0,
                kind="exact copy" if copy else "same audio re-tagged",
            )


def in_datasets(names: Sequence[str]) -> ColumnElement[bool]:
    """Give the condition under which a file is of some datasets, or of any if none is named."""
    if not names:
        return true()
    return audio_files.c.dataset_id.in_(select(datasets.c.id).where(datasets.c.name.in_(names)))


def first_files(
    connection: Connection, snapshot: Snapshot, packets: Collection[str], names: Sequence[str] = ()
) -> dict[str, tuple[str, str]]:
    """Find the first file by name that holds some audio: `packets` → its dataset and path."""
    here = (snapshot.holds(audio_files), in_datasets(names))
    wanted = _files().where(*here, audio_files.c.packets.in_(sorted(packets)))
    found: dict[str, _File] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.packets, (row.name, row.path))
    return found


def _stretches(match: Row[Any], a: _File, b: _File) -> Iterator[FilePair]:
    turned = b < a
    for one in match.stretches:
        offsets = (one["offset_a"], one["offset_b"])
        yield FilePair(
            *(b if turned else a),
            *(a if turned else b),
            score=one["score"],
            offset_a=offsets[1] if turned else offsets[0],
            offset_b=offsets[0] if turned else offsets[1],
            overlap_s=one["overlap_s"] * one["tempo"] if turned else one["overlap_s"],
            tempo=1 / one["tempo"] if turned else one["tempo"],
            pitch=-one["pitch"] if turned and one["pitch"] else one["pitch"],
            kind=SEEN_FROM_THE_OTHER.get(match.kind, match.kind) if turned else match.kind,
            candidate=match.candidate,
        )
