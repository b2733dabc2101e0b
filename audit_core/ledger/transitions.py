"""What a run changes about violations, and how findings and decisions fold into what is so now. Pure: no database.

A run compares what it found with what stands (`transitions`):

================================  =======================================  ===========================================
the violation is                  found again                              not found, and the rule was evaluated
================================  =======================================  ===========================================
unknown                           opened
open                              changed, if it reads otherwise by now    resolved, gone or superseded
approved                          reopened, if the bound evidence differs  resolved, gone or superseded
                                  or it was about another question
quarantined                       reopened, if it was so for the run too
waived                            reopened, if its waiver has ended, or    resolved, gone or superseded
                                  was about another question
resolved, gone, superseded        reopened
================================  =======================================  ===========================================

What is not found is gone with its subject, superseded if its subject is no longer judged, and else resolved. Where the
rule is no longer active, or no longer covers the dataset, what is open, approved or waived is superseded. A waiver that
has ended needs no evaluation: the violation is reopened even where the rule could not be evaluated.

A rule that has another id than before finds its violations under the old one. Whatever changes about them, they come
under the new one with it; those of which nothing else changes are renamed, whatever their state, but for the closed.

What a quarantine took out is not judged: if the violation is found again all the same, other tracks fail now. They
need a decision of their own; those that are out stay out until they are released.

A finished run is folded in later (`folded`), and someone may have decided meanwhile. Then the table is read again for
the state that the decision led to, whose waiver or quarantine, if it is one, has only begun.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from audit_core.ledger.violations import (
    CLOSED,
    Found,
    Mode,
    Severity,
    Standing,
    State,
    SubjectKind,
    Violation,
)

__all__ = [
    "ALLOWED",
    "CHANGES",
    "LEADS_TO",
    "Change",
    "Closing",
    "Transition",
    "Verdict",
    "decided",
    "folded",
    "superseded",
    "transitions",
]

Change = Literal["opened", "reopened", "changed", "resolved", "gone", "superseded", "renamed"]
Closing = Literal["resolved", "gone", "superseded"]
Verdict = Literal["approve", "quarantine", "waive", "release", "separate"]

CHANGES: Final[tuple[Change, ...]] = get_args(Change)

LEADS_TO: Final[Mapping[Verdict, State]] = MappingProxyType(
    {
        "approve": "approved",
        "quarantine": "quarantined",
        "waive": "waived",
        "release": "open",
        "separate": "approved",  # until the recordings are made anew, when nothing is left to complain of
    }
)
"""The state that a verdict leads to."""

ALLOWED: Final[Mapping[State, frozenset[Verdict]]] = MappingProxyType(
    {
        "open": frozenset({"approve", "quarantine", "waive", "separate"}),
        "approved": frozenset({"quarantine", "waive", "separate"}),
        "waived": frozenset({"approve", "quarantine", "waive", "separate"}),  # waive again: to another date
        "quarantined": frozenset({"release"}),
        "resolved": frozenset(),
        "gone": frozenset(),
        "superseded": frozenset(),
    }
)
"""The verdicts that are possible in each state; besides, a release, as long as any track is out by the violation."""

_CLOSING: Final[Mapping[str, State]] = MappingProxyType(
    {"resolved": "resolved", "gone": "gone", "superseded": "superseded"}
)
_CLOSABLE: Final[frozenset[State]] = frozenset({"open", "approved", "waived"})


@dataclass(frozen=True, slots=True)
class Transition:
    """What a run says about one violation: a row of the finding table, but for the run's number and the leaf."""

    transition: Change
    key: str
    policy: str
    rule: str
    kind: str
    dataset: str
    severity: Severity
    mode: Mode
    subject_kind: SubjectKind
    subject: str
    discriminator: str
    message: str
    evidence: dict[str, Any]
    bound_hash: str
    seen_revision: int


