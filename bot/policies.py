"""The policies in force, read once a change."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

from sqlalchemy import Connection

from audit_core.clock import Clock, utc_now
from audit_core.errors import Problems
from audit_core.ledger.policies import effective, text_of
from audit_core.ledger.violations import Violation, violation_key
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.lineage import born, known_as

__all__ = ["Policies", "readable_text"]


class Policies:
    """Gives the policies that are in force when it is asked; parses again only the texts that it has not met.

    Parameters
    ----------
    clock : Clock
        What time it is: a text may take force at a day of its own.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[str | None, Policy] = {}  # by the SHA-256 of the text

    def __call__(self, connection: Connection) -> Mapping[str, Policy]:
        """Give the policies in force by their ids."""
        wanted = {policy: one.sha256 for policy, one in effective(connection, self._clock()).items()}
        with self._lock:
            known = self._known
            if known.keys() != set(wanted.values()):
                known = {
                    sha256: known.get(sha256) or _read(connection, policy, sha256) for policy, sha256 in wanted.items()
                }
                self._known = known
        return {policy: known[sha256] for policy, sha256 in wanted.items()}

    def readable(self, connection: Connection) -> Mapping[str, Policy]:
        """Give the policies in force by their ids, without those that this program can no longer read."""
        try:
            return self(connection)
        except Problems:
            wanted = effective(connection, self._clock())
        found = {}
        for policy, one in wanted.items():
            with suppress(Problems):
                found[policy] = _read(connection, policy, one.sha256)
        return found

    def rule(self, connection: Connection, policy: str, rule: str) -> tuple[Policy, Rule] | None:
        """Find an active rule, by any id that it has had, with its policy; None if it is no longer in force."""
        return _rule_of(self(connection).get(policy), rule)

    def rule_then(self, connection: Connection, sha256: str, violation: Violation) -> tuple[Policy, Rule] | None:
        """Find the rule of a violation in a policy text of the past, whatever its id was; None if it is not in it."""
        text = text_of(connection, sha256)
        policy = check_text(text, f"policy text {sha256[:12]}") if text is not None else None
        for rule in policy.rules if policy else ():
            key = violation_key(
                policy=violation.policy,
                rule=born(rule),
                dataset=violation.dataset,
                subject_kind=violation.subject_kind,
                subject=violation.subject,
                discriminator=violation.discriminator,
            )
            if policy and key == violation.key:
                return policy, rule
        return None


def readable_text(connection: Connection, sha256: str | None) -> Policy | None:
    """Read a kept text; None if there is none, or none that this program can read."""
    text = text_of(connection, sha256) if sha256 else None
    with suppress(Problems):
        return _parsed(text, f"policy text {sha256[:12]}") if text is not None and sha256 else None
    return None


@lru_cache(maxsize=64)
def _parsed(text: str, name: str) -> Policy:
    return check_text(text, name)


def _read(connection: Connection, policy: str, sha256: str | None) -> Policy:
    return check_text(text_of(connection, sha256 or "") or "", f"active policy {policy}")


def _rule_of(policy: Policy | None, rule: str) -> tuple[Policy, Rule] | None:
    for one in policy.rules if policy else ():
        if policy and rule in known_as(one):
            return policy, one
    return None
