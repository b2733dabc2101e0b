"""The search for versions of one work, as a revision: candidates begin and end with it, and none is ever a match."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from audit_core.audio.cache import FeatureCache
from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import Lease, hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import Via
from audit_core.ledger.pace import Pace
from audit_core.ledger.revised import Revising
from audit_core.neighbours.comparing import Progress, turn
from audit_core.neighbours.publishing import Changes, write_changes
from audit_core.neighbours.tables import audio_matches, recording_members, version_candidates
from audit_core.neighbours.versions import nearest

__all__ = ["find_versions"]

logger = logging.getLogger(__name__)

_EXTRACTOR: Final = "embedding"


def find_versions(
    store: Store,
    cache: FeatureCache,
    embedder: str,
    *,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    progress: Progress | None = None,
) -> int:
    """Look for versions among all files with an embedding, and publish what differs from what was there.

    Parameters
    ----------
    store : Store
    cache : FeatureCache
        With the embeddings.
    embedder : str
        The version of the extractor: only what it made is compared.
    actor, via : str
        Who asks, and through what.
    clock : Clock
        What time it is.
    progress : callable, optional
        Told when it has to wait.

    Returns
    -------
    candidates : int
        How many there are now.

    Raises
    ------
    LeaseHeld
        If a comparison is running.
    StoreError
        If one took over, because this process was stopped for too long: it publishes nothing.
    """
    tell = progress or (lambda *_: None)
    with hold(store, "comparison", clock=clock) as comparison:
        return _found(store, comparison, cache, embedder, actor, via, clock, tell)


def _found(
    store: Store,
    comparison: Lease,
    cache: FeatureCache,
    embedder: str,
    actor: str,
    via: Via,
    clock: Clock,
    tell: Progress,
) -> int:
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), clock())
        packets, vectors = _vectors(connection, snapshot, cache, embedder)
        recordings = _recordings(connection, snapshot, packets)
        matched = _matched(connection, snapshot)
    found = nearest(vectors, recordings) if packets else None
    rows = [
        {
            "packets_a": packets[one.a],
            "packets_b": packets[one.b],
            "embedder": embedder,
            "similarity": one.similarity,
        }
        for one in (found.pairs if found else ())
        if (packets[one.a], packets[one.b]) not in matched
    ]
    with store.read() as connection:
        if not _changes(connection, snapshot, rows):
            return len(rows)
    with turn(store, clock, tell) as lease:
        with store.read() as connection:
            change = _changes(connection, Snapshot(latest_revision(connection), clock()), rows)
        work = Revising(lease, kind="neighbours", dataset=None, actor=actor, via=via, origin="search for versions")
        pace = Pace()
        with pace.write(store) as connection:
            comparison.confirm(connection)
            work.begin(connection, at=clock())
        write_changes(store, work, pace, change)
        with pace.write(store) as connection:
            comparison.confirm(connection)
            work.publish(connection, counts={"versions": len(rows)}, at=clock())
    logger.info("found %d candidates for versions among %d files", len(rows), len(packets))
    return len(rows)


def _vectors(
    connection: Connection, snapshot: Snapshot, cache: FeatureCache, embedder: str
) -> tuple[list[str], NDArray[np.float32]]:
    heard = connection.scalars(
        select(audio_files.c.packets)
        .where(snapshot.holds(audio_files), audio_files.c.packets.is_not(None))
        .distinct()
        .order_by(audio_files.c.packets)
    )
    packets, vectors = [], []
    for one in heard:
        if features := cache.get(_EXTRACTOR, embedder, one):  # silence has none
            packets.append(one)
            vectors.append(np.frombuffer(features, np.float32))
    return packets, np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)


def _recordings(connection: Connection, snapshot: Snapshot, packets: Sequence[str]) -> list[str | None]:
    members: Mapping[str, str] = {
        row.packets: row.recording
        for row in connection.execute(
            select(recording_members.c.packets, recording_members.c.recording).where(snapshot.holds(recording_members))
        )
    }
    return [members.get(one) for one in packets]


def _matched(connection: Connection, snapshot: Snapshot) -> set[tuple[str, str]]:
    """Read the pairs of which the comparison says more than a version would."""
    rows = connection.execute(
        select(audio_matches.c.packets_a, audio_matches.c.packets_b).where(
            snapshot.holds(audio_matches), audio_matches.c.candidate.is_(False)
        )
    )
    return {(row.packets_a, row.packets_b) for row in rows}


def _changes(connection: Connection, snapshot: Snapshot, rows: Sequence[Mapping[str, Any]]) -> Changes:
    names = ("packets_a", "packets_b", "embedder", "similarity")
    wanted = {tuple(row[name] for name in names) for row in rows}
    standing = {
        tuple(row._mapping[name] for name in names): row.id
        for row in connection.execute(select(version_candidates).where(snapshot.holds(version_candidates)))
    }
    ended = sorted(number for one, number in standing.items() if one not in wanted)
    begun = [row for row in rows if tuple(row[name] for name in names) not in standing]
    return Changes(version_candidates, ended, begun)
