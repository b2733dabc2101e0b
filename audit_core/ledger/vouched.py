"""The rows that ledger entries vouch for: runs, findings, decisions, quarantines, waivers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from audit_core.ledger.chain import NOTHING, Head, instant
from audit_core.ledger.faithful import Record, records
from audit_core.ledger.merkle import Tree
from audit_core.ledger.runs import LEAF_COLUMNS, leaf, run_payload
from audit_core.ledger.tables import (
    decisions,
    findings,
    ledger_entries,
    quarantine_contents,
    quarantines,
    runs,
    waiver_violations,
    waivers,
)
from audit_core.neighbours.tables import separations

__all__ = ["OF_POLICIES", "Broken", "Entry", "Vouched", "decided_rows", "entry_of", "finding_rows", "run_rows"]

OF_POLICIES: Final = frozenset(
    {"proposal", "examination", "reexamination", "confirmation", "rejection", "withdrawal", "activation", "retirement"}
)
"""The kinds of entries that vouch for policies; `vouched_policies` compares them."""

_PAGE: Final = 500
_RUN: Final = ("revision", "as_of", "seed", "tool_version", "inputs", "started_at", "outcomes", "merkle_root")
_DECISION: Final = {"id": "decision", "verdict": "verdict", "violation_key": "violation"} | {
    name: name for name in ("violation_revision", "reason", "evidence_url", "policy_sha256")
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that does not match what vouches for it.

    Attributes
    ----------
    where : str
        Which row: "ledger row 12", "finding of run 3, violation 5f…".
    what : str
        What is wrong with it; `where` and `what` make a sentence.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the chain, its payload read."""

    seq: int
    at: datetime
    kind: str
    actor: str
    via: str
    payload: Mapping[str, Any]


def entry_of(row: Record) -> Entry | None:
    """Read an entry; None if its payload is no JSON object."""
    try:
        payload: Any = json.loads(row["payload"])
    except ValueError:
        return None
    if not isinstance(payload, dict):
        return None
    return Entry(row["seq"], row["at"], row["kind"], row["actor"], row["via"], payload)


@dataclass(slots=True)
class Vouched:
    """What the chain says, gathered as it is read, and how much of it was verified."""

    head: Head = field(default_factory=lambda: Head(0, NOTHING))
    runs: dict[Any, Entry] = field(default_factory=dict)
    imports: dict[Any, Entry] = field(default_factory=dict)
    revised: dict[Any, Entry] = field(default_factory=dict)  # by scans and comparisons
    settled: dict[Any, bool] = field(default_factory=dict)
    decided: set[Any] = field(default_factory=set)
    released: dict[Any, tuple[datetime, Any]] = field(default_factory=dict)
    policies: list[Entry] = field(default_factory=list)  # what was proposed, answered, activated and retired
    findings: int = 0
    decisions: int = 0
    violations: int = 0

    def add(self, entry: Entry) -> None:
        """Note what an entry vouches for."""
        payload = entry.payload
        if entry.kind == "run":
            self.runs[payload.get("run")] = entry
        elif entry.kind == "import":
            self.imports[payload.get("revision")] = entry
        elif entry.kind in ("scan", "neighbours"):
            self.revised[payload.get("revision")] = entry
        elif entry.kind == "decision":
            self.decided.add(payload.get("decision"))
            for one in payload.get("released", ()):
                self.released[one] = (entry.at, payload.get("decision"))
        elif entry.kind in OF_POLICIES:
            self.policies.append(entry)


