"""Many rows at once, through the database's own way of taking them: a prepared statement on SQLite, COPY on PostgreSQL.

Values go in as the driver takes them: text, whole numbers, bytes, None; a day and a JSON value as their text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

__all__ = ["insert_rows"]


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    table : Table
        Where to.
    columns : sequence of str
        What each row's values are called, in order.
    rows : sequence of tuple
        None of them does nothing.
    """
    if not rows:
        return
    names = ", ".join(f'"{table.c[column].name}"' for column in columns)
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join("?" for _ in columns)
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', list(rows))
