"""The policies in force, and every text that was kept: each is parsed once, whether it can be read or not."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from audit_core.clock import Clock, utc_now
from audit_core.errors import PolicyError, Problems
from audit_core.ledger.policies import effective, text_of
from audit_core.ledger.violations import Violation, violation_key
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.lineage import born, known_as

__all__ = ["Policies", "kept_name", "kept_text", "readable_text"]

_KEPT: Final = 4096


class Policies:
    """Gives the policies that are in force when it is asked.

    Parameters
    ----------
    clock : Clock
        What time it is: a text may take force at a day of its own.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock

    def __call__(self, connection: Connection) -> Mapping[str, Policy]:
        """Give the policies in force by their ids.

        Raises
        ------
        Problems
            If this program can no longer read one of them.
        """
        wanted = effective(connection, self._clock())
        return {policy: kept_text(connection, one.sha256 or "") for policy, one in wanted.items()}

    def readable(self, connection: Connection) -> Mapping[str, Policy]:
        """Give the policies in force by their ids, without those that this program can no longer read."""
        wanted = effective(connection, self._clock())
        found = {policy: readable_text(connection, one.sha256) for policy, one in wanted.items()}
        return {policy: one for policy, one in found.items() if one is not None}

    def rule(self, connection: Connection, policy: str, rule: str) -> tuple[Policy, Rule] | None:
        """Find an active rule, by any id that it has had, with its policy; None if it is no longer in force.

        Raises
        ------
        Problems
            If this program can no longer read its policy; what others say does not matter.
        """
        one = effective(connection, self._clock()).get(policy)
        return _rule_of(kept_text(connection, one.sha256 or ""), rule) if one else None

    def rule_then(self, connection: Connection, sha256: str, violation: Violation) -> tuple[Policy, Rule] | None:
        """Find the rule of a violation in a policy text of the past, whatever its id was; None if it is not in it."""
        policy = kept_text(connection, sha256) if text_of(connection, sha256) is not None else None
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


class _Read:
    """Texts that were read, by their SHA-256: what they mean, or why they can't be read. The oldest goes first."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Policy | Problems] = OrderedDict()

    def get(self, sha256: str) -> Policy | Problems | None:
        with self._lock:
            if sha256 in self._known:
                self._known.move_to_end(sha256)
            return self._known.get(sha256)

    def put(self, sha256: str, read: Policy | Problems) -> None:
        with self._lock:
            self._known[sha256] = read
            while len(self._known) > self._at_most:
                self._known.popitem(last=False)


_READ: Final = _Read(_KEPT)


def kept_text(connection: Connection, sha256: str) -> Policy:
    """Read a kept text, which is parsed once.

    Raises
    ------
    Problems
        If this program can't read it, or there is none of this address.
    """
    read = _READ.get(sha256)
    if read is None:
        text = text_of(connection, sha256)
        if text is None:
            raise Problems([PolicyError(f"there is no {kept_name(sha256)}")])
        read = _parsed(text, kept_name(sha256))
        _READ.put(sha256, read)
    if isinstance(read, Problems):
        raise Problems(read.problems)
    return read


def readable_text(connection: Connection, sha256: str | None) -> Policy | None:
    """Read a kept text; None if there is none, or none that this program can read."""
    with suppress(Problems):
        return kept_text(connection, sha256) if sha256 else None
    return None


def kept_name(sha256: str) -> str:
    """Name a kept text, as the places in it say."""
    return f"policy text {sha256[:12]}"


def _parsed(text: str, name: str) -> Policy | Problems:
    try:
        return check_text(text, name)
    except Problems as problems:
        return problems


def _rule_of(policy: Policy, rule: str) -> tuple[Policy, Rule] | None:
    for one in policy.rules:
        if rule in known_as(one):
            return policy, one
    return None
