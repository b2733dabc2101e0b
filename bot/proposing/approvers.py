"""Who has a say in a proposal: never its author, and whom the proposed text names only where nothing else tells.

Whom the settings name as `policy_approvers`. Where they name nobody, the reviewers of the policy as its text in force
has them; else as its newest activated text does that can be read, be it one of the past or one that takes force later.
Of a policy that never was, the reviewers of any policy in force. Only in a workspace where nothing was ever activated,
those of the proposed text itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activations
from audit_core.ledger.proposals import Answer, Proposal, proposals
from audit_core.settings import Settings
from audit_core.wording import listed
from bot.people import identified, same_person
from bot.policies import Policies, readable_text
from bot.roles import Roles
from rules.language.policy import Policy, Reviewers

__all__ = ["Approvers"]

_OTHERS: Final = "The policies in force name"


class _Who(NamedTuple):
    """Who has a say, and who says so, as a sentence begins: "The settings name"."""

    says: str
    named: tuple[Reviewers, ...] = ()


class Approvers:
    """Tells who may answer proposals.

    Parameters
    ----------
    roles : Roles
        Who belongs to which group.
    settings : Settings
        The people, and who may confirm in place of the reviewers.
    policies : Policies
        The policies in force.
    """

    def __init__(self, roles: Roles, settings: Settings, policies: Policies, clock: Clock = utc_now) -> None:
        self._roles = roles
        self._settings = settings
        self._policies = policies
        self._clock = clock

    def demand(self, connection: Connection, found: Proposal, person: str, answer: Answer) -> None:
        """Refuse a person who may not answer so.

        Raises
        ------
        DecisionRefused
            Saying who may, or that the members of their group are not known at the moment.
        """
        own = same_person(found.person, person, self._settings.people)
        if answer == "withdraw":
            if not own:
                what = f"only {self._roles.name(found.person)}, who proposed it, may withdraw it"
                raise DecisionRefused(what, mend="Reject it, with a reason.")
            return
        if own:
            verb = "confirmed" if answer == "confirm" else "rejected"
            mend = "Ask somebody else who has a say." if answer == "confirm" else "Whoever proposed it may withdraw it."
            raise DecisionRefused(f"a proposal is {verb} by another person than proposed it", mend=mend)
        who, unknown = self._who(connection, found), None
        for one in who.named:
            try:
                if person in self._roles.members(connection, one):
                    return
            except DecisionRefused as refusal:  # the next one may be known
                unknown = unknown or refusal
        if unknown is not None:
            raise unknown
        mend = f"{who.says} {self._named(who, 'and')}."
        if not who.named:
            mend += " Name who has, as policy_approvers in cratecheck.toml."
        raise DecisionRefused(f"{self._roles.name(person)} has no say in this", mend=mend)

    def named(self, connection: Connection, found: Proposal) -> str:
        """Say who may confirm a proposal, or reject it: a group's handle, or names."""
        who = self._who(connection, found)
        named = self._named(who, "or")
        return f"{named} (who review the policies in force)" if who.says == _OTHERS else named

    def able(self, connection: Connection, found: Proposal) -> int | None:
        """Count the people who may confirm a proposal, its author not among them; None if they are not known now."""
        try:
            named = self._who(connection, found).named
            members = {person for one in named for person in self._roles.members(connection, one)}
        except DecisionRefused:
            return None
        return sum(not same_person(person, found.person, self._settings.people) for person in members)

    def groups(self, connection: Connection) -> frozenset[str]:
        """Name the groups that have a say in proposals, beside those of the policies in force."""
        who = [one for found in proposals(connection, self._clock()) for one in self._who(connection, found).named]
        return frozenset(one.group for one in (*who, *self._chosen()) if one.group)

    def _named(self, who: _Who, last: str) -> str:
        return listed(map(self._roles.named, who.named), last) if who.named else "nobody"

    def _who(self, connection: Connection, found: Proposal) -> _Who:
        if chosen := self._chosen():
            return _Who("The settings name", chosen)
        in_force = self._policies.readable(connection)
        own = in_force.get(found.policy) or _newest(connection, found.policy)
        if own is not None:
            return _Who("The policy names", _reviewers([own]))
        if in_force:
            return _Who(_OTHERS, _reviewers(in_force.values()))
        if not activations(connection):
            text = readable_text(connection, found.sha256)
            return _Who("The policy names", _reviewers([text] if text else []))
        newest = _newest(connection)
        return _Who("The last policy in force named", _reviewers([newest] if newest else []))

    def _chosen(self) -> tuple[Reviewers, ...]:
        chosen = self._settings.policy_approvers
        people = tuple(identified(one, self._settings.people) for one in chosen if not one.startswith("@"))
        groups = tuple(Reviewers(group=one) for one in chosen if one.startswith("@"))
        return (*((Reviewers(people=people),) if people else ()), *groups)


def _reviewers(policies: Iterable[Policy]) -> tuple[Reviewers, ...]:
    return tuple(dict.fromkeys(policy.review.reviewers for policy in policies))


def _newest(connection: Connection, policy: str | None = None) -> Policy | None:
    """Find the text that was activated last among those that can be read, of one policy or of all."""
    for one in reversed(activations(connection, policy)):
        if (text := readable_text(connection, one.sha256)) is not None:
            return text
    return None
