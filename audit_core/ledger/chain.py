"""The chain: entries that each hold the hash of the one before, so that none can be changed, dropped or slipped in.

The hash of an entry is the SHA-256, in lower-case hex, of the ASCII text of this JSON array, without spaces and with
everything beyond ASCII escaped::

    [seq, at, kind, actor, via, payload, previous]

`at` is UTC as ``2026-01-31T09:30:00.000000Z``; `payload` is a JSON text (inside the array, hence, a string); `previous`
is the hash of the entry before, and 64 zeros for the first. An export is checked by anyone, without Cratecheck::

    import hashlib, json, sys
    previous, seq = "0" * 64, 0
    for line in sys.stdin:
        e = json.loads(line)
        seq += 1
        array = [seq, e["at"], e["kind"], e["actor"], e["via"], e["payload"], previous]
        previous = hashlib.sha256(json.dumps(array, separators=(",", ":")).encode()).hexdigest()
        if (e["seq"], e["hash"]) != (seq, previous):
            sys.exit(f"entry {seq} is broken")
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select, text

from audit_core.ledger.tables import ledger_entries

__all__ = ["NOTHING", "Head", "Via", "append", "canonical", "entry_hash", "export", "head", "instant", "lock"]

Via = Literal["slack", "desk", "cli", "schedule"]
"""Through what a person, or the schedule, acted."""

NOTHING: Final = "0" * 64
"""The hash before the first entry."""

_LOCK: Final = 0x6C656467  # any number that all our processes share
_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
_EXACT: Final = 2**53  # beyond it a float is no longer one number in every reader of JSON


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain: who knows it can tell whether the chain was cut or rewritten.

    Attributes
    ----------
    seq : int
        The entry's number; 0 if there is none.
    hash : str
        Its hash; 64 zeros if there is none.
    """

    seq: int
    hash: str


def canonical(value: object) -> str:
    """Write a JSON value in the one way that is hashed: keys sorted, no spaces, ASCII, zero without a sign.

    Parameters
    ----------
    value : object
        None, a bool, int, float, str, or lists, tuples and mappings (with str keys) of them.

    Returns
    -------
    text : str
        The same for every equal value, whichever database kept it.

    Raises
    ------
    ValueError
        If it holds anything else, or a float that is not finite or not below 2**53.
    """
    return _ENCODER.encode(_plain(value))


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not abs(value) < _EXACT:
            raise ValueError(f"{value!r} is not a number that every reader of JSON reads alike")
        return value + 0.0  # -0.0 becomes 0.0: PostgreSQL keeps no sign of zero
    if isinstance(value, (dict, Mapping)):  # dict first: the question is asked a million times
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is no text")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    raise ValueError(f"{value!r} is no JSON value")


def instant(moment: datetime) -> str:
    """Write a moment as entries do: ``2026-01-31T09:30:00.000000Z``."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: give it in UTC")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def entry_hash(seq: int, at: str, kind: str, actor: str, via: str, payload: str, previous: str) -> str:
    """Give the hash of an entry, by the recipe at the head of this module."""
    array = [seq, at, kind, actor, via, payload, previous]
    return hashlib.sha256(json.dumps(array, separators=(",", ":")).encode("ascii")).hexdigest()


def lock(connection: Connection) -> None:
    """Wait until no one else writes what the ledger vouches for, and keep others out until the transaction ends.

    SQLite has one writer as it is. On PostgreSQL decisions, finished runs and their settling take turns by this lock,
    so that the order of entries is the order in which their effects came about.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def head(connection: Connection) -> Head:
    """Give the last entry's number and hash."""
    newest = select(ledger_entries.c.seq, ledger_entries.c.hash).order_by(ledger_entries.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return Head(row.seq, row.hash) if row else Head(0, NOTHING)


def append(
    connection: Connection, *, kind: str, actor: str, via: Via, at: datetime, payload: Mapping[str, Any]
) -> Head:
    """Add an entry, within the caller's write transaction.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    kind : str
        What happened: run, decision, import, proposal, activation…
    actor : str
        Who did it.
    via : Via
        Through what.
    at : datetime
        When, in UTC.
    payload : Mapping
        What an auditor must know: a JSON object.

    Returns
    -------
    head : Head
        The new entry's number and hash.
    """
    lock(connection)
    last = head(connection)
    seq, body = last.seq + 1, canonical(payload)
    digest = entry_hash(seq, instant(at), kind, actor, via, body, last.hash)
    connection.execute(
        insert(ledger_entries).values(
            seq=seq, at=at, kind=kind, actor=actor, via=via, payload=body, previous=last.hash, hash=digest
        )
    )
    return Head(seq, digest)


def export(connection: Connection) -> Iterator[str]:
    """Give every entry as a line of JSON, in order, with all that its hash is made of."""
    entries = select(ledger_entries).order_by(ledger_entries.c.seq)
    with connection.execute(entries, execution_options={"yield_per": 1000}) as stream:
        for row in stream:
            yield json.dumps(
                {
                    "seq": row.seq,
                    "at": instant(row.at),
                    "kind": row.kind,
                    "actor": row.actor,
                    "via": row.via,
                    "payload": row.payload,
                    "previous": row.previous,
                    "hash": row.hash,
                }
            )
