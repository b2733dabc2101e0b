"""The modal in which a person decides: what is about to happen, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.messages.evidence import evidence_line
from bot.messages.items import BUTTONS
from bot.messages.kit import Block, View, bold, choice, date_picker, modal, paragraph, text, text_input
from bot.messages.text import counted, plain
from bot.messages.when import day

__all__ = ["Form", "form_view"]

_TARGETS_SHOWN: Final = 8
_MEANS: Final[Mapping[str, str]] = {
    "approve": "Approve: compliant after review. It opens again if the evidence changes materially.",
    "quarantine": "Quarantine: out of every manifest at once, until it is released.",
    "waive": "Waive: not compliant, and tolerated until a day. After it, the violation is open again.",
    "release": "Release: back in every manifest at once. The violation is open again.",
    "separate": "Not the same: these are different recordings. They are kept apart from now on, whatever is measured.",
}
_WHY: Final[Mapping[str, str]] = {
    "approve": "Why is this compliant?",
    "quarantine": "Why is it taken out?",
    "waive": "Why is it tolerated?",
    "release": "Why is it released?",
    "separate": "What is different?",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What a person is asked before a decision.

    Attributes
    ----------
    targets : sequence of str
        Keys of the tracks that a quarantine takes out, or a release brings back.
    copies : sequence of str
        Byte-identical copies of these, in whatever dataset, which go with them.
    longest : date or None
        The last day that a waiver may have; None for other verdicts.
    separable : sequence of (audio, track)
        Of a separation: tracks, of which one is another recording than the rest.
    metadata : str
        Names the violation and the place of the click; comes back with the answer.
    """

    verdict: str
    message: str
    evidence: Mapping[str, object]
    metadata: str
    targets: Sequence[str] = ()
    copies: Sequence[str] = ()
    longest: date | None = None
    suggested: date | None = None
    evidence_required: bool = False
    separable: Sequence[tuple[str, str]] = ()


def form_view(form: Form) -> View:
    """Build the modal."""
    facts = plain(evidence_line(form.evidence, form.message), 1_000)
    blocks: list[Block] = [
        paragraph(bold(plain(form.message, 1_000)), text(f"\n{facts}" if facts else "")),
        paragraph(text(_MEANS[form.verdict])),
    ]
    if form.verdict in ("quarantine", "release"):
        verb = "Takes out" if form.verdict == "quarantine" else "Brings back"
        blocks.append(paragraph(*_tracks(f"{verb} {counted(len(form.targets), 'track')}", form.targets)))
        if form.copies:
            copies = counted(len(form.copies), "byte-identical copy", "byte-identical copies")
            blocks.append(paragraph(*_tracks(f"and {copies}", form.copies)))
    if form.separable:
        first = form.separable[0][0]
        hint = "It is kept apart from all the others; these stay together."
        blocks.append(choice("track", "Which track is another recording?", form.separable, first, hint=hint))
    blocks.append(text_input("reason", _WHY[form.verdict], lines=True))
    if form.verdict == "waive" and form.longest and form.suggested:
        label = "Link to the evidence"
        hint = "A contract, a ticket, a letter: an address that begins with https://"
        blocks.append(text_input("evidence_url", label, hint=hint, optional=not form.evidence_required, most=2_000))
        hint = f"The policy allows until {day(form.longest)}"
        blocks.append(date_picker("until", "Tolerated until the end of", form.suggested.isoformat(), hint=hint))
    title = BUTTONS[form.verdict]
    return modal(title, blocks, callback_id="decision", metadata=form.metadata, submit=title)


def _tracks(said: str, keys: Sequence[str]) -> list[Block]:
    shown = ", ".join(plain(key, 120) for key in keys[:_TARGETS_SHOWN])
    rest = len(keys) - _TARGETS_SHOWN
    more = f" and {counted(rest, 'other')}" if rest > 0 else ""
    return [bold(f"{said}: "), text(f"{shown}{more}")]
