"""Tracks that hold the same file: a checksum of the one equals a checksum of the other, made by the same algorithm.

A checksum is stated by the catalogue, or was computed by the scan. The scan's are looked for where a snapshot is given
beside a condition; without one, it costs nothing that there might be any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, checksums, datasets, tracks
from audit_core.neighbours.recordings import heard_tracks

__all__ = [
    "OLDEST_FIRST",
    "any_file",
    "comparable",
    "content",
    "files_in_common",
    "files_of",
    "first_by_age",
    "held_files",
    "holders",
    "known_files",
    "role_of",
]

T = TypeVar("T")

#: The algorithms of checksums, oldest first. A dataset that gains a checksum gains a newer one as a rule: what is named
#: by the oldest keeps its name then, and the decisions about it their effect.
OLDEST_FIRST: Final = ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b", "xxh128", "blake3")

_AGES: Final = {name: age for age, name in enumerate((*OLDEST_FIRST, "recording", "heard"))}
_CHUNK: Final = 500
_SCANNED: Final = "sha256"


def files_in_common(
    condition: ColumnElement[bool], *columns: ColumnElement[Any], scanned: Snapshot | None = None
) -> Select[Any]:
    """Select a row for each file that a track may share with another.

    Parameters
    ----------
    condition : ColumnElement
        On the table of tracks: which tracks.
    *columns : ColumnElement
        Of the table of tracks: what is wanted beside ``algorithm``, ``value``, ``asset_id`` and ``track_id``.
    scanned : Snapshot, optional
        Of when the checksums count that a scan has computed.

    Returns
    -------
    query : Select
        Files of which only one of the tracks is among those asked for may be in it: the database looks for equal
        checksums in one pass over an index, and at the tracks afterwards.
    """
    held: FromClause = checksums if scanned is None else _with_scanned(scanned)
    shared = (
        select(held.c.algorithm, held.c.value)
        .group_by(held.c.algorithm, held.c.value)
        .having(func.min(held.c.track_id) < func.max(held.c.track_id))
        .subquery("shared")
    )
    return (
        select(held.c.algorithm, held.c.value, held.c.asset_id, held.c.track_id, *columns)
        .select_from(shared)
        .join(held, and_(held.c.algorithm == shared.c.algorithm, held.c.value == shared.c.value))
        .join(tracks, tracks.c.id == held.c.track_id)
        .where(condition)
    )


def _with_scanned(snapshot: Snapshot) -> FromClause:
    """Give the checksums that are stated, and beside them those that a scan computed."""
    names = ("algorithm", "value", "asset_id", "track_id")
    computed = (
        select(
            literal_column(f"'{_SCANNED}'").label("algorithm"),
            audio_files.c.sha256.label("value"),
            assets.c.id,
            tracks.c.id,
        )
        .select_from(heard_tracks(snapshot))
        .where(snapshot.holds(), audio_files.c.sha256.is_not(None))
    )
    return union_all(select(*(checksums.c[name] for name in names)), computed).cte()


def role_of(asset_id: ColumnElement[int]) -> ColumnElement[str]:
    """Give the expression for the role of a file.

    It is looked up row by row: a join would read all files there are, for PostgreSQL expects far more rows than come.
    """
    return select(assets.c.role).where(assets.c.id == asset_id).scalar_subquery()


def content(algorithm: str, value: str) -> str:
    """Name a file by its content."""
    return f"{algorithm}:{value}"


def first_by_age(content: str) -> tuple[int, str]:
    """Sort files by the age of the algorithm that their names begin with, then by name; recordings come after them."""
    algorithm = content.partition(":")[0]
    return _AGES.get(algorithm, len(OLDEST_FIRST)), content


def holders(
    connection: Connection, condition: ColumnElement[bool], files: Collection[str], scanned: Snapshot | None = None
) -> dict[int, tuple[str, str]]:
    """Find the tracks that hold one of some files.

    Returns
    -------
    holders : dict
        Dataset and key of each track, by its number.
    """
    found: dict[int, tuple[str, str]] = {}
    for some in _chunks(sorted(tuple(file.split(":", 1)) for file in files)):
        query = (
            select(tracks.c.id, datasets.c.name, tracks.c.key)
            .select_from(checksums)
            .join(tracks, tracks.c.id == checksums.c.track_id)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(tuple_(checksums.c.algorithm, checksums.c.value).in_(some), condition)
        )
        found.update({row.id: (row.name, row.key) for row in connection.execute(query)})
    if scanned is not None:
        rows = connection.execute(_computed(scanned, condition, files, tracks.c.id, datasets.c.name, tracks.c.key))
        found.update({row.id: (row.name, row.key) for row in rows})
    return found


def _computed(
    snapshot: Snapshot, condition: ColumnElement[bool], files: Collection[str], *columns: ColumnElement[Any]
) -> Select[Any]:
    """Select from the tracks whose audio has one of some checksums, as a scan computed them."""
    values = [file.removeprefix(f"{_SCANNED}:") for file in files if file.startswith(f"{_SCANNED}:")]
    return (
        select(*columns)
        .select_from(heard_tracks(snapshot).join(datasets, datasets.c.id == tracks.c.dataset_id))
        .where(condition, among(audio_files.c.sha256, values))
    )


def held_files(
    connection: Connection, condition: ColumnElement[bool], files: Collection[str], scanned: Snapshot | None = None
) -> set[str]:
    """Find those of some files that any track holds."""
    found: set[str] = set()
    for some in _chunks(sorted(tuple(file.split(":", 1)) for file in files)):
        query = (
            select(checksums.c.algorithm, checksums.c.value)
            .join(tracks, tracks.c.id == checksums.c.track_id)
            .where(tuple_(checksums.c.algorithm, checksums.c.value).in_(some), condition)
            .distinct()
        )
        found.update(content(row.algorithm, row.value) for row in connection.execute(query))
    if scanned is not None:
        computed = _computed(scanned, condition, files, audio_files.c.sha256).distinct()
        found.update(content(_SCANNED, value) for value in connection.scalars(computed))
    return found


def files_of(connection: Connection, numbers: Collection[int], scanned: Snapshot | None = None) -> set[str]:
    """Find the files of some tracks."""
    found: set[str] = set()
    for some in _chunks(sorted(numbers)):
        query = (
            select(checksums.c.algorithm, checksums.c.value)
            .join(assets, assets.c.id == checksums.c.asset_id)
            .where(assets.c.track_id.in_(some))
        )
        found.update(content(row.algorithm, row.value) for row in connection.execute(query))
        if scanned is not None:
            known = and_(tracks.c.id.in_(some), audio_files.c.sha256.is_not(None))
            computed = select(audio_files.c.sha256).select_from(heard_tracks(scanned)).where(known)
            found.update(content(_SCANNED, value) for value in connection.scalars(computed))
    return found


def known_files(condition: ColumnElement[bool], scanned: Snapshot | None) -> list[Select[Any]]:
    """Select, as ``track_id``, the tracks that have a checksum; some more than once."""
    stated = (
        select(tracks.c.id.label("track_id"))
        .join(assets, assets.c.track_id == tracks.c.id)
        .join(checksums, checksums.c.asset_id == assets.c.id)
        .where(condition)
    )
    if scanned is None:
        return [stated]
    known = and_(condition, audio_files.c.sha256.is_not(None))
    return [stated, select(tracks.c.id.label("track_id")).select_from(heard_tracks(scanned)).where(known)]


def comparable(
    connection: Connection, one: ColumnElement[bool], other: ColumnElement[bool], scanned: Snapshot | None = None
) -> bool:
    """Tell whether any of some tracks and any of some others have checksums made by the same algorithm."""
    return any(
        _any_made_by(connection, algorithm, one, scanned) and _any_made_by(connection, algorithm, other, scanned)
        for algorithm in OLDEST_FIRST
    )


def _any_made_by(
    connection: Connection, algorithm: str, condition: ColumnElement[bool], scanned: Snapshot | None
) -> bool:
    stated = any_file(connection, and_(checksums.c.algorithm == algorithm, condition))
    return stated or (algorithm == _SCANNED and scanned is not None and _any_computed(connection, condition, scanned))


def any_file(connection: Connection, condition: ColumnElement[bool], scanned: Snapshot | None = None) -> bool:
    """Tell whether any of some tracks has a checksum."""
    query = (
        select(checksums.c.asset_id)
        .join(assets, assets.c.id == checksums.c.asset_id)
        .join(tracks, tracks.c.id == assets.c.track_id)
        .where(condition)
        .limit(1)
    )
    if connection.execute(query).first() is not None:
        return True
    return scanned is not None and _any_computed(connection, condition, scanned)


def _any_computed(connection: Connection, condition: ColumnElement[bool], snapshot: Snapshot) -> bool:
    known = and_(condition, audio_files.c.sha256.is_not(None))
    query = select(tracks.c.id).select_from(heard_tracks(snapshot)).where(known).limit(1)
    return connection.execute(query).first() is not None


def _chunks(items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