def transitions(
    found: Iterable[Found],
    standing: Mapping[str, Standing],
    *,
    outlived: Mapping[str, Violation] = MappingProxyType({}),
    otherwise: Collection[str] = (),
    closing: Callable[[Sequence[Standing]], Mapping[str, Closing]] | None = None,
    complete: bool = True,
    rule: str | None = None,
) -> Iterator[Transition]:
    """Say what a run changes about the violations of one rule.

    Parameters
    ----------
    found : iterable of Found
        What the check yielded, consumed as it comes. Of two with one key the first counts.
    standing : mapping
        All violations of the rule, by key, as `violations.standing` reads them.
    outlived : mapping, optional
        Violations that are open again if they are found again, by key: those whose waiver has ended at the run's
        `as_of`, or that were quarantined already when the run decided what to judge. As they stood before the run
        looked: one that was decided about since is left alone.
    otherwise : collection of str, optional
        Keys of violations that were approved or waived when the rule asked something else.
    closing : callable, optional
        Asked once, for the violations that are about to be resolved: says of those, by key, that are closed otherwise,
        how. Without it, none is.
    complete : bool
        Whether all that fails was found. False if the rule could not be evaluated or was stopped: then nothing is
        closed.
    rule : str, optional
        The rule's id, if violations may stand under one that it had before.

    Yields
    ------
    transition : Transition
        Only where something changes.
    """
    met: set[str] = set()
    for failing in found:
        if failing.key in met:
            continue
        met.add(failing.key)
        stands = standing.get(failing.key)
        change = _change(failing, stands, outlived, otherwise)
        if change is not None:
            yield _of_found(change, failing, stands)
        elif stands is not None and failing.rule != stands.rule:
            yield _of_standing("renamed", stands, failing.rule)
    missing = [one for key, one in standing.items() if key not in met and one.state not in CLOSED]
    closable = [one for one in missing if one.state in _CLOSABLE] if complete else []
    how = closing(closable) if closing is not None and closable else {}
    for one in missing:
        if complete and one.state in _CLOSABLE:
            yield _of_standing(how.get(one.key, "resolved"), one, rule)
        elif not complete and one.state == "waived" and _is_outlived(one, outlived):
            yield _of_standing("reopened", one, rule, outlived[one.key].evidence)
        elif rule is not None and one.rule != rule:
            yield _of_standing("renamed", one, rule)


def superseded(standing: Iterable[Standing], rule: str | None = None) -> Iterator[Transition]:
    """Say what becomes of the violations of a rule that is no longer active, or no longer covers their dataset.

    Parameters
    ----------
    standing : iterable of Standing
        The violations.
    rule : str, optional
        The rule's id, if it is active still and they may stand under one that it had before.
    """
    for one in standing:
        if one.state in _CLOSABLE:
            yield _of_standing("superseded", one, rule)
        elif rule is not None and one.rule != rule and one.state not in CLOSED:
            yield _of_standing("renamed", one, rule)


def _change(
    found: Found, stands: Standing | None, outlived: Mapping[str, Violation], otherwise: Collection[str]
) -> Change | None:
    if stands is None:
        return "opened"
    if stands.state == "open":
        same = (found.content_hash, found.bound_hash) == (stands.content_hash, stands.bound_hash)
        return None if same else "changed"
    if stands.state in ("approved", "waived") and stands.key in otherwise:
        return "reopened"
    if stands.state == "approved":
        return "reopened" if found.bound_hash != stands.bound_hash else None
    return "reopened" if stands.state in CLOSED or _is_outlived(stands, outlived) else None


def _is_outlived(stands: Standing, outlived: Mapping[str, Violation]) -> bool:
    before = outlived.get(stands.key)
    return before is not None and before.revision == stands.revision


def _of_found(change: Change, found: Found, stands: Standing | None) -> Transition:
    return Transition(
        transition=change,
        key=found.key,
        policy=found.policy,
        rule=found.rule,
        kind=found.kind,
        dataset=found.dataset,
        severity=found.severity,
        mode=found.mode,
        subject_kind=found.subject_kind,
        subject=found.subject,
        discriminator=found.discriminator,
        message=found.message,
        evidence=found.evidence,
        bound_hash=found.bound_hash,
        seen_revision=stands.revision if stands else 0,
    )


