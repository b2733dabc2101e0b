"""The parent message: how one rule stands in one dataset, edited for life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from audit_core.ledger.violations import STATES
from bot.messages.kit import Block, Message, actions, bold, button, context, fitted, header, message, paragraph, text
from bot.messages.text import plain
from bot.messages.when import day

__all__ = ["MARKS", "Parent", "counts_line", "parent_message"]

MARKS: Final[Mapping[str, str]] = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}


@dataclass(frozen=True, slots=True)
class Parent:
    """How a rule stands in a dataset.

    Attributes
    ----------
    says : str
        The rule in a sentence; None if it is no longer in force.
    counts : mapping of str to int
        Violations by state; a state without any may be missing.
    respond_by : date or None
        When the oldest open one is to be answered; None if nothing is open, or no clock runs.
    overdue : bool
        Whether that day has passed.
    reviewers : str
        Who may decide: the group's handle, or names.
    """

    subject: str
    policy: str
    rule: str
    dataset: str
    severity: str
    says: str | None
    owner: str
    reviewers: str
    counts: Mapping[str, int]
    respond_by: date | None = None
    overdue: bool = False


def parent_message(parent: Parent) -> Message:
    """Build the message."""
    title = f"{parent.rule} in {parent.dataset}"
    counts = counts_line(parent.counts)
    says = parent.says or "This rule is no longer in force."
    clock = _clock(parent)
    summary = f"{parent.severity.capitalize()}: {title}. {counts}."

    def blocks(limit: int) -> list[Block]:
        return [
            header(f"{MARKS.get(parent.severity, '⚪')} {title}"),
            paragraph(
                bold(f"{parent.severity.capitalize()}. "), text(plain(says, 3 * limit)), text("\n"), bold(counts), clock
            ),
            actions(*_controls(parent)),
            context(f"Policy {parent.policy} · owner {parent.owner or 'not named'} · reviewers {parent.reviewers}"),
        ]

    return message(summary, fitted(blocks))


def counts_line(counts: Mapping[str, int]) -> str:
    """Write counts by state, the open ones first: "3 open · 1 quarantined"."""
    shown = [f"{counts.get(state, 0):,} {state}" for state in STATES if counts.get(state) or state == "open"]
    return " · ".join(shown)


def _controls(parent: Parent) -> list[Block]:
    controls = [button("Review", "review", parent.subject, style="primary" if _open(parent) else None)]
    return [*controls, button("Policy", "policy", parent.subject)] if parent.says else controls


def _open(parent: Parent) -> int:
    return parent.counts.get("open", 0)


def _clock(parent: Parent) -> Block:
    if parent.respond_by is None:
        return text("")
    if parent.overdue:
        return bold(f"\nOverdue: the oldest was to be answered by {day(parent.respond_by)}")
    return text(f"\nRespond by {day(parent.respond_by)}")
