"""Policies in force: the only ones that audits apply, as they read when they were activated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import PolicyError
from audit_core.ledger.chain import Via
from audit_core.ledger.policies import activate_text, activated_last, in_force
from audit_core.wording import quoted
from rules.language.policy import Policy
from rules.language.reader import check_text
from rules.lineage import known_as

__all__ = ["Activation", "activate", "active", "clashes", "effective_at"]


@dataclass(frozen=True, slots=True)
class Activation:
    """What became of a policy that was to be put in force; unchanged if this text was activated last already."""

    policy: str
    sha256: str
    outcome: Literal["activated", "replaced", "unchanged"]


def activate(
    store: Store, policies: Iterable[Policy], *, actor: str, via: Via, clock: Clock = utc_now
) -> list[Activation]:
    """Put policies in force, asking nobody: all of them, or none.

    Parameters
    ----------
    store : Store
        Where.
    policies : iterable of Policy
        Free of mistakes, as `rules.language.reader` gives them.
    actor, via : str
        Who does it, through what.
    clock : Clock
        What time it is.

    Returns
    -------
    activations : list of Activation
        By policy.
    """
    done: list[Activation] = []
    with store.write() as connection:
        for policy in sorted(policies, key=lambda policy: policy.id):
            last, at = activated_last(connection, policy.id), clock()
            replaced = last.sha256 if last else None
            since = effective_at(policy, at)
            sha256 = activate_text(connection, policy.id, policy.text, actor=actor, via=via, at=at, effective_at=since)
            outcome: Literal["activated", "replaced", "unchanged"] = (
                "activated" if replaced is None else "unchanged" if replaced == sha256 else "replaced"
            )
            done.append(Activation(policy.id, sha256, outcome))
    return done


def active(connection: Connection, at: datetime | None = None) -> list[Policy]:
    """Read the policies that are in force at a moment, by default now; by id.

    Raises
    ------
    Problems
        If this program can no longer read one of them.
    """
    texts = in_force(connection, at or utc_now())
    return [check_text(one.text, f"active policy {policy}") for policy, one in texts.items()]


def effective_at(policy: Policy, at: datetime) -> datetime:
    """Tell from when a policy that is activated at a moment counts: from then, or from the day that it names."""
    if policy.effective_from is None:
        return at
    return max(at, datetime.combine(policy.effective_from, time(), policy.zone).astimezone(UTC))


def clashes(policy: Policy, others: Iterable[tuple[str, Policy]]) -> Iterator[PolicyError]:
    """Find ids of a policy's rules, former ones included, that rules of other policies have or had.

    Parameters
    ----------
    policy : Policy
    others : iterable of (str, Policy)
        Each with where it is, as it reads in a sentence: "in force in the policy release". Those of the same id as
        `policy` are passed over.
    """
    taken: dict[str, str] = {}
    for where, other in others:
        if other.id != policy.id:
            for rule in other.rules:
                for name in known_as(rule):
                    taken.setdefault(name, where)
    for rule in policy.rules:
        for name in known_as(rule):
            if name in taken:
                yield PolicyError(
                    f"the rule id {quoted(name)} is taken: a rule of this id is or was {taken[name]}",
                    at=rule.location,
                    mend="Ids are unique in a workspace: choose another, or take that rule out first.",
                )