def _of_standing(
    change: Change, stands: Standing, rule: str | None = None, evidence: Mapping[str, Any] = MappingProxyType({})
) -> Transition:
    return Transition(
        transition=change,
        key=stands.key,
        policy=stands.policy,
        rule=rule or stands.rule,
        kind=stands.kind,
        dataset=stands.dataset,
        severity=stands.severity,
        mode=stands.mode,
        subject_kind=stands.subject_kind,
        subject=stands.subject,
        discriminator=stands.discriminator,
        message=stands.message,
        evidence=dict(evidence),  # a run that passes has none; the violation keeps its last
        bound_hash=stands.bound_hash,
        seen_revision=stands.revision,
    )


def folded(violation: Violation | None, finding: Transition, *, run_id: int, at: datetime) -> Violation | None:
    """Fold a finding of a finished run into a violation.

    Parameters
    ----------
    violation : Violation or None
        As it stands; None if the key is new.
    finding : Transition
        What the run says about it.
    run_id : int
        The run.
    at : datetime
        When it finished.

    Returns
    -------
    violation : Violation or None
        As it stands then; its `run_id` is the run's even where nothing else changed, so that no run is folded twice.
        None only if the key is new and the finding closes or renames it.
    """
    closing = _CLOSING.get(finding.transition)
    renamed = finding.transition == "renamed"
    if violation is None:
        return None if closing or renamed else _opened(finding, run_id, at)
    seen = replace(violation, run_id=run_id, rule=finding.rule)
    if renamed:
        return seen
    if closing:
        if violation.state not in _CLOSABLE:
            return seen
        return replace(seen, state=closing, revision=violation.revision + 1, changed_at=at, decision_id=None)
    if _reopens(violation, finding):
        return replace(
            _refreshed(seen, finding),
            state="open",
            revision=violation.revision + 1,
            reopened=violation.reopened + 1,
            changed_at=at,
            decision_id=None,
        )
    if violation.state != "open":
        return seen
    if violation.bound_hash != finding.bound_hash:  # a click on the older evidence must not count for this one
        return replace(_refreshed(seen, finding), revision=violation.revision + 1, changed_at=at)
    return _refreshed(seen, finding)


def _reopens(violation: Violation, finding: Transition) -> bool:
    if violation.state in CLOSED:
        return True
    if violation.state == "approved" and violation.bound_hash != finding.bound_hash:
        return True
    # The run saw that the decision was outlived, or of another question, unless it was decided again since it looked.
    return violation.state in ("approved", "waived", "quarantined") and violation.revision == finding.seen_revision


def _opened(finding: Transition, run_id: int, at: datetime) -> Violation:
    return Violation(
        key=finding.key,
        policy=finding.policy,
        rule=finding.rule,
        kind=finding.kind,
        dataset=finding.dataset,
        severity=finding.severity,
        mode=finding.mode,
        subject_kind=finding.subject_kind,
        subject=finding.subject,
        discriminator=finding.discriminator,
        message=finding.message,
        evidence=finding.evidence,
        bound_hash=finding.bound_hash,
        state="open",
        revision=1,
        reopened=0,
        opened_at=at,
        changed_at=at,
        run_id=run_id,
        decision_id=None,
    )


def _refreshed(violation: Violation, finding: Transition) -> Violation:
    return replace(
        violation,
        kind=finding.kind,
        severity=finding.severity,
        mode=finding.mode,
        message=finding.message,
        evidence=finding.evidence,
        bound_hash=finding.bound_hash,
    )


def decided(violation: Violation, verdict: Verdict, *, decision_id: str, at: datetime) -> Violation:
    """Fold a decision into a violation.

    Raises
    ------
    ValueError
        If the verdict is not possible in its state. A release is in any: tracks may be out by an earlier quarantine.
    """
    if verdict != "release" and verdict not in ALLOWED[violation.state]:
        raise ValueError(f"{verdict} is not possible while the violation is {violation.state}")
    state = LEADS_TO[verdict]
    return replace(
        violation,
        state=state,
        revision=violation.revision + 1,
        changed_at=at,
        decision_id=None if state == "open" else decision_id,
    )
