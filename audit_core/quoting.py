"""A stranger's text within a sentence of ours."""

from __future__ import annotations

from typing import Final

__all__ = ["quoted"]

_SHOWN: Final = 60


def quoted(text: str) -> str:
    """Show a stranger's text in a sentence: in quotes, on one line, not too long, nothing invisible."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: _SHOWN + 1])
    line = " ".join(line.split()) if len(text) <= _SHOWN else f"{line[: _SHOWN - 1].strip()}…"
    return f'"{line}"'
