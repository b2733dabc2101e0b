"""Rows read as they lie in the database, however damaged: what can't be read is `DAMAGED`, and equals nothing.

An audit of the ledger must not stumble over the very damage that it is to name.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    LargeBinary,
    Select,
    String,
    Table,
    select,
    type_coerce,
)

from audit_core.columns import Document, Instant

__all__ = ["DAMAGED", "Record", "records", "tolerant"]

Record = Mapping[str, Any]


class _Damaged:
    """A value that is not what its column holds. It is no JSON value, so that nothing with it has a hash."""

    def __repr__(self) -> str:
        return "damaged"


DAMAGED: Final = _Damaged()


@contextmanager
def tolerant(connection: Connection) -> Iterator[None]:
    """Let text through that is not UTF-8, as lone surrogates, which no text of ours holds."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def records(
    connection: Connection, table: Table, *conditions: ColumnElement[bool], order_by: tuple[Column[Any], ...]
) -> Iterator[Record]:
    """Stream the rows of a table as mappings from the names of columns to values."""
    names = table.columns.keys()
    readers = [_reader(column, connection) for column in table.columns]
    rows: Select[Any] = select(*(_as_stored(column, connection) for column in table.columns))
    rows = rows.where(*conditions).order_by(*order_by)
    with connection.execute(rows, execution_options={"yield_per": 1000}) as stream:
        for row in stream:
            yield {name: read(stored) for name, read, stored in zip(names, readers, row, strict=True)}


def _as_stored(column: Column[Any], connection: Connection) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        return type_coerce(column, BigInteger)
    if isinstance(column.type, Document | Date) and connection.dialect.name == "sqlite":
        return type_coerce(column, String)
    return column


def _reader(column: Column[Any], connection: Connection) -> Callable[[Any], Any]:
    on_sqlite = connection.dialect.name == "sqlite"
    read: Callable[[Any], Any] = _not_bytes
    if isinstance(column.type, Instant):
        read = partial(column.type.process_result_value, dialect=connection.dialect)
    elif isinstance(column.type, LargeBinary):
        read = _only_bytes
    elif isinstance(column.type, Document) and on_sqlite:
        read = _as_we_write_it
    elif isinstance(column.type, Date) and on_sqlite:
        read = date.fromisoformat
    empty = None if column.nullable else DAMAGED

    def value(stored: Any) -> Any:
        if stored is None:
            return empty
        try:
            return read(stored)
        except (ValueError, TypeError, OverflowError, OSError, RecursionError):
            return DAMAGED

    return value


def _only_bytes(stored: Any) -> Any:
    return stored if isinstance(stored, bytes) else DAMAGED


def _not_bytes(stored: Any) -> Any:
    return DAMAGED if isinstance(stored, bytes) else stored


def _as_we_write_it(stored: str) -> Any:
    """Read JSON, unless it is written as SQLAlchemy does not write it: someone else was here."""
    value = json.loads(stored)
    return value if json.dumps(value) == stored else DAMAGED
