"""The difference between two texts of a policy, in the thread of the proposal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import Final

from bot.messages.kit import AT_MOST, Block, Message, code_blocks, message, paragraph, size, text
from bot.messages.text import as_code, counted

__all__ = ["difference", "difference_message"]

_LINE_AT_MOST: Final = 400
_ROOM_FOR_REST: Final = 300


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
    shown = [as_code(line, _LINE_AT_MOST) for line in lines]
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
