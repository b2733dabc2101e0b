"""Values that many rows share, kept once in a table of their own: licences, sources, members of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, func, select, text

from audit_core.catalogue.bulk import insert_rows
from audit_core.catalogue.members import among

__all__ = ["Dictionary"]

_REMEMBERED: Final = 200_000


class Dictionary:
    """The numbers of the values in a table, remembered as they are met.

    Numbers are found, and given to new values, while reading; the new values are written with the rows that have them.
    Nobody else gives any while an import runs.

    Parameters
    ----------
    table : Table
        With a column `id`.
    column : str
        The column that holds the value, unique within a `field` if the table has that column.
    """

    def __init__(self, table: Table, column: str) -> None:
        self._table = table
        self._column = table.c[column]
        self._by_field = "field" in table.c
        self._ids: dict[tuple[str, str], int] = {}
        self._new: list[tuple[Any, ...]] = []

    def __getitem__(self, value: tuple[str, str]) -> int:
        return self._ids[value]

    def learn(self, connection: Connection, labels: Mapping[tuple[str, str], str]) -> None:
        """Find the numbers of some values, and give numbers to new ones.

        Parameters
        ----------
        connection : Connection
            For reading.
        labels : mapping of (field, value) to label
            The field is empty for a table without one; the label is how a value is written if it is new.
        """
        if len(self._ids) > _REMEMBERED:
            self._ids.clear()
        unknown = [value for value in labels if value not in self._ids]
        for field in sorted({field for field, _ in unknown}):
            self._look_up(connection, field, [value for each, value in unknown if each == field])
        new = [value for value in unknown if value not in self._ids]
        if new:
            for value, number in zip(new, self._numbers(connection, len(new)), strict=True):
                self._ids[value] = number
                self._new.append((number, *value, labels[value]) if self._by_field else (number, value[1]))

    def write(self, connection: Connection) -> None:
        """Write the values that are new."""
        columns = ("id", "field", "key", "label") if self._by_field else ("id", self._column.name)
        insert_rows(connection, self._table, columns, self._new)
        self._new.clear()

    def _look_up(self, connection: Connection, field: str, values: Sequence[str]) -> None:
        wanted = among(self._column, values)
        if self._by_field:
            wanted = and_(self._table.c.field == field, wanted)
        for number, value in connection.execute(select(self._table.c.id, self._column).where(wanted)):
            self._ids[field, value] = number

    def _numbers(self, connection: Connection, count: int) -> Sequence[int]:
        if connection.dialect.name == "postgresql":
            drawn = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
            return connection.execute(drawn, {"name": self._table.name, "count": count}).scalars().all()
        highest = connection.execute(select(func.max(self._table.c.id))).scalar() or 0
        return range(highest + len(self._new) + 1, highest + len(self._new) + count + 1)
