"""JSON lines: one object a line. Numbers stay as they are written; a nested value is kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from audit_core.errors import IngestError, Location
from audit_core.ingest.block import BETWEEN_PARTS, MAX_BLOCK_CHARACTERS, Block, Options
from audit_core.ingest.lines import LONGEST_PIECE, Lines

__all__ = ["JsonLines", "cell"]

_LOOKED_AT: Final = 1000


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Objects, of which each may have keys that none had before."""

    def size(self, path: Path) -> int:
        """Give the number of bytes."""
        return path.stat().st_size

    def columns(self, path: Path, options: Options) -> tuple[str, ...]:
        """Give the keys of the first thousand objects."""
        with Lines(path, options.encoding).open() as lines:
            names: dict[str, None] = {}
            for _, (line, _) in zip(range(_LOOKED_AT), _whole_lines(lines), strict=False):
                try:
                    names |= dict.fromkeys(_object(line))
                except ValueError:
                    continue  # refused with its reason when it is imported
            if not names and not lines.number:
                raise IngestError("the file is empty", at=Location(str(path)))
            return tuple(names)

    def blocks(self, path: Path, options: Options) -> Iterator[Block]:
        """Read the objects; one with a new key begins a new block."""
        with Lines(path, options.encoding).open() as lines:
            columns: dict[str, int] = {}
            block = Block(())
            full = MAX_BLOCK_CHARACTERS
            for line, number in _whole_lines(lines):
                try:
                    found = _object(line)
                    if "\\" in line:
                        _refuse_unwritable(found)
                    if found.keys() - columns.keys():
                        block.position = lines.position
                        yield block
                        for name in found:
                            columns.setdefault(name, len(columns))
                        block = Block(tuple(columns))
                    row = [""] * len(columns)
                    for name, value in found.items():
                        row[columns[name]] = cell(value, as_parts=name in options.lists)
                except ValueError as error:
                    block.refused.append((number, str(error), []))
                else:
                    block.rows.append(row)
                    block.lines.append(number)
                if len(block.rows) + len(block.refused) >= options.size() or lines.characters > full:
                    block.position = lines.position
                    yield block
                    block = Block(tuple(columns))
                    full = lines.characters + MAX_BLOCK_CHARACTERS
            if not lines.number:
                raise IngestError("the file is empty", at=Location(str(path)))
            block.position = lines.position
            yield block


def cell(value: object, *, as_parts: bool) -> str:
    """Write a value as the text of a cell; None is blank, and a list may stand for several values."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if as_parts and isinstance(value, list | tuple):
        return BETWEEN_PARTS.join(cell(item, as_parts=False) for item in value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _whole_lines(lines: Lines) -> Iterator[tuple[str, int]]:
    """Give each line that is not blank, and its number; of one that is too long, the beginning."""
    for piece in lines:
        if not lines.long:
            lines.record.clear()
            if piece.strip():
                yield piece, lines.number
        elif piece[-1] in "\r\n" or len(piece) < LONGEST_PIECE:
            lines.pardon()
            yield "", lines.number
        else:
            lines.record.clear()
    if lines.long:
        lines.pardon()
        yield "", lines.number


def _object(line: str) -> dict[str, Any]:
    if not line:
        raise ValueError(f"a line longer than {LONGEST_PIECE:,} characters")
    try:
        found = _DECODER.decode(line.strip().removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg.lower()} at column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object: each line has to be one, as in {…}")
    return found


def _refuse_unwritable(found: dict[str, Any]) -> None:
    """Refuse what an escape can say and a database can't keep."""
    for text in (*found, *(cell(value, as_parts=True) for value in found.values())):
        if "\0" in text:
            raise ValueError("a NUL character")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("half of a surrogate pair, which is no character") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_number)
