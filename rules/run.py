"""The audit: every active rule held against the catalogue, and what that changes written where everyone sees it.

It reads, stages what changed in short writes, and makes it count by one row. Killed in between, it has changed nothing,
and the next audit discards what it had staged. The same revision, policies, moment and seed give the same findings.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING

from audit_core.catalogue.leases import hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger import runs
from audit_core.ledger.chain import Via
from audit_core.ledger.pace import Pace
from audit_core.ledger.transitions import Closing, Transition, superseded, transitions
from audit_core.ledger.violations import Standing, rules_in_force, standing
from audit_core.ledger.waivers import outlived_at
from rules.activation import active
from rules.audit_report import AuditReport, RuleOutcome, Tally
from rules.evaluate import Evaluation, broken, evaluate
from rules.policy import Policy, Rule
from rules.scope import Scope, scopes
from rules.vanished import closing

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["AuditReport", "Progress", "audit"]

logger = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]
"""Told how many rules are done, of how many."""

Stage = Callable[[Iterable[Transition]], object]


@dataclass(frozen=True, slots=True)
class _Covered:
    """A dataset that a policy covers, and how many of its tracks are judged."""

    scope: Scope
    judged: int


def audit(
    store: Store,
    *,
    licences: LicenceTable,
    as_of: datetime,
    seed: int = 0,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> AuditReport:
    """Hold the newest revision of the catalogue against the active policies.

    Parameters
    ----------
    store : Store
        The catalogue, the policies and the violations.
    licences : LicenceTable
        What licences say.
    as_of : datetime
        The moment by which quarantines and waivers are judged, in UTC.
    seed : int
        For whatever is sampled; kept with the run.
    actor, via : str
        Who asked for it, through what.
    clock : Clock
        What time it is.
    dry_run : bool
        Whether to report, and to judge nothing for good: what earlier audits found is settled all the same.
    progress : callable, optional
        Told how many rules are done.

    Returns
    -------
    report : AuditReport
        A rule that broke is in it as an error; the others are judged all the same.

    Raises
    ------
    StoreError
        If another audit is running.
    """
    with nullcontext() if dry_run else hold(store, "audit", clock=clock):
        if not dry_run:
            runs.discard_unfinished(store, clock=clock)
        runs.settle(store, clock=clock)
        with store.read() as connection:
            policies = active(connection)
            snapshot = Snapshot(latest_revision(connection), as_of)
        if dry_run:
            return _Audit(store, licences, policies, snapshot, None, _discarded).report(seed, progress)
        run_id = runs.start(
            store,
            revision=snapshot.revision,
            as_of=as_of,
            seed=seed,
            inputs={"policies": {policy.id: policy.sha256 for policy in policies}, "licences": licences.digest},
            actor=actor,
            via=via,
            tool_version=version("cratecheck"),
            clock=clock,
        )
        stage = partial(runs.stage, store, run_id, pace=Pace())
        report = _Audit(store, licences, policies, snapshot, run_id, stage).report(seed, progress)
        runs.finish(store, run_id, [outcome.as_dict() for outcome in report.outcomes], clock=clock)
        runs.settle(store, clock=clock)
    return report


def _discarded(changes: Iterable[Transition]) -> None:
    for _ in changes:
        pass


def _partly(evaluation: Evaluation) -> bool:
    return evaluation.partly and not evaluation.stopped


class _Audit:
    """One audit at work."""

    def __init__(
        self,
        store: Store,
        licences: LicenceTable,
        policies: Sequence[Policy],
        snapshot: Snapshot,
        run_id: int | None,
        stage: Stage,
    ) -> None:
        self._store = store
        self._licences = licences
        self._policies = policies
        self._snapshot = snapshot
        self._run_id = run_id
        self._stage = stage
        self._tally = Tally()
        with store.read() as connection:  # before it is asked what is quarantined, and hence not judged
            self._outlived = outlived_at(connection, snapshot.as_of)

    def report(self, seed: int, progress: Progress | None) -> AuditReport:
        outcomes: list[RuleOutcome] = []
        total = sum(len(policy.rules) for policy in self._policies)
        done = 0
        for policy in self._policies:
            covered = self._covered(policy)
            for rule in policy.rules:
                outcomes += self._judge(policy, rule, covered)
                done += 1
                if progress is not None:
                    progress(done, total)
        self._retire_what_is_left()
        judged = {outcome.policy for outcome in outcomes}
        return AuditReport(
            run_id=self._run_id,
            revision=self._snapshot.revision,
            as_of=self._snapshot.as_of,
            seed=seed,
            outcomes=tuple(outcomes),
            superseded=self._tally.changes["superseded"],
            open_by_severity=self._tally.open_by_severity,
            idle_policies=tuple(policy.id for policy in self._policies if policy.id not in judged),
            policies={policy.id: policy.sha256 for policy in self._policies},
        )

    def _covered(self, policy: Policy) -> list[_Covered]:
        with self._store.read() as connection:
            found = scopes(connection, policy.applies_to, self._snapshot)
            return [_Covered(scope, scope.size(connection)) for scope in found]

    def _judge(self, policy: Policy, rule: Rule, covered: Sequence[_Covered]) -> Iterator[RuleOutcome]:
        by_dataset = self._standing(policy.id, rule.id)
        for one in covered:
            started = perf_counter()
            evaluation = self._evaluated(policy, rule, one)
            before = by_dataset.pop(one.scope.dataset.name, {})
            unseen = self._unseen(rule, one.scope, evaluation, before)
            changes = transitions(
                evaluation.found,
                {key: stands for key, stands in before.items() if key not in unseen} if unseen else before,
                outlived=self._outlived,
                closing=partial(self._closing, rule, one.scope),
                # Of what is not judged any more, it is known without judging how it closes.
                complete=evaluation.complete
                or _partly(evaluation)
                or (evaluation.result == "skip" and not evaluation.judged),
            )
            left = transitions((), unseen, outlived=self._outlived, complete=False)
            written = self._write(chain(changes, left), before)
            open_now = self._tally.open_of(policy.id, rule.id, evaluation.dataset)
            yield RuleOutcome.of(evaluation, written, open_now=open_now, took_s=perf_counter() - started)
        for before in by_dataset.values():
            self._write(superseded(before.values()), before)

    def _evaluated(self, policy: Policy, rule: Rule, covered: _Covered) -> Evaluation:
        try:
            with self._store.read() as connection:
                return evaluate(connection, policy, rule, covered.scope, self._licences, judged=covered.judged)
        except Exception as error:
            logger.exception("rule %s/%s broke on %s", policy.id, rule.id, covered.scope.dataset.name)
            return broken(policy, rule, covered.scope.dataset.name, covered.judged, error)

    def _standing(self, policy: str, rule: str) -> dict[str, dict[str, Standing]]:
        by_dataset: dict[str, dict[str, Standing]] = defaultdict(dict)
        with self._store.read() as connection:
            for key, violation in standing(connection, policy, rule).items():
                by_dataset[violation.dataset][key] = violation
                self._tally.stands(violation)
        return dict(sorted(by_dataset.items()))

    def _unseen(
        self, rule: Rule, scope: Scope, evaluation: Evaluation, before: Mapping[str, Standing]
    ) -> dict[str, Standing]:
        """Find the violations that would be resolved, had their rule been judged as a whole."""
        if not _partly(evaluation):
            return {}
        found = {one.key for one in evaluation.found}
        missing = {key: stands for key, stands in before.items() if key not in found}
        closed = self._closing(rule, scope, list(missing.values()))
        return {key: stands for key, stands in missing.items() if key not in closed}

    def _closing(self, rule: Rule, scope: Scope, missing: Sequence[Standing]) -> Mapping[str, Closing]:
        with self._store.read() as connection:
            return closing(connection, rule, scope, missing)

    def _retire_what_is_left(self) -> None:
        """Supersede the violations of rules that are no longer active."""
        in_force = {(policy.id, rule.id) for policy in self._policies for rule in policy.rules}
        with self._store.read() as connection:
            left = [one for one in rules_in_force(connection) if one not in in_force]
        for policy, rule in left:
            for before in self._standing(policy, rule).values():
                self._write(superseded(before.values()), before)

    def _write(self, changes: Iterable[Transition], before: Mapping[str, Standing]) -> dict[str, int]:
        """Stage changes, counting them as they pass."""
        counted: dict[str, int] = defaultdict(int)

        def passing() -> Iterator[Transition]:
            for change in changes:
                counted[change.transition] += 1
                self._tally.passes(change, before.get(change.key))
                yield change

        self._stage(passing())
        return counted