def run_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare finished runs with their entries; what they found comes after."""
    missing = set(vouched.runs)
    for row in records(connection, runs, order_by=(runs.c.id,)):
        number, entry = row["id"], vouched.runs.get(row["id"])
        if entry is None:
            if row["finished_at"] is not None:
                yield Broken(f"run {number}", "is finished, but no ledger row vouches for it")
            continue
        missing.discard(number)
        vouched.settled[number] = row["settled_at"] is not None
        if (row["finished_at"], row["actor"], row["via"]) != (entry.at, entry.actor, entry.via):
            yield Broken(f"run {number}", f"does not match ledger row {entry.seq}: who, through what or when")
        if _run_payload(row, entry.payload.get("findings")) != entry.payload:
            yield Broken(f"run {number}", f"does not match ledger row {entry.seq}: what it judged, or what came of it")
    for number in missing:
        yield Broken(f"run {number}", f"is missing: ledger row {vouched.runs[number].seq} vouches for it")


def _run_payload(row: Record, numbers: Any) -> Mapping[str, Any] | None:
    try:
        return run_payload(run_id=row["id"], findings=numbers, **{name: row[name] for name in _RUN})
    except (ValueError, AttributeError):  # damaged: no JSON value, or no moment
        return None


def finding_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare each finding with its leaf, and the findings of each finished run with their Merkle root."""
    unfinished = set(connection.scalars(select(runs.c.id).where(runs.c.finished_at.is_(None))))
    found: dict[Any, tuple[Tree, Counter[str]]] = {number: (Tree(), Counter()) for number in vouched.runs}
    current: Any = None
    for row in records(connection, findings, order_by=(findings.c.run_id, findings.c.key)):
        number = row["run_id"]
        if number in unfinished:
            continue
        if number != current and current is not None:
            yield from _root(current, found.pop(current), vouched.runs[current])
        if number not in found:
            yield Broken(_finding(row), "belongs to no run that a ledger row vouches for")
            return
        current = number
        if _leaf(row) != row["leaf"]:
            yield Broken(_finding(row), "does not match its leaf: it was altered")
        tree, numbers = found[number]
        tree.append(bytes.fromhex(row["leaf"]))
        numbers[row["transition"]] += 1
        vouched.findings += 1
    for number, counted in found.items():
        yield from _root(number, counted, vouched.runs[number])


def _finding(row: Record) -> str:
    return f"finding of run {row['run_id']}, violation {row['key']}"


def _leaf(row: Record) -> str | None:
    try:
        return leaf([row[name] for name in LEAF_COLUMNS])
    except ValueError:
        return None


def _root(number: Any, counted: tuple[Tree, Counter[str]], entry: Entry) -> Iterator[Broken]:
    tree, numbers = counted
    if tree.root().hex() != entry.payload.get("merkle_root") or numbers != entry.payload.get("findings"):
        said = entry.payload.get("findings")
        expected = sum(said.values()) if isinstance(said, dict) else 0
        yield Broken(
            f"run {number}",
            f"has {tree.size} findings, but ledger row {entry.seq} vouches for {expected} others: one was put in,"
            " taken out or altered together with its leaf",
        )


