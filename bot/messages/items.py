"""A thread message: up to ten violations, each with its evidence and its buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from bot.messages.evidence import evidence_line
from bot.messages.kit import (
    AT_MOST,
    Block,
    Message,
    Span,
    actions,
    bold,
    button,
    context,
    fitted,
    link,
    message,
    paragraph,
    person,
    size,
    text,
)
from bot.messages.text import counted, plain
from bot.messages.when import day, moment

__all__ = ["BUTTONS", "ITEMS_AT_MOST", "Decided", "Item", "Items", "item_blocks", "items_message", "packed"]

ITEMS_AT_MOST: Final = 10
_READABLE: Final = 200  # as many characters of each text as a message is packed for
_LONGEST_LINK: Final = 200
_ROOM_FOR_MORE: Final = 200  # the line that says how many are not posted
BUTTONS: Final[Mapping[str, str]] = {
    "approve": "Approve",
    "quarantine": "Quarantine",
    "waive": "Waive",
    "release": "Release",
    "separate": "Not the same",
}
_DONE: Final = {
    "approve": "Approved",
    "quarantine": "Quarantined",
    "waive": "Waived",
    "release": "Released",
    "separate": "Found to be different recordings",
}
_ENDED: Final = {
    "resolved": "Resolved: the evidence now passes.",
    "gone": "Gone: what it was about is no longer there.",
    "superseded": "Superseded: the rule no longer judges this.",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, as an item tells it."""

    verdict: str
    person: str
    at: datetime
    reason: str
    via: str = "slack"
    until: date | None = None
    evidence_url: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A violation as reviewers see it.

    Attributes
    ----------
    revision : int
        Carried by its buttons, so that a click on an older state of it is noticed.
    decided : Decided or None
        The decision in force.
    allowed : tuple of str
        The verdicts that its rule offers in its present state.
    audible : bool
        Whether it may have something to hear.
    """

    key: str
    revision: int
    state: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    reopened: int = 0
    decided: Decided | None = None
    allowed: tuple[str, ...] = ()
    audible: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """What a thread message lists, and how many violations of its run are not posted."""

    items: Sequence[Item]
    more: int = 0


def items_message(listed: Items, people: Mapping[str, str]) -> Message:
    """Build the message."""

    def blocks(limit: int) -> list[Block]:
        link_at_most = min(limit, _LONGEST_LINK)
        built = [block for item in listed.items for block in item_blocks(item, people, limit, link_at_most)]
        return [*built, context(f"And {listed.more:,} more: open Review above.")] if listed.more else built

    first = plain(listed.items[0].message, 200) if listed.items else "Nothing is listed any more."
    rest = f" And {counted(len(listed.items) - 1, 'other')}." if len(listed.items) > 1 else ""
    return message(f"{first}{rest}", fitted(blocks))


def packed(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Share items among messages: as many in each as leave all of them readable, and never more than ten."""
    messages: list[list[Item]] = []
    room = 0
    for item in items:
        takes = size(item_blocks(item, {}, _READABLE, _LONGEST_LINK))
        if takes > room or len(messages[-1]) == ITEMS_AT_MOST:
            messages.append([])
            room = AT_MOST - _ROOM_FOR_MORE
        messages[-1].append(item)
        room -= takes
    return [tuple(each) for each in messages]


def item_blocks(item: Item, people: Mapping[str, str], limit: int, link_at_most: int) -> list[Block]:
    """Build the blocks of one violation: its text, and its buttons if there is something to decide.

    The row of buttons is named by the violation's key, and each button carries its revision.
    """
    sentence = plain(item.message, limit)
    facts = plain(evidence_line(item.evidence, item.message), limit)
    spans = [bold(sentence)]
    if facts:
        spans.append(text(f"\n{facts}"))
    spans += _state(item, people, limit, link_at_most)
    spans.append(text(f"  #{item.key[:8]}"))
    built = [paragraph(*spans)]
    controls = [_button(item, verdict) for verdict in item.allowed]
    controls += [button("Listen", "listen", str(item.revision))] if item.audible else []
    if controls:
        built.append(actions(*controls, block_id=item.key))
    return built


def _state(item: Item, people: Mapping[str, str], limit: int, link_at_most: int) -> list[Span]:
    if item.state == "open":
        return [text(f"\nOpen again ({counted(item.reopened, 'time')}).")] if item.reopened else []
    if item.decided is None or item.state in _ENDED:
        return [text(f"\n{_ENDED.get(item.state, item.state.capitalize())}")]
    decided = item.decided
    until = f" until {day(decided.until)}" if decided.until else ""
    spans = [text(f"\n{_DONE[decided.verdict]}{until} by "), person(decided.person, people, min(limit, 80))]
    spans.append(text(f", {moment(decided.at)}: {plain(decided.reason, limit)}"))
    if not decided.evidence_url:
        return spans
    fits = len(decided.evidence_url) <= link_at_most
    return [*spans, *([text(" "), link(decided.evidence_url)] if fits else [text(" (evidence: in Review)")])]


def _button(item: Item, verdict: str) -> Block:
    return button(BUTTONS[verdict], f"decide:{verdict}", str(item.revision))
