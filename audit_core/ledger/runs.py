"""Runs: an audit's findings, staged in short writes, made to count by one row, vouched for by one Merkle root.

Staged findings are invisible until `finish` writes the ledger entry and `finished_at` in one transaction. A run that
was interrupted before is discarded by the next. What a finished run says is folded in by `settling.settle`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import StoreError
from audit_core.ledger.chain import Head, Via, append, canonical, instant, lock
from audit_core.ledger.merkle import Tree, leaf_hash
from audit_core.ledger.pace import Pace
from audit_core.ledger.settling import settle, settle_key
from audit_core.ledger.tables import findings, runs
from audit_core.ledger.transitions import Transition
from audit_core.ledger.violations import sha256_of

__all__ = [
    "LEAF_COLUMNS",
    "Progress",
    "discard_unfinished",
    "finish",
    "leaf",
    "run_payload",
    "settle",
    "settle_key",
    "stage",
    "start",
]

logger = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Told, after each batch is committed, how many rows are done."""

LEAF_COLUMNS: Final = tuple(column.name for column in findings.columns if column.name != "leaf")
# Keys are hashes: in their order, a batch writes to few pages of the index; at random, to nearly all of them.
_CHUNK: Final = 20_000

_STAGED: Final = tuple(field.name for field in fields(Transition))


def leaf(values: Sequence[Any]) -> str:
    """Give the leaf of a finding, in hex: the RFC 6962 leaf hash of the canonical JSON array of its columns.

    Parameters
    ----------
    values : sequence
        The finding's columns in the order of `LEAF_COLUMNS`.
    """
    return leaf_hash(canonical(values).encode("ascii")).hex()


def start(
    store: Store,
    *,
    revision: int,
    as_of: datetime,
    seed: int,
    inputs: Mapping[str, Any],
    actor: str,
    via: Via,
    tool_version: str,
    clock: Clock = utc_now,
) -> int:
    """Open a run.

    Parameters
    ----------
    store : Store
        Where.
    revision, as_of, seed, inputs, tool_version : int, datetime, int, Mapping, str
        All that the run's result follows from: the snapshot, the seed, the policies by their SHA-256, the program.
    actor, via : str
        Who asked for it, through what.

    Returns
    -------
    run_id : int
        Numbers only go up.
    """
    with store.write() as connection:
        row = insert(runs).values(
            revision=revision,
            as_of=as_of,
            seed=seed,
            tool_version=tool_version,
            inputs=dict(inputs),
            actor=actor,
            via=via,
            started_at=clock(),
            outcomes=[],
        )
        run_id: int = connection.execute(row.returning(runs.c.id)).scalar_one()
    return run_id


def stage(
    store: Store,
    run_id: int,
    transitions: Iterable[Transition],
    *,
    pace: Pace | None = None,
    progress: Progress | None = None,
) -> int:
    """Write what the run found, in short batches; no one sees it before `finish`.

    Parameters
    ----------
    store : Store
        Where.
    run_id : int
        An open run.
    transitions : iterable of Transition
        Consumed as it comes; no key twice in a run.
    pace : Pace, optional
        Keeps count of how long the batches take; hand in the same one for a whole run.
    progress : callable, optional
        Told how many rows are written.

    Returns
    -------
    written : int
        How many.

    Raises
    ------
    StoreError
        If the run was finished or abandoned meanwhile.
    """
    pace = pace or Pace()
    written = 0
    source = iter(transitions)
    while chunk := sorted(islice(source, _CHUNK), key=attrgetter("key")):
        start = 0
        while batch := [_row(run_id, one) for one in chunk[start : start + pace.size]]:
            start += len(batch)
            with pace.write(store) as connection:
                _must_be_open(connection, run_id)
                connection.execute(insert(findings), batch)
            written += len(batch)
            if progress:
                progress(written)
    return written


def _row(run_id: int, transition: Transition) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(transition, name) for name in _STAGED}
    row["run_id"] = run_id
    row["leaf"] = leaf([row[name] for name in LEAF_COLUMNS])
    return row


