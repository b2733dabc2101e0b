"""The audit: every active rule held against the catalogue, and what that changes written where everyone sees it.

It reads, stages what changed in short writes, and makes it count by one row. Killed in between, it has changed nothing,
and the next audit discards what it had staged. The same revision, policies, moment and seed give the same findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING

from audit_core.catalogue.leases import hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger import runs
from audit_core.ledger.chain import Via
from audit_core.ledger.pace import Pace
from audit_core.ledger.transitions import Transition
from rules.activation import active
from rules.audit_report import AuditReport, RuleOutcome, Tally
from rules.judging import Judgement, Judging
from rules.language.policy import Policy

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["AuditReport", "Progress", "audit"]

Progress = Callable[[int, int | None], None]
"""Told how many rules are done, of how many."""

Stage = Callable[[Iterable[Transition]], object]


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
            policies = active(connection, max(as_of, clock()))
            snapshot = Snapshot(latest_revision(connection), as_of)
        if dry_run:
            return _report(Judging(store, licences, snapshot), policies, _discarded, None, seed, progress)
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
        report = _report(Judging(store, licences, snapshot), policies, stage, run_id, seed, progress)
        runs.finish(store, run_id, [outcome.as_dict() for outcome in report.outcomes], clock=clock)
        runs.settle(store, clock=clock)
    return report


def _discarded(changes: Iterable[Transition]) -> None:
    for _ in changes:
        pass


def _report(
    judging: Judging,
    policies: Sequence[Policy],
    stage: Stage,
    run_id: int | None,
    seed: int,
    progress: Progress | None,
) -> AuditReport:
    """Judge every policy, stage what changes, and put together what it came to."""
    tally = Tally()
    outcomes: list[RuleOutcome] = []
    total = sum(len(policy.rules) for policy in policies)
    done = 0
    for policy in policies:
        covered = judging.covered(policy.applies_to)
        for rule in policy.rules:
            by_dataset = judging.standing(policy, rule)
            tally.stand(by_dataset)
            started = perf_counter()
            for judgement in judging.judgements(policy, rule, covered, by_dataset):
                changes = _staged(judgement, stage, tally)
                if judgement.evaluation is not None:
                    open_now = tally.open_of(policy.id, rule.id, judgement.dataset)
                    took_s = perf_counter() - started
                    outcomes.append(RuleOutcome.of(judgement.evaluation, changes, open_now=open_now, took_s=took_s))
                started = perf_counter()
            done += 1
            if progress is not None:
                progress(done, total)
    for by_dataset in judging.left(policies):
        tally.stand(by_dataset)
        for judgement in judging.retired(by_dataset):
            _staged(judgement, stage, tally)
    judged = {outcome.policy for outcome in outcomes if outcome.judged or outcome.result == "error"}
    return AuditReport(
        run_id=run_id,
        revision=judging.snapshot.revision,
        as_of=judging.snapshot.as_of,
        seed=seed,
        outcomes=tuple(outcomes),
        superseded=tally.changes["superseded"],
        open_by_severity=tally.open_by_severity,
        idle_policies=tuple(policy.id for policy in policies if policy.id not in judged),
        policies={policy.id: policy.sha256 for policy in policies},
    )


def _staged(judgement: Judgement, stage: Stage, tally: Tally) -> dict[str, int]:
    """Stage changes, counting them as they pass."""
    counted: dict[str, int] = defaultdict(int)

    def passing() -> Iterator[Transition]:
        for change in judgement.changes:
            counted[change.transition] += 1
            tally.passes(change, judgement.before.get(change.key))
            yield change

    stage(passing())
    return counted
