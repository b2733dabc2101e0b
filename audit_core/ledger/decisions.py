"""Decisions: one a violation and revision, in the database before anyone is answered.

Who may decide is judged above; here it is judged whether the violation can still be decided so. Which verdict is
possible in which state is the table `transitions.ALLOWED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from audit_core.errors import DecisionRefused
from audit_core.ledger.chain import Via, append, instant, lock
from audit_core.ledger.quarantine import Content, Target, content_of, impose, lift, unreleased
from audit_core.ledger.requests import Request, cleaned, must_be_whole
from audit_core.ledger.settling import settle_key, write_violations
from audit_core.ledger.tables import decisions, quarantines, waiver_violations, waivers
from audit_core.ledger.transitions import ALLOWED, LEADS_TO, Verdict, decided
from audit_core.ledger.violations import CLOSED, State, Violation, sha256_of
from audit_core.neighbours.tables import separations

__all__ = [
    "Decided",
    "Outcome",
    "decide",
    "history",
    "past",
    "possible",
    "refusal",
]

_PAST: Final[dict[Verdict, str]] = {
    "approve": "approved",
    "quarantine": "quarantined",
    "waive": "waived",
    "release": "released",
    "separate": "separated the recordings of",
}


def past(verdict: Verdict) -> str:
    """Give the verb in its past form: approved, quarantined, waived, released, separated the recordings of."""
    return _PAST[verdict]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it was taken: a row of the decision table, and the end of its waiver, if it is one."""

    id: str
    seq: int
    verdict: Verdict
    violation_key: str
    violation_revision: int
    person: str
    via: Via
    at: datetime
    reason: str
    evidence_url: str | None
    policy_sha256: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request.

    Attributes
    ----------
    decision : Decided
        The decision, taken now or before.
    state : str
        The state that it led to.
    violation : Violation
        As it stands now; after a repeated request that may be another state.
    quarantined : tuple of (dataset, track key)
        What the decision took out.
    repeated : bool
        Whether the very same request had been decided before.
    """

    decision: Decided
    state: State
    violation: Violation
    quarantined: tuple[Target, ...]
    repeated: bool


def decide(connection: Connection, request: Request) -> Outcome:
    """Decide about a violation, within the caller's write transaction.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    request : Request
        What is wanted, by whom.

    Returns
    -------
    outcome : Outcome
        The same request twice is one decision, and the second time `repeated`.

    Raises
    ------
    DecisionRefused
        If the violation was decided or changed since the person saw it (who, what, when), if it is closed, if the
        verdict is not possible in its state, or if the reason, the link or the end is not as it must be.
    """
    request = cleaned(request)
    lock(connection)
    violation = settle_key(connection, request.violation_key)
    if violation is None:
        raise DecisionRefused(f"there is no violation {request.violation_key!r}")
    decided_then = [
        one for one in history(connection, violation.key) if one.violation_revision == request.violation_revision
    ]
    if decided_then:
        return _repeated(connection, request, decided_then[0], violation)
    if violation.revision != request.violation_revision or request.verdict not in possible(connection, violation):
        raise refusal(connection, request, violation)
    must_be_whole(request)
    return _taken(connection, request, violation)


def possible(connection: Connection, violation: Violation) -> frozenset[Verdict]:
    """Give the verdicts that are possible now: those of its state, and a release where tracks are out by it still."""
    allowed = ALLOWED[violation.state]
    return allowed | {"release"} if unreleased(connection, violation.key) else allowed


def _taken(connection: Connection, request: Request, violation: Violation) -> Outcome:
    decision_id = sha256_of(["decision", violation.key, violation.revision])[:32]
    targets = list(dict.fromkeys(request.targets)) if request.verdict == "quarantine" else []
    content = content_of(connection, targets) if request.copies_too else {target: [] for target in targets}
    released = unreleased(connection, violation.key) if request.verdict == "release" else []
    payload = _payload(
        decision_id=decision_id,
        request=request,
        rule=f"{violation.policy}/{violation.rule}",
        bound_hash=violation.bound_hash,
        content=[(target, bound) for target, bound in content.items()],
        released=released,
    )
    entry = append(connection, kind="decision", actor=request.person, via=request.via, at=request.at, payload=payload)
    row: dict[str, Any] = {
        "id": decision_id,
        "seq": entry.seq,
        "verdict": request.verdict,
        "violation_key": violation.key,
        "violation_revision": violation.revision,
        "person": request.person,
        "via": request.via,
        "at": request.at,
        "reason": request.reason,
        "evidence_url": request.evidence_url,
        "policy_sha256": request.policy_sha256,
    }
    connection.execute(insert(decisions).values(row))
    impose(connection, decision_id, content, since=request.at)
    if request.verdict == "waive":
        _grant(connection, decision_id, request, violation)
    if request.verdict == "separate":
        _separate(connection, decision_id, request)
    if released:
        lift(connection, released, by=decision_id, at=request.at)
    after = decided(violation, request.verdict, decision_id=decision_id, at=request.at)
    write_violations(connection, new=[], changed=[after])
    return Outcome(Decided(**row, until=request.until), after.state, after, tuple(content), repeated=False)


def _grant(connection: Connection, decision_id: str, request: Request, violation: Violation) -> None:
    connection.execute(
        insert(waivers).values(
            decision_id=decision_id,
            rule=f"{violation.policy}/{violation.rule}",
            since=request.at,
            until=request.until,
            ends_at=request.ends_at,
        )
    )
    connection.execute(insert(waiver_violations).values(decision_id=decision_id, violation_key=violation.key))


def _separate(connection: Connection, decision_id: str, request: Request) -> None:
    rows = [
        {"packets_a": a, "packets_b": b, "decision_id": decision_id, "at": request.at}
        for a, b in _pairs(request.separated)
    ]
    connection.execute(insert(separations), rows)


def _pairs(separated: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(set(separated))


def _payload(
    *,
    decision_id: str,
    request: Request,
    rule: str,
    bound_hash: str,
    content: Sequence[tuple[Target, Sequence[Content]]],
    released: Sequence[str],
) -> dict[str, Any]:
    """Give what the ledger says of a decision: all of it, with the tracks and the content that it takes out."""
    payload: dict[str, Any] = {
        "decision": decision_id,
        "verdict": request.verdict,
        "violation": request.violation_key,
        "violation_revision": request.violation_revision,
        "rule": rule,
        "bound_hash": bound_hash,
        "reason": request.reason,
        "evidence_url": request.evidence_url,
        "policy_sha256": request.policy_sha256,
    }
    if request.verdict == "quarantine":
        payload["quarantined"] = [
            {"dataset": dataset, "track": key, "content": [list(one) for one in bound]}
            for (dataset, key), bound in content
        ]
    if request.until is not None and request.ends_at is not None:
        payload["until"] = request.until.isoformat()
        payload["ends_at"] = instant(request.ends_at)
        payload["waived"] = [request.violation_key]
    if request.verdict == "release":
        payload["released"] = list(released)
    if request.verdict == "separate":
        payload["separated"] = [list(pair) for pair in _pairs(request.separated)]
    return payload


def history(connection: Connection, violation_key: str) -> list[Decided]:
    """Read all that was ever decided about a violation, the first decision first."""
    rows = connection.execute(
        select(decisions, waivers.c.until)
        .outerjoin(waivers, waivers.c.decision_id == decisions.c.id)
        .where(decisions.c.violation_key == violation_key)
        .order_by(decisions.c.seq)
    )
    return [Decided(**row._mapping) for row in rows]


def _repeated(connection: Connection, request: Request, earlier: Decided, violation: Violation) -> Outcome:
    asked = (request.person, request.verdict, request.reason, request.evidence_url, request.until)
    if asked != (earlier.person, earlier.verdict, earlier.reason, earlier.evidence_url, earlier.until):
        raise refusal(connection, request, violation)
    taken_out = connection.execute(
        select(quarantines.c.dataset, quarantines.c.track_key)
        .where(quarantines.c.decision_id == earlier.id)
        .order_by(quarantines.c.id)
    )
    targets = tuple((row.dataset, row.track_key) for row in taken_out)
    return Outcome(earlier, LEADS_TO[earlier.verdict], violation, targets, repeated=True)


def refusal(connection: Connection, request: Request, violation: Violation) -> DecisionRefused:
    """Say, as a refusal to be raised, what happened since the person looked.

    Parameters
    ----------
    connection : Connection
        To read the decisions from.
    request : Request
        What can't be decided any more.
    violation : Violation
        As it stands now, settled.
    """
    when = _when(violation.changed_at)
    if violation.state in CLOSED:
        why = {
            "resolved": "the evidence passes now",
            "gone": "its subject is no longer in the catalogue, or is out by another quarantine",
            "superseded": "its rule no longer applies",
        }[violation.state]
        return DecisionRefused(
            f"this violation is {violation.state} since {when}: {why}", mend="Nothing is left to decide."
        )
    taken = history(connection, violation.key)
    if taken and (violation.decision_id == taken[-1].id or taken[-1].at >= violation.changed_at):
        last = taken[-1]
        until = f" until {last.until.isoformat()}" if last.until else ""
        return DecisionRefused(
            f"{last.person} {past(last.verdict)} this violation at {_when(last.at)}{until};"
            f" it is {violation.state} now",
            mend=_what_can_be_done(violation),
        )
    if violation.revision != request.violation_revision:
        return DecisionRefused(
            f"this violation changed at {when}, after you saw it; it is {violation.state} now",
            mend="Look at it again, then decide.",
        )
    return DecisionRefused(
        f"this violation is {violation.state}: there is nothing to {request.verdict}", mend=_what_can_be_done(violation)
    )


def _what_can_be_done(violation: Violation) -> str:
    verdicts = [verdict for verdict in LEADS_TO if verdict in ALLOWED[violation.state]]
    return f"What can be decided now: {', '.join(verdicts)}."


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
