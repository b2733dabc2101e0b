"""Activation: how a text of a policy comes into force, and how a policy goes out of force, in three steps.

Somebody proposes it; it is examined, by its examples and by a preview of what it would change; and somebody else who
has a say in the policy confirms it, or two where it loosens a critical rule. Each step is one short write transaction:
what takes long is computed in between, and what was examined is the text that its hash names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused, PolicyError, Problems
from audit_core.ledger.chain import Via, lock
from audit_core.ledger.policies import activate_text, activated_last, effective, pending, retire
from audit_core.ledger.proposals import (
    Answer,
    Proposal,
    activated,
    answered,
    demand_vouched,
    examined,
    outdated,
    proposal,
    proposals,
    proposals_like,
    proposed,
)
from audit_core.ledger.requests import writable
from audit_core.settings import Settings
from audit_core.wording import did_you_mean, quoted
from bot.outbox import ask, edit_parents
from bot.people import demand_known, identified, same_person
from bot.policies import Policies, kept_name, kept_text, readable_text
from bot.proposing.approvers import Approvers
from bot.proposing.former import must_have_been
from bot.proposing.freshness import is_stale
from bot.proposing.proposed import closed, difference_subject, proposal_subject
from bot.proposing.underway import must_carry_on_pending
from bot.roles import Roles
from rules.activation import clashes, effective_at
from rules.language.policy import Policy
from rules.language.reader import check_text
from rules.lineage import must_carry_on
from rules.preview import Progress

__all__ = ["Activations"]

_EXAMINER: Final = "cratecheck"
_BARELY_NAMED: Final = 4
_UNNAMED: Final = "the proposed text"


class Activations:
    """Takes proposals, examines them, and takes the answers.

    Parameters
    ----------
    store : Store
    roles : Roles
        Who the reviewers are.
    settings : Settings
        The people, who may confirm if not the reviewers, and the licences.
    policies : Policies, optional
        The policies in force.
    patience_s : float, optional
        How long a write waits for its turn.
    changed : callable, optional
        Called after each step is committed: wakes who sends messages.
    announce : bool
        Whether Slack is to be told.

    Attributes
    ----------
    approvers : Approvers
        Who may answer.
    """

    def __init__(
        self,
        store: Store,
        roles: Roles,
        settings: Settings,
        *,
        policies: Policies | None = None,
        clock: Clock = utc_now,
        patience_s: float = 20.0,
        changed: Callable[[], object] = lambda: None,
        announce: bool = True,
    ) -> None:
        self._store = store
        self._roles = roles
        self._settings = settings
        self._policies = policies or Policies(clock)
        self._clock = clock
        self._patience_s = patience_s
        self._changed = changed
        self._announce = announce
        self.approvers = Approvers(roles, settings, self._policies, clock)

    def propose(
        self,
        text: str | None,
        policy_id: str | None,
        person: str,
        via: Via,
        *,
        reason: str = "",
        origin: str = "",
        commit: str | None = None,
    ) -> Proposal | None:
        """Propose a text of a policy, or that a policy be retired; it is to be examined then.

        Parameters
        ----------
        text : str or None
            The text; None: the policy is to be retired.
        policy_id : str or None
            The policy, which the text must be of; None: whichever the text is of.
        person, via : str
            Who proposes it, through what.
        reason, origin, commit : str, optional
            Why; the file it was read from; the commit of the git checkout in which the file lies.

        Returns
        -------
        proposal : Proposal or None
            None if this is what was activated last already. If somebody has proposed the same already, that.

        Raises
        ------
        Problems, PolicyError
            All mistakes of the text; ids of rules that others have; a history that would be lost; no such policy.
        DecisionRefused
            If nobody can tell who the person is.
        StoreError
            If the database is busy for too long: nothing is proposed then.
        """
        person, reason = writable(person), writable(reason)
        demand_known(person, self._settings.people)
        person = identified(person, self._settings.people)
        policy = check_text(text, origin or _UNNAMED) if text is not None else None
        if policy is not None and policy_id not in (None, policy.id):
            what = f"this text is of the policy {quoted(policy.id)}, not of {quoted(policy_id)}"
            raise PolicyError(what, mend=f"Write `policy: {policy_id}`, or propose it as a new policy.")
        name = policy.id if policy else policy_id or ""
        with self._store.read() as connection:
            self._demand_proposable(connection, name, policy)  # before the database is kept from others
        with self._store.write(patience_s=self._patience_s) as connection:
            lock(connection)
            now, last = self._clock(), activated_last(connection, name)
            sha256 = policy.sha256 if policy else None
            if last is not None and last.sha256 == sha256:
                return None
            for other in proposals(connection, now, policy=name):
                if other.sha256 == sha256:
                    return other
            self._demand_proposable(connection, name, policy)
            base = effective(connection, now).get(name)
            number = proposed(
                connection,
                name,
                text,
                base_sha256=base.sha256 if base else None,
                person=person,
                via=via,
                at=now,
                reason=reason,
                origin=origin,
                commit=commit,
            )
            return _there(connection, number, now)

    def examine(self, number: str, *, progress: Progress | None = None) -> Proposal:
        """Examine a proposal, by its examples and a preview: it is refused, or may be confirmed then.

        However often, and in however many processes, it is examined: it counts once.

        Raises
        ------
        DecisionRefused
            If there is no such proposal.
        StoreError
            If the database is busy for too long: the proposal is still to be examined then.
        """
        from bot.proposing.examination import examination
        from bot.workspace import licence_table

        with self._store.read() as connection:
            found = _there(connection, number, self._clock())
            before = self._policies.readable(connection).get(found.policy)
        if found.state != "examining":
            return found
        refused, preview = None, None
        try:
            after = self._text(found)
            preview = examination(
                self._store,
                policy=found.policy,
                before=before,
                after=after,
                unreadable=before is None and found.base_sha256 is not None,
                licences=licence_table(self._settings),
                roles=self._roles,
                as_of=self._clock(),
                progress=progress,
            )
        except (Problems, PolicyError) as error:
            refused = str(error).replace(kept_name(found.sha256 or ""), found.origin or _UNNAMED)
        with self._store.write(patience_s=self._patience_s) as connection:
            lock(connection)
            now = self._clock()
            found = _there(connection, number, now)
            if found.state != "examining":
                return found
            examined(
                connection,
                number,
                preview=preview,
                confirmations=2 if preview and preview["loosening"] else 1,
                refused=refused,
                actor=_EXAMINER,
                via=found.via,
                at=now,
            )
            found = _there(connection, number, now)
            if refused is None:
                self._replace(connection, found, now)
            if preview is not None and (told := before or after) is not None:
                self._tell(connection, found, told.review.channel, now)
        self._changed()
        return found

    def answer(self, number: str, person: str, via: Via, answer: Answer, reason: str = "") -> Proposal:
        """Take an answer: once, however often it arrives. The last confirmation that is needed activates.

        What is to be confirmed after the catalogue was changed, or an audit finished, is examined anew instead:
        nobody has seen what it would do now. It is given back as "examining" then; confirmations that it has stay.

        Parameters
        ----------
        number : str
            The proposal's id.
        person, via : str
            Who answers, through what.
        answer : Answer
            To confirm or to reject, for those who have a say; to withdraw, for the proposer.
        reason : str
            A rejection needs one.

        Raises
        ------
        DecisionRefused
            If there is no such proposal, it is not open any more, or the person has no say in it.
        StoreError
            If the database is busy for too long: nothing is answered then.
        """
        person, reason = identified(writable(person), self._settings.people), writable(reason)
        with self._store.read() as connection:
            found = _there(connection, number, self._clock())
            self._met(connection)
        policy = self._to_activate(found) if answer == "confirm" else None
        with self._store.write(patience_s=self._patience_s) as connection:
            lock(connection)
            now = self._clock()
            found = _there(connection, number, now)
            if self._given(found, person, answer):
                return found
            self._demand_answerable(connection, found, person, answer)
            if answer == "reject" and not reason.strip():
                raise DecisionRefused("a rejection needs a reason", mend="Say why: its author will ask.")
            if answer == "confirm" and policy is not None:
                self._demand_unique(connection, policy, now)
            stale = answer == "confirm" and is_stale(connection, found.preview or {})
            if stale:
                outdated(connection, number, person=person, via=via, at=now)
            else:
                answered(connection, number, answer=answer, person=person, via=via, at=now, reason=reason)
            found = _there(connection, number, now)
            if not stale and answer == "confirm" and found.confirmed >= found.confirmations:
                demand_vouched(connection, number)
                found = self._activate(connection, found, policy, person, via, now)
            self._retell(connection, found)
        self._changed()
        return found

    def named(self, digits: str) -> Proposal:
        """Find the proposal whose id begins so.

        Raises
        ------
        DecisionRefused
            If there is none, or more than one.
        """
        with self._store.read() as connection:
            now = self._clock()
            found = proposals_like(connection, digits, now) if len(digits) >= _BARELY_NAMED else []
            if len(found) == 1:
                return found[0]
            waiting = [one.short for one in proposals(connection, now)]
        what = "is the beginning of more than one proposal's id" if found else "is no proposal"
        some = [one.id for one in found] or waiting
        mend = (
            f"Choose from: {', '.join(some)}." if some else "No proposal is open: `cratecheck policy proposals --all`."
        )
        raise DecisionRefused(f"{quoted(digits)} {what}", mend=mend)

    def waiting(self) -> list[Proposal]:
        """Find the proposals that are still to be examined, the oldest first."""
        with self._store.read() as connection:
            return [one for one in proposals(connection, self._clock()) if one.state == "examining"]

    def _text(self, found: Proposal) -> Policy | None:
        if found.sha256 is None:
            return None
        with self._store.read() as connection:
            return kept_text(connection, found.sha256)

    def _to_activate(self, found: Proposal) -> Policy | None:
        try:
            return self._text(found)
        except Problems as problems:
            what = f"this program can't read the text of the proposal {found.short}: {problems.problems[0]}"
            raise DecisionRefused(what, mend="Reject it or withdraw it, and propose a text that it can read.") from None

    def _met(self, connection: Connection) -> None:
        """Parse what is not parsed yet before the database is kept from others: then only what is new is left."""
        deque(self._others(connection, self._clock()), maxlen=0)

    def _given(self, found: Proposal, person: str, answer: Answer) -> bool:
        people = self._settings.people
        return any(one.answer == answer and same_person(one.person, person, people) for one in found.answers)

    def _demand_answerable(self, connection: Connection, found: Proposal, person: str, answer: Answer) -> None:
        if found.state != "proposed" and (answer, found.state) != ("withdraw", "examining"):
            raise closed(connection, found, self._roles.name)
        self.approvers.demand(connection, found, person, answer)

    def _demand_proposable(self, connection: Connection, name: str, policy: Policy | None) -> None:
        now = self._clock()
        if policy is None:
            last = activated_last(connection, name)
            if last is None:
                known = list(effective(connection, now))
                mend = did_you_mean(name, known) if known else "No policy is in force."
                raise PolicyError(f"no policy {quoted(name)} was ever activated", mend=mend)
            return
        if problems := list(clashes(policy, self._others(connection, now))):
            raise Problems(problems)
        must_carry_on(self._policies.readable(connection).get(name), policy)
        must_carry_on_pending(connection, policy, now)
        must_have_been(connection, policy, now)

    def _demand_unique(self, connection: Connection, policy: Policy, now: datetime) -> None:
        if problem := next(clashes(policy, self._others(connection, now)), None):
            raise DecisionRefused(problem.what, mend=problem.mend)

    def _others(self, connection: Connection, now: datetime) -> Iterator[tuple[str, Policy]]:
        for policy in self._policies.readable(connection).values():
            yield f"in force in the policy {policy.id}", policy
        for one in pending(connection, now):
            if (later := readable_text(connection, one.sha256)) is not None:
                yield f"in the text of {one.policy} that takes force on {one.effective_at:%Y-%m-%d}", later

    def _replace(self, connection: Connection, found: Proposal, now: datetime) -> None:
        """Withdraw what the same person proposed of the policy before: nobody is to confirm it by mistake.

        Not sooner than the new proposal may be confirmed: one that is refused leaves what it should replace.
        """
        for other in proposals(connection, now, policy=found.policy):
            if other.id == found.id:
                return
            if same_person(other.person, found.person, self._settings.people):
                said: dict[str, Any] = {"person": found.person, "via": found.via, "at": now}
                answered(connection, other.id, answer="withdraw", reason=f"Proposed anew, as {found.short}.", **said)
                self._retell(connection, other)

    def _activate(
        self, connection: Connection, found: Proposal, policy: Policy | None, person: str, via: Via, now: datetime
    ) -> Proposal:
        rivals = [one for one in proposals(connection, now, policy=found.policy) if one.id != found.id]
        said: dict[str, Any] = {"actor": person, "via": via, "at": now, "proposal_id": found.id, "commit": found.commit}
        if policy is None:
            retire(connection, found.policy, **said)
        else:
            activate_text(connection, policy.id, policy.text, effective_at=effective_at(policy, now), **said)
        activated(connection, found.id, now)
        for rival in rivals:  # they are overtaken
            self._retell(connection, rival)
        return _there(connection, found.id, now)

    def _tell(self, connection: Connection, found: Proposal, channel: str, now: datetime) -> None:
        if self._announce:
            subject = proposal_subject(found.id)
            ask(connection, channel=channel, subject=subject, at=now)
            if found.sha256 is not None:
                ask(connection, channel=channel, subject=difference_subject(found.id), parent=subject, at=now)

    def _retell(self, connection: Connection, found: Proposal) -> None:
        edit_parents(connection, proposal_subject(found.id))


def _there(connection: Connection, number: str, now: datetime) -> Proposal:
    found = proposal(connection, number, now)
    if found is None:
        raise DecisionRefused(
            "there is no such proposal", mend="`cratecheck policy proposals` lists those that are open."
        )
    return found
