"""Clips in a thread, and why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.messages.kit import File, Message, message, paragraph, text
from bot.messages.text import plain

__all__ = ["clips_message", "no_clips_message"]

_SAID = 1_500


def clips_message(says: str, files: Sequence[Mapping[str, str]]) -> Message:
    """Build the message that files are shared with."""
    line = plain(says, _SAID)
    shown = tuple(File(file["id"], plain(file["title"], 200)) for file in files)
    return replace(message(line, [paragraph(text(line))]), files=shown)


def no_clips_message(why: str) -> Message:
    """Build the message that says why nothing can be heard."""
    line = plain(why, _SAID)
    return message(line, [paragraph(text(line))])
