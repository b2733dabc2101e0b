"""What an audit came to: an outcome for each rule and dataset, and what is open now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from audit_core.ledger.chain import instant
from audit_core.ledger.transitions import CHANGES, Transition
from audit_core.ledger.violations import SEVERITIES, Mode, Severity, Standing
from rules.evaluate import Evaluation, Result
from rules.judging import ByDataset

__all__ = ["AuditReport", "RuleOutcome", "Tally"]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule came to in a dataset.

    Attributes
    ----------
    policy, rule, kind, severity, mode, dataset : str
        What was held against what.
    result : Result
        Of the evaluation.
    judged, count : int
        How many tracks were in scope, and how many subjects fail, decided or not.
    stopped : bool
        Whether these were too many to be opened one by one.
    reason : str or None
        Why the result is none of pass and fail, or tells of a part alone.
    changes : dict
        How many violations the run opened, reopened, changed, resolved and so on; no entry for none.
    statements : tuple of dict
        Of a rule that was stopped: the SQL that gives what fails, with its parameters.
    open : int
        How many violations are open now, if the policy enforces.
    took_s : float
        How long it took. It is no part of the result, which is the same twice.
    """

    policy: str
    rule: str
    kind: str
    severity: Severity
    mode: Mode
    dataset: str
    result: Result
    judged: int
    count: int
    stopped: bool
    reason: str | None
    changes: dict[str, int]
    statements: tuple[dict[str, Any], ...] = ()
    open: int = 0
    took_s: float = field(default=0.0, compare=False)

    @property
    def unjudged(self) -> bool:
        """Whether it could not be judged, or in part alone, though its policy enforces it."""
        return self.mode == "enforce" and (
            self.result in ("not_enough_evidence", "error")
            or self.stopped
            or (self.result == "fail" and self.reason is not None)
        )

    @classmethod
    def of(cls, evaluation: Evaluation, changes: Mapping[str, int], *, open_now: int, took_s: float) -> RuleOutcome:
        """Put together what was found and what it changed."""
        return cls(
            policy=evaluation.policy.id,
            rule=evaluation.rule.id,
            kind=evaluation.rule.kind,
            severity=evaluation.rule.severity,
            mode=evaluation.policy.mode,
            dataset=evaluation.dataset,
            result=evaluation.result,
            judged=evaluation.judged,
            count=evaluation.count,
            stopped=evaluation.stopped,
            reason=evaluation.reason,
            changes={change: changes[change] for change in CHANGES if changes.get(change)},
            statements=evaluation.statements,
            open=open_now,
            took_s=took_s,
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the outcome as a JSON value."""
        told = {**asdict(self), "statements": list(self.statements)}
        del told["took_s"]
        return told


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit came to.

    Attributes
    ----------
    run_id : int or None
        The run; None if it was a dry run, which writes nothing.
    revision, as_of, seed : int, datetime, int
        What it saw.
    outcomes : tuple of RuleOutcome
        By policy, in the order of its rules, by dataset.
    superseded : int
        Violations of rules, or in datasets, that no active policy covers any more.
    open_by_severity : dict
        How many violations of enforcing policies are open now, every severity named.
    idle_policies : tuple of str
        Policies that apply to no track there is: a misspelt name of a dataset or of a split, perhaps.
    policies : dict
        The SHA-256 of each policy's text, by the policy's id.
    """

    run_id: int | None
    revision: int
    as_of: datetime
    seed: int
    outcomes: tuple[RuleOutcome, ...]
    superseded: int
    open_by_severity: dict[Severity, int]
    idle_policies: tuple[str, ...]
    policies: dict[str, str]

    @property
    def unjudged(self) -> int:
        """How many times a rule of an enforcing policy could not be judged: each counts as no pass."""
        return sum(outcome.unjudged for outcome in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as a JSON value."""
        return {
            "run": self.run_id,
            "revision": self.revision,
            "as_of": instant(self.as_of),
            "seed": self.seed,
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
            "superseded": self.superseded,
            "open_by_severity": self.open_by_severity,
            "unjudged": self.unjudged,
            "idle_policies": list(self.idle_policies),
            "policies": self.policies,
        }


_CLOSING: Final = frozenset({"resolved", "gone", "superseded"})


class Tally:
    """Keeps count, while a run's transitions pass by, of what is open after it and what it changed."""

    def __init__(self) -> None:
        self._open: Counter[Severity] = Counter()
        self._open_of: Counter[tuple[str, str, str]] = Counter()
        self.changes: Counter[str] = Counter()

    def stand(self, by_dataset: ByDataset) -> None:
        """Count violations as they stood before the run."""
        for violations in by_dataset.values():
            for one in violations.values():
                if one.state == "open" and one.mode == "enforce":
                    self._open[one.severity] += 1
                    self._open_of[one.policy, one.rule, one.dataset] += 1

    def passes(self, transition: Transition, before: Standing | None) -> None:
        """Count a change."""
        self.changes[transition.transition] += 1
        was_open = before is not None and before.state == "open" and before.mode == "enforce"
        if before is not None and was_open:
            self._open[before.severity] -= 1
            self._open_of[before.policy, before.rule, before.dataset] -= 1
        comes_up = transition.transition not in _CLOSING and transition.mode == "enforce"
        if was_open if transition.transition == "renamed" else comes_up:
            self._open[transition.severity] += 1
            self._open_of[transition.policy, transition.rule, transition.dataset] += 1

    def open_of(self, policy: str, rule: str, dataset: str) -> int:
        """How many violations of a rule are open in a dataset."""
        return self._open_of[policy, rule, dataset]

    @property
    def open_by_severity(self) -> dict[Severity, int]:
        """How many are open, every severity named."""
        return {severity: self._open[severity] for severity in SEVERITIES}
