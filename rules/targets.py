"""What a quarantine takes out: the tracks that a rule names for one of its violations."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from audit_core.catalogue.snapshot import Snapshot
from rules.checks import KINDS
from rules.complaint import TrackList
from rules.language.policy import Policy, Rule
from rules.scope import scopes

__all__ = ["Subject", "targets"]


class Subject(Protocol):
    """What a violation is about."""

    @property
    def dataset(self) -> str:
        """In which dataset."""

    @property
    def subject_kind(self) -> str:
        """A track, a pair, a group, a value, or the rule itself."""

    @property
    def subject(self) -> str:
        """Its natural key."""

    @property
    def discriminator(self) -> str:
        """What sets it apart."""


def targets(connection: Connection, policy: Policy, rule: Rule, violation: Subject, snapshot: Snapshot) -> TrackList:
    """List the tracks that a quarantine of a violation takes out, each as its dataset and its key.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    policy, rule : Policy, Rule
        As they are in force.
    violation : Subject
        Of this rule.
    snapshot : Snapshot
        When: of a group, what is left of it then.

    Returns
    -------
    tracks : tuple of (str, str)
        Sorted. Empty if there is nothing to take out, or if the policy no longer covers the dataset.
    """
    if violation.subject_kind == "rule":
        return ()
    for scope in scopes(connection, policy.applies_to, snapshot):
        if scope.dataset.name == violation.dataset:
            return KINDS[rule.kind].targets(rule.spec, scope, connection, violation.subject, violation.discriminator)
    return ()
