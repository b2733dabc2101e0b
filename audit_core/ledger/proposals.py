"""Proposals of policy texts, and what people answer: each step is a row, or a change of one, that an entry vouches for.

Who may answer, what an examination finds and what is activated by the last confirmation is not known here.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from audit_core.errors import LedgerBroken
from audit_core.ledger.chain import Via, append, canonical, lock
from audit_core.ledger.policies import keep_text
from audit_core.ledger.tables import ledger_entries, policy_activations, policy_answers, policy_proposals

__all__ = [
    "LAPSES_AFTER",
    "Answer",
    "Given",
    "Proposal",
    "State",
    "activated",
    "answered",
    "demand_vouched",
    "examined",
    "outdated",
    "preview_sha256",
    "proposal",
    "proposals",
    "proposals_like",
    "proposed",
]

LAPSES_AFTER: Final = timedelta(days=3)

Answer = Literal["confirm", "reject", "withdraw"]
State = Literal["examining", "proposed", "activated", "rejected", "withdrawn", "refused", "lapsed", "overtaken"]
"""``lapsed`` and ``overtaken`` are not stored: time, or another activation, makes an open proposal so."""

_OPEN: Final = ("examining", "proposed")
_KINDS: Final[Mapping[Answer, str]] = {"confirm": "confirmation", "reject": "rejection", "withdraw": "withdrawal"}
_BECOMES: Final[Mapping[Answer, State]] = {"reject": "rejected", "withdraw": "withdrawn"}


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that a person gave."""

    person: str
    answer: Answer
    at: datetime
    via: Via
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants in force, or out of force, and how far it has come.

    Attributes
    ----------
    id : str
        Hexadecimal; `short` is how it is shown.
    sha256 : str or None
        The text's address; None: the policy is to be retired.
    base_sha256 : str or None
        Of the text in force when it was proposed; None: a new policy.
    person, via, at, reason : str, str, datetime, str
        Who proposed it, through what, when and why.
    origin : str
        The file it was read from, if any.
    commit : str or None
        Of the git checkout in which the file lay.
    state : State
        At the moment for which it was read.
    preview : mapping or None
        What the last examination found; None before the first, and of what it refused.
    confirmations : int
        How many it needs.
    refused : str or None
        Why the examination refused it.
    decided_at : datetime or None
        When it was activated, rejected, withdrawn or refused.
    answers : tuple of Given
        In their order.
    effective_at : datetime or None
        Of what was activated: from when it counts.
    """

    id: str
    policy: str
    sha256: str | None
    base_sha256: str | None
    person: str
    via: Via
    at: datetime
    reason: str
    origin: str
    commit: str | None
    state: State
    preview: Mapping[str, Any] | None
    confirmations: int
    refused: str | None
    decided_at: datetime | None
    answers: tuple[Given, ...]
    effective_at: datetime | None

    @property
    def short(self) -> str:
        """The first eight digits of its id, by which people name it."""
        return self.id[:8]

    @property
    def confirmed(self) -> int:
        """How many have confirmed it."""
        return sum(given.answer == "confirm" for given in self.answers)

    @property
    def is_open(self) -> bool:
        """Whether it may still come to something."""
        return self.state in _OPEN

    @property
    def lapses_at(self) -> datetime:
        """When it lapses, if nobody decides."""
        return self.at + LAPSES_AFTER


def proposed(
    connection: Connection,
    policy: str,
    text: str | None,
    *,
    base_sha256: str | None,
    person: str,
    via: Via,
    at: datetime,
    reason: str = "",
    origin: str = "",
    commit: str | None = None,
) -> str:
    """Write a proposal down, to be examined; gives its id. Without a text, it is to retire the policy."""
    lock(connection)
    number = uuid.uuid4().hex
    sha256 = keep_text(connection, policy, text) if text is not None else None
    said = {"policy": policy, "sha256": sha256, "base": base_sha256, "reason": reason, "origin": origin}
    payload = {"proposal": number, "commit": commit, **said}
    entry = append(connection, kind="proposal", actor=person, via=via, at=at, payload=payload)
    connection.execute(
        insert(policy_proposals).values(
            id=number,
            seq=entry.seq,
            policy=policy,
            sha256=sha256,
            base_sha256=base_sha256,
            person=person,
            via=via,
            at=at,
            reason=reason,
            origin=origin,
            git_commit=commit,
            state="examining",
            confirmations=1,
        )
    )
    return number


def examined(
    connection: Connection,
    number: str,
    *,
    preview: Mapping[str, Any] | None,
    confirmations: int = 1,
    refused: str | None = None,
    actor: str,
    via: Via,
    at: datetime,
) -> None:
    """Write down what the examination of a proposal came to: its preview, or why it is refused."""
    lock(connection)
    payload: dict[str, Any] = {"proposal": number, "confirmations": confirmations}
    payload |= {"refused": refused} if refused is not None else {"preview": preview_sha256(preview)}
    append(connection, kind="examination", actor=actor, via=via, at=at, payload=payload)
    now: dict[str, Any] = {"state": "proposed", "preview": preview, "confirmations": confirmations}
    if refused is not None:
        now |= {"state": "refused", "preview": None, "refused": refused, "decided_at": at}
    connection.execute(update(policy_proposals).where(policy_proposals.c.id == number).values(**now))


def outdated(connection: Connection, number: str, *, person: str, via: Via, at: datetime) -> None:
    """Send a proposal back to be examined anew, since its preview is no longer right; its answers stay."""
    lock(connection)
    append(connection, kind="reexamination", actor=person, via=via, at=at, payload={"proposal": number})
    connection.execute(update(policy_proposals).where(policy_proposals.c.id == number).values(state="examining"))


def answered(
    connection: Connection, number: str, *, answer: Answer, person: str, via: Via, at: datetime, reason: str = ""
) -> None:
    """Write an answer down, in place of what the same person answered; a rejection or a withdrawal decides."""
    lock(connection)
    payload = {"proposal": number, "reason": reason}
    entry = append(connection, kind=_KINDS[answer], actor=person, via=via, at=at, payload=payload)
    own = policy_answers.c.proposal_id == number, policy_answers.c.person == person
    connection.execute(delete(policy_answers).where(*own))  # the ledger keeps what it was
    connection.execute(
        insert(policy_answers).values(
            proposal_id=number, person=person, answer=answer, seq=entry.seq, via=via, at=at, reason=reason
        )
    )
    if answer in _BECOMES:
        _decided(connection, number, _BECOMES[answer], at)


def demand_vouched(connection: Connection, number: str) -> None:
    """Demand of each answer to a proposal that the ledger has it: none that was put into its table is to count.

    Raises
    ------
    LedgerBroken
        If an answer is not what the ledger's entry says.
    """
    given = (
        select(policy_answers, ledger_entries.c.kind, ledger_entries.c.actor, ledger_entries.c.payload)
        .outerjoin(ledger_entries, ledger_entries.c.seq == policy_answers.c.seq)
        .where(policy_answers.c.proposal_id == number)
    )
    for row in connection.execute(given):
        of = json.loads(row.payload).get("proposal") if row.kind == _KINDS.get(row.answer) else None
        if (of, row.actor) != (number, row.person):
            what = f"no row of the ledger vouches for the answer of {row.person} to the proposal {number[:8]}"
            raise LedgerBroken(what, mend="`cratecheck ledger verify` says more. Nothing was activated.")


def activated(connection: Connection, number: str, at: datetime) -> None:
    """Note that a proposal came into force: its activation, written in the same transaction, vouches for that."""
    _decided(connection, number, "activated", at)


def _decided(connection: Connection, number: str, state: State, at: datetime) -> None:
    now = update(policy_proposals).where(policy_proposals.c.id == number)
    connection.execute(now.values(state=state, decided_at=at))


def proposal(connection: Connection, number: str, at: datetime) -> Proposal | None:
    """Read a proposal as it stands at a moment; None if there is none of this id."""
    return next(iter(_read(connection, at, policy_proposals.c.id == number)), None)


def proposals_like(connection: Connection, digits: str, at: datetime) -> list[Proposal]:
    """Read the proposals whose id begins with some digits."""
    return _read(connection, at, policy_proposals.c.id.startswith(digits.lower(), autoescape=True))


def proposals(
    connection: Connection, at: datetime, *, policy: str | None = None, is_open: bool = True
) -> list[Proposal]:
    """Read the proposals that are open at a moment, or all there ever were; the oldest first."""
    which = [policy_proposals.c.policy == policy] if policy is not None else []
    if not is_open:
        return _read(connection, at, *which)
    wanted = policy_proposals.c.state.in_(_OPEN), policy_proposals.c.at > at - LAPSES_AFTER, *which
    return [one for one in _read(connection, at, *wanted) if one.is_open]


def _read(connection: Connection, at: datetime, *conditions: ColumnElement[bool]) -> list[Proposal]:
    rows = connection.execute(select(policy_proposals).where(*conditions).order_by(policy_proposals.c.seq)).all()
    given: dict[str, list[Given]] = {row.id: [] for row in rows}
    answers = select(policy_answers).where(policy_answers.c.proposal_id.in_(list(given)))
    for row in connection.execute(answers.order_by(policy_answers.c.seq)):
        given[row.proposal_id].append(Given(row.person, row.answer, row.at, row.via, row.reason))
    later = _activations(connection, {row.policy for row in rows})
    return [_proposal(row, given[row.id], later[row.policy], at) for row in rows]


def _activations(connection: Connection, policies: Iterable[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {policy: [] for policy in policies}
    rows = select(policy_activations).where(policy_activations.c.policy.in_(list(found)))
    for row in connection.execute(rows.order_by(policy_activations.c.seq)):
        found[row.policy].append(row)
    return found


def _proposal(row: Row[Any], given: list[Given], activations: list[Row[Any]], at: datetime) -> Proposal:
    state: State = row.state
    own = [one.effective_at for one in activations if one.proposal_id == row.id]
    if state in _OPEN:
        by_then = [one.sha256 for one in activations if one.effective_at <= at]
        in_force = by_then[-1] if by_then else None
        if in_force != row.base_sha256 or any(one.seq > row.seq for one in activations):
            state = "overtaken"
        elif row.at + LAPSES_AFTER <= at:
            state = "lapsed"
    return Proposal(
        id=row.id,
        policy=row.policy,
        sha256=row.sha256,
        base_sha256=row.base_sha256,
        person=row.person,
        via=row.via,
        at=row.at,
        reason=row.reason,
        origin=row.origin,
        commit=row.git_commit,
        state=state,
        preview=row.preview,
        confirmations=row.confirmations,
        refused=row.refused,
        decided_at=row.decided_at,
        answers=tuple(given),
        effective_at=own[0] if own else None,
    )


def preview_sha256(preview: Mapping[str, Any] | None) -> str:
    """Give the SHA-256 of a preview, by which an entry vouches for it.

    Raises
    ------
    ValueError
        If it is no JSON that every reader reads alike.
    """
    return hashlib.sha256(canonical(preview).encode("ascii")).hexdigest()
