"""The lines of a file, to show the one that is wrong, with a caret under the place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from audit_core.errors import CratecheckError, Location
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.places import Mark

__all__ = ["DASH", "DASH_MEND", "Lines"]

DASH: Final = re.compile("[\u2010-\u2015\u2022\u2212](?= )")
"""What word processors make of the dash, or the bullet, that an entry of a list begins with."""
DASH_MEND: Final = "Word processors put it in: type - and a space."

_NEW_LINE: Final = re.compile(r"\r\n|\r|\n")
_WIDTH: Final = 100
_BEFORE: Final = 70


@dataclass(frozen=True)
class Lines:
    """A file's name, its text without a byte order mark, and its kind; its lines, once one is asked for."""

    path: str
    text: str
    dialect: Dialect

    @classmethod
    def of(cls, path: str, text: str, dialect: Dialect) -> Lines:
        """Take a text as it was read."""
        return cls(path, text.removeprefix("\ufeff"), dialect)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines."""
        return tuple(_NEW_LINE.split(self.text))

    def after(self, mark: Mark) -> str:
        """Give what stands in a line from a place on; nothing past the end."""
        return self.lines[mark.line - 1][mark.column - 1 :] if mark.line <= len(self.lines) else ""

    def mistake(self, what: str, mark: Mark, mend: str | None = None) -> CratecheckError:
        """Make the error for a place in this file."""
        at = Location(self.path, mark.line, mark.column)
        return self.dialect.error(what, at=at, mend=mend, excerpt=self._excerpt(mark))

    def _excerpt(self, mark: Mark) -> str:
        from rich.cells import cell_len  # here, for most files have no mistakes

        line = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        start = max(0, mark.column - _BEFORE) if len(line) > _WIDTH else 0
        end = start + _WIDTH
        shown = "".join(letter if letter.isprintable() else " " for letter in line[start:end]).rstrip()
        margin, cut = f"  {mark.line} | ", "…" if start else ""
        before = cell_len(cut + line[start : mark.column - 1])  # a Chinese letter is two columns wide, an accent none
        rest = "…" if len(line) > end else ""
        return f"{margin}{cut}{shown}{rest}\n{' ' * (len(margin) - 2)}| {' ' * before}^"
