"""Small catalogues, planted straight into the tables: what an import would leave there, without a file to import."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from audit_core.audio.tables import audio_files
from audit_core.catalogue.bulk import insert_rows
from audit_core.catalogue.columns_of_fields import BETWEEN_VALUES, GROUPED
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import (
    FOREVER,
    assets,
    checksums,
    datasets,
    group_values,
    licences,
    revisions,
    source_terms,
    sources,
    track_groups,
    tracks,
)
from audit_core.ledger.chain import append
from audit_core.ledger.imports import closed_sha256, opened
from audit_core.neighbours.tables import audio_matches, recording_members, version_candidates
from audit_core.neighbours.tables import compared as compared_audio
from audit_core.neighbours.tables import recordings as recording_ids

__all__ = ["PLANTED_AT", "plant", "plant_comparison", "plant_terms", "vouch"]

PLANTED_AT = datetime(2026, 11, 1, tzinfo=UTC)

_PLAIN = (
    "title", "isrc", "iswc", "language", "region", "year", "split", "channels", "acquired", "acquired_by",
)  # fmt: skip
_RENAMED = {"duration": "duration_ms", "sample_rate": "sample_rate_hz"}
_ALGORITHMS = ("md5", "sha256")


def plant(
    store: Store,
    dataset: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    groups: Sequence[str] = (),
    at: datetime = PLANTED_AT,
) -> int:
    """Make a published revision after which a dataset holds these tracks and no others.

    Parameters
    ----------
    store : Store
        Where.
    dataset : str
        Its name; made if there is none.
    rows : sequence of mapping
        A track each: fields by name (``extra.NAME`` too; a list where there are several values), and its files:
        ``md5`` or ``sha256`` of its audio, or ``files``, a list of (role, algorithm, value). Without a ``key``, its
        position, from 1. Blank values are none. ``heard`` is what a scan found in its audio: columns of `audio_file`;
        the file's path is the track's ``path``, or its key.
    groups : sequence of str
        ``extra.NAME`` fields that the import groups by.
    at : datetime
        When it is published.

    Returns
    -------
    revision : int
        Rows that don't change are not touched by it.
    """
    with store.write() as connection:
        dataset_id = _named(connection, datasets, "name", dataset)
        revision: int = connection.execute(
            insert(revisions)
            .values(dataset_id=dataset_id, actor="test", origin="planted", started_at=at, published_at=at, counts={})
            .returning(revisions.c.id)
        ).scalar_one()
        here = (tracks.c.dataset_id == dataset_id) & (tracks.c.to_rev == FOREVER)
        standing = {row.key: row for row in connection.execute(select(tracks).where(here))}
        wanted = {str(row.get("key", number)): dict(row) for number, row in enumerate(rows, start=1)}
        if len(wanted) != len(rows):
            raise ValueError("two rows have one key")
        hashes = {key: _hash(row) for key, row in wanted.items()}
        closed = [row.id for key, row in standing.items() if hashes.get(key) != row.row_hash]
        connection.execute(update(tracks).where(tracks.c.id.in_(closed)).values(to_rev=revision))
        for key, row in wanted.items():
            if key not in standing or standing[key].row_hash != hashes[key]:
                _plant(connection, dataset_id, revision, key, row, hashes[key], (*GROUPED, *groups))
        heard = {str(row.get("path", key)): row["heard"] for key, row in wanted.items() if row.get("heard")}
        _plant_heard(connection, dataset_id, revision, heard)
        vouch(connection, revision)
    return revision


def plant_comparison(
    store: Store,
    *,
    compared: Iterable[str] = (),
    recordings: Mapping[str, str] = MappingProxyType({}),
    matches: Iterable[Mapping[str, Any]] = (),
    versions: Iterable[tuple[str, str]] = (),
    at: datetime = PLANTED_AT,
) -> int:
    """Make a published revision after which the comparison has found this and nothing else.

    Parameters
    ----------
    store : Store
        Where.
    compared : iterable of str
        `packets` of the audio that was compared.
    recordings : mapping of str to str
        `packets` → the id of its recording.
    matches : iterable of mapping
        Columns of `audio_match` that differ from an excerpt of 10 s at the beginning of both; `packets_a` and
        `packets_b` at least.
    versions : iterable of (packets, packets)
        What may be versions of one work.
    at : datetime
        When it is published.

    Returns
    -------
    revision : int
    """
    with store.write() as connection:
        revision: int = connection.execute(
            insert(revisions)
            .values(dataset_id=None, actor="test", origin="compared", started_at=at, published_at=at, counts={})
            .returning(revisions.c.id)
        ).scalar_one()
        known = set(connection.scalars(select(recording_ids.c.id)))
        minted = [{"id": one, "minted_rev": revision} for one in sorted(set(recordings.values()) - known)]
        if minted:
            connection.execute(insert(recording_ids), minted)
        _replace(
            connection, compared_audio, revision, [{"packets": one, "version": "1"} for one in sorted(set(compared))]
        )
        members = [{"packets": one, "recording": recording} for one, recording in recordings.items()]
        _replace(connection, recording_members, revision, members)
        _replace(connection, audio_matches, revision, [_match(**match) for match in matches])
        pairs = [{"packets_a": min(pair), "packets_b": max(pair)} for pair in versions]
        candidates = [{**pair, "embedder": "chroma", "similarity": 0.9} for pair in pairs]
        _replace(connection, version_candidates, revision, candidates)
    return revision


def _match(**columns: Any) -> dict[str, Any]:
    match = {
        "kind": "excerpt", "score": 60.0, "candidate": False, "whole": False, "overlap_s": 10.0, "tempo": 1.0,
        "pitch": 0.0, **columns,
    }  # fmt: skip
    if match["packets_a"] >= match["packets_b"]:
        raise ValueError("the packets of a match are in order")
    stretch = {
        "offset_a": 0.0,
        "offset_b": 0.0,
        **{name: match[name] for name in ("overlap_s", "tempo", "pitch", "score")},
    }
    return {"stretches": [stretch], **match}


def _replace(connection: Connection, table: Table, revision: int, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(update(table).where(table.c.to_rev == FOREVER).values(to_rev=revision))
    first = (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1
    if rows:
        lives = {"from_rev": revision, "to_rev": FOREVER}
        connection.execute(insert(table), [{"id": number, **row, **lives} for number, row in enumerate(rows, first)])


def _plant_heard(
    connection: Connection, dataset_id: int, revision: int, heard: Mapping[str, Mapping[str, Any]]
) -> None:
    here = (audio_files.c.dataset_id == dataset_id) & (audio_files.c.to_rev == FOREVER)
    standing = {row.path: row for row in connection.execute(select(audio_files).where(here))}
    hashes = {path: _hash(columns) for path, columns in heard.items()}
    closed = [row.id for path, row in standing.items() if hashes.get(path) != row.row_hash]
    connection.execute(update(audio_files).where(audio_files.c.id.in_(closed)).values(to_rev=revision))
    number = connection.execute(select(func.max(audio_files.c.id))).scalar() or 0
    for path, columns in heard.items():
        if path in standing and standing[path].row_hash == hashes[path]:
            continue
        number += 1
        row = {"id": number, "dataset_id": dataset_id, "path": path, "from_rev": revision, "to_rev": FOREVER}
        versions = {"versions": {"integrity": "1"}}
        connection.execute(insert(audio_files).values(**row, row_hash=hashes[path], **{**versions, **columns}))


def vouch(connection: Connection, revision: int) -> None:
    """Write the entry of the ledger that an import of a published revision would have left."""
    row = connection.execute(select(revisions, datasets.c.name).join(datasets).where(revisions.c.id == revision)).one()
    begun = select(tracks.c.key, tracks.c.row_hash).where(tracks.c.from_rev == revision).order_by(tracks.c.id)
    payload = {
        "dataset": row.name,
        "revision": revision,
        "counts": row.counts,
        "opened_sha256": hashlib.sha256(
            opened((one.key, one.row_hash) for one in connection.execute(begun))
        ).hexdigest(),
        "closed_sha256": closed_sha256(connection, row.dataset_id, revision),
    }
    append(connection, kind="import", actor=row.actor, via="cli", at=row.published_at, payload=payload)


def plant_terms(store: Store, source: str, *, licence: str | None = None, acquired_by: str | None = None) -> None:
    """State what a source gives, from the next revision on."""
    with store.write() as connection:
        newest = connection.execute(select(func.max(revisions.c.id))).scalar() or 0
        number = _named(connection, sources, "name", source)
        stands = (source_terms.c.source_id == number) & (source_terms.c.to_rev == FOREVER)
        connection.execute(update(source_terms).where(stands).values(to_rev=newest + 1))
        connection.execute(
            insert(source_terms).values(
                source_id=number,
                from_rev=newest + 1,
                to_rev=FOREVER,
                licence_id=_named(connection, licences, "text", licence) if licence else None,
                acquired_by=acquired_by,
            )
        )


def _plant(
    connection: Connection,
    dataset_id: int,
    revision: int,
    key: str,
    row: dict[str, Any],
    row_hash: bytes,
    grouped: Sequence[str],
) -> None:
    track_id = (connection.execute(select(func.max(tracks.c.id))).scalar() or 0) + 1
    licence, source = row.get("licence"), row.get("source")
    extra = {name.removeprefix("extra."): value for name, value in row.items() if name.startswith("extra.") and value}
    if row.get("status"):
        extra["status"] = row["status"]
    values = {
        "id": track_id,
        "dataset_id": dataset_id,
        "key": key,
        "from_rev": revision,
        "to_rev": FOREVER,
        "row_hash": row_hash,
        "licence_id": _named(connection, licences, "text", licence) if licence else None,
        "source_id": _named(connection, sources, "name", source) if source else None,
        "extra": json.dumps(extra, ensure_ascii=False) if extra else None,
        **{name: row.get(name) or None for name in _PLAIN},
        **{column: row.get(name) for name, column in _RENAMED.items()},
        **{name: BETWEEN_VALUES.join(_several(row.get(name))) or None for name in GROUPED},
    }
    as_taken = [value.isoformat() if isinstance(value, date) else value for value in values.values()]
    insert_rows(connection, tracks, list(values), [tuple(as_taken)])
    for field in grouped:
        for label in {folded(one): one for one in reversed(_several(row.get(field)))}.values():
            group = _group(connection, field, label)
            connection.execute(insert(track_groups).values(field=field, group_id=group, track_id=track_id))
    files = [("audio", algorithm, row.get(algorithm)) for algorithm in _ALGORITHMS] + list(row.get("files", ()))
    by_role: dict[str, int] = {}
    if row.get("heard") or row.get("path"):
        by_role["audio"] = (connection.execute(select(func.max(assets.c.id))).scalar() or 0) + 1
        path = str(row.get("path", key))
        connection.execute(insert(assets).values(id=by_role["audio"], track_id=track_id, role="audio", path=path))
    for role, algorithm, value in files:
        if value:
            if role not in by_role:
                by_role[role] = (connection.execute(select(func.max(assets.c.id))).scalar() or 0) + 1
                connection.execute(insert(assets).values(id=by_role[role], track_id=track_id, role=role))
            connection.execute(
                insert(checksums).values(asset_id=by_role[role], algorithm=algorithm, value=value, track_id=track_id)
            )


def _several(value: object) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one]


def _named(connection: Connection, table: Table, column: str, name: str) -> int:
    found = connection.execute(select(table.c.id).where(table.c[column] == name)).scalar()
    if found is None:
        found = connection.execute(insert(table).values({column: name}).returning(table.c.id)).scalar_one()
    return int(found)


def _group(connection: Connection, field: str, label: str) -> int:
    key = folded(label)
    found = connection.execute(
        select(group_values.c.id).where(group_values.c.field == field, group_values.c.key == key)
    ).scalar()
    if found is None:
        row = insert(group_values).values(field=field, key=key, label=label)
        found = connection.execute(row.returning(group_values.c.id)).scalar_one()
    return int(found)


def _hash(row: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).digest()
