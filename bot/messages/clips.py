"""Clips in a thread, and why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.messages.kit import File, Message, message, paragraph, text
from bot.messages.text import plain

__all__ = ["clips_message", "no_clips_message"]

_SAID = 1_500


def clips_message(key: str, says: str, files: Sequence[Mapping[str, str]]) -> Message:
    """Build the message that files are shared with."""
    line = _line(key, says)
    shown = tuple(File(file["id"], plain(file["title"], 200)) for file in files)
    return replace(message(line, [paragraph(text(line))]), files=shown)


def no_clips_message(key: str, why: str) -> Message:
    """Build the message that says why nothing can be heard."""
    line = _line(key, why)
    return message(line, [paragraph(text(line))])


def _line(key: str, words: str) -> str:
    """Name the violation as the thread does that lists it."""
    return f"#{key[:8]}: {plain(words, _SAID)}"
