"""The policies in force, read once a change."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sqlalchemy import Connection, select

from audit_core.ledger.policies import active_texts, text_of
from audit_core.ledger.tables import active_policies
from rules.policy import Policy, Rule
from rules.reader import check_text

__all__ = ["Policies"]


class Policies:
    """Gives the policies that are active in a transaction; parses them again only when another set is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[frozenset[tuple[str, str]], Mapping[str, Policy]] = (frozenset(), {})

    def __call__(self, connection: Connection) -> Mapping[str, Policy]:
        """Give the active policies by their ids."""
        rows = connection.execute(select(active_policies.c.policy, active_policies.c.sha256))
        wanted = frozenset((row.policy, row.sha256) for row in rows)
        with self._lock:
            known, policies = self._known
            if known != wanted:
                texts = active_texts(connection)
                policies = {policy: check_text(text, f"active policy {policy}") for policy, (_, text) in texts.items()}
                self._known = (wanted, policies)
            return policies

    def rule(self, connection: Connection, policy: str, rule: str) -> tuple[Policy, Rule] | None:
        """Find an active rule with its policy; None if it is no longer in force."""
        return _rule_of(self(connection).get(policy), rule)

    def rule_then(self, connection: Connection, sha256: str, rule: str) -> tuple[Policy, Rule] | None:
        """Find a rule in a policy text of the past; None if it is not in it."""
        text = text_of(connection, sha256)
        return _rule_of(check_text(text, f"policy text {sha256[:12]}") if text is not None else None, rule)


def _rule_of(policy: Policy | None, rule: str) -> tuple[Policy, Rule] | None:
    for one in policy.rules if policy else ():
        if policy and one.id == rule:
            return policy, one
    return None
