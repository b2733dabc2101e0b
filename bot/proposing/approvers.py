"""Who has a say in a proposal: the reviewers of the policy in force, or whom the settings name; never its author."""

from __future__ import annotations

from sqlalchemy import Connection

from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activated_last
from audit_core.ledger.proposals import Answer, Proposal, proposals
from audit_core.settings import Settings
from audit_core.wording import listed
from bot.people import identified, same_person
from bot.policies import Policies, readable_text
from bot.roles import Roles
from rules.language.policy import Reviewers

__all__ = ["Approvers"]


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
        who = self._who(connection, found)
        if not any(person in self._roles.members(connection, one) for one in who):
            whose = "The settings name" if self._settings.policy_approvers else "The policy names"
            raise DecisionRefused(
                f"{self._roles.name(person)} has no say in this", mend=f"{whose} {self._named(who, 'and')}."
            )

    def named(self, connection: Connection, found: Proposal) -> str:
        """Say who may confirm a proposal, or reject it: a group's handle, or names."""
        return self._named(self._who(connection, found), "or")

    def able(self, connection: Connection, found: Proposal) -> int | None:
        """Count the people who may confirm a proposal, its author not among them; None if they are not known now."""
        try:
            members = {
                person for one in self._who(connection, found) for person in self._roles.members(connection, one)
            }
        except DecisionRefused:
            return None
        return sum(not same_person(person, found.person, self._settings.people) for person in members)

    def groups(self, connection: Connection) -> frozenset[str]:
        """Name the groups that have a say in proposals, beside those of the policies in force."""
        who = [one for found in proposals(connection, self._clock()) for one in self._who(connection, found)]
        return frozenset(one.group for one in (*who, *self._chosen()) if one.group)

    def _named(self, who: tuple[Reviewers, ...], last: str) -> str:
        return listed(map(self._roles.named, who), last) if who else "nobody"

    def _who(self, connection: Connection, found: Proposal) -> tuple[Reviewers, ...]:
        if chosen := self._chosen():
            return chosen
        policy = self._policies.readable(connection).get(found.policy)
        policy = policy or readable_text(connection, found.sha256)
        if policy is None and (last := activated_last(connection, found.policy)) is not None:
            policy = readable_text(connection, last.sha256)  # it takes force later, and is to be retired before
        return (policy.review.reviewers,) if policy else ()

    def _chosen(self) -> tuple[Reviewers, ...]:
        chosen = self._settings.policy_approvers
        people = tuple(identified(one, self._settings.people) for one in chosen if not one.startswith("@"))
        groups = tuple(Reviewers(group=one) for one in chosen if one.startswith("@"))
        return (*((Reviewers(people=people),) if people else ()), *groups)
