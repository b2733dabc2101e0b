"""Slips of a writer's hand, all of one sort that a text has room for, each with the line on which it happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import yaml

__all__ = ["SORTS", "Slip", "Token", "misspelt", "tokens"]


@dataclass(frozen=True, slots=True)
class Token:
    """A key, or a single value: from where to where it stands, and under which keys, without places in lists."""

    text: str
    start: int
    end: int
    line: int
    under: tuple[str, ...]
    is_key: bool


@dataclass(frozen=True, slots=True)
class Slip:
    """A text with a slip in it.

    Attributes
    ----------
    name : str
        What was done where, to name a test that fails.
    text : str
        The text with the slip.
    line : int
        Where.
    word : str
        The right word.
    under : tuple of str
        The keys down to the place, the key itself included.
    """

    name: str
    text: str
    line: int
    word: str = ""
    under: tuple[str, ...] = ()


def tokens(text: str) -> Iterator[Token]:
    """Give the keys and single values of a text, in their order."""
    events = yaml.parse(text, Loader=yaml.CSafeLoader)

    def scalar(event: yaml.ScalarEvent, under: tuple[str, ...], *, is_key: bool) -> Token:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            raise ValueError("the parser marks every event")
        return Token(event.value, start.index, end.index, start.line + 1, under, is_key)

    def value(event: yaml.Event, under: tuple[str, ...]) -> Iterator[Token]:
        if isinstance(event, yaml.ScalarEvent):
            yield scalar(event, under, is_key=False)
        elif isinstance(event, yaml.SequenceStartEvent):
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                yield from value(inner, under)
        elif isinstance(event, yaml.MappingStartEvent):
            while isinstance(key := next(events), yaml.ScalarEvent):
                yield scalar(key, (*under, key.value), is_key=True)
                yield from value(next(events), (*under, key.value))

    for event in events:
        yield from value(event, ())


def misspelt(word: str) -> str:
    """Misspell a word as a hand does: of a long one a letter is lost, of a short one the first is doubled."""
    middle = len(word) // 2
    return word[:middle] + word[middle + 1 :] if len(word) > 4 else word[0] + word


def _keys_misspelt(text: str) -> Iterator[Slip]:
    for token in tokens(text):
        if token.is_key:
            yield _replaced(text, token, misspelt(token.text), "misspelt")


def _keys_doubled(text: str) -> Iterator[Slip]:
    for token in tokens(text):
        if token.is_key and _alone(text, token):
            line = text.split("\n")[token.line - 1].replace("- ", "  ", 1)
            lines = text.split("\n")
            yield Slip(
                f"{token.line}: {token.text} twice",
                "\n".join([*lines[: token.line], line, *lines[token.line :]]),
                token.line + 1,
                token.text,
                token.under,
            )


def _keys_dropped(text: str) -> Iterator[Slip]:
    for token in tokens(text):
        if token.is_key and _alone(text, token):
            lines = text.split("\n")
            rest = "-" + " " * (len(token.text) + 1) if "- " in lines[token.line - 1] else None
            if rest is None:
                yield Slip(
                    f"{token.line}: {token.text} dropped",
                    "\n".join([*lines[: token.line - 1], *lines[token.line :]]),
                    token.line,
                    token.text,
                    token.under,
                )


def _values_of_another_type(text: str) -> Iterator[Slip]:
    for other in ("{}", "[]", "true", "~", "[[x]]", "{x: y}", "-0.5"):
        for token in tokens(text):
            if not token.is_key:
                yield _replaced(text, token, other, f"is {other}")


def _values_misspelt(text: str) -> Iterator[Slip]:
    for token in tokens(text):
        if not token.is_key and re.fullmatch(r"[A-Za-z_/-]{2,}", token.text):
            yield _replaced(text, token, misspelt(token.text), "misspelt")


def _values_with_a_sign_before_them(text: str) -> Iterator[Slip]:
    for sign in "*#%@&!|>`":
        for token in tokens(text):
            if not token.is_key:
                yield _replaced(text, token, f"{sign}x", f"begins with {sign}")


def _lines_moved(text: str) -> Iterator[Slip]:
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        for move in (-2, -1, 1, 2):
            if line.strip() and not line.strip().startswith("#") and (move > 0 or line.startswith(" " * -move)):
                moved = " " * move + line if move > 0 else line[-move:]
                yield Slip(
                    f"{number}: moved by {move}", "\n".join([*lines[: number - 1], moved, *lines[number:]]), number
                )


def _signs_lost(text: str) -> Iterator[Slip]:
    line = 1
    for index, sign in enumerate(text):
        line += sign == "\n"
        if sign in ":\"[]{},-'" and not text[text.rfind("\n", 0, index) + 1 :].lstrip().startswith("#"):
            yield Slip(f"{line}: {sign} lost at {index}", text[:index] + text[index + 1 :], line, sign)


SORTS: Final[dict[str, Callable[[str], Iterator[Slip]]]] = {
    "a key misspelt": _keys_misspelt,
    "a key twice": _keys_doubled,
    "a key dropped": _keys_dropped,
    "a value of another type": _values_of_another_type,
    "a word misspelt": _values_misspelt,
    "a sign before a value": _values_with_a_sign_before_them,
    "a line moved": _lines_moved,
    "a sign lost": _signs_lost,
}


def _replaced(text: str, token: Token, by: str, how: str) -> Slip:
    changed = text[: token.start] + by + text[token.end :]
    return Slip(
        f"{token.line}: {'.'.join(token.under)}: {token.text} {how}", changed, token.line, token.text, token.under
    )


def _alone(text: str, token: Token) -> bool:
    """Tell whether a key begins its line, and all that it holds stands on that line."""
    lines = text.split("\n")
    line = lines[token.line - 1]
    indent = len(line) - len(line.lstrip(" -"))
    below = next((other for other in lines[token.line :] if other.strip()), "")
    is_first = text.rfind("\n", 0, token.start) + 1 + indent == token.start
    return is_first and len(below) - len(below.lstrip(" ")) <= indent
