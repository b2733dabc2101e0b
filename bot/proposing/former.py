"""What a rule says that it was called before, against what rules of its policy were ever called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from audit_core.errors import PolicyError, Problems
from audit_core.ledger.policies import activations, effective
from audit_core.wording import did_you_mean, quoted
from bot.policies import readable_text
from rules.language.policy import Policy
from rules.lineage import known_as

__all__ = ["must_have_been"]


def must_have_been(connection: Connection, policy: Policy, at: datetime) -> None:
    """Refuse a former id that no rule of a policy ever had: misspelt, it would leave the rule's history behind.

    Of a new policy nothing is asked, which may come from another workspace; nor where a text of the past can't be
    read any more.

    Raises
    ------
    Problems
        Each with the rule's line.
    """
    if policy.id not in effective(connection, at) or not any(rule.formerly for rule in policy.rules):
        return
    had: dict[str, None] = {}
    for sha256 in {one.sha256: None for one in activations(connection, policy.id) if one.sha256 is not None}:
        text = readable_text(connection, sha256)
        if text is None:
            return
        had.update(dict.fromkeys(name for rule in text.rules for name in known_as(rule)))
    problems = [
        PolicyError(
            f"no rule of this policy was ever called {quoted(name)}, as the rule {quoted(rule.id)} says under formerly",
            at=rule.location,
            mend=did_you_mean(name, had),
        )
        for rule in policy.rules
        for name in rule.formerly
        if name not in had
    ]
    if problems:
        raise Problems(problems)
