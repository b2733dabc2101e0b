"""The lines of a file, to show the one that is wrong, with a caret under the place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit_core.errors import CratecheckError, Location
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.nodes import Mark

__all__ = ["Lines"]

_NEW_LINE: Final = re.compile(r"\r\n|\r|\n")
_WIDTH: Final = 100
_BEFORE: Final = 70


@dataclass(frozen=True, slots=True)
class Lines:
    """A file's name, lines and kind."""

    path: str
    lines: tuple[str, ...]
    dialect: Dialect

    @classmethod
    def of(cls, path: str, text: str, dialect: Dialect) -> Lines:
        """Split a text into lines, without its byte order mark."""
        return cls(path, tuple(_NEW_LINE.split(text.removeprefix("\ufeff"))), dialect)

    def after(self, mark: Mark) -> str:
        """Give what stands in a line from a place on; nothing past the end."""
        return self.lines[mark.line - 1][mark.column - 1 :] if mark.line <= len(self.lines) else ""

    def mistake(self, what: str, mark: Mark, mend: str | None = None) -> CratecheckError:
        """Make the error for a place in this file."""
        at = Location(self.path, mark.line, mark.column)
        return self.dialect.error(what, at=at, mend=mend, excerpt=self._excerpt(mark))

    def _excerpt(self, mark: Mark) -> str:
        line = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        start = max(0, mark.column - _BEFORE) if len(line) > _WIDTH else 0
        shown = "".join(letter if letter.isprintable() else " " for letter in line[start : start + _WIDTH])
        margin = f"  {mark.line} | "
        return f"{margin}{shown.rstrip()}\n{' ' * (len(margin) - 2)}| {' ' * (mark.column - 1 - start)}^"
