"""A table beside a folder of audio: what it says of each file, found by the file's path.

The rows wait in a temporary SQLite database, of which only a few pages are in memory, until their files are met.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from audit_core.audio.paths import escapes, spelled, unspelled
from audit_core.ingest.block import Format, Options
from audit_core.wording import quoted, writable

__all__ = ["Sidecar", "SidecarRow", "Unused"]


@dataclass(frozen=True, slots=True)
class SidecarRow:
    """What the table says of a file: the line, the cells, and why it can't be used if it can't."""

    line: int
    cells: list[str]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Unused:
    """A row that belongs to no file: its line, why, and the path that it names if it names one."""

    line: int
    reason: str
    path: str = ""


class Sidecar:
    """The rows of a table, to be asked for by the path of a file.

    Parameters
    ----------
    path : Path
        The table.
    format_ : Format
        How it is read.
    key : str
        The column in which the path of a file stands, from the folder on.
    folder : str
        The folder, in the catalogue's spelling: a path in the table may begin with it.
    keep_key : bool
        Whether that column is one of those that are handed on.

    Attributes
    ----------
    columns : tuple of str
        Those that are handed on; known when the table is loaded.
    """

    def __init__(self, path: Path, format_: Format, key: str, folder: str, *, keep_key: bool) -> None:
        self.path = path
        self.name = writable(str(path))
        self.columns: tuple[str, ...] = ()
        self._format, self._key, self._folder, self._keep_key = format_, key, folder, keep_key
        self._place = 0
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute(
            "CREATE TABLE row (path TEXT PRIMARY KEY, line INTEGER, cells TEXT, problem TEXT, used INTEGER DEFAULT 0)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()

    def load(self, options: Options) -> Iterator[Unused]:
        """Read the table, and give the rows that name no file.

        Raises
        ------
        IngestError
            If it can't be read.
        """
        self._rows.execute("BEGIN")
        for block in self._format.blocks(self.path, options):
            self._place = block.columns.index(self._key) if self._key in block.columns else len(block.columns)
            self.columns = tuple(self._handed_on(block.columns))
            for line, cells in zip(block.lines, block.rows, strict=True):
                yield from self._keep(line, cells, None)
            for line, problem, cells in block.refused:
                yield from self._keep(line, cells, problem)
        self._rows.execute("COMMIT")

    def row(self, path: str) -> SidecarRow | None:
        """Give what the table says of a file; None if it says nothing."""
        key = _normal(path)
        found = self._rows.execute("SELECT line, cells, problem FROM row WHERE path = ?", [key]).fetchone()
        if found is None:
            return None
        self._rows.execute("UPDATE row SET used = 1 WHERE path = ?", [key])
        cells: list[str] = json.loads(found[1])
        return SidecarRow(found[0], cells + [""] * (len(self.columns) - len(cells)), found[2])

    def unused(self) -> Iterator[Unused]:
        """Give the rows whose files were not met, by line."""
        for line, path, problem in self._rows.execute(
            "SELECT line, path, problem FROM row WHERE NOT used ORDER BY line"
        ):
            otherwise = f"there is no file {quoted(path)} in the folder, or it was skipped"
            if escapes(unspelled(path)):
                otherwise = f"{quoted(path)} leads out of the folder"
            yield Unused(line, problem or otherwise, path)

    def _keep(self, line: int, cells: Sequence[str], problem: str | None) -> Iterator[Unused]:
        text = self._path(cells)
        if not text:
            yield Unused(line, problem or f"the path of the file is blank, in the column {quoted(self._key)}")
            return
        row = [text, line, json.dumps(self._handed_on(cells)), problem]
        if not self._rows.execute(
            "INSERT OR IGNORE INTO row (path, line, cells, problem) VALUES (?, ?, ?, ?)", row
        ).rowcount:
            first = self._rows.execute("SELECT line FROM row WHERE path = ?", [text]).fetchone()[0]
            yield Unused(line, problem or f"the file {quoted(text)} is in line {first} already")

    def _handed_on(self, cells: Sequence[str]) -> list[str]:
        return [cell for place, cell in enumerate(cells) if self._keep_key or place != self._place]

    def _path(self, cells: Sequence[str]) -> str:
        """Give the path that a row names, as it is compared."""
        if len(cells) <= self._place:
            return ""
        text = cells[self._place].strip()
        if "\\" in text and "/" not in text and "\\x" not in text:
            text = text.replace("\\", "/")
        text = spelled(unspelled(text))
        if text.startswith(f"{self._folder}/"):
            text = text.removeprefix(f"{self._folder}/")
        absolute = "/" if text.startswith("/") else ""
        return _normal(absolute + "/".join(part for part in text.split("/") if part not in ("", ".")))


def _normal(path: str) -> str:
    """Write a path so that accents composed and not composed, as two systems have them, are the same."""
    return unicodedata.normalize("NFC", path)
