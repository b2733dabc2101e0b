"""Policies against the entries that vouch for them: their texts, proposals, answers and activations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from audit_core.ledger.chain import instant
from audit_core.ledger.faithful import Record, records
from audit_core.ledger.proposals import preview_sha256
from audit_core.ledger.tables import policy_activations, policy_answers, policy_proposals, policy_texts
from audit_core.ledger.vouched import Broken, Entry, Vouched

__all__ = ["policy_rows"]

_ANSWERS: Final = {"confirmation": "confirm", "rejection": "reject", "withdrawal": "withdraw"}
_DECIDES: Final = {"rejection": "rejected", "withdrawal": "withdrawn", "activation": "activated"} | {
    "retirement": "activated"
}
_PROPOSED: Final = {"policy": "policy", "sha256": "sha256", "base_sha256": "base", "git_commit": "commit"} | {
    name: name for name in ("reason", "origin")
}


@dataclass(slots=True)
class _Proposal:
    """A proposal, as the entries about it say that it stands."""

    entry: Entry
    state: str = "examining"
    preview: Any = None  # its SHA-256
    confirmations: Any = 1
    refused: Any = None
    decided_at: datetime | None = None

    def goes_on(self, entry: Entry) -> None:
        """Follow an entry about it."""
        if entry.kind == "examination":
            self.state, self.preview = "proposed", entry.payload.get("preview")
            self.confirmations, self.refused = entry.payload.get("confirmations"), entry.payload.get("refused")
            if self.refused is not None:
                self.state, self.decided_at = "refused", entry.at
        elif entry.kind == "reexamination":
            self.state = "examining"
        elif entry.kind in _DECIDES:
            self.state, self.decided_at = _DECIDES[entry.kind], entry.at


@dataclass(slots=True)
class _Said:
    """What the chain says of policies."""

    texts: dict[Any, Entry] = field(default_factory=dict)
    proposals: dict[Any, _Proposal] = field(default_factory=dict)
    answers: dict[tuple[Any, Any], Entry] = field(default_factory=dict)
    activations: dict[Any, Entry] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        number = entry.payload.get("proposal")
        if entry.kind == "proposal":
            self.proposals[number] = _Proposal(entry)
        elif number in self.proposals:
            self.proposals[number].goes_on(entry)
        if entry.kind in _ANSWERS:
            self.answers[number, entry.actor] = entry
        if entry.kind in ("activation", "retirement"):
            self.activations[entry.seq] = entry
        if entry.kind in ("proposal", "activation") and (sha256 := entry.payload.get("sha256")) is not None:
            self.texts.setdefault(sha256, entry)


def policy_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare policy texts with their SHA-256, and what was proposed, answered and activated with its entries."""
    said = _Said()
    for entry in vouched.policies:
        said.add(entry)
    yield from _texts(connection, said)
    yield from _proposals(connection, said)
    yield from _answers(connection, said)
    yield from _activations(connection, said)


def _texts(connection: Connection, said: _Said) -> Iterator[Broken]:
    missing = dict(said.texts)
    for row in records(connection, policy_texts, order_by=(policy_texts.c.sha256,)):
        sha256, entry = row["sha256"], said.texts.get(row["sha256"])
        if entry is None or row["policy"] != entry.payload.get("policy"):
            yield Broken(f"policy text {sha256}", "was put in: no ledger row vouches for it under its name")
        if _sha256(row["text"]) != sha256:
            yield Broken(f"policy text {sha256}", "does not match its SHA-256: it was altered")
        missing.pop(sha256, None)
    for sha256, entry in missing.items():
        yield Broken(f"policy text {sha256}", f"is missing: ledger row {entry.seq} vouches for it")


def _proposals(connection: Connection, said: _Said) -> Iterator[Broken]:
    missing = dict(said.proposals)
    for row in records(connection, policy_proposals, order_by=(policy_proposals.c.seq,)):
        where, one = f"proposal {row['id']}", missing.pop(row["id"], None)
        if one is None:
            yield Broken(where, "was put in: no ledger row vouches for it")
        elif not _as_proposed(row, one.entry):
            yield Broken(where, f"does not match ledger row {one.entry.seq}: it was altered")
        elif not _as_it_stands(row, one):
            yield Broken(where, "does not stand as the ledger says: it was altered")
    for number, one in missing.items():
        yield Broken(f"proposal {number}", f"is missing: ledger row {one.entry.seq} vouches for it")


def _as_proposed(row: Record, entry: Entry) -> bool:
    who = (row["seq"], row["at"], row["person"], row["via"]) == (entry.seq, entry.at, entry.actor, entry.via)
    return who and all(row[column] == entry.payload.get(name) for column, name in _PROPOSED.items())


def _as_it_stands(row: Record, one: _Proposal) -> bool:
    stands = (row["state"], row["confirmations"], row["refused"], row["decided_at"])
    return stands == (one.state, one.confirmations, one.refused, one.decided_at) and _preview(row) == one.preview


def _preview(row: Record) -> object:
    if row["preview"] is None:
        return None
    try:
        return preview_sha256(row["preview"])
    except ValueError:
        return row["preview"]  # damaged: equals no SHA-256


def _answers(connection: Connection, said: _Said) -> Iterator[Broken]:
    missing = dict(said.answers)
    for row in records(connection, policy_answers, order_by=(policy_answers.c.seq,)):
        where = f"answer of {row['person']} to proposal {row['proposal_id']}"
        entry = missing.pop((row["proposal_id"], row["person"]), None)
        if entry is None:
            yield Broken(where, "was put in: no ledger row vouches for it")
        elif (row["seq"], row["at"], row["via"]) != (entry.seq, entry.at, entry.via) or (
            row["answer"],
            row["reason"],
        ) != (_ANSWERS[entry.kind], entry.payload.get("reason")):
            yield Broken(where, f"does not match ledger row {entry.seq}: it was altered")
    for (number, person), entry in missing.items():
        yield Broken(f"answer of {person} to proposal {number}", f"is missing: ledger row {entry.seq} vouches for it")


def _activations(connection: Connection, said: _Said) -> Iterator[Broken]:
    missing = dict(said.activations)
    for row in records(connection, policy_activations, order_by=(policy_activations.c.seq,)):
        where, entry = f"activation {row['seq']} of policy {row['policy']}", missing.pop(row["seq"], None)
        if entry is None:
            yield Broken(where, "was put in: no ledger row vouches for it")
        elif not _as_activated(row, entry):
            yield Broken(where, f"does not match ledger row {entry.seq}: it was altered")
    for seq, entry in missing.items():
        where = f"activation {seq} of policy {entry.payload.get('policy')}"
        yield Broken(where, f"is missing: ledger row {seq} vouches for it")


def _as_activated(row: Record, entry: Entry) -> bool:
    payload = entry.payload
    return (
        (row["at"], row["person"], row["via"]) == (entry.at, entry.actor, entry.via)
        and (row["policy"], row["sha256"]) == (payload.get("policy"), payload.get("sha256"))
        and (row["proposal_id"], row["git_commit"]) == (payload.get("proposal"), payload.get("commit"))
        and _effective(row) == payload.get("effective_at", instant(entry.at))
    )


def _effective(row: Record) -> str | None:
    return instant(row["effective_at"]) if isinstance(row["effective_at"], datetime) else None


def _sha256(text: object) -> str | None:
    if not isinstance(text, str):
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
