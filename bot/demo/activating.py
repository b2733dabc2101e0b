"""The demo's policies come into force as any do: one of its people proposes them, and another confirms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from audit_core.catalogue.store import Store
from audit_core.clock import Clock
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activated_last
from audit_core.settings import Settings
from bot.demo.listening import Tell
from bot.proposing.activations import Activations
from bot.roles import Roles
from rules.language.policy import Policy
from rules.language.reader import check_folder

__all__ = ["put_in_force"]

_REASON: Final = "For the demo."


def put_in_force(
    store: Store,
    settings: Settings,
    *,
    proposer: str,
    confirmer: str,
    say: Callable[[str], None],
    tell: Tell,
    clock: Clock,
) -> None:
    """Put the workspace's policies in force that never were; what became of the others is for their people to say.

    Parameters
    ----------
    store, settings
        Of the demo's workspace.
    proposer, confirmer : str
        Two of its people; the second has a say in all of its policies.
    say, tell : callable
        Told what was done, and what is being done.
    """
    activations = Activations(
        store, Roles(settings.groups, settings.people, clock), settings, clock=clock, announce=False
    )
    policies = check_folder([settings.policies])
    for done, policy in enumerate(policies):
        tell("looking at policies", done, len(policies))
        with store.read() as connection:
            last = activated_last(connection, policy.id)
        if last is None:
            say(f"policy {policy.id}: {_activated(activations, policy, proposer, confirmer)}")
        elif last.sha256 == policy.sha256:
            say(f"policy {policy.id}: unchanged")
        else:
            say(f"policy {policy.id}: edited; `cratecheck policy activate` proposes the edit")


def _activated(activations: Activations, policy: Policy, proposer: str, confirmer: str) -> str:
    """Take a policy as far as it comes, and say how far that is."""
    origin = f"policies/{Path(policy.path).name}"
    found = activations.propose(policy.text, policy.id, proposer, "cli", reason=_REASON, origin=origin)
    if found is None:
        return "unchanged"
    found = activations.examine(found.id)
    if found.state != "proposed":
        return f"{found.state}: {found.refused}"
    try:
        return activations.answer(found.id, confirmer, "cli", "confirm").state
    except DecisionRefused as refusal:  # a policy of the newcomer's own, for others to confirm
        return f"proposed as {found.short}: {refusal}"
