"""What a rule was called before: under which ids its violations may stand, and that no edit loses its history."""

from __future__ import annotations

from collections.abc import Iterator

from audit_core.errors import PolicyError, Problems
from audit_core.ledger.transitions import Transition
from audit_core.ledger.violations import Standing, violation_key
from audit_core.wording import quoted
from rules.language.policy import Policy, Rule

__all__ = ["bears", "born", "carries_on", "known_as", "must_carry_on"]


def born(rule: Rule) -> str:
    """Give the id that a rule had first: the keys of its violations are made with it."""
    return rule.formerly[0] if rule.formerly else rule.id


def known_as(rule: Rule) -> tuple[str, ...]:
    """Give the ids that a rule has had, the oldest first and the present one last."""
    return (*(name for name in rule.formerly if name != rule.id), rule.id)


def bears(rule: Rule, violation: Standing | Transition) -> bool:
    """Tell whether a violation's key is made with the id that a rule of its policy had first."""
    key = violation_key(
        policy=violation.policy,
        rule=born(rule),
        dataset=violation.dataset,
        subject_kind=violation.subject_kind,
        subject=violation.subject,
        discriminator=violation.discriminator,
    )
    return key == violation.key


def carries_on(policy: Policy | None, rule: Rule) -> Rule | None:
    """Find the rule of an edited policy that a rule of it has become; None if it was dropped."""
    for one in policy.rules if policy else ():
        if rule.id in known_as(one):
            return one
    return None


def must_carry_on(before: Policy | None, after: Policy | None) -> None:
    """Refuse an edit after which a rule would no longer find the violations that it has had.

    Raises
    ------
    Problems
        If a rule that stays lacks an id that it had, one that was renamed says so wrongly, or another takes up the
        first id of one that is dropped: with it, the keys of its violations.
    """
    problems = list(_lost(before, after)) if before and after else []
    if problems:
        raise Problems(problems)


def _lost(before: Policy, after: Policy) -> Iterator[PolicyError]:
    becomes = {rule.id: carries_on(after, rule) for rule in before.rules}
    births = {born(rule): rule for rule in after.rules}
    for rule in before.rules:
        now = becomes[rule.id]
        if now is None:
            if born(rule) in births:
                yield _taken_up(rule, births[born(rule)])
            continue
        if _keeps(now, rule):
            continue
        wanted = _history(rule) if now.id != rule.id else rule.formerly
        if list(becomes.values()).count(now) > 1:
            mend = "A rule carries on one other: give this one an entry of its own, or leave it out of `formerly`."
        elif wanted:
            mend = f"Write `formerly: [{', '.join(wanted)}]`."
        else:
            mend = "Leave out `formerly`, or give the rule an id that none has had."
        yield PolicyError(
            f"the rule {quoted(now.id)} would lose the history of {quoted(rule.id)}: what stands would be closed,"
            " and opened anew without what was decided",
            at=now.location,
            mend=mend,
        )


def _keeps(now: Rule, rule: Rule) -> bool:
    """Tell whether a rule that carries on another finds all its violations, and no others."""
    has, had = set(known_as(now)), set(known_as(rule))
    return born(now) == born(rule) and (has == had if now.id == rule.id else has >= had)


def _taken_up(rule: Rule, now: Rule) -> PolicyError:
    return PolicyError(
        f"the rule {quoted(now.id)} would take up the violations of {quoted(rule.id)}, which was {quoted(born(rule))}"
        " first: their keys are made with that id",
        at=now.location,
        mend=f"If it is the same rule, write `formerly: [{', '.join(_history(rule))}]`; else give it an id that none"
        " has had.",
    )


def _history(rule: Rule) -> tuple[str, ...]:
    """Give the ids that a rule has had, in the order in which it had them first."""
    return tuple(dict.fromkeys((*rule.formerly, rule.id)))