def decided_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare decisions, and the quarantines and waivers that follow from them, with their entries."""
    entries = (
        entry_of(row)
        for row in records(
            connection, ledger_entries, ledger_entries.c.kind == "decision", order_by=(ledger_entries.c.seq,)
        )
    )
    while page := [entry for entry in islice(entries, _PAGE) if entry is not None]:
        yield from _decided_page(connection, vouched, page)
    yield from _unvouched(connection, vouched)


def _decided_page(connection: Connection, vouched: Vouched, page: Sequence[Entry]) -> Iterator[Broken]:
    ids = [entry.payload.get("decision") for entry in page]
    taken = _grouped("id", records(connection, decisions, decisions.c.id.in_(ids), order_by=(decisions.c.id,)))
    out = _grouped(
        "decision_id",
        records(connection, quarantines, quarantines.c.decision_id.in_(ids), order_by=(quarantines.c.id,)),
    )
    numbers = [row["id"] for rows in out.values() for row in rows]
    of_quarantine = quarantine_contents.c.quarantine_id.in_(numbers)
    order = (quarantine_contents.c.algorithm, quarantine_contents.c.value)
    content = _grouped("quarantine_id", records(connection, quarantine_contents, of_quarantine, order_by=order))
    ends = _grouped(
        "decision_id", records(connection, waivers, waivers.c.decision_id.in_(ids), order_by=(waivers.c.decision_id,))
    )
    of_waiver = waiver_violations.c.decision_id.in_(ids)
    covers = _grouped(
        "decision_id",
        records(connection, waiver_violations, of_waiver, order_by=(waiver_violations.c.violation_key,)),
    )
    by_pair = (separations.c.packets_a, separations.c.packets_b)
    apart = _grouped(
        "decision_id", records(connection, separations, separations.c.decision_id.in_(ids), order_by=by_pair)
    )
    for entry in page:
        number = entry.payload.get("decision")
        rows, says = taken[number], f"ledger row {entry.seq}"
        if not rows:
            yield Broken(f"decision {number}", f"is missing: {says} vouches for it")
            continue
        if not _same_decision(rows[0], entry):
            yield Broken(f"decision {number}", f"does not match {says}: it was altered")
        if not _same_quarantines(out[number], content, entry, vouched.released.get(number, (None, None))):
            yield Broken(f"quarantine of decision {number}", f"does not match {says}: it was altered")
        if not _same_separation(apart[number], entry):
            yield Broken(f"separation of decision {number}", f"does not match {says}: it was altered")
        if not _same_waiver(ends[number], covers[number], entry):
            yield Broken(f"waiver of decision {number}", f"does not match {says}: it was altered")
        vouched.decisions += 1


def _grouped(name: str, rows: Iterable[Record]) -> dict[Any, list[Record]]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


def _same_decision(row: Record, entry: Entry) -> bool:
    who = (row["seq"], row["at"], row["person"], row["via"]) == (entry.seq, entry.at, entry.actor, entry.via)
    return who and all(row[column] == entry.payload.get(name) for column, name in _DECISION.items())


def _same_quarantines(
    rows: Sequence[Record],
    content: Mapping[Any, Sequence[Record]],
    entry: Entry,
    release: tuple[datetime | None, Any],
) -> bool:
    if any(row["since"] != entry.at or (row["released_at"], row["released_by"]) != release for row in rows):
        return False
    out = [
        {
            "dataset": row["dataset"],
            "track": row["track_key"],
            "content": [[one["algorithm"], one["value"]] for one in content[row["id"]]],
        }
        for row in rows
    ]
    same: bool = out == entry.payload.get("quarantined", [])
    return same


def _same_separation(rows: Sequence[Record], entry: Entry) -> bool:
    pairs = [[row["packets_a"], row["packets_b"]] for row in rows]
    return pairs == entry.payload.get("separated", []) and all(row["at"] == entry.at for row in rows)


def _same_waiver(rows: Sequence[Record], covers: Sequence[Record], entry: Entry) -> bool:
    payload = entry.payload
    if "ends_at" not in payload:
        return not rows and not covers
    if len(rows) != 1 or not isinstance(rows[0]["ends_at"], datetime):
        return False
    row = rows[0]
    return (
        row["rule"] == payload.get("rule")
        and row["since"] == entry.at
        and str(row["until"]) == payload.get("until")
        and instant(row["ends_at"]) == payload["ends_at"]
        and [one["violation_key"] for one in covers] == payload.get("waived")
    )


def _unvouched(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Find rows that no decision of the ledger led to."""
    ids: tuple[tuple[str, Select[Any]], ...] = (
        ("decision", select(decisions.c.id)),
        ("quarantine of decision", select(quarantines.c.decision_id)),
        ("waiver of decision", select(waivers.c.decision_id)),
        ("waiver of decision", select(waiver_violations.c.decision_id)),
        ("separation of decision", select(separations.c.decision_id)),
    )
    for name, rows in ids:
        with connection.execute(rows, execution_options={"yield_per": 1000}) as stream:
            for number in stream.scalars():
                if number not in vouched.decided:
                    yield Broken(f"{name} {number}", "was put in: no ledger row vouches for it")
    stray = select(quarantine_contents.c.quarantine_id).where(
        quarantine_contents.c.quarantine_id.not_in(select(quarantines.c.id))
    )
    for number in connection.scalars(stray.limit(1)).all():
        yield Broken(f"content of quarantine {number}", "was put in: no ledger row vouches for it")
