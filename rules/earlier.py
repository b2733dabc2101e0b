"""What a rule asked when something was found or decided, by the texts that are kept: what answers that, and no more."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, and_, select

from audit_core.errors import CratecheckError
from audit_core.ledger.policies import text_of
from audit_core.ledger.tables import decisions, runs, violations
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.lineage import born, known_as
from rules.questions import asks_no_less, asks_the_same

__all__ = ["decided_otherwise", "found_otherwise"]

_CLOSABLE: Final = ("open", "approved", "waived")


def decided_otherwise(connection: Connection, policy: Policy, rule: Rule) -> frozenset[str]:
    """Find the approved and the waived violations of a rule that asked something else when that was decided.

    Parameters
    ----------
    connection : Connection
        To read from.
    policy : Policy
        The rule's.
    rule : Rule
        As it asks now.

    Returns
    -------
    keys : frozenset of str
        Without those of texts that are not kept, or that this program can't read: nobody can tell.
    """
    in_question = and_(
        violations.c.policy == policy.id,
        violations.c.rule.in_(known_as(rule)),
        violations.c.state.in_(["approved", "waived"]),
        decisions.c.policy_sha256 != policy.sha256,
    )
    of_it = and_(decisions.c.violation_key == violations.c.key, decisions.c.id == violations.c.decision_id)
    texts = select(decisions.c.policy_sha256).join(violations, of_it).where(in_question).distinct()
    otherwise = [
        sha256
        for sha256 in connection.scalars(texts).all()
        if (then := _rule_then(connection, sha256, rule)) and not asks_the_same(then, rule)
    ]
    if not otherwise:
        return frozenset()
    keys = select(violations.c.key).join(decisions, of_it)
    return frozenset(connection.scalars(keys.where(in_question, decisions.c.policy_sha256.in_(otherwise))))


def found_otherwise(connection: Connection, policy: Policy, rule: Rule) -> frozenset[str]:
    """Find the violations of a rule that were found when it asked something that it does not ask any more.

    Parameters
    ----------
    connection : Connection
        To read from.
    policy : Policy
        The rule's.
    rule : Rule
        As it asks now.

    Returns
    -------
    keys : frozenset of str
        Of those that may close; without those of texts that are not kept, or that this program can't read.
    """
    may_close = and_(
        violations.c.policy == policy.id,
        violations.c.rule.in_(known_as(rule)),
        violations.c.state.in_(_CLOSABLE),
    )
    found_by = select(runs.c.id, runs.c.inputs).where(runs.c.id.in_(select(violations.c.run_id).where(may_close)))
    by_text: dict[str, list[int]] = defaultdict(list)
    for row in connection.execute(found_by):
        by_text[row.inputs.get("policies", {}).get(policy.id, policy.sha256)].append(row.id)
    otherwise = [
        run_id
        for sha256, run_ids in by_text.items()
        if sha256 != policy.sha256 and (then := _rule_then(connection, sha256, rule)) and not asks_no_less(then, rule)
        for run_id in run_ids
    ]
    if not otherwise:
        return frozenset()
    return frozenset(connection.scalars(select(violations.c.key).where(may_close, violations.c.run_id.in_(otherwise))))


def _rule_then(connection: Connection, sha256: str, rule: Rule) -> Rule | None:
    with suppress(CratecheckError):
        text = text_of(connection, sha256)
        then = _parsed(text).rules if text is not None else ()
        return next((one for one in then if born(one) == born(rule)), None)
    return None


@lru_cache(maxsize=64)
def _parsed(text: str) -> Policy:
    return check_text(text, "an earlier policy text")
