"""Somebody answers a proposal in Slack: what that person may answer, and whether it is still as that person saw it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused
from audit_core.ledger.chain import Via
from audit_core.ledger.proposals import Proposal, proposal
from bot.gestures import AnswerMark
from bot.messages.proposal import Card
from bot.people import same_person
from bot.proposing.activations import Activations
from bot.proposing.proposals import Proposals, mark_of
from bot.proposing.proposed import closed
from bot.roles import Roles

__all__ = ["Answering", "Moved"]


class Moved(Exception):
    """The proposal went on since the person saw it: `mark` is how far it is now."""

    def __init__(self, mark: AnswerMark) -> None:
        super().__init__(mark.seen)
        self.mark = mark


class Answering:
    """Takes answers to proposals.

    Parameters
    ----------
    store : Store
    proposals : Proposals
    activations : Activations
    roles : Roles
        Knows people's names: whoever proposed may go by another.
    via : str
        Through what people act.
    """

    def __init__(
        self,
        store: Store,
        proposals: Proposals,
        activations: Activations,
        roles: Roles,
        via: Via,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._proposals = proposals
        self._activations = activations
        self._roles = roles
        self._via = via
        self._clock = clock

    def permit(self, mark: AnswerMark, person: str) -> AnswerMark:
        """Say beforehand what a person may answer, to the proposal as it is now; reads only.

        Returns
        -------
        mark : AnswerMark
            Its proposer withdraws what others reject.

        Raises
        ------
        DecisionRefused
            If the person has no say in it, or it was decided, lapsed or was overtaken.
        """
        with self._store.read() as connection:
            found = self._found(connection, mark)
            if found.state != "proposed":
                raise closed(connection, found, self._roles.name)
            answer = "withdraw" if mark.answer == "reject" and self._same(found.person, person) else mark.answer
            self._activations.approvers.demand(connection, found, person, answer)
            if answer == "confirm" and any(self._same(given.person, person) for given in found.answers):
                raise DecisionRefused(
                    f"{self._roles.name(person)} has confirmed this already", mend="It waits for somebody else."
                )
        return replace(mark, answer=answer, seen=mark_of(found))

    def card(self, mark: AnswerMark) -> Card:
        """Read the proposal that is answered."""
        with self._store.read() as connection:
            card = self._proposals.card(connection, mark.proposal)
        if card is None:
            raise _no_such()
        return card

    def answer(self, mark: AnswerMark, person: str, reason: str) -> Card:
        """Take an answer; it is committed when this returns.

        Raises
        ------
        Moved
            If somebody else confirmed it since the form was opened: what follows from the answer is another thing.
        DecisionRefused
            As `permit`.
        StoreError
            If the database is busy: nothing is answered then.
        """
        with self._store.read() as connection:
            found = self._found(connection, mark)
        own = any(self._same(given.person, person) for given in found.answers)
        if found.state == "proposed" and mark_of(found) != mark.seen and not own:
            raise Moved(replace(mark, seen=mark_of(found)))
        self._activations.answer(mark.proposal, person, self._via, mark.answer, reason)
        return self.card(mark)

    def _found(self, connection: Connection, mark: AnswerMark) -> Proposal:
        found = proposal(connection, mark.proposal, self._clock())
        if found is None:
            raise _no_such()
        return found

    def _same(self, first: str, second: str) -> bool:
        return same_person(first, second, self._roles.people)


def _no_such() -> DecisionRefused:
    return DecisionRefused("there is no such proposal", mend="Nothing is left to answer.")
