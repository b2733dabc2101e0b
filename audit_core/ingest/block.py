"""What every reader of files hands on: some rows at a time, with their places."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from audit_core.errors import Location

__all__ = ["BETWEEN_PARTS", "MAX_BLOCK_CHARACTERS", "Block", "Format", "Options", "Refusal"]

#: Between the values of a list within one cell: the character that ASCII made for it, the unit separator.
BETWEEN_PARTS: Final = "\x1f"

#: A block ends here, however few its rows: what is in memory is bounded, and so is what one transaction writes.
MAX_BLOCK_CHARACTERS: Final = 1_000_000


class Refusal(NamedTuple):
    """A row that can't be imported, or only in part: where it is, and why. A row that is a file has no line."""

    file: str
    line: int | None
    reason: str


@dataclass(slots=True)
class Block:
    """Some rows of a file, in its order.

    Attributes
    ----------
    columns : tuple of str
        What the cells of each row are called.
    lines, rows : list
        For each row, the line it begins in (from 1; in Parquet the number of the row) and its cells.
    refused : list of (line, reason, cells)
        Rows that can't be read, with what could be read of them.
    position : int
        How much of the file has been read; see `Format.size`.
    at : dict of int to Location
        Where the rows of some lines are, if not in those lines of the file.
    warned : list of (Location, str)
        What is wrong with rows that can be imported nevertheless.
    """

    columns: tuple[str, ...]
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    refused: list[tuple[int, str, list[str]]] = field(default_factory=list)
    position: int = 0
    at: dict[int, Location] = field(default_factory=dict)
    warned: list[tuple[Location, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read, where the file doesn't say.

    Attributes
    ----------
    encoding : str
        As Python names it.
    delimiter : str or None
        Between the cells of a delimited file; None: what the file's name implies.
    lists : collection of str
        The columns whose lists are several values, handed on with `BETWEEN_PARTS`. Other lists stay JSON.
    size : callable
        How many rows the next block may have.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    lists: Collection[str] = ()
    size: Callable[[], int] = lambda: 1000


class Format(Protocol):
    """A kind of file that rows are read from."""

    def columns(self, path: Path, options: Options) -> tuple[str, ...]:
        """Give the names of the columns, as far as the head of the file tells them."""

    def blocks(self, path: Path, options: Options) -> Iterator[Block]:
        """Read the rows."""

    def size(self, path: Path) -> int:
        """Give how much there is to read, in the unit of `Block.position`."""
