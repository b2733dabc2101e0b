"""What the ledger says of an import, and the catalogue held against it.

An entry of kind import holds the dataset's name, the counts, who brought it, and two SHA-256 in hex: `opened_sha256` of
the rows that begin with the revision, in the order of their numbers, each as its key in UTF-8, a zero byte and its
32 bytes of row hash; `closed_sha256` of those that end with it, each as its key and a zero byte.

So a dataset that was renamed shows, and a track that was put in, taken out, moved or given another key. What is not
looked at: whether the columns of a track, its files and its groups are still those that its row hash was made of.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, select

from audit_core.catalogue.tables import FOREVER, datasets, revisions, tracks
from audit_core.ledger.faithful import records
from audit_core.ledger.vouched import Broken, Vouched

__all__ = ["closed_sha256", "opened", "revision_rows", "track_rows"]

_END: Final = b"\0"


def opened(rows: Iterable[tuple[str, bytes]]) -> bytes:
    """Write rows that begin, as (key, row hash), as they are hashed."""
    return b"".join([key.encode("utf-8", "surrogateescape") + _END + row_hash for key, row_hash in rows])


def _closed(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape") + _END


def closed_sha256(connection: Connection, dataset: int, revision: int) -> str:
    """Hash the rows of a dataset that end with a revision."""
    ended = select(tracks.c.key).where(tracks.c.dataset_id == dataset, tracks.c.to_rev == revision)
    digest = hashlib.sha256()
    with connection.execute(ended.order_by(tracks.c.id), execution_options={"yield_per": 1000}) as stream:
        for key in stream.scalars():
            digest.update(_closed(key))
    return digest.hexdigest()


def revision_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare published revisions with their entries."""
    names = {row["id"]: row["name"] for row in records(connection, datasets, order_by=(datasets.c.id,))}
    entries = {**vouched.imports, **vouched.revised}
    missing = set(entries)
    for row in records(connection, revisions, order_by=(revisions.c.id,)):
        number, entry = row["id"], entries.get(row["id"])
        if entry is None:
            if row["published_at"] is not None:
                yield Broken(f"revision {number}", "is published, but no ledger row vouches for it")
            continue
        missing.discard(number)
        says = entry.payload.get("dataset"), entry.payload.get("counts"), entry.actor, entry.at
        if (names.get(row["dataset_id"]), row["counts"], row["actor"], row["published_at"]) != says:
            yield Broken(
                f"revision {number}", f"does not match ledger row {entry.seq}: of which dataset, who, when or how much"
            )
    for number in sorted(missing, key=str):
        yield Broken(f"revision {number}", f"is missing: ledger row {entries[number].seq} vouches for it")


def track_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare the rows that begin and end with each published revision with what its entry says, in one pass."""
    known = {row.id: row for row in connection.execute(select(revisions.c.id, revisions.c.dataset_id))}
    in_flight = set(
        connection.scalars(
            select(revisions.c.id).where(revisions.c.published_at.is_(None), revisions.c.abandoned_at.is_(None))
        )
    )
    begun: dict[Any, Any] = defaultdict(hashlib.sha256)
    ended: dict[Any, Any] = defaultdict(hashlib.sha256)
    columns = tracks.c.id, tracks.c.dataset_id, tracks.c.key, tracks.c.from_rev, tracks.c.to_rev, tracks.c.row_hash
    every = select(*columns).order_by(tracks.c.id)
    with connection.execute(every, execution_options={"yield_per": 1000}) as stream:
        for number, dataset, key, from_rev, to_rev, row_hash in stream:
            if not isinstance(key, str) or not isinstance(row_hash, bytes):
                yield Broken(f"track number {number}", "is damaged: its key is no text, or its hash none")
                return
            for revision in (from_rev,) if to_rev == FOREVER else (from_rev, to_rev):
                if revision in in_flight:
                    continue
                if revision not in vouched.imports or dataset != known[revision].dataset_id:
                    yield Broken(f"track {key}", f"belongs to revision {revision}, and no ledger row vouches for that")
            begun[from_rev].update(opened([(key, row_hash)]))
            if to_rev != FOREVER:
                ended[to_rev].update(_closed(key))
    for revision, entry in vouched.imports.items():
        found = begun[revision].hexdigest(), ended[revision].hexdigest()
        if found != (entry.payload.get("opened_sha256"), entry.payload.get("closed_sha256")):
            yield Broken(
                f"the tracks of revision {revision}",
                f"are not those that ledger row {entry.seq} vouches for: one was put in, taken out or altered",
            )
