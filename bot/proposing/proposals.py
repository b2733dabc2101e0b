"""What is said of proposals and of the policies that they change, read from the database as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from audit_core.clock import Clock, utc_now
from audit_core.errors import PolicyError
from audit_core.ledger.policies import text_of
from audit_core.ledger.proposals import Given, Proposal, proposal
from bot.gestures import PolicyMark, Spot
from bot.messages.difference import difference, difference_message
from bot.messages.kit import Message
from bot.messages.policy_form import PolicyForm
from bot.messages.proposal import Asked, Card, Change, Kind, Step
from bot.policies import Policies, readable_text
from bot.proposing.approvers import Approvers
from bot.proposing.fields import TooLong, fields_of
from bot.proposing.freshness import seen_of
from rules.activation import effective_at
from rules.language.explain import explain_rule
from rules.language.policy import Policy

__all__ = ["Proposals", "mark_of"]


class Proposals:
    """Reads how proposals stand; changes nothing.

    Parameters
    ----------
    policies : Policies
        The policies in force.
    approvers : Approvers
        Who may confirm a proposal.
    """

    def __init__(self, policies: Policies, approvers: Approvers, clock: Clock = utc_now) -> None:
        self._policies = policies
        self._approvers = approvers
        self._clock = clock

    def card(self, connection: Connection, number: str) -> Card | None:
        """Read how a proposal stands; None if there is none of this id."""
        found = proposal(connection, number, self._clock())
        return None if found is None else self.card_of(connection, found)

    def card_of(self, connection: Connection, one: Proposal) -> Card:
        """Read what is to be said of a proposal."""
        said = readable_text(connection, one.sha256 or one.base_sha256)
        preview: Mapping[str, Any] = one.preview or {}
        ended = [given for given in one.answers if given.answer != "confirm"]
        return Card(
            id=one.id,
            policy=one.policy,
            title=said.title if said else one.policy,
            kind=_kind(one),
            state=one.state,
            mark=mark_of(one),
            proposed=Step(one.person, one.at, one.reason),
            via=one.via,
            approvers=self._approvers.named(connection, one),
            confirmations=one.confirmations,
            able=self._approvers.able(connection, one),
            lapses_at=one.lapses_at,
            sha256=one.sha256,
            base_sha256=one.base_sha256,
            origin=one.origin if Spot.of_origin(one.origin) is None else "",
            commit=one.commit,
            confirmed=tuple(_step(given) for given in one.answers if given.answer == "confirm"),
            ended=_step(ended[-1]) if ended else None,
            loosening=tuple(preview.get("loosening", ())),
            notes=tuple(preview.get("notes", ())),
            changes=tuple(map(_change, preview.get("rules", ()))),
            asked=tuple(map(_asked, preview.get("channels", ()))),
            judges_nothing=bool(preview.get("judges_nothing")),
            begins=one.effective_at or self._ahead(said if one.sha256 else None),
            refused=one.refused,
        )

    def difference(self, connection: Connection, number: str) -> Message | None:
        """Write what a proposal changes in the text, line by line; None if it has no text."""
        found = proposal(connection, number, self._clock())
        after = text_of(connection, found.sha256) if found and found.sha256 else None
        if found is None or found.sha256 is None or after is None:
            return None
        before = text_of(connection, found.base_sha256) if found.base_sha256 else None
        return difference_message(difference(before, after), found.sha256, new=before is None)

    def form(self, connection: Connection, mark: PolicyMark) -> PolicyForm:
        """Read what a policy's form shows, of the text in force.

        Raises
        ------
        PolicyError
            If the policy is no longer in force.
        """
        policy = self._policies.readable(connection).get(mark.policy)
        if policy is None:
            raise PolicyError(f"the policy {mark.policy} is no longer in force")
        rules = {rule.id: rule for rule in policy.rules}
        rule = rules.get(mark.rule)
        try:
            fields = fields_of(policy)
        except TooLong:
            fields = None
        gone = f"The rule {mark.rule} is no longer in force."
        return PolicyForm(
            policy=policy.id,
            title=policy.title,
            rule=rule.id if rule else None,
            explained=explain_rule(rule) if rule else gone,
            ids=list(rules),
            fields=fields,
            metadata=PolicyMark(policy.id, mark.rule, mark.spot, policy.sha256).dumps(),
        )

    def base(self, connection: Connection, mark: PolicyMark) -> Policy | None:
        """Read the text that a form was made of; None if it is no longer the one in force."""
        policy = self._policies.readable(connection).get(mark.policy)
        return policy if policy is not None and policy.sha256 == mark.base else None

    def _ahead(self, policy: Policy | None) -> datetime | None:
        """Tell from when a text would count, if that is still to come."""
        now = self._clock()
        begins = effective_at(policy, now) if policy else now
        return begins if begins > now else None


def mark_of(one: Proposal) -> str:
    """Write how far a proposal is, for its buttons: a click on an older state of it is noticed."""
    return f"{one.state}/{one.confirmed}/{seen_of(one.preview or {})}"


def _kind(one: Proposal) -> Kind:
    if one.sha256 is None:
        return "retirement"
    return "edit" if one.base_sha256 else "new"


def _step(given: Given) -> Step:
    return Step(given.person, given.at, given.reason)


def _change(rule: Mapping[str, Any]) -> Change:
    """Read a rule's part of a preview, as `RulePreview.as_dict` writes it."""
    return Change(
        rule=rule["rule"],
        dataset=rule["dataset"],
        opens=rule["opens"] + rule["reopens"],
        closes=rule["resolved"] + rule["gone"] + rule["superseded"],
        opens_anyway=rule["anyway"]["opens"],
        closes_anyway=rule["anyway"]["closes"],
        lapsing=rule["lapsing"],
        enforced=rule.get("enforced", 0),  # previews that are kept may be older than this
        stopped=rule["stopped"],
        result=rule["result"],
    )


def _asked(channel: Mapping[str, Any]) -> Asked:
    """Read a channel's part of a preview, as `previewed` writes it."""
    return Asked(channel["channel"], channel["threads"], channel["messages"], tuple(channel["people"]))
