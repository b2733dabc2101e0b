"""The modal in which a person activates, rejects or withdraws a proposal: what follows from it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit_core.ledger.proposals import Answer
from bot.messages.kit import Block, View, bold, modal, paragraph, text, text_input
from bot.messages.proposal import Card, summary
from bot.messages.text import counted, plain
from bot.messages.when import moment

__all__ = ["ANSWERS", "proposal_form_view", "told_of"]

ANSWERS: Final[Mapping[Answer, str]] = {"confirm": "Activate", "reject": "Reject", "withdraw": "Withdraw"}
_WHY: Final[Mapping[Answer, str]] = {"reject": "Why is it rejected?", "withdraw": "Why is it withdrawn?"}


def proposal_form_view(card: Card, answer: Answer, metadata: str) -> View:
    """Build the modal.

    Parameters
    ----------
    card : Card
        The proposal as it stands.
    answer : Answer
        What the person is about to answer.
    metadata : str
        Names the proposal and the place of the click; comes back with the answer.
    """
    blocks: list[Block] = [paragraph(bold(f"{plain(card.title, 300)} ({plain(card.policy, 80)})"))]
    if answer == "confirm":
        blocks += [paragraph(text(line)) for line in _follows(card)]
    else:
        blocks += [paragraph(text(_stays(card))), text_input("reason", _WHY[answer], lines=True)]
    return modal(ANSWERS[answer], blocks, callback_id="proposal", metadata=metadata, submit=ANSWERS[answer])


def _follows(card: Card) -> list[str]:
    missing = card.confirmations - len(card.confirmed) - 1
    takes_effect = "The policy is out of force at once" if card.kind == "retirement" else "Audits apply it at once"
    if missing > 0:
        when = (
            f"It loosens critical rules: after you, {counted(missing, 'other person', 'other people')} must confirm it."
        )
    elif card.begins:
        when = "It comes into force on the day that it names."
    else:
        when = f"{takes_effect}; what it changes shows after the next one."
    threads = sum(one.threads for one in card.asked)
    posts = sum(one.messages for one in card.asked)
    if threads or posts:
        whom = ", ".join(dict.fromkeys(name for one in card.asked for name in one.people))
        posted = f"{counted(threads, 'new thread')} and {counted(posts, 'message')}"
        asks = f"{card.next_audit} posts {posted}, for {plain(whom, 500)}."
    else:
        asks = f"{card.next_audit} posts nothing new."
    return [f"{summary(card)}.", asks, when]


def told_of(card: Card, answer: Answer) -> str:
    """Write what a person has just answered."""
    policy = plain(card.policy, 80)
    match answer, card.state:
        case "confirm", "activated":
            if card.begins and card.confirmed and card.begins > card.confirmed[-1].at:
                return f"You activated the proposal: this text of {policy} takes force {moment(card.begins)}."
            return f"You activated the proposal: {policy} is {'out of' if card.kind == 'retirement' else 'in'} force."
        case "confirm", "examining":
            return (
                f"Not confirmed yet: the catalogue has changed since the preview for {policy}, which is made anew."
                " Look at it, then confirm."
            )
        case "confirm", _:
            others = counted(card.confirmations - len(card.confirmed), "more person", "more people")
            return f"You confirmed the proposal for {policy}. It waits for {others}."
        case "reject", _:
            return f"You rejected the proposal for {policy}. {_stays(card)}"
        case _:
            return f"You withdrew your proposal for {policy}. {_stays(card)}"


def _stays(card: Card) -> str:
    return "The text in force stays." if card.base_sha256 else "Nothing comes into force."
