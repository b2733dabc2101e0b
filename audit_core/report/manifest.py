"""The manifest: the tracks of a dataset that are there and not quarantined, by key, with their files.

A quarantine that stands counts, even where an older moment is exported: no export brings back a track that was taken
out. One that was released since, but stood at that moment, counts too, so that the export of a moment stays the same.

Of audio that was heard, size, SHA-256 and duration are those that the scan measured; else what the catalogue states.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, checksums, licences, sources, tracks
from audit_core.errors import CratecheckError
from audit_core.ledger.chain import Head, head
from audit_core.ledger.quarantine import quarantined_tracks

__all__ = ["File", "ManifestFacts", "ManifestRow", "facts", "manifest"]

_PAGE: Final = 1000
_AUDIO: Final = "audio"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a track.

    Attributes
    ----------
    role : str
        audio, midi, …
    path : str or None
        As the catalogue has it.
    size_bytes : int or None
        Its size.
    checksums : tuple of (algorithm, value)
        Ordered by algorithm; empty if there is none.
    """

    role: str
    path: str | None
    size_bytes: int | None
    checksums: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A track as a manifest names it; what is unknown is None.

    Attributes
    ----------
    duration_s : float or None
        In seconds, to the millisecond.
    files : tuple of File
        Its audio first, then the others by role and path.
    """

    key: str
    title: str | None
    artist: str | None
    album: str | None
    split: str | None
    licence: str | None
    source: str | None
    duration_s: float | None
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What heads a manifest: of what, as of when, and the ledger's head, which shows a tail that was cut later.

    Attributes
    ----------
    rows : int
        Tracks in the manifest.
    quarantined : int
        Tracks that were left out, for they are quarantined.
    unheard : int
        Tracks in the manifest of which the last scan could not hear a file: missing, undecodable…
    """

    dataset: str
    revision: int
    as_of: datetime
    rows: int
    quarantined: int
    unheard: int
    ledger_head: Head


def facts(connection: Connection, dataset: str, snapshot: Snapshot) -> ManifestFacts:
    """Gather what heads the manifest of a dataset.

    Raises
    ------
    CratecheckError
        If there is no such dataset.
    """
    dataset_id = _dataset(connection, dataset, snapshot)
    here = and_(tracks.c.dataset_id == dataset_id, snapshot.holds(tracks))
    total = connection.execute(select(func.count()).select_from(tracks).where(here)).scalar_one()
    out = _out(connection, dataset_id, snapshot)
    unheard = len(_unheard(connection, dataset_id, snapshot) - out)
    left = total - len(out)
    return ManifestFacts(dataset, snapshot.revision, snapshot.as_of, left, len(out), unheard, head(connection))


def manifest(connection: Connection, dataset: str, snapshot: Snapshot) -> Iterator[ManifestRow]:
    """Stream the tracks of a dataset that are in the snapshot and not quarantined.

    Parameters
    ----------
    connection : Connection
        Of one `Store.read`, so that the catalogue stays as it is throughout.
    dataset : str
        Its name.
    snapshot : Snapshot
        The revision, and the moment by which quarantines are judged.

    Yields
    ------
    row : ManifestRow
        By key, in the order of code points.

    Raises
    ------
    CratecheckError
        If there is no such dataset.
    """
    dataset_id = _dataset(connection, dataset, snapshot)
    out = _out(connection, dataset_id, snapshot)
    page: Select[Any] = (
        select(
            tracks.c.id,
            tracks.c.key,
            tracks.c.title,
            tracks.c.artist,
            tracks.c.album,
            tracks.c.split,
            licences.c.text.label("licence"),
            sources.c.name.label("source"),
            tracks.c.duration_ms,
        )
        .outerjoin(licences, licences.c.id == tracks.c.licence_id)
        .outerjoin(sources, sources.c.id == tracks.c.source_id)
        .where(tracks.c.dataset_id == dataset_id, snapshot.holds(tracks))
        .order_by(tracks.c.key)
        .limit(_PAGE)
    )
    after = ""
    while rows := connection.execute(page.where(tracks.c.key > after)).all():
        after = rows[-1].key
        kept = [row for row in rows if row.id not in out]
        files = _files(connection, [row.id for row in kept])
        heard = _heard(connection, dataset_id, snapshot, files)
        for row in kept:
            yield _row(row, files.get(row.id, ()), heard)


