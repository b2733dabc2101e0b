"""Rows read as they lie in the database, however damaged: what can't be read is `DAMAGED`, and equals nothing.

An audit of the ledger must not stumble over the very damage that it is to name.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
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
    columns = list(table.columns)
    rows: Select[Any] = select(*(_as_stored(column, connection) for column in columns))
    rows = rows.where(*conditions).order_by(*order_by)
    with connection.execute(rows, execution_options={"yield_per": 1000}) as stream:
        for row in stream:
            yield {column.name: _value(column, stored, connection) for column, stored in zip(columns, row, strict=True)}


def _as_stored(column: Column[Any], connection: Connection) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        return type_coerce(column, BigInteger)
    if isinstance(column.type, Document | Date) and connection.dialect.name == "sqlite":
        return type_coerce(column, String)
    return column


def _value(column: Column[Any], stored: Any, connection: Connection) -> Any:
    if stored is None:
        return None if column.nullable else DAMAGED
    try:
        if isinstance(column.type, Instant):
            return column.type.process_result_value(stored, connection.dialect)
        if connection.dialect.name == "sqlite":
            if isinstance(column.type, Document):
                return _as_we_write_it(stored)
            if isinstance(column.type, Date):
                return date.fromisoformat(stored)
    except (ValueError, TypeError, OverflowError, OSError, RecursionError):
        return DAMAGED
    return DAMAGED if isinstance(stored, bytes) and not isinstance(column.type, LargeBinary) else stored


def _as_we_write_it(stored: str) -> Any:
    """Read JSON, unless it is written as SQLAlchemy does not write it: someone else was here."""
    value = json.loads(stored)
    return value if json.dumps(value) == stored else DAMAGED
