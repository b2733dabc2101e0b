"""Membership in a set of values of any size.

A database takes so many parameters in one statement and no more (32,766 on SQLite, 65,535 on PostgreSQL). Past a few
hundred values, the set goes in as one parameter: a JSON list, unfolded by the database.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, cast, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["among"]

#: Up to here the values are written out, so that the planner sees how many there are.
_FEW: Final = 500


def among(column: ColumnElement[Any], values: Collection[str | int | date]) -> ColumnElement[bool]:
    """Give the condition under which a column holds one of some values; NULL is none of them.

    Parameters
    ----------
    column : ColumnElement
        Of text, whole numbers or days.
    values : collection
        All of the column's type; as many as there may be.
    """
    ordered = sorted(values)
    if len(ordered) <= _FEW or isinstance(ordered[0], date):  # nobody lists tens of thousands of days
        return column.in_(ordered)
    unfolded = _unfolded(json.dumps(ordered, ensure_ascii=False)).table_valued("value")
    value = unfolded.c.value if isinstance(ordered[0], str) else cast(unfolded.c.value, column.type)
    return column.in_(select(value))


class _unfolded(GenericFunction[Any]):  # noqa: N801 - a function of SQL
    """The items of a JSON list, as rows with one column, `value`."""

    name = "unfolded"
    inherit_cache = True


@compiles(_unfolded, "sqlite")
def _on_sqlite(element: _unfolded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_unfolded, "postgresql")
def _on_postgresql(element: _unfolded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS JSONB))"