def _dataset(connection: Connection, name: str, snapshot: Snapshot) -> int:
    known = {row.name: row.id for row in connection.execute(snapshot.datasets())}
    if name not in known:
        raise CratecheckError(
            f"there is no dataset {name!r}",
            mend=f"There are: {', '.join(known)}." if known else "Import one first: `cratecheck import`.",
        )
    return int(known[name])


def _out(connection: Connection, dataset_id: int, snapshot: Snapshot) -> frozenset[int]:
    quarantined = quarantined_tracks(snapshot, or_since=True).subquery()
    ids = select(tracks.c.id).join(quarantined, quarantined.c.id == tracks.c.id)
    return frozenset(connection.scalars(ids.where(tracks.c.dataset_id == dataset_id)))


def _files(connection: Connection, track_ids: Sequence[int]) -> dict[int, tuple[File, ...]]:
    in_order: Select[Any] = (
        select(
            assets.c.track_id,
            assets.c.id,
            assets.c.role,
            assets.c.path,
            assets.c.size_bytes,
            checksums.c.algorithm,
            checksums.c.value,
        )
        .outerjoin(checksums, checksums.c.asset_id == assets.c.id)
        .where(assets.c.track_id.in_(track_ids))
        .order_by(assets.c.id, checksums.c.algorithm)
    )
    sums: dict[int, list[tuple[str, str]]] = defaultdict(list)
    owned: dict[int, dict[int, Row[Any]]] = defaultdict(dict)
    for row in connection.execute(in_order):
        owned[row.track_id][row.id] = row
        if row.algorithm is not None:
            sums[row.id].append((row.algorithm, row.value))
    return {
        track_id: tuple(
            sorted(
                (File(row.role, row.path, row.size_bytes, tuple(sums[asset])) for asset, row in of_track.items()),
                key=lambda file: (file.role != "audio", file.role, file.path or "", file.checksums),
            )
        )
        for track_id, of_track in owned.items()
    }


def _unheard(connection: Connection, dataset_id: int, snapshot: Snapshot) -> set[int]:
    troubled = select(audio_files.c.path).where(
        audio_files.c.dataset_id == dataset_id, snapshot.holds(audio_files), audio_files.c.problem.is_not(None)
    )
    ids = (
        select(tracks.c.id)
        .join(assets, and_(assets.c.track_id == tracks.c.id, assets.c.role == _AUDIO))
        .where(tracks.c.dataset_id == dataset_id, snapshot.holds(tracks), assets.c.path.in_(troubled))
    )
    return set(connection.scalars(ids))


def _heard(
    connection: Connection, dataset_id: int, snapshot: Snapshot, files: Mapping[int, Sequence[File]]
) -> dict[str | None, Any]:
    """Read what the scan found in some tracks' audio, by path, as far as it could be heard."""
    paths = {file.path for some in files.values() for file in some if file.role == _AUDIO and file.path is not None}
    found = select(audio_files.c.path, audio_files.c.sha256, audio_files.c.size_bytes, audio_files.c.duration_ms).where(
        audio_files.c.dataset_id == dataset_id,
        snapshot.holds(audio_files),
        audio_files.c.problem.is_(None),
        among(audio_files.c.path, paths),
    )
    return {row.path: row for row in connection.execute(found)}


def _measured(file: File, heard: Mapping[str | None, Any]) -> File:
    """Tell of a file that was heard its size as it is, and its SHA-256 if none is stated."""
    found = heard.get(file.path) if file.role == _AUDIO else None
    if found is None or found.sha256 is None:
        return file
    stated = dict(file.checksums)
    sums = tuple(sorted({"sha256": found.sha256, **stated}.items()))
    return replace(file, size_bytes=found.size_bytes, checksums=sums)


def _row(row: Row[Any], files: tuple[File, ...], heard: Mapping[str | None, Any]) -> ManifestRow:
    audio = [heard[file.path].duration_ms for file in files if file.role == _AUDIO and file.path in heard]
    duration_ms = audio[0] if len(audio) == 1 and audio[0] is not None else row.duration_ms
    return ManifestRow(
        key=row.key,
        title=row.title,
        artist=row.artist,
        album=row.album,
        split=row.split,
        licence=row.licence,
        source=row.source,
        duration_s=None if duration_ms is None else duration_ms / 1000,
        files=tuple(_measured(file, heard) for file in files),
    )
