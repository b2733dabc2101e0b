"""Small catalogues, planted straight into the tables: what an import would leave there, without a file to import."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

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

__all__ = ["PLANTED_AT", "plant", "plant_terms", "vouch"]

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
        position, from 1. Blank values are none.
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
        vouch(connection, revision)
    return revision


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
        "extra": extra or None,
        **{name: row.get(name) or None for name in _PLAIN},
        **{column: row.get(name) for name, column in _RENAMED.items()},
        **{name: BETWEEN_VALUES.join(_several(row.get(name))) or None for name in GROUPED},
    }
    connection.execute(insert(tracks).values(values))
    for field in grouped:
        for label in {folded(one): one for one in reversed(_several(row.get(field)))}.values():
            group = _group(connection, field, label)
            connection.execute(insert(track_groups).values(field=field, group_id=group, track_id=track_id))
    files = [("audio", algorithm, row.get(algorithm)) for algorithm in _ALGORITHMS] + list(row.get("files", ()))
    by_role: dict[str, int] = {}
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
