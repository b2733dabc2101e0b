"""Settling: the findings of finished runs are folded into violations, in short batches, by whoever comes first.

A run's findings count from the moment it is finished, but folding a hundred thousand of them takes seconds. So every
reader of violations settles first, and a decision settles the one key that it is about. A violation remembers the last
run that was folded into it (`run_id`), hence a finding is folded once, in the order of runs, by however many processes
and after however many crashes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import lock
from audit_core.ledger.pace import Pace
from audit_core.ledger.tables import findings, runs, violations
from audit_core.ledger.transitions import Transition, folded
from audit_core.ledger.violations import Violation, with_key

__all__ = ["settle", "settle_key", "transition_of", "write_violations"]

logger = logging.getLogger(__name__)

_COLUMNS: Final = tuple(column.name for column in fields(Violation))
_TRANSITION: Final = tuple(column.name for column in fields(Transition))
_CHANGEABLE: Final = (
    "rule",
    "kind",
    "severity",
    "mode",
    "message",
    "evidence",
    "bound_hash",
    "state",
    "revision",
    "reopened",
    "changed_at",
    "run_id",
    "decision_id",
)


def settle(
    store: Store,
    *,
    clock: Clock = utc_now,
    pace: Pace | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Fold the findings of all finished runs that are not settled yet. Cheap when there are none.

    Parameters
    ----------
    store : Store
        Where.
    pace : Pace, optional
        Keeps count of how long the batches take.
    progress : callable, optional
        Told, after each batch is committed, how many findings are folded.

    Returns
    -------
    folded : int
        How many findings this call folded.
    """
    waiting = (
        select(runs.c.id, runs.c.finished_at)
        .where(runs.c.finished_at.is_not(None), runs.c.settled_at.is_(None))
        .order_by(runs.c.id)
    )
    with store.read() as connection:
        pending = connection.execute(waiting).all()
    pace = pace or Pace()
    done = 0
    for run_id, finished_at in pending:
        after = ""
        while True:
            with pace.write(store) as connection:
                lock(connection)
                batch = _unfolded(connection, run_id, after, pace.size)
                _fold(connection, batch, run_id, finished_at)
                if not batch:
                    settled = update(runs).where(runs.c.id == run_id, runs.c.settled_at.is_(None))
                    connection.execute(settled.values(settled_at=clock()))
            if not batch:
                break
            after = batch[-1].key
            done += len(batch)
            if progress:
                progress(done)
        logger.info("run %d is settled", run_id)
    return done


def settle_key(connection: Connection, key: str) -> Violation | None:
    """Fold all finished runs into one violation, within the caller's write transaction.

    Returns
    -------
    violation : Violation or None
        As it stands then; None if no finished run has found it.
    """
    lock(connection)
    violation = with_key(connection, key)
    folded_until = violation.run_id if violation else 0
    news = (
        select(findings, runs.c.finished_at)
        .join(runs, runs.c.id == findings.c.run_id)
        .where(findings.c.key == key, findings.c.run_id > folded_until, runs.c.finished_at.is_not(None))
        .order_by(findings.c.run_id)
    )
    rows = connection.execute(news).all()
    if not rows:
        return violation
    known = violation is not None
    for row in rows:
        violation = folded(violation, transition_of(row), run_id=row.run_id, at=row.finished_at)
    if violation is not None:
        write_violations(connection, new=[] if known else [violation], changed=[violation] if known else [])
    return violation


def transition_of(row: Row[Any]) -> Transition:
    """Read a row of the finding table."""
    values = row._mapping
    return Transition(**{name: values[name] for name in _TRANSITION})


def _unfolded(connection: Connection, run_id: int, after: str, limit: int) -> Sequence[Row[Any]]:
    rows = (
        select(findings)
        .outerjoin(violations, violations.c.key == findings.c.key)
        .where(
            findings.c.run_id == run_id,
            findings.c.key > after,
            violations.c.key.is_(None) | (violations.c.run_id < run_id),
        )
        .order_by(findings.c.key)
        .limit(limit)
    )
    return connection.execute(rows).all()


def _fold(connection: Connection, batch: Sequence[Row[Any]], run_id: int, at: datetime) -> None:
    if not batch:
        return
    keys = [row.key for row in batch]
    standing = {
        row.key: Violation.of(row) for row in connection.execute(select(violations).where(violations.c.key.in_(keys)))
    }
    new: list[Violation] = []
    changed: list[Violation] = []
    for row in batch:
        before = standing.get(row.key)
        after = folded(before, transition_of(row), run_id=run_id, at=at)
        if after is not None:
            (changed if before else new).append(after)
    write_violations(connection, new=new, changed=changed)


def write_violations(connection: Connection, *, new: Iterable[Violation], changed: Iterable[Violation]) -> None:
    """Write violations as they stand now; only `ledger` does."""
    rows = [{name: getattr(one, name) for name in _COLUMNS} for one in new]
    if rows:
        connection.execute(insert(violations), rows)
    rows = [{"of_key": one.key, **{name: getattr(one, name) for name in _CHANGEABLE}} for one in changed]
    if rows:
        by_key = update(violations).where(violations.c.key == bindparam("of_key"))
        connection.execute(by_key.values({name: bindparam(name) for name in _CHANGEABLE}), rows)
