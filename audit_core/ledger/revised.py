"""Revisions of what was heard and compared: rows that begin and end with one, and the entry that vouches for them.

An entry of kind scan or neighbours holds, beside the counts and who brought it, for each table that it changed:
`opened`, the SHA-256 of the rows that begin with the revision, in the order of their numbers, each as the canonical
JSON ``[number,{"column":value,…}]`` and a line end; `closed`, that of the rows that end with it, each as its number and
a line end. A comparison says too which recordings it minted (`minted`: SHA-256 of their sorted ids, a line each), and
what was `merged` and `restored`. So every column of every such row is vouched for.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Boolean, Connection, Float, Integer, Table, func, select, update

from audit_core.catalogue.bulk import insert_rows
from audit_core.catalogue.leases import Lease
from audit_core.catalogue.revisions import open_revision_of, publish
from audit_core.catalogue.tables import FOREVER, datasets
from audit_core.columns import Document
from audit_core.ledger.chain import Via, append, canonical
from audit_core.neighbours.tables import recordings

__all__ = ["Revising", "closed_line", "form_of", "ids_sha256", "opened_line", "row_hash"]

_LIFE: Final = ("id", "from_rev", "to_rev", "row_hash")


def row_hash(text: str) -> bytes:
    """Give the hash of a row by its form, written canonically: the same whichever revisions it lives in."""
    return hashlib.sha256(text.encode("ascii")).digest()


def form_of(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of a row that say what is so, each as its column has it."""
    return {
        column.name: _typed(column.type, row.get(column.name)) for column in table.columns if column.name not in _LIFE
    }


def opened_line(number: int, text: str) -> bytes:
    """Write a row that begins, by its form written canonically, as it is hashed."""
    return f"[{number},{text}]\n".encode("ascii")


def closed_line(number: int) -> bytes:
    """Write a row that ends as it is hashed."""
    return f"{number}\n".encode("ascii")


def ids_sha256(ids: Iterable[str]) -> str:
    """Hash the ids of recordings."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(ids)).encode()).hexdigest()


class Revising:
    """One revision at work: rows begin and end with it, in as many writes as that takes, then it is published.

    Until then nobody sees any of it; if it is never published, `undo_unpublished` takes it back. When a write fails,
    this is of no more use.

    Parameters
    ----------
    lease : Lease
        Named "import", and confirmed with every write. What was not published before is undone already.
    kind : str
        What the ledger calls it.
    dataset : str or None
        Of which dataset, which there is; None: of all.
    actor, via : str
        Who, and through what.
    origin : str
        What brought it, as `status` shows it.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        kind: Literal["scan", "neighbours"],
        dataset: str | None,
        actor: str,
        via: Via,
        origin: str,
    ) -> None:
        self._lease, self._kind, self._dataset, self._actor, self._via = lease, kind, dataset, actor, via
        self._origin = origin
        self._next: dict[Table, int] = {}
        self._opened: dict[Table, Any] = defaultdict(hashlib.sha256)
        self._closed: dict[Table, array[int]] = defaultdict(lambda: array("q"))
        self._minted: list[str] = []
        self.revision = 0

    def begin(self, connection: Connection, *, at: datetime) -> int:
        """Open the revision; give its number."""
        self._lease.confirm(connection)
        number = None
        if self._dataset is not None:
            number = connection.execute(select(datasets.c.id).where(datasets.c.name == self._dataset)).scalar_one()
        self.revision = open_revision_of(connection, number, actor=self._actor, origin=self._origin, at=at)
        return self.revision

    def open_rows(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that begin with the revision.

        Parameters
        ----------
        connection : Connection
            Of `Store.write`.
        table : Table
            One of `REVISED`.
        rows : sequence of mapping
            Columns by name, without number, revisions and row hash; a column that is left out is NULL.
        """
        self._lease.confirm(connection)
        if table not in self._next:
            self._next[table] = (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1
        names = [name for name in table.c.keys() if name not in _LIFE]  # noqa: SIM118 - no mapping
        hashed = "row_hash" in table.c
        whole: list[tuple[Any, ...]] = []
        for row in rows:
            number, form = self._next[table], form_of(table, row)
            text = canonical(form)
            self._opened[table].update(opened_line(number, text))
            life = (number, self.revision, FOREVER)
            values = (_stored(table, name, form[name]) for name in names)
            digest = (row_hash(text),) if hashed else ()
            whole.append((*life, *digest, *values))
            self._next[table] += 1
        insert_rows(connection, table, ["id", "from_rev", "to_rev", *["row_hash"] * hashed, *names], whole)

    def close_rows(self, connection: Connection, table: Table, numbers: Sequence[int]) -> None:
        """Let rows end with the revision, before others of the same key begin."""
        self._lease.confirm(connection)
        for first in range(0, len(numbers), 500):
            some = numbers[first : first + 500]
            connection.execute(update(table).where(table.c.id.in_(some)).values(to_rev=self.revision))
        self._closed[table].extend(numbers)

    def mint(self, connection: Connection, ids: Sequence[str]) -> None:
        """Write new recordings, before their members."""
        self._lease.confirm(connection)
        insert_rows(connection, recordings, ("id", "minted_rev"), [(one, self.revision) for one in ids])
        self._minted += ids

    def publish(
        self,
        connection: Connection,
        *,
        counts: Mapping[str, int],
        at: datetime,
        payload: Mapping[str, Any] | None = None,
        merged: Mapping[str, str] | None = None,
        restored: Sequence[str] = (),
    ) -> None:
        """Make the revision count, and vouch for it in the ledger.

        Parameters
        ----------
        connection : Connection
            Of `Store.write`.
        counts : mapping
            What it did, in numbers.
        at : datetime
            When, in UTC.
        payload : mapping, optional
            More for the ledger: JSON values.
        merged : mapping, optional
            Recordings that have no member any more → the one that they are now.
        restored : sequence of str
            Recordings that were merged once and are themselves again.
        """
        self._lease.confirm(connection)
        for one, into in (merged or {}).items():
            its = update(recordings).where(recordings.c.id == one)
            connection.execute(its.values(merged_into=into, merged_rev=self.revision))
        for one in restored:
            its = update(recordings).where(recordings.c.id == one)
            connection.execute(its.values(merged_into=None, merged_rev=None))
        publish(connection, self.revision, counts=counts, at=at)
        said = {
            **(payload or {}),
            "dataset": self._dataset,
            "revision": self.revision,
            "counts": dict(counts),
            "opened": {table.name: digest.hexdigest() for table, digest in self._opened.items()},
            "closed": {table.name: _closed_sha256(numbers) for table, numbers in self._closed.items() if numbers},
        }
        if self._minted or merged or restored:
            said |= {"minted": ids_sha256(self._minted), "merged": dict(merged or {}), "restored": sorted(restored)}
        append(connection, kind=self._kind, actor=self._actor, via=self._via, at=at, payload=said)


def _typed(kind: object, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Float) and isinstance(value, int | float):
        return float(value)
    if isinstance(kind, Boolean) and isinstance(value, int):
        return bool(value)
    if isinstance(kind, Integer) and isinstance(value, int):
        return int(value)
    return value


def _stored(table: Table, name: str, value: Any) -> Any:
    if isinstance(table.c[name].type, Document) and value is not None:
        return json.dumps(value)  # as SQLAlchemy writes it
    return value


def _closed_sha256(numbers: Sequence[int]) -> str:
    return hashlib.sha256(b"".join(map(closed_line, sorted(numbers)))).hexdigest()
