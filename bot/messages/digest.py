"""The digest in Slack: five lines, or one for a silent week."""

from __future__ import annotations

from bot.digest import Digest, lines
from bot.messages.kit import Block, Message, fitted, header, message, paragraph, text
from bot.messages.text import plain

__all__ = ["digest_message"]


def digest_message(digest: Digest) -> Message:
    """Build the message."""
    title = f"Digest: {digest.title}"
    said = lines(digest)

    def blocks(limit: int) -> list[Block]:
        return [header(title), *(paragraph(text(plain(line, 2 * limit))) for line in said)]

    return message(f"{title}. {said[0]}", fitted(blocks))
