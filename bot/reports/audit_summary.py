"""An audit as a job reports it: a case for each rule and dataset, its result, and a sample of what is open.

The results follow from the severity from which the job shall fail, and its exit status follows from them, so that no
report says otherwise than the status does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal

from sqlalchemy import Connection

from audit_core.ledger.chain import Head, head
from audit_core.ledger.violations import SEVERITIES, Severity, State, Violation, counts, listed
from rules.audit_report import AuditReport, RuleOutcome

__all__ = ["AuditSummary", "Case", "CaseResult", "FailOn", "case_result", "failed", "summarised"]

FailOn = Severity | Literal["never"]

CaseResult = Literal["fails", "unjudged", "below", "passed over", "decided", "passes"]
"""Of a rule in a dataset, the gravest first.

``fails``: violations are open, as grave as the job minds. ``unjudged``: it could not be judged, or was stopped, which
is no pass; or it was judged in part, and nothing fails there that the job minds. ``below``: violations are open, and
none that the job minds. ``passed over``: nothing is in scope, or it is only observed, or the job minds nothing.
``decided``: what fails was all decided. ``passes``: nothing fails.
"""

_DECIDED: Final[tuple[State, ...]] = ("approved", "quarantined", "waived")
_BAD: Final[frozenset[CaseResult]] = frozenset({"fails", "unjudged"})
_SAMPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A rule in a dataset.

    Attributes
    ----------
    outcome : RuleOutcome
        What the audit said.
    result : str
        What the job makes of it.
    decided : dict
        How many violations were decided, by the state that this led to; no entry for none.
    sample : tuple of Violation
        The first that are open.
    """

    outcome: RuleOutcome
    result: CaseResult
    decided: dict[State, int]
    sample: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """An audit, for a report.

    Attributes
    ----------
    report : AuditReport
        What it came to.
    cases : tuple of Case
        In the order of its outcomes.
    fail_on : str
        The severity from which the job fails, or ``never``.
    tool_version : str
        Of Cratecheck.
    head : Head
        The ledger's last entry, which shows later whether its tail was cut.
    """

    report: AuditReport
    cases: tuple[Case, ...]
    fail_on: FailOn
    tool_version: str
    head: Head

    @property
    def failed(self) -> bool:
        """Whether the job fails."""
        return failed(self.report, self.fail_on)

    @property
    def by_gravity(self) -> list[Case]:
        """The cases, the worst result first, and of one result the gravest rule."""
        order: Sequence[CaseResult] = ("fails", "unjudged", "below", "passed over", "decided", "passes")
        return sorted(self.cases, key=lambda case: (order.index(case.result), SEVERITIES.index(case.outcome.severity)))


def case_result(outcome: RuleOutcome, fail_on: FailOn) -> CaseResult:
    """Say what a job makes of what a rule came to."""
    minded = () if fail_on == "never" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    in_part = outcome.result == "fail" and not outcome.stopped
    if outcome.open and outcome.severity in minded and (in_part or not outcome.unjudged):
        return "fails"
    if outcome.unjudged:
        return "unjudged" if minded else "passed over"
    if outcome.open:
        return "below"
    match str(outcome.result):
        case "pass":
            return "passes"
        case "fail":
            return "decided"
        case _:
            return "passed over"


def failed(report: AuditReport, fail_on: FailOn) -> bool:
    """Tell whether a job that fails from some severity on fails.

    It does too where a policy judged nothing, or there is none: that is no clean bill.
    """
    if fail_on == "never":
        return False
    nothing = not report.outcomes or bool(report.idle_policies)
    return nothing or any(case_result(outcome, fail_on) in _BAD for outcome in report.outcomes)


def summarised(connection: Connection, report: AuditReport, fail_on: FailOn) -> AuditSummary:
    """Put a report together with what stands in the ledger.

    Parameters
    ----------
    connection : Connection
        To read from, once the audit is settled. Of a dry run, the violations are those that stood before it.
    report : AuditReport
        Of the audit.
    fail_on : str
        The severity from which the job fails, or ``never``.
    """
    return AuditSummary(
        report=report,
        cases=tuple(_case(connection, outcome, fail_on) for outcome in report.outcomes),
        fail_on=fail_on,
        tool_version=version("cratecheck"),
        head=head(connection),
    )


def _case(connection: Connection, outcome: RuleOutcome, fail_on: FailOn) -> Case:
    by_state = counts(connection, outcome.policy, outcome.rule, outcome.dataset) if outcome.count else {}
    some = (
        listed(
            connection,
            states=["open"],
            policy=outcome.policy,
            rule=outcome.rule,
            dataset=outcome.dataset,
            limit=_SAMPLE,
        )
        if outcome.open
        else []
    )
    decided = {state: by_state[state] for state in _DECIDED if by_state.get(state)}
    return Case(outcome, case_result(outcome, fail_on), decided, tuple(some))
