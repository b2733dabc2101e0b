"""A stranger's words within a sentence of ours: shown, listed, or put right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

__all__ = ["did_you_mean", "listed", "meant", "on_one_line", "quoted", "writable"]

_CLOSE_ENOUGH: Final = 0.6
_SHOWN: Final = 60


def on_one_line(text: str, at_most: int) -> str:
    """Show a stranger's text on one line, not too long, nothing invisible."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: at_most * 4])
    line = " ".join(line.split())
    return line if len(line) <= at_most else f"{line[: at_most - 1].rstrip()}…"


def quoted(word: object) -> str:
    """Show a stranger's word in a sentence: in quotes, on one line, not too long, nothing invisible."""
    match word:
        case bool():
            word = str(word).lower()  # as it was written
        case list():
            return "a list"
        case dict():
            return "a set of keys"
    return f'"{on_one_line(str(word), _SHOWN)}"'


def writable(name: str) -> str:
    """Write with backslashes what is no Unicode: the name of a file may be any bytes."""
    return name.encode("utf-8", "backslashreplace").decode()


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def meant(word: str, options: Iterable[str]) -> str | None:
    """Find the option that was probably meant; None if none is near."""
    found = process.extractOne(
        word[:_SHOWN],
        list(options),
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=_CLOSE_ENOUGH,
        processor=str.casefold,
    )
    return str(found[0]) if found else None


def did_you_mean(word: str, options: Iterable[str], otherwise: str | None = None) -> str:
    """Say which option was probably meant; if none is near, say something else, or name them all."""
    known = list(options)
    if found := meant(word, known):
        return f"Did you mean {quoted(found)}?"
    return otherwise or f"Choose from: {', '.join(known)}."
