"""Results on stdout: as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

__all__ = ["Format", "FormatOption", "RowFormat", "RowFormatOption", "clean", "say", "show_rows", "show_value"]


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"


class RowFormat(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written on stdout.")]
RowFormatOption = Annotated[RowFormat, typer.Option("--format", help="How the rows are written on stdout.")]


def say(text: str = "") -> None:
    """Write lines of the result, in which no stranger's text reaches the terminal as a command."""
    sys.stdout.write("".join(f"{clean(line)}\n" for line in text.split("\n")))


def show_value(value: object) -> None:
    """Write a result as JSON."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def show_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], style: RowFormat, *, empty: str) -> None:
    """Write rows.

    Parameters
    ----------
    rows : iterable of mappings
        All have the keys `columns`; JSON shows further keys too.
    columns : sequence of str
        The columns of a table or a CSV file, in their order.
    style : RowFormat
        How.
    empty : str
        What a table says when there are no rows.
    """
    if style is RowFormat.JSON:
        show_value(list(rows))
    elif style is RowFormat.CSV:
        _write_csv(rows, columns)
    else:
        _write_table(list(rows), columns, empty)


def clean(value: object) -> str:
    """Write a value so that no stranger's text reaches the terminal as a command."""
    text = value if isinstance(value, str) else str(_plain(value))
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _write_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from audit_core.report.spreadsheet import csv_lines

    cells = ([None if row[column] is None else str(_plain(row[column])) for column in columns] for row in rows)
    sys.stdout.writelines(csv_lines(columns, cells))


def _write_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    if not rows:
        say(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row[column], int | float) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a title may hold what rich would take for its own.
        table.add_row(*(Text("" if row[column] is None else clean(row[column])) for column in columns))
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | bool):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return str(value)
