"""A stranger's text, made fit to be shown: one line, nothing hidden in it, not too long.

Titles, artists and reasons are written by strangers. In blocks they go into `rich_text` and `plain_text`, where Slack
reads neither mentions nor links nor formatting, so that they need no escaping there. Only the plain-text fallback of a
message is read as mrkdwn: `fallback` escapes it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["as_code", "counted", "fallback", "plain", "shortened"]

# Joiners that emoji and several scripts need, and the tags that flags are made of. Other format characters reorder or
# hide the text around them.
_KEPT_FORMATS: Final = frozenset({"\u200c", "\u200d"}) | {chr(code) for code in range(0xE0020, 0xE0080)}
_FALLBACK_AT_MOST: Final = 3_000


def plain(text: str, limit: int) -> str:
    """Put a stranger's text on one line, without control and bidirectional characters, and shorten it.

    Parameters
    ----------
    text : str
        Anything.
    limit : int
        The most characters of it that are shown; what is left out is counted after them.

    Returns
    -------
    line : str
        Not escaped. Empty if nothing visible is in `text`.
    """
    return shortened(" ".join("".join(map(_shown, text)).split()), limit)


def as_code(line: str, limit: int) -> str:
    """Show a line of a stranger's file: its spaces stay, and what would reorder or hide the text around it does not."""
    return shortened("".join(map(_shown, line)).rstrip(), limit)


def _shown(letter: str) -> str:
    match unicodedata.category(letter):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" if letter not in _KEPT_FORMATS:
            return ""
        case "Cs":
            return "\ufffd"
        case _:
            return letter


def shortened(line: str, limit: int) -> str:
    """Cut a line, not in the middle of a composed character, and say how much is left out."""
    if len(line) <= limit:
        return line
    end = limit
    while end > 0 and (unicodedata.combining(line[end]) or "\u200d" in line[end - 1 : end + 1]):
        end -= 1
    return f"{line[:end].rstrip()}… ({counted(len(line) - end, 'character')} more)"


def fallback(text: str) -> str:
    """Escape the text that notifications and screen readers use in place of the blocks.

    References
    ----------
    .. [1] https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    cut = text if len(text) <= _FALLBACK_AT_MOST else f"{text[:_FALLBACK_AT_MOST]}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def counted(number: int, noun: str, several: str = "") -> str:
    """Write a number with its noun: "1 track", "2,312 tracks", "2 copies"."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"
