"""What a rule was called before: under which ids its violations may stand, and that no edit loses its history."""

from __future__ import annotations

from collections.abc import Iterator

from audit_core.errors import PolicyError, Problems
from audit_core.wording import quoted
from rules.language.policy import Policy, Rule

__all__ = ["born", "carries_on", "known_as", "must_carry_on"]


def born(rule: Rule) -> str:
    """Give the id that a rule had first: the keys of its violations are made with it."""
    return rule.formerly[0] if rule.formerly else rule.id


def known_as(rule: Rule) -> tuple[str, ...]:
    """Give the ids that a rule has had, the oldest first and the present one last."""
    return (*rule.formerly, rule.id)


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
        If a rule that stays lacks an id that it had, or one that was renamed says so wrongly.
    """
    problems = list(_lost(before, after)) if before and after else []
    if problems:
        raise Problems(problems)


def _lost(before: Policy, after: Policy) -> Iterator[PolicyError]:
    becomes = {rule.id: carries_on(after, rule) for rule in before.rules}
    for rule in before.rules:
        now, had = becomes[rule.id], known_as(rule)
        if now is None or known_as(now) == had or (now.id != rule.id and known_as(now)[: len(had)] == had):
            continue
        wanted = had if now.id != rule.id else rule.formerly
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
