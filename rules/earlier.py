"""What a rule asked when something was decided about it, by the texts that are kept: another question wants another."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from sqlalchemy import Connection, and_, select

from audit_core.errors import CratecheckError
from audit_core.ledger.policies import text_of
from audit_core.ledger.tables import decisions, violations
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.lineage import born, known_as
from rules.questions import asks_the_same

__all__ = ["decided_otherwise"]


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
    otherwise = [sha256 for sha256 in connection.scalars(texts).all() if _asked_otherwise(connection, sha256, rule)]
    if not otherwise:
        return frozenset()
    keys = select(violations.c.key).join(decisions, of_it)
    return frozenset(connection.scalars(keys.where(in_question, decisions.c.policy_sha256.in_(otherwise))))


def _asked_otherwise(connection: Connection, sha256: str, rule: Rule) -> bool:
    with suppress(CratecheckError):
        text = text_of(connection, sha256)
        then = _parsed(text).rules if text is not None else ()
        return any(born(one) == born(rule) and not asks_the_same(one, rule) for one in then)
    return False


@lru_cache(maxsize=64)
def _parsed(text: str) -> Policy:
    return check_text(text, "an earlier policy text")
