"""Tracks that hold the same file: a checksum of the one equals a checksum of the other, made by the same algorithm."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, tuple_

from audit_core.catalogue.tables import assets, checksums, datasets, tracks

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
    "role_of",
]

T = TypeVar("T")

#: The algorithms of checksums, oldest first. A dataset that gains a checksum gains a newer one as a rule: what is named
#: by the oldest keeps its name then, and the decisions about it their effect.
OLDEST_FIRST: Final = ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b", "xxh128", "blake3")

_CHUNK: Final = 500


def files_in_common(condition: ColumnElement[bool], *columns: ColumnElement[Any]) -> Select[Any]:
    """Select a row for each file that a track may share with another.

    Parameters
    ----------
    condition : ColumnElement
        On the table of tracks: which tracks.
    *columns : ColumnElement
        Of the table of tracks: what is wanted beside ``algorithm``, ``value``, ``asset_id`` and ``track_id``.

    Returns
    -------
    query : Select
        Files of which only one of the tracks is among those asked for may be in it: the database looks for equal
        checksums in one pass over an index, and at the tracks afterwards.
    """
    shared = (
        select(checksums.c.algorithm, checksums.c.value)
        .group_by(checksums.c.algorithm, checksums.c.value)
        .having(func.min(checksums.c.track_id) < func.max(checksums.c.track_id))
        .subquery("shared")
    )
    return (
        select(checksums.c.algorithm, checksums.c.value, checksums.c.asset_id, checksums.c.track_id, *columns)
        .select_from(shared)
        .join(checksums, and_(checksums.c.algorithm == shared.c.algorithm, checksums.c.value == shared.c.value))
        .join(tracks, tracks.c.id == checksums.c.track_id)
        .where(condition)
    )


def role_of(asset_id: ColumnElement[int]) -> ColumnElement[str]:
    """Give the expression for the role of a file.

    It is looked up row by row: a join would read all files there are, for PostgreSQL expects far more rows than come.
    """
    return select(assets.c.role).where(assets.c.id == asset_id).scalar_subquery()


def content(algorithm: str, value: str) -> str:
    """Name a file by its content."""
    return f"{algorithm}:{value}"


def first_by_age(content: str) -> tuple[int, str]:
    """Sort files by the age of the algorithm that their names begin with, then by name."""
    algorithm = content.partition(":")[0]
    return OLDEST_FIRST.index(algorithm) if algorithm in OLDEST_FIRST else len(OLDEST_FIRST), content


def holders(
    connection: Connection, condition: ColumnElement[bool], files: Collection[str]
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
    return found


def held_files(connection: Connection, condition: ColumnElement[bool], files: Collection[str]) -> set[str]:
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
    return found


def files_of(connection: Connection, numbers: Collection[int]) -> set[str]:
    """Find the files of some tracks."""
    found: set[str] = set()
    for some in _chunks(sorted(numbers)):
        query = (
            select(checksums.c.algorithm, checksums.c.value)
            .join(assets, assets.c.id == checksums.c.asset_id)
            .where(assets.c.track_id.in_(some))
        )
        found.update(content(row.algorithm, row.value) for row in connection.execute(query))
    return found


def comparable(connection: Connection, one: ColumnElement[bool], other: ColumnElement[bool]) -> bool:
    """Tell whether any of some tracks and any of some others have checksums made by the same algorithm."""
    made_by = (checksums.c.algorithm == algorithm for algorithm in OLDEST_FIRST)
    return any(any_file(connection, and_(made, one)) and any_file(connection, and_(made, other)) for made in made_by)


def any_file(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Tell whether any of some tracks has a checksum."""
    query = (
        select(checksums.c.asset_id)
        .join(assets, assets.c.id == checksums.c.asset_id)
        .join(tracks, tracks.c.id == assets.c.track_id)
        .where(condition)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _chunks(items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
