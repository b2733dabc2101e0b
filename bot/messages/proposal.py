"""A proposal to change a policy, in its channel: who wants what and why, what it would do, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from bot.messages.kit import (
    Block,
    Message,
    Span,
    actions,
    bold,
    button,
    context,
    fitted,
    header,
    message,
    paragraph,
    person,
    text,
)
from bot.messages.text import counted, plain
from bot.messages.when import moment

__all__ = ["Asked", "Card", "Change", "Step", "deeds", "proposal_message", "summary"]

Kind = Literal["edit", "new", "retirement"]

_TITLES: Final[Mapping[Kind, str]] = {
    "edit": "Edit of the policy",
    "new": "New policy:",
    "retirement": "Retirement of the policy",
}
_WANTS: Final[Mapping[Kind, str]] = {
    "edit": "wants to change",
    "new": "wants to put in force",
    "retirement": "wants to retire",
}
_UNJUDGED: Final[Mapping[str, str]] = {
    "error": "can't be evaluated",
    "not_enough_evidence": "lacks the evidence to be judged",
}
_LISTED: Final = 30
_NAMED: Final = 300
_EVERY: Final = 20  # characters of each text that go with one line of a list


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of a rule in a dataset; of what opens and closes, so many do anyway.

    What is enforced is open already, and was only observed.
    """

    rule: str
    dataset: str
    opens: int = 0
    closes: int = 0
    opens_anyway: int = 0
    closes_anyway: int = 0
    lapsing: int = 0
    enforced: int = 0
    stopped: bool = False
    result: str | None = None

    @property
    def weight(self) -> int:
        """How much is to be told of it; 0: nothing."""
        own = self.opens - self.opens_anyway + self.closes - self.closes_anyway
        return max(own, 0) + self.lapsing + self.enforced + self.stopped + (self.result in _UNJUDGED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a channel would see: threads that are new, messages in threads, and who would be asked to decide."""

    channel: str
    threads: int
    messages: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What a person did about a proposal."""

    person: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal as it stands.

    Attributes
    ----------
    title : str
        The policy's.
    approvers : str
        Who may confirm it: the group's handle, or names.
    mark : str
        The state in which its buttons find it; they are there while it is proposed.
    able : int or None
        How many people may confirm it, if that is known.
    loosening : sequence of str
        How it loosens critical rules.
    notes : sequence of str
        What it puts aside that is yet to take force, and what else is on its way.
    judges_nothing : bool
        Whether it applies to no track.
    begins : datetime or None
        When the text counts from, if it is activated, or if that lies ahead.
    ended : Step or None
        Who activated, rejected or withdrew it.
    """

    id: str
    policy: str
    title: str
    kind: Kind
    state: str
    mark: str
    proposed: Step
    via: str
    approvers: str
    confirmations: int
    lapses_at: datetime
    able: int | None = None
    sha256: str | None = None
    base_sha256: str | None = None
    origin: str = ""
    commit: str | None = None
    confirmed: tuple[Step, ...] = ()
    ended: Step | None = None
    loosening: Sequence[str] = ()
    notes: Sequence[str] = ()
    changes: Sequence[Change] = ()
    asked: Sequence[Asked] = ()
    judges_nothing: bool = False
    begins: datetime | None = None
    refused: str | None = None

    @property
    def next_audit(self) -> str:
        """Which audit it is of which the numbers tell."""
        return "The first audit from then on" if self.begins and self.state == "proposed" else "The next audit"


def proposal_message(card: Card, people: Mapping[str, str]) -> Message:
    """Build the message."""
    title = f"{_TITLES[card.kind]} {plain(card.policy, 80)}"

    def blocks(limit: int) -> list[Block]:
        lines = max(2, min(_LISTED, limit // _EVERY))
        built = [header(title), paragraph(*_wish(card, people, limit))]
        if card.loosening:
            built.append(paragraph(*_loosening(card.loosening, limit, lines)))
        if card.notes:
            shown = "\n".join(plain(note, limit) for note in card.notes[:lines])
            built.append(paragraph(text(shown + _rest(card.notes, lines))))
        built.append(paragraph(*_numbers(card, limit, lines)))
        built.append(paragraph(*_standing(card, people, limit)))
        if card.state == "proposed":
            built.append(
                actions(
                    button("Activate", "proposal:confirm", card.mark, style="primary"),
                    button("Reject", "proposal:reject", card.mark, style="danger"),
                    block_id=card.id,
                )
            )
        return [*built, context(_origin(card))]

    who = plain(people.get(card.proposed.person, card.proposed.person), 80)
    return message(f"{title}, proposed by {who}. {summary(card)}. {_state(card)}.", fitted(blocks))


def summary(card: Card) -> str:
    """Say in one line what it would do."""
    opens = sum(one.opens - one.opens_anyway for one in card.changes)
    closes = sum(one.closes - one.closes_anyway for one in card.changes)
    lapsing = sum(one.lapsing for one in card.changes)
    parts = [f"it opens {opens:,}"] if opens else []
    parts += [f"closes {closes:,}" if parts else f"it closes {closes:,}"] if closes else []
    said = f"{' and '.join(parts)} violations" if opens + closes != 1 else f"{parts[0]} violation" if parts else ""
    if not opens + closes:
        said = "it opens and closes nothing"
    ends = f"; {counted(lapsing, 'waiver or approval', 'waivers or approvals')} would match no more" if lapsing else ""
    if card.begins and card.state == "proposed":
        said = f"from {moment(card.begins)} on, {said}"
    nothing = "It would judge nothing: it applies to no track. " if card.judges_nothing else ""
    return f"{nothing}{said[:1].upper()}{said[1:]}{ends}"


def deeds(change: Change) -> str:
    """Say what would become of a rule in a dataset: "opens 12 (2 of them anyway) · closes 3"."""
    parts = []
    for verb, number, anyway in (
        ("opens", change.opens, change.opens_anyway),
        ("closes", change.closes, change.closes_anyway),
    ):
        if number:
            parts.append(f"{verb} {number:,}{f' ({anyway:,} of them anyway)' if anyway else ''}")
    if change.lapsing:
        parts.append(f"{counted(change.lapsing, 'waiver or approval', 'waivers or approvals')} would match no more")
    if change.enforced:
        parts.append(f"enforces {change.enforced:,} that {'is' if change.enforced == 1 else 'are'} only observed")
    if change.stopped:
        parts.append("so many fail that it stops listing and asks")
    if change.result is not None and change.result in _UNJUDGED:
        parts.append(_UNJUDGED[change.result])
    return " · ".join(parts) or "changes nothing"


def _wish(card: Card, people: Mapping[str, str], limit: int) -> list[Span]:
    reason = plain(card.proposed.reason, 2 * limit)
    begins = f"\nIt comes into force {moment(card.begins)}." if card.begins and card.state == "proposed" else ""
    return [
        person(card.proposed.person, people, min(limit, 80)),
        text(f" {_WANTS[card.kind]} "),
        bold(plain(card.title, limit)),
        text(f".\nWhy: {reason}" if reason else "."),
        text(begins),
    ]


def _loosening(sentences: Sequence[str], limit: int, lines: int) -> list[Span]:
    shown = "".join(f"\n• {plain(sentence, limit)}" for sentence in sentences[:lines])
    return [bold("It loosens critical rules: two people have to confirm it."), text(shown + _rest(sentences, lines))]


def _numbers(card: Card, limit: int, lines: int) -> list[Span]:
    told = sorted((one for one in card.changes if one.weight), key=lambda one: -one.weight)
    shown = "".join(
        f"\n• {plain(one.rule, limit)} in {plain(one.dataset, limit)}: {deeds(one)}" for one in told[:lines]
    )
    posts = "".join(f"\n{card.next_audit} {_posts(one, limit)}" for one in card.asked[:lines])
    return [bold(f"{summary(card)}."), text(shown + _rest(told, lines) + posts + _rest(card.asked, lines))]


def _posts(asked: Asked, limit: int) -> str:
    posted = [counted(asked.threads, "new thread")] if asked.threads else []
    posted += [counted(asked.messages, "message") + " in threads"] if asked.messages else []
    who = f", for {plain(', '.join(asked.people), limit)}" if asked.people else ""
    channel = plain(asked.channel.removeprefix("#"), limit)
    return f"posts in #{channel}: {' and '.join(posted) or 'nothing'}{who}"


def _rest(shown: Sequence[object], lines: int) -> str:
    return f"\n• … and {len(shown) - lines:,} more" if len(shown) > lines else ""


def _standing(card: Card, people: Mapping[str, str], limit: int) -> list[Span]:
    spans: list[Span] = []
    for step in card.confirmed:
        by = person(step.person, people, min(limit, 80))
        spans += [text("\n" if spans else ""), text("Confirmed by "), by, text(f", {moment(step.at)}.")]
    spans.append(text("\n" if spans else ""))
    if card.ended is None or card.state == "activated":
        return [*spans, bold(f"{_state(card)}.")]
    spans += [bold(f"{_state(card)}"), text(" by "), person(card.ended.person, people, min(limit, 80))]
    reason = plain(card.ended.reason, 2 * limit)
    return [*spans, text(f", {moment(card.ended.at)}{f': {reason}' if reason else '.'}")]


def _state(card: Card) -> str:
    match card.state:
        case "proposed" if card.able is not None and card.able < card.confirmations:
            few = f"{counted(card.confirmations, 'person', 'people')} would have to confirm it, and {card.able} may"
            return f"{few}: name more in cratecheck.toml, as policy_approvers"
        case "proposed":
            if card.confirmations > 1:
                done = f"{len(card.confirmed)} of {card.confirmations}"
                return f"Waits for {plain(card.approvers, _NAMED)} to confirm it ({done} have)"
            return f"Waits for {plain(card.approvers, _NAMED)} to confirm it"
        case "activated" if card.kind == "retirement":
            return "Activated: the policy is out of force, and the next audit closes its violations"
        case "activated" if card.begins:
            return f"Activated: audits apply it from {moment(card.begins)} on"
        case "activated":
            return "Activated: audits apply this text"
        case "lapsed":
            return "Lapsed: it was not confirmed within three days"
        case "overtaken":
            return "Overtaken: another text came into force meanwhile. Propose it again on top of that one"
        case "refused":
            return f"Refused: {plain(card.refused or '', 300)}"
        case "examining":
            return "The catalogue has changed since this preview was made: it is examined anew"
        case _:
            return card.state.capitalize()


def _origin(card: Card) -> str:
    source = f" from {plain(card.origin, 120)}" if card.origin else ""
    commit = f", commit {plain(card.commit, 80)}" if card.commit else ""
    texts = [f"text {card.sha256[:12]}"] if card.sha256 else []
    texts += [f"in place of {card.base_sha256[:12]}"] if card.base_sha256 else []
    lapses = f" · lapses {moment(card.lapses_at)}" if card.state == "proposed" else ""
    made = f"Proposal {card.id[:8]} · {moment(card.proposed.at)} via {card.via}{source}{commit}"
    return f"{made} · {' '.join(texts)}{lapses}"
