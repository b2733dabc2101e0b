"""Loosening: how an edit makes critical rules hold less, so that more than one person has to want it.

It is computed from both policies and from what the edit lets go, and declared by nobody. Critical is what the policy
in force calls so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audit_core.ledger.violations import SEVERITIES
from audit_core.wording import listed, quoted
from rules.language.policy import Policy, Review, Reviewers, Rule
from rules.lineage import carries_on

__all__ = ["LetGo", "loosening"]

_BY: Final = {"approve": "an approval", "quarantine": "a quarantine", "waive": "a waiver"}


@dataclass(frozen=True, slots=True)
class LetGo:
    """How many violations the policy in force keeps or would open, and the edited one not; 0: it judges no more."""

    rule: str
    dataset: str
    number: int


def loosening(before: Policy, after: Policy | None, let_go: Iterable[LetGo]) -> Iterator[str]:
    """Say how an edit loosens critical rules.

    Parameters
    ----------
    before : Policy
        The policy in force.
    after : Policy or None
        The edited one; None: it is to be retired.
    let_go : iterable of LetGo
        Of any rules of the policy in force.

    Yields
    ------
    sentence : str
        One for each way, rule by rule.
    """
    gone = list(let_go)
    for rule in before.rules:
        if rule.severity != "critical":
            continue
        now = carries_on(after, rule)
        if after is None or now is None:
            how = "is retired with its policy" if after is None else "is dropped"
            yield f"The critical rule {quoted(rule.id)} {how}."
            continue
        name = quoted(now.id)
        if SEVERITIES.index(now.severity) > SEVERITIES.index(rule.severity):
            yield f"{name} is {now.severity}, and no longer critical."
        if before.mode == "enforce" and after.mode == "observe":
            yield f"{name} is only observed: what fails is counted, and nobody is told."
        for one in gone:
            if one.rule == rule.id and not one.number:
                yield f"{name} is judged in {one.dataset} by the policy in force, and would not be any more."
            elif one.rule == rule.id:
                violations = "1 violation" if one.number == 1 else f"{one.number:,} violations"
                yield f"{name} lets go of {violations} in {one.dataset} that the policy in force holds on to."
        yield from _review(name, rule, now)
    yield from _who_edits(before, after)


def _who_edits(before: Policy, after: Policy | None) -> Iterator[str]:
    """Say who else confirms edits from then on, where no critical rule says so: each may name its own."""
    critical = [(rule, carries_on(after, rule)) for rule in before.rules if rule.severity == "critical"]
    was, now = before.review.reviewers, after.review.reviewers if after else None
    said = any(two and (one.review.reviewers, two.review.reviewers) == (was, now) for one, two in critical)
    if after is not None and critical and not said:
        yield from _reviewers(f"An edit of {quoted(before.id)}", before.review.reviewers, after.review.reviewers)


def _review(name: str, rule: Rule, now: Rule) -> Iterator[str]:
    """Say how violations can be decided more easily."""
    before, after = rule.review, now.review
    if more := [word for word in after.decisions if word not in before.decisions]:
        yield f"{name} can be answered by {listed(_BY[word] for word in more)}, too."
    yield from _reviewers(name, before.reviewers, after.reviewers)
    if "waive" in after.decisions:
        yield from _waivers(name, before, after)


def _reviewers(name: str, before: Reviewers, after: Reviewers) -> Iterator[str]:
    if after.group is not None:
        if after.group != before.group:
            yield f"{name} is decided by {after.group}, and no longer by {before.group or listed(before.people)}."
    elif before.group is not None:
        yield f"{name} is decided by {listed(after.people)}, and no longer by {before.group}."
    elif more := [person for person in after.people if person not in before.people]:
        yield f"{name} is decided by {listed(more)}, too."


def _waivers(name: str, before: Review, after: Review) -> Iterator[str]:
    was, now = before.waiver, after.waiver
    if now.longest_days > was.longest_days:
        yield f"A waiver of {name} may last {now.longest_days} days, and no longer {was.longest_days} at most."
    if was.evidence_required and not now.evidence_required:
        yield f"A waiver of {name} needs no evidence."
    if was.renewals is not None and (now.renewals is None or now.renewals > was.renewals):
        often = "as often as one likes" if now.renewals is None else f"{_times(now.renewals)} in a row"
        before_that = f"no longer {_times(was.renewals)} at most" if was.renewals else "could not before"
        yield f"A waiver of {name} may be renewed {often}, and {before_that}."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
