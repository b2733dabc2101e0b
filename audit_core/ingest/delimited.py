"""CSV and TSV, as Python's csv module reads them, row by row, with every row's line.

A row that can't be read is refused and the next is read; what would make all that follows doubtful (no header, the
wrong delimiter, a quotation mark that never ends) ends the import.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit_core.errors import IngestError, Location
from audit_core.ingest.block import MAX_BLOCK_CHARACTERS, Block, Options
from audit_core.ingest.lines import LONGEST_PIECE, Lines
from audit_core.wording import quoted

__all__ = ["Delimited"]

_NAMES: Final = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_WRITTEN: Final = {"\t": "\\t"}
_QUOTE: Final = '"'


@dataclass(frozen=True, slots=True)
class Delimited:
    """Rows between line ends, cells between delimiters, names of columns in the first row.

    Attributes
    ----------
    delimiter : str
        Unless the options say otherwise.
    """

    delimiter: str

    def size(self, path: Path) -> int:
        """Give the number of bytes."""
        return path.stat().st_size

    def columns(self, path: Path, options: Options) -> tuple[str, ...]:
        """Read the header."""
        delimiter = options.delimiter or self.delimiter
        with Lines(path, options.encoding).open() as lines:
            return _header(path, lines, csv.reader(iter(lines), delimiter=delimiter), delimiter)

    def blocks(self, path: Path, options: Options) -> Iterator[Block]:
        """Read the rows below the header."""
        delimiter = options.delimiter or self.delimiter
        with Lines(path, options.encoding).open() as lines:
            pieces = iter(lines)
            reader = csv.reader(pieces, delimiter=delimiter)
            columns = _header(path, lines, reader, delimiter)
            more = True
            while more:
                block = Block(columns)
                more = _fill(block, path, lines, pieces, reader, delimiter, options.size())
                block.position = lines.position
                yield block


def _header(path: Path, lines: Lines, reader: Iterator[list[str]], delimiter: str) -> tuple[str, ...]:
    place = Location(str(path), 1)
    try:
        names = [name.strip() for name in next(filter(None, reader))]
    except StopIteration:
        raise IngestError("the file is empty", at=Location(str(path))) from None
    except csv.Error as error:
        raise IngestError("the first line is no header", at=place, mend="Name the columns in it.") from error
    if lines.odd:
        raise IngestError(
            "the first line is no header: " + _oddity(lines),
            at=place,
            mend="Is this a text file? Save it as CSV (UTF-8).",
        )
    lines.pardon()
    others = [other for other in _NAMES if len(names) == 1 and other != delimiter and other in names[0]]
    if others:
        raise IngestError(
            f"the header is one column, {quoted(names[0])}: its columns seem to be separated by {_NAMES[others[0]]},"
            f" not by {_NAMES.get(delimiter, quoted(delimiter))}",
            at=place,
            mend=f'Say `delimiter: "{_WRITTEN.get(others[0], others[0])}"` in the mapping.',
        )
    for number, name in enumerate(names):
        if name and name in names[:number]:
            mend = "Give each column a name of its own."
            raise IngestError(f"two columns are called {quoted(name)}", at=place, mend=mend)
    return tuple(name or f"column {number}" for number, name in enumerate(names, start=1))


def _fill(
    block: Block,
    path: Path,
    lines: Lines,
    pieces: Iterator[str],
    reader: Iterator[list[str]],
    delimiter: str,
    size: int,
) -> bool:
    """Read rows into a block until it is full (True) or the file ends (False)."""
    width = len(block.columns)
    rows, numbers, record = block.rows, block.lines, lines.record
    full = lines.characters + MAX_BLOCK_CHARACTERS
    while len(rows) + len(block.refused) < size and lines.characters < full:
        start = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return False
        except csv.Error as error:
            reason = _oddity(lines) if lines.odd else str(error)
            _skip_record(path, lines, pieces, delimiter, start)
            block.refused.append((start, reason, []))
            continue
        if len(row) == width and not lines.odd:
            rows.append(row)
            numbers.append(start)
            record.clear()
        elif lines.ended:  # csv asked for another line, so the record is open
            raise _endless(path, start)
        elif row or lines.odd:
            reason = _oddity(lines) if lines.odd else _misfit(row, width, start, lines.number)
            _skip_record(path, lines, pieces, delimiter, start)
            block.refused.append((start, reason, row))
        else:  # a blank line
            record.clear()
    return True


def _oddity(lines: Lines) -> str:
    return f"a line longer than {LONGEST_PIECE:,} characters" if lines.long else "a NUL byte"


def _misfit(row: list[str], width: int, first: int, last: int) -> str:
    upto = f", up to line {last}" if last > first else ""
    return f"{len(row)} cells where the header has {width}{upto}"


def _skip_record(path: Path, lines: Lines, pieces: Iterator[str], delimiter: str, start: int) -> None:
    """Read on to the end of a refused record: the line end that no quotation marks enclose."""
    state = _START
    for piece in lines.record:
        state = _advance(state, piece, delimiter)
    last = lines.record[-1]
    while state == _QUOTED or not last.endswith(("\n", "\r")):
        lines.record.clear()
        following = next(pieces, None)
        if following is None:
            if state == _QUOTED:
                raise _endless(path, start)
            break
        state, last = _advance(state, following, delimiter), following
    lines.pardon()


_START, _PLAIN, _QUOTED, _CLOSED = range(4)  # of a cell: before it, in it, in its quotation marks, after them


def _advance(state: int, text: str, delimiter: str) -> int:
    """Follow a text through the states of csv's own reader; a line end within quotation marks changes none."""
    place = 0
    while place < len(text):
        if state in (_QUOTED, _PLAIN):
            place = text.find(_QUOTE if state == _QUOTED else delimiter, place)
            if place < 0:
                break
            state = _CLOSED if state == _QUOTED else _START
        elif text[place] == _QUOTE:
            state = _QUOTED
        else:
            state = _START if text[place] == delimiter else _PLAIN
        place += 1
    return _START if state != _QUOTED and text.endswith(("\n", "\r")) else state


def _endless(path: Path, start: int) -> IngestError:
    return IngestError(
        "a quotation mark opens in this row, and the file ends before it is closed",
        at=Location(str(path), start),
        mend="Close it, or double it if it belongs to the text: what follows can't be told from it.",
    )
