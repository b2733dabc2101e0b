"""`ledger verify`: does everything still match what the chain says? Names the first row that does not.

In this order: every entry against its hash and the entry before; the chain against heads that were given out; runs and
their findings, decisions with their quarantines and waivers, and policies against the entries that vouch for them;
violations against what findings and decisions fold into; imports, with the keys and the row hashes of the tracks
that came and went by each (`imports` says what of a track is not looked at); and scans and comparisons, with all that
they found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.ledger.chain import NOTHING, Head, entry_hash, instant
from audit_core.ledger.faithful import Record, records, tolerant
from audit_core.ledger.imports import revision_rows, track_rows
from audit_core.ledger.refold import violations_against_their_fold
from audit_core.ledger.revised_rows import recording_rows, revised_rows
from audit_core.ledger.tables import ledger_entries
from audit_core.ledger.vouched import Broken, Vouched, decided_rows, entry_of, finding_rows, run_rows
from audit_core.ledger.vouched_policies import policy_rows

__all__ = ["Broken", "KnownHead", "Verification", "verify"]


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head of the chain that was given out.

    Attributes
    ----------
    label : str
        Where it stands, as it reads in a sentence: "the digest of 2026-03-01".
    head : Head
        The entry's number and hash.
    """

    label: str
    head: Head


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, and the first thing that does not hold.

    Attributes
    ----------
    head : Head
        The last entry.
    entries, runs, findings, decisions, violations : int
        How many were verified before the end or the first break.
    broken : Broken or None
        The first row that does not match; None if all do.
    """

    head: Head
    entries: int
    runs: int
    findings: int
    decisions: int
    violations: int
    broken: Broken | None

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return self.broken is None


def verify(store: Store, *, against: Head | None = None, known_heads: Iterable[KnownHead] = ()) -> Verification:
    """Verify the ledger and all that it vouches for, in one pass over each table.

    Parameters
    ----------
    store : Store
        Read, never written.
    against : Head, optional
        A head that the caller knows, from a digest for example: a chain that was cut or rewritten does not lead to it.
    known_heads : iterable of KnownHead
        More of them, with what to call them.

    Returns
    -------
    verification : Verification
        The first break, if there is one.
    """
    given = [KnownHead("the head you gave", against)] if against else []
    vouched = Vouched()
    with store.read() as connection, tolerant(connection):
        broken = next(
            chain(
                _chain(connection, vouched, [*given, *known_heads]),
                run_rows(connection, vouched),
                finding_rows(connection, vouched),
                decided_rows(connection, vouched),
                policy_rows(connection, vouched),
                violations_against_their_fold(connection, vouched),
                revision_rows(connection, vouched),
                track_rows(connection, vouched),
                revised_rows(connection, vouched),
                recording_rows(connection, vouched),
            ),
            None,
        )
    return Verification(
        head=vouched.head,
        entries=vouched.head.seq,
        runs=len(vouched.runs),
        findings=vouched.findings,
        decisions=vouched.decisions,
        violations=vouched.violations,
        broken=broken,
    )


def _chain(connection: Connection, vouched: Vouched, known: Iterable[KnownHead]) -> Iterator[Broken]:
    heads: dict[int, list[KnownHead]] = defaultdict(list)
    for one in known:
        heads[one.head.seq].append(one)
    yield from _against(heads.pop(0, []), 0, NOTHING)
    for row in records(connection, ledger_entries, order_by=(ledger_entries.c.seq,)):
        seq = vouched.head.seq + 1
        if row["seq"] != seq:
            yield Broken(f"ledger row {seq}", f"is missing: row {row['seq']} stands in its place")
        if _hash(row) != row["hash"]:
            yield Broken(f"ledger row {seq}", "does not match its hash: it was altered")
        if row["previous"] != vouched.head.hash:
            yield Broken(f"ledger row {seq}", f"does not follow row {seq - 1}: one of the two was put in later")
        yield from _against(heads.pop(seq, []), seq, row["hash"])
        entry = entry_of(row)
        if entry is None:
            yield Broken(f"ledger row {seq}", "has a payload that is no JSON object")
        else:
            vouched.add(entry)
        vouched.head = Head(seq, row["hash"])
    for seq in sorted(heads):
        label, last = heads[seq][0].label, vouched.head.seq
        yield Broken(
            f"ledger row {last + 1}", f"is missing: {label} names row {seq}, so the tail was cut after row {last}"
        )


def _against(known: Iterable[KnownHead], seq: int, digest: str) -> Iterator[Broken]:
    for one in known:
        if one.head.hash != digest:
            yield Broken(f"ledger row {seq}", f"has another hash than in {one.label}: the ledger was rewritten")


def _hash(row: Record) -> str | None:
    if not isinstance(row["at"], datetime):
        return None
    names = ("kind", "actor", "via", "payload", "previous")
    if not all(isinstance(row[name], str) for name in names):
        return None
    return entry_hash(row["seq"], instant(row["at"]), *(row[name] for name in names))
