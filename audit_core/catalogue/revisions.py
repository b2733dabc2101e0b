"""Revisions: opened, filled in short writes that nobody sees, and published by one row, or undone.

The rows of a revision that is not published have the highest numbers of all, because one import runs at a time and
numbers go up: undoing it takes them from the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from audit_core.catalogue.leases import Lease
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import FOREVER, assets, checksums, datasets, revisions, track_groups, tracks
from audit_core.clock import Clock
from audit_core.errors import StoreError
from audit_core.ledger.pace import Pace

__all__ = ["dataset_id", "open_revision", "publish", "undo_unpublished"]

logger = logging.getLogger(__name__)


def dataset_id(connection: Connection, name: str) -> int | None:
    """Look a dataset up; None if nothing was ever imported into it."""
    return connection.execute(select(datasets.c.id).where(datasets.c.name == name)).scalar()


def open_revision(connection: Connection, dataset: str, *, actor: str, origin: str, at: datetime) -> tuple[int, int]:
    """Open a revision of a dataset, which begins to exist with its first.

    Returns
    -------
    dataset_id, revision : int
        Their numbers.
    """
    number = dataset_id(connection, dataset)
    if number is None:
        number = connection.execute(insert(datasets).values(name=dataset).returning(datasets.c.id)).scalar_one()
    opened = insert(revisions).values(dataset_id=number, actor=actor, origin=origin, started_at=at, counts={})
    return number, connection.execute(opened.returning(revisions.c.id)).scalar_one()


def publish(connection: Connection, revision: int, *, counts: Mapping[str, int], at: datetime) -> None:
    """Make a revision count.

    Raises
    ------
    StoreError
        If it was undone meanwhile, by another process that took this one for dead.
    """
    pending = revisions.c.published_at.is_(None), revisions.c.abandoned_at.is_(None)
    published = update(revisions).where(revisions.c.id == revision, *pending)
    if connection.execute(published.values(published_at=at, counts=dict(counts))).rowcount != 1:
        raise StoreError(
            f"revision {revision} was undone by another process, because this one was silent for too long",
            mend="Nothing of it is left. Import again.",
        )


def undo_unpublished(store: Store, lease: Lease, *, clock: Clock, progress: Callable[[int], None] | None = None) -> int:
    """Undo every revision that was opened and never published, in short writes; one interrupted is gone on with.

    Parameters
    ----------
    store : Store
        The database.
    lease : Lease
        Of the import: nobody is at work on a revision.
    clock : Clock
        What time it is.
    progress : callable, optional
        Told how many rows were undone so far.

    Returns
    -------
    undone : int
        How many revisions.
    """
    with store.read() as connection:
        pending = select(revisions.c.id, revisions.c.dataset_id).where(
            revisions.c.published_at.is_(None), revisions.c.abandoned_at.is_(None)
        )
        found: list[Any] = list(connection.execute(pending.order_by(revisions.c.id.desc())))
    pace = Pace()
    for revision in found:
        logger.info("undoing revision %d, which was never published", revision.id)
        done = 0
        while removed := _remove_newest(store, lease, pace, revision.id):
            done += removed
            if progress is not None:
                progress(done)
        _reopen(store, lease, pace, revision.id, revision.dataset_id)
        with store.write() as connection:
            lease.confirm(connection)
            connection.execute(update(revisions).where(revisions.c.id == revision.id).values(abandoned_at=clock()))
    return len(found)


def _remove_newest(store: Store, lease: Lease, pace: Pace, revision: int) -> int:
    """Delete the newest rows of a revision, with all that hangs on them; give their number."""
    with pace.write(store) as connection:
        lease.confirm(connection)
        newest = select(tracks.c.id, tracks.c.from_rev).order_by(tracks.c.id.desc()).limit(pace.size)
        ids = [row.id for row in takewhile(lambda row: row.from_rev == revision, connection.execute(newest))]
        if not ids:
            return 0
        first = min(ids)
        for table, column in (
            (checksums, checksums.c.asset_id),
            (assets, assets.c.track_id),
            (track_groups, track_groups.c.track_id),
            (tracks, tracks.c.id),
        ):
            doomed = column >= first
            if table is checksums:
                doomed = column.in_(select(assets.c.id).where(assets.c.track_id >= first))
            connection.execute(delete(table).where(doomed))
        return len(ids)


def _reopen(store: Store, lease: Lease, pace: Pace, revision: int, dataset: int) -> None:
    """Make rows that the revision had closed count for ever again."""
    with store.read() as connection:
        closed = select(tracks.c.id).where(tracks.c.dataset_id == dataset, tracks.c.to_rev == revision)
        ids = list(connection.execute(closed).scalars())
    while ids:
        with pace.write(store) as connection:
            lease.confirm(connection)
            batch, ids = ids[: pace.size], ids[pace.size :]
            connection.execute(update(tracks).where(tracks.c.id.in_(batch)).values(to_rev=FOREVER))
