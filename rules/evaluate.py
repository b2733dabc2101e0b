"""A rule held against a dataset: the result, and the violations. Reads only.

A rule that can't be judged (no track has what it asks about, or it broke) and one that was stopped by its
circuit-breaker say so in one violation of their own, whose subject is the rule. Such a violation is the same one
whatever the trouble, so that a rule has one at most in a dataset.

A rule may be judged in part: some tracks were listened to and others not. What fails is told then, and beside it, in
that violation, what was not seen. It is no pass, and nothing is resolved; what has vanished is closed all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection

from audit_core.ledger.violations import Found
from rules.checks import KINDS
from rules.complaint import SAMPLE, Complaint, Judged
from rules.language.policy import Mode, Policy, Rule, Safety
from rules.lineage import born
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["Evaluation", "Result", "broken", "evaluate"]

logger = logging.getLogger(__name__)

Result = Literal["pass", "fail", "warn", "skip", "not_enough_evidence", "error"]
"""``warn``: it fails, and its policy only observes. The last two are never a pass."""

_UNJUDGED: Final = "not judged"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a rule says of a dataset.

    Attributes
    ----------
    policy : Policy
    rule : Rule
    dataset : str
        What was held against what.
    result : Result
        ``skip`` if no track is in scope.
    judged : int
        How many tracks are in scope.
    count : int
        How many subjects fail.
    stopped : bool
        Whether these were more than the policy lets through: `found` then has one violation, with a sample.
    reason : str or None
        Why the result is none of pass and fail, or tells of a part alone: a sentence.
    statements : tuple of dict
        The SQL that gives the rows, with its parameters, if it was stopped.
    partly : bool
        Whether only a part could be judged; `reason` says why.
    """

    policy: Policy
    rule: Rule
    dataset: str
    result: Result
    judged: int
    count: int = 0
    stopped: bool = False
    reason: str | None = None
    statements: tuple[dict[str, Any], ...] = ()
    complaints: Iterable[Complaint] = ()
    partly: bool = False

    @property
    def complete(self) -> bool:
        """Whether every subject that fails is among those found: else nothing is resolved."""
        return not self.stopped and not self.partly and self.result in ("pass", "fail", "warn")

    @property
    def found(self) -> Iterator[Found]:
        """Make the violations, one by one, sorted by subject."""
        if self.complete or self.result == "skip":
            return map(self._violation, self.complaints)
        if self.partly and not self.stopped:
            return chain(map(self._violation, self.complaints), [self._of_the_rule()])
        return iter([self._of_the_rule()])

    def _violation(self, complaint: Complaint) -> Found:
        return Found(
            policy=self.policy.id,
            rule=self.rule.id,
            kind=self.rule.kind,
            dataset=self.dataset,
            severity=self.rule.severity,
            mode=self.policy.mode,
            subject_kind=complaint.subject_kind,
            subject=complaint.subject,
            discriminator=complaint.discriminator,
            message=self.rule.say.filled(complaint.names),
            evidence=complaint.evidence,
            bound=complaint.bound,
            born=born(self.rule),
        )

    def _of_the_rule(self) -> Found:
        if self.stopped:
            sample = [{"subject": one.subject, "message": self.rule.say.filled(one.names)} for one in self.complaints]
            evidence = {"result": "stopped", "count": self.count, "judged": self.judged, "sample": sample}
            bound = {"result": "stopped", "percent": self.count * 100 // max(self.judged, 1)}
            message = (
                f"Stopped at {self.count:,} violations among {self.judged:,} tracks: too many to be opened one by one."
            )
        else:
            result = "not_enough_evidence" if self.partly else self.result
            why = {"error": "It could not be judged", "not_enough_evidence": "There is not enough evidence"}
            evidence = bound = {"result": result, "reason": self.reason}
            message = f"{why.get(result, _UNJUDGED)}: {self.reason}."
        return Found(
            policy=self.policy.id,
            rule=self.rule.id,
            kind=self.rule.kind,
            dataset=self.dataset,
            severity=self.rule.severity,
            mode=self.policy.mode,
            subject_kind="rule",
            subject=born(self.rule),
            message=message,
            evidence=evidence,
            bound=bound,
            born=born(self.rule),
        )


def evaluate(
    connection: Connection,
    policy: Policy,
    rule: Rule,
    scope: Scope,
    licences: LicenceTable,
    *,
    judged: int | None = None,
) -> Evaluation:
    """Hold a rule against the tracks of one dataset.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    policy : Policy
        The rule's.
    rule : Rule
        What to hold against them.
    scope : Scope
        The tracks: one of `scopes` for what the policy applies to.
    licences : LicenceTable
        What licences say.
    judged : int, optional
        How many tracks there are, where that is known already.
    """
    judged = scope.size(connection) if judged is None else judged
    if judged == 0:
        return Evaluation(policy, rule, scope.dataset.name, "skip", 0, reason="no track is in scope")
    most = _most(policy.safety, judged)
    came_to: Judged = KINDS[rule.kind].judge(rule.spec, scope, connection, licences, most)
    stopped = came_to.count > most
    return Evaluation(
        policy,
        rule,
        scope.dataset.name,
        _result(came_to, policy.mode),
        judged,
        count=came_to.count,
        stopped=stopped,
        reason=came_to.lacking or came_to.unseen or came_to.skipped,
        statements=tuple(_statement(connection, query) for query in came_to.queries) if stopped else (),
        complaints=came_to.complaints,
        partly=came_to.unseen is not None,
    )


def broken(policy: Policy, rule: Rule, dataset: str, judged: int, error: Exception) -> Evaluation:
    """Make the evaluation of a rule that broke: its reason names the fault, and nothing that it may have read."""
    reason = f"the check broke ({type(error).__name__}); the log says more"
    return Evaluation(policy, rule, dataset, "error", judged, reason=reason)


def _result(came_to: Judged, mode: Mode) -> Result:
    if came_to.count:
        return "fail" if mode == "enforce" else "warn"
    if came_to.lacking or came_to.unseen:
        return "not_enough_evidence"
    return "skip" if came_to.skipped else "pass"


def _most(safety: Safety, judged: int) -> int:
    """Give the most violations that are opened: never fewer than a stop would show anyway, if it is a share."""
    if safety.stop_count is not None:
        return safety.stop_count
    share = safety.stop_share if safety.stop_share is not None else 1
    return max(int(share * judged), SAMPLE)


def _statement(connection: Connection, query: Any) -> dict[str, Any]:
    compiled = query.compile(dialect=connection.dialect)
    parameters = {name: _plain(value) for name, value in sorted(compiled.params.items())}
    return {"sql": str(compiled), "parameters": parameters}


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | str | float | None) else str(value)