def _must_be_open(connection: Connection, run_id: int) -> None:
    state = select(runs.c.finished_at, runs.c.abandoned_at).where(runs.c.id == run_id).with_for_update()
    finished_at, abandoned_at = connection.execute(state).one()
    if finished_at is not None:
        raise StoreError(f"run {run_id} is finished already")
    if abandoned_at is not None:
        raise StoreError(f"run {run_id} was abandoned: another audit began after it", mend="Start it again.")


def finish(store: Store, run_id: int, outcomes: Sequence[Any] = (), *, clock: Clock = utc_now) -> Head:
    """Make a run count: its findings, and what each rule came to, from one moment to the next.

    Parameters
    ----------
    store : Store
        Where.
    run_id : int
        An open run, wholly staged.
    outcomes : sequence
        JSON values, one a rule and dataset.

    Returns
    -------
    head : Head
        Of the ledger entry that holds the Merkle root.

    Raises
    ------
    StoreError
        If the run was finished or abandoned meanwhile.
    """
    tree, numbers = Tree(), Counter[str]()
    with store.read() as connection:
        for row_leaf, transition in _leaves(connection, run_id):
            tree.append(bytes.fromhex(row_leaf))
            numbers[transition] += 1
    with store.write() as connection:
        lock(connection)
        _must_be_open(connection, run_id)
        run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
        finished_at, root = clock(), tree.root().hex()
        payload = run_payload(
            run_id=run_id,
            revision=run.revision,
            as_of=run.as_of,
            seed=run.seed,
            tool_version=run.tool_version,
            inputs=run.inputs,
            started_at=run.started_at,
            outcomes=list(outcomes),
            merkle_root=root,
            findings=dict(numbers),
        )
        newest = append(connection, kind="run", actor=run.actor, via=run.via, at=finished_at, payload=payload)
        connection.execute(
            update(runs)
            .where(runs.c.id == run_id)
            .values(finished_at=finished_at, merkle_root=root, outcomes=list(outcomes))
        )
    logger.info("run %d is finished: %d findings", run_id, tree.size)
    return newest


def run_payload(
    *,
    run_id: int,
    revision: int,
    as_of: datetime,
    seed: int,
    tool_version: str,
    inputs: Mapping[str, Any],
    started_at: datetime,
    outcomes: Sequence[Any],
    merkle_root: str,
    findings: Mapping[str, int],
) -> dict[str, Any]:
    """Give what the ledger says of a run. Its outcomes are many: their SHA-256 stands for them."""
    return {
        "run": run_id,
        "revision": revision,
        "as_of": instant(as_of),
        "seed": seed,
        "tool_version": tool_version,
        "inputs": inputs,
        "started_at": instant(started_at),
        "outcomes_sha256": sha256_of(outcomes),
        "merkle_root": merkle_root,
        "findings": findings,
    }


def _leaves(connection: Connection, run_id: int) -> Iterator[tuple[str, str]]:
    in_order = (
        select(findings.c.leaf, findings.c.transition).where(findings.c.run_id == run_id).order_by(findings.c.key)
    )
    with connection.execute(in_order, execution_options={"yield_per": 1000}) as stream:
        for row in stream:
            yield row.leaf, row.transition


def discard_unfinished(store: Store, *, clock: Clock = utc_now) -> int:
    """Abandon every run that was never finished, and delete what it staged. Hold the lease of audits for it.

    Returns
    -------
    abandoned : int
        How many runs.
    """
    with store.write() as connection:
        unfinished = runs.c.finished_at.is_(None) & runs.c.abandoned_at.is_(None)
        abandoned = connection.execute(update(runs).where(unfinished).values(abandoned_at=clock())).rowcount
    with store.read() as connection:
        left = connection.scalars(
            select(runs.c.id).where(
                runs.c.abandoned_at.is_not(None), select(findings.c.key).where(findings.c.run_id == runs.c.id).exists()
            )
        ).all()
    pace = Pace()
    for run_id in left:
        while True:
            some = select(findings.c.key).where(findings.c.run_id == run_id).order_by(findings.c.key).limit(pace.size)
            with pace.write(store) as connection:
                deletion = delete(findings).where(findings.c.run_id == run_id, findings.c.key.in_(some))
                if connection.execute(deletion).rowcount == 0:
                    break
    return abandoned
