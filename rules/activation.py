"""Policies in force: the only ones that audits apply, as they read when they were activated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import Via
from audit_core.ledger.policies import activate_text, active_texts
from rules.policy import Policy
from rules.reader import check_text

__all__ = ["Activation", "activate", "active"]


@dataclass(frozen=True, slots=True)
class Activation:
    """What became of a policy that was to be put in force; unchanged if this text was in force already."""

    policy: str
    sha256: str
    outcome: Literal["activated", "replaced", "unchanged"]


def activate(
    store: Store, policies: Iterable[Policy], *, actor: str, via: Via, clock: Clock = utc_now
) -> list[Activation]:
    """Put policies in force: all of them, or none.

    Parameters
    ----------
    store : Store
        Where.
    policies : iterable of Policy
        Free of mistakes, as `rules.reader` gives them.
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
        before = {policy: sha256 for policy, (sha256, _) in active_texts(connection).items()}
        for policy in sorted(policies, key=lambda policy: policy.id):
            sha256 = activate_text(connection, policy.id, policy.text, actor=actor, via=via, at=clock())
            replaced = before.get(policy.id)
            outcome: Literal["activated", "replaced", "unchanged"] = (
                "activated" if replaced is None else "unchanged" if replaced == sha256 else "replaced"
            )
            done.append(Activation(policy.id, sha256, outcome))
    return done


def active(connection: Connection) -> list[Policy]:
    """Read the policies that are in force, by id.

    Raises
    ------
    Problems
        If this program can no longer read one of them.
    """
    return [check_text(text, f"active policy {policy}") for policy, (_, text) in active_texts(connection).items()]
