"""What one person is told: a confirmation, a refusal, or that something is being fetched."""

from __future__ import annotations

from bot.messages.kit import Message, View, link, message, modal, paragraph, text
from bot.messages.text import counted, plain

__all__ = ["confirmation", "loading_view", "notice", "notice_view"]


def notice(words: str, url: str | None = None) -> Message:
    """Build a message for one person's eyes, with a link after the words if there is one."""
    line = plain(words, 1_500)
    return message(line, [paragraph(text(line), *((text(" "), link(url)) if url else ()))])


def notice_view(title: str, words: str) -> View:
    """Build a modal that only tells."""
    return modal(title, [paragraph(text(plain(words, 1_500)))], callback_id="notice")


def loading_view(title: str) -> View:
    """Build the modal that stands while its content is fetched: a trigger lives for three seconds."""
    return modal(title, [paragraph(text("One moment…"))], callback_id="loading")


def confirmation(verdict: str, violation: str, tracks: int, seq: int) -> str:
    """Write what a person has just decided."""
    did = {
        "approve": "approved",
        "quarantine": "quarantined",
        "waive": "waived",
        "release": "released",
        "separate": "separated",
    }[verdict]
    out = f" {counted(tracks, 'track')} {'is' if tracks == 1 else 'are'} out." if verdict == "quarantine" else ""
    return f"You {did}: {plain(violation, 300)}{out} It stands in the ledger as entry {seq}."
