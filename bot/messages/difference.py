"""The difference between two texts of a policy, in the thread of the proposal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from itertools import takewhile
from operator import eq
from typing import Final

from bot.messages.kit import AT_MOST, Block, Message, code_blocks, message, paragraph, size, text
from bot.messages.text import as_code, counted

__all__ = ["difference", "difference_message"]

_LINE_AT_MOST: Final = 400
_ROOM_FOR_REST: Final = 300
_SHOWN_OF_WHAT_DIFFERS: Final = 100
_SHOWN_OF_WHAT_IS_ALIKE: Final = 60


def difference(before: str | None, after: str) -> list[str]:
    """Write the difference, unified; of a new text, the text."""
    if before is None:
        return after.splitlines()
    lines = unified_diff(before.splitlines(), after.splitlines(), "in force", "proposed", lineterm="")
    return list(lines)


def difference_message(lines: Sequence[str], sha256: str, *, new: bool) -> Message:
    """Build the message, cut at a line end where there is too much of it.

    Parameters
    ----------
    lines : sequence of str
        Of `difference`.
    sha256 : str
        Of the text that is proposed: the rest can be read by it.
    new : bool
        Whether there was no text before.
    """
    shown = [as_code(line, _LINE_AT_MOST) for line in (lines if new else _told_apart(lines))]
    command = f"cratecheck policy show {sha256[:12]}{'' if new else ' --diff'}"

    def blocks(number: int) -> list[Block]:
        rest = len(shown) - number
        more = [paragraph(text(f"… and {counted(rest, 'more line', 'more lines')}: {command}"))] if rest else []
        return [code_blocks(shown[:number]), *more]

    if not lines:
        only = "The two texts differ in their line ends alone."
        return message(only, [paragraph(text(only))])
    said = "The text" if new else "The difference"
    return message(f"{said}: {counted(len(shown), 'line')}", blocks(_fitting(shown)))


def _told_apart(lines: Sequence[str]) -> list[str]:
    """Begin long lines shortly before what differs in the line that takes their place: else both would read alike."""
    told = list(lines)
    start = 0
    while start < len(told):
        gone = _run(lines, start, "-")
        come = _run(lines, start + gone, "+") if gone else 0
        for place in range(start, start + min(gone, come)):
            before, after = lines[place][1:], lines[place + gone][1:]
            same = sum(1 for _ in takewhile(bool, map(eq, before, after)))
            if same > _LINE_AT_MOST - _SHOWN_OF_WHAT_DIFFERS:
                cut = same - _SHOWN_OF_WHAT_IS_ALIKE
                told[place], told[place + gone] = f"-… {before[cut:]}", f"+… {after[cut:]}"
        start += gone + come or 1
    return told


def _run(lines: Sequence[str], start: int, sign: str) -> int:
    """Count the lines from one on that begin with a sign."""
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return end - start


def _fitting(lines: Sequence[str]) -> int:
    """Count the lines that a message has room for."""
    room = AT_MOST - _ROOM_FOR_REST
    if size([code_blocks(lines)]) <= room:
        return len(lines)
    low, high = 1, len(lines)  # the first always fits, and all of them never do
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size([code_blocks(lines[:middle])]) <= room else (low, middle)
    return low
