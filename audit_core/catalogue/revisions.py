"""Revisions: opened, filled in short writes that nobody sees, and published by one row, or undone.

The rows of a revision that is not published have the highest numbers of all, because one import, comparison or
publication of a scan runs at a time and numbers go up: undoing it takes them from the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select, update

from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import Lease
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import FOREVER, assets, checksums, datasets, revisions, track_groups, tracks
from audit_core.clock import Clock
from audit_core.errors import StoreError
from audit_core.ledger.pace import Pace
from audit_core.neighbours.tables import (
    audio_matches,
    compared,
    recording_members,
    recordings,
    version_candidates,
)

__all__ = ["REVISED", "dataset_id", "open_revision", "open_revision_of", "publish", "undo_unpublished"]

logger = logging.getLogger(__name__)

REVISED: Final = (audio_files, compared, audio_matches, recording_members, version_candidates)
"""The tables beside that of tracks whose rows live from one revision to another."""


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
    return number, open_revision_of(connection, number, actor=actor, origin=origin, at=at)


def open_revision_of(connection: Connection, dataset: int | None, *, actor: str, origin: str, at: datetime) -> int:
    """Open a revision of a dataset that there is, or (None) of all of them; give its number."""
    opened = insert(revisions).values(dataset_id=dataset, actor=actor, origin=origin, started_at=at, counts={})
    revision: int = connection.execute(opened.returning(revisions.c.id)).scalar_one()
    return revision


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
            mend="Nothing of it is left. Start it again.",
        )


def undo_unpublished(store: Store, lease: Lease, *, clock: Clock, progress: Callable[[int], None] | None = None) -> int:
    """Undo every revision that was opened and never published, in short writes; one interrupted is gone on with.

    Parameters
    ----------
    store : Store
        The database.
    lease : Lease
        Named "import": nobody is at work on a revision.
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
        for table in (*REVISED, tracks):
            while removed := _remove_newest(store, lease, pace, table, revision.id):
                done += removed
                if progress is not None:
                    progress(done)
            _reopen(store, lease, pace, table, revision.id, revision.dataset_id)
        with pace.write(store) as connection:  # after those that are members of them
            lease.confirm(connection)
            connection.execute(delete(recordings).where(recordings.c.minted_rev == revision.id))
        with store.write() as connection:
            lease.confirm(connection)
            connection.execute(update(revisions).where(revisions.c.id == revision.id).values(abandoned_at=clock()))
    return len(found)


def _remove_newest(store: Store, lease: Lease, pace: Pace, table: Table, revision: int) -> int:
    """Delete the newest rows of a revision in a table, with all that hangs on them; give their number."""
    with pace.write(store) as connection:
        lease.confirm(connection)
        newest = select(table.c.id, table.c.from_rev).order_by(table.c.id.desc()).limit(pace.size)
        ids = [row.id for row in takewhile(lambda row: row.from_rev == revision, connection.execute(newest))]
        if not ids:
            return 0
        first = min(ids)
        if table is tracks:
            its_assets = checksums.c.asset_id.in_(select(assets.c.id).where(assets.c.track_id >= first))
            connection.execute(delete(checksums).where(its_assets))
            connection.execute(delete(assets).where(assets.c.track_id >= first))
            connection.execute(delete(track_groups).where(track_groups.c.track_id >= first))
        connection.execute(delete(table).where(table.c.id >= first))
        return len(ids)


def _reopen(store: Store, lease: Lease, pace: Pace, table: Table, revision: int, dataset: int | None) -> None:
    """Make rows that the revision had closed count for ever again."""
    ended = table.c.to_rev == revision
    if dataset is not None and "dataset_id" in table.c:  # which an index begins with
        ended &= table.c.dataset_id == dataset
    with store.read() as connection:
        ids = list(connection.execute(select(table.c.id).where(ended)).scalars())
    while ids:
        with pace.write(store) as connection:
            lease.confirm(connection)
            batch, ids = ids[: pace.size], ids[pace.size :]
            connection.execute(update(table).where(table.c.id.in_(batch)).values(to_rev=FOREVER))
