"""What was heard and compared, held against the entries of the scans and comparisons that brought it (`revised`)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from audit_core.catalogue.revisions import REVISED
from audit_core.catalogue.tables import FOREVER, revisions
from audit_core.ledger.chain import canonical
from audit_core.ledger.faithful import Record, records
from audit_core.ledger.revised import closed_line, form_of, ids_sha256, opened_line, row_hash
from audit_core.ledger.vouched import Broken, Vouched
from audit_core.neighbours.tables import recordings

__all__ = ["recording_rows", "revised_rows"]

_NOTHING: Final = hashlib.sha256().hexdigest()


def revised_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare the rows of `REVISED` with what the entries of their revisions say, in one pass over each table."""
    in_flight = set(
        connection.scalars(
            select(revisions.c.id).where(revisions.c.published_at.is_(None), revisions.c.abandoned_at.is_(None))
        )
    )
    for table in REVISED:
        begun: dict[Any, Any] = defaultdict(hashlib.sha256)
        ended: dict[Any, Any] = defaultdict(hashlib.sha256)
        for row in records(connection, table, order_by=(table.c.id,)):
            number, from_rev, to_rev = row["id"], row["from_rev"], row["to_rev"]
            for revision in (from_rev,) if to_rev == FOREVER else (from_rev, to_rev):
                if revision not in vouched.revised and revision not in in_flight:
                    says = f"belongs to revision {revision}, and no ledger row vouches for that"
                    yield Broken(f"{_word(table)} number {number}", says)
            text = _canonical(table, row)
            if text is None or row.get("row_hash") not in (None, row_hash(text)):
                yield Broken(f"{_word(table)} number {number}", "does not match its hash: it was altered")
                return
            begun[from_rev].update(opened_line(number, text))
            if to_rev != FOREVER:
                ended[to_rev].update(closed_line(number))
        for revision, entry in vouched.revised.items():
            said = (_said(entry.payload, "opened", table), _said(entry.payload, "closed", table))
            if (begun[revision].hexdigest(), ended[revision].hexdigest()) != said:
                yield Broken(
                    f"the rows of {_word(table)} in revision {revision}",
                    f"are not those that ledger row {entry.seq} vouches for: one was put in, taken out or altered",
                )


def recording_rows(connection: Connection, vouched: Vouched) -> Iterator[Broken]:
    """Compare the recordings, and what they were merged into, with what the entries say."""
    merged: dict[Any, tuple[Any, Any]] = {}
    for revision, entry in vouched.revised.items():
        merged |= {one: (into, revision) for one, into in dict(entry.payload.get("merged", {})).items()}
        for one in entry.payload.get("restored", ()):
            merged.pop(one, None)
    minted: dict[Any, list[str]] = defaultdict(list)
    for row in records(connection, recordings, order_by=(recordings.c.id,)):
        if (row["merged_into"], row["merged_rev"]) != merged.pop(row["id"], (None, None)):
            yield Broken(f"recording {row['id']}", "is not merged as the ledger says")
        minted[row["minted_rev"]].append(str(row["id"]))
    for one in merged:
        yield Broken(f"recording {one}", "is missing: the ledger says what it was merged into")
    for revision, entry in vouched.revised.items():
        if ids_sha256(minted.pop(revision, [])) != entry.payload.get("minted", _NOTHING):
            yield Broken(
                f"the recordings of revision {revision}",
                f"are not those that ledger row {entry.seq} vouches for: one was put in, taken out or renamed",
            )
    unpublished = set(connection.scalars(select(revisions.c.id).where(revisions.c.published_at.is_(None))))
    for revision in minted:
        if revision not in unpublished:
            yield Broken(f"recording {minted[revision][0]}", "was put in: no ledger row vouches for it")


def _canonical(table: Table, row: Record) -> str | None:
    try:
        return canonical(form_of(table, row))
    except ValueError:  # damaged: no JSON value
        return None


def _said(payload: Mapping[str, Any], name: str, table: Table) -> Any:
    said = payload.get(name)
    return said.get(table.name, _NOTHING) if isinstance(said, dict) else _NOTHING


def _word(table: Table) -> str:
    return table.name.replace("_", " ")
