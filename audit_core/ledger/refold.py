"""Violations against their fold: what findings and decisions lead to, in the order of the ledger, must stand there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, select

from audit_core.ledger.faithful import Record, records
from audit_core.ledger.tables import decisions, findings, runs, violations
from audit_core.ledger.transitions import Transition, decided, folded
from audit_core.ledger.violations import Violation
from audit_core.ledger.vouched import Broken, Vouched

__all__ = ["violations_against_their_fold"]

_TRANSITION: Final = tuple(column.name for column in fields(Transition))
_COLUMNS: Final = tuple(violations.columns.keys())
_Group = tuple[str, list[Record]]


def violations_against_their_fold(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare every violation with the fold of its findings and decisions, in the order of keys.

    A run that is finished but not settled yet counts for the violations that it was folded into.
    """
    finished = findings.c.run_id.in_(select(runs.c.id).where(runs.c.finished_at.is_not(None)))
    found = _by_key("key", records(connection, findings, finished, order_by=(findings.c.key, findings.c.run_id)))
    taken = _by_key(
        "violation_key", records(connection, decisions, order_by=(decisions.c.violation_key, decisions.c.seq))
    )
    next_found, next_taken = next(found, None), next(taken, None)
    for row in records(connection, violations, order_by=(violations.c.key,)):
        key = row["key"]
        if not isinstance(key, str):
            yield Broken("a violation", f"has the key {key!r}: it was altered")
        while next_found and next_found[0] < key:
            yield from _missing(next_found, vouched)
            next_found = next(found, None)
        if next_taken and next_taken[0] < key:
            yield _undecided(next_taken)
        events: list[Record] = []
        if next_found and next_found[0] == key:
            events += _counting(next_found[1], row["run_id"], vouched)
            next_found = next(found, None)
        if next_taken and next_taken[0] == key:
            events += next_taken[1]
            next_taken = next(taken, None)
        if not _same(_fold(events, vouched), row):
            yield Broken(f"violation {key}", "is not what its findings and decisions lead to: it was altered")
        vouched.violations += 1
    while next_found:
        yield from _missing(next_found, vouched)
        next_found = next(found, None)
    if next_taken:
        yield _undecided(next_taken)


def _undecided(group: _Group) -> Broken:
    return Broken(f"violation {group[0]}", "is missing: there is a decision about it")


def _by_key(name: str, rows: Iterator[Record]) -> Iterator[_Group]:
    for key, group in groupby(rows, key=itemgetter(name)):
        yield key, list(group)


def _counting(rows: list[Record], folded_until: Any, vouched: Vouched) -> list[Record]:
    return [
        row
        for row in rows
        if vouched.settled.get(row["run_id"]) or (isinstance(folded_until, int) and row["run_id"] <= folded_until)
    ]


def _missing(group: _Group, vouched: Vouched) -> Iterator[Broken]:
    key, rows = group
    if _fold(_counting(rows, 0, vouched), vouched) is not None:
        yield Broken(f"violation {key}", "is missing: a settled run found it")


def _fold(events: list[Record], vouched: Vouched) -> Violation | None:
    def order(event: Record) -> int:
        return vouched.runs[event["run_id"]].seq if "run_id" in event else int(event["seq"])

    violation: Violation | None = None
    for event in sorted(events, key=order):
        if "run_id" in event:
            finding = Transition(**{name: event[name] for name in _TRANSITION})
            at = vouched.runs[event["run_id"]].at
            violation = folded(violation, finding, run_id=event["run_id"], at=at)
        else:
            if violation is None:
                return None
            try:
                violation = decided(violation, event["verdict"], decision_id=event["id"], at=event["at"])
            except ValueError:  # not possible in its state: nothing of ours wrote that
                return None
    return violation


def _same(violation: Violation | None, row: Record) -> bool:
    return violation is not None and all(getattr(violation, name) == row[name] for name in _COLUMNS)
