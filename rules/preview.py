"""The preview: what an edited policy would change, by the audit's own evaluation. It writes nothing.

The edited policy is judged against what stands, and so is the one in force wherever a rule would be judged otherwise:
what both would open or close is the next audit's anyway, since the catalogue has changed, and not the edit's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, get_args

from sqlalchemy import select

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.ledger.tables import violations, waivers
from audit_core.ledger.transitions import Closing
from audit_core.ledger.violations import Standing
from rules.foreseen import NOTHING, Foreseen
from rules.judging import ByDataset, Covered, Judgement, Judging
from rules.language.policy import Policy, Rule
from rules.lineage import carries_on, known_as, must_carry_on
from rules.loosening import LetGo, loosening
from rules.preview_report import Anyway, Ending, Lapse, Opening, Preview, RulePreview
from rules.questions import asks_no_less

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["Anyway", "Ending", "Lapse", "Opening", "Preview", "Progress", "RulePreview", "preview"]

Progress = Callable[[int, int | None], None]
"""Told how many rules are done, of how many."""

_LAPSES: Final = 100
_CLOSINGS: Final[tuple[Closing, ...]] = get_args(Closing)
_HOW: Final[Mapping[str, Closing]] = MappingProxyType({how: how for how in _CLOSINGS})


def preview(
    store: Store,
    *,
    before: Policy | None,
    after: Policy | None,
    licences: LicenceTable,
    as_of: datetime,
    news: int = 0,
    progress: Progress | None = None,
) -> Preview:
    """Say what the next audit would do under an edited policy; write nothing.

    Findings of a finished audit that are not settled yet are not seen: call `runs.settle` before.

    Parameters
    ----------
    store : Store
        The catalogue and the violations.
    before : Policy or None
        The policy that is in force; None: it is a new one.
    after : Policy or None
        The edited one; None: it is to be retired.
    licences : LicenceTable
        What licences say.
    as_of : datetime
        The moment by which quarantines and waivers are judged, in UTC.
    news : int
        How much to keep, of each rule and dataset, of what would be opened and posted.
    progress : callable, optional
        Told how many rules are done.

    Returns
    -------
    preview : Preview

    Raises
    ------
    Problems
        If a rule no longer says what it was called before, so that its history would be lost.
    ValueError
        If there is neither policy, or if they are not one.
    """
    either = after or before
    if either is None or (before is not None and after is not None and before.id != after.id):
        raise ValueError("a preview compares two texts of one policy")
    must_carry_on(before, after)
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), as_of)
    previewing = _Previewing(store, Judging(store, licences, snapshot), before, after, news)
    rules = tuple(previewing.rules(either.id, progress))
    return Preview(
        policy=either.id,
        before=before.sha256 if before else None,
        after=after.sha256 if after else None,
        revision=snapshot.revision,
        as_of=as_of,
        rules=rules,
        loosening=tuple(loosening(before, after, previewing.let_go)) if before else (),
    )


class _Previewing:
    """One preview at work."""

    def __init__(self, store: Store, judging: Judging, before: Policy | None, after: Policy | None, news: int) -> None:
        self._store = store
        self._judging = judging
        self._before = before
        self._after = after
        self._news = news
        self.let_go: list[LetGo] = []

    def rules(self, policy: str, progress: Progress | None) -> Iterator[RulePreview]:
        stays = self._after.rules if self._after else ()
        dropped = [one for one in (self._before.rules if self._before else ()) if carries_on(self._after, one) is None]
        pairs = [(_was(self._before, rule), rule) for rule in stays] + [(rule, None) for rule in dropped]
        covered = self._covered()
        for done, (was, now) in enumerate(pairs, start=1):
            yield from self._rule(was, now, *covered)
            if progress is not None:
                progress(done, len(pairs))
        both = [one for one in (self._before, self._after) if one is not None]
        for by_dataset in self._judging.left(both, of=policy):
            for judgement in self._judging.retired(by_dataset):
                some = next(iter(judgement.before.values()))
                shown = RulePreview(some.rule, judgement.dataset, some.severity, some.mode, None)
                side = Foreseen(judgement)
                yield self._told(shown, side, Anyway(0, sum(side.numbers[how] for how in _CLOSINGS)), ())

    def _covered(self) -> tuple[Sequence[Covered], Sequence[Covered]]:
        """Find the datasets that the policy in force covers, and those that the edited one does."""
        after = self._judging.covered(self._after.applies_to) if self._after else []
        if self._before is None or (self._after is not None and self._after.applies_to == self._before.applies_to):
            return after, after
        return self._judging.covered(self._before.applies_to), after

    def _rule(
        self, was: Rule | None, now: Rule | None, covered_before: Sequence[Covered], covered_after: Sequence[Covered]
    ) -> Iterator[RulePreview]:
        rule, policy = (now, self._after) if now else (was, self._before)
        if rule is None or policy is None:
            raise ValueError("a rule is in one of the two policies at least")
        by_dataset = self._judging.standing(policy, rule)
        edited = not self._judged_alike(was, now)
        after = self._foreseen(self._after, now, covered_after, by_dataset, keys=edited)
        before = self._foreseen(self._before, was, covered_before, by_dataset, keys=True) if edited else after
        for dataset in sorted(after.keys() | before.keys()):
            ours, theirs = after.get(dataset, NOTHING), before.get(dataset, NOTHING)
            if was is not None and edited:
                self._compare(was, now, dataset, ours, theirs)
            if dataset in after:
                shown = RulePreview(rule.id, dataset, rule.severity, policy.mode, None)
                lapsed = ours.lapsed(theirs) if edited else []
                yield self._told(shown, ours, _anyway(ours, theirs), [by_dataset[dataset][key] for key in lapsed])

    def _foreseen(
        self, policy: Policy | None, rule: Rule | None, covered: Sequence[Covered], by_dataset: ByDataset, *, keys: bool
    ) -> Mapping[str, Foreseen]:
        judgements: Iterable[Judgement] = self._judging.retired(by_dataset)
        if policy is not None and rule is not None:
            judgements = self._judging.judgements(policy, rule, covered, by_dataset)
        return {one.dataset: Foreseen(one, keys=keys, news=self._news) for one in judgements}

    def _judged_alike(self, was: Rule | None, now: Rule | None) -> bool:
        """Tell whether a rule opens and closes the same under both policies, whatever the catalogue holds."""
        return (
            self._same_question(was, now)
            and self._before is not None
            and self._after is not None
            and replace(self._before.safety, post_at_most=0) == replace(self._after.safety, post_at_most=0)
        )

    def _same_question(self, was: Rule | None, now: Rule | None) -> bool:
        """Tell whether the same tracks are asked the same, but for how many failing are too many."""
        return (
            was is not None
            and now is not None
            and (was.kind, was.spec) == (now.kind, now.spec)
            and self._before is not None
            and self._after is not None
            and self._before.applies_to == self._after.applies_to
        )

    def _compare(self, was: Rule, now: Rule | None, dataset: str, ours: Foreseen, theirs: Foreseen) -> None:
        """Count what the edit lets go that stands, or that would come up."""
        let_go = ours.lets_go(theirs)
        if now is not None and not asks_no_less(was, now):  # whatever is found by the same keys is something else
            let_go = max(theirs.holds, theirs.failing if theirs.stopped else 0)
        elif theirs.stopped:  # what fails was counted alone, and nothing that stands was looked at
            fewer = max(theirs.failing - ours.failing, 0)
            let_go = fewer if self._same_question(was, now) else max(fewer, let_go)
        if let_go or (now is not None and theirs.judges and not ours.judges):
            self.let_go.append(LetGo(was.id, dataset, let_go))

    def _told(self, shown: RulePreview, side: Foreseen, anyway: Anyway, lapsed: Sequence[Standing]) -> RulePreview:
        judged = side.evaluation
        in_order = sorted(lapsed, key=lambda one: (one.subject, one.discriminator, one.key))[:_LAPSES]
        return replace(
            shown,
            result=judged.result if judged else None,
            judged=judged.judged if judged else 0,
            failing=side.failing,
            stopped=side.stopped,
            reason=judged.reason if judged else None,
            opens=side.numbers["opened"],
            reopens=side.numbers["reopened"],
            resolved=side.numbers["resolved"],
            gone=side.numbers["gone"],
            superseded=side.numbers["superseded"],
            changed=side.numbers["changed"],
            renamed=side.numbers["renamed"],
            enforced=side.enforced,
            unchanged=side.unchanged,
            anyway=anyway,
            opening=tuple(Opening(one.key, one.message, one.transition == "reopened") for one in side.opening.sorted()),
            closing=tuple(Ending(one.key, one.message, _HOW[one.transition]) for one in side.closing.sorted()),
            lapsing=len(lapsed),
            lapses=tuple(self._lapses(in_order)),
            news=tuple(side.news.sorted()),
            posted=side.posted,
            touched=side.touched,
        )

    def _lapses(self, lapsed: Sequence[Standing]) -> Iterator[Lapse]:
        if not lapsed:
            return
        ends = (
            select(violations.c.key, waivers.c.until)
            .join(waivers, waivers.c.decision_id == violations.c.decision_id)
            .where(violations.c.key.in_([one.key for one in lapsed]))
        )
        with self._store.read() as connection:
            until = {row.key: row.until for row in connection.execute(ends)}
        for one in lapsed:
            yield Lapse(one.key, one.message, one.state, until.get(one.key) if one.state == "waived" else None)


def _was(before: Policy | None, rule: Rule) -> Rule | None:
    """Find what a rule of the edited policy was in the one in force."""
    for one in before.rules if before else ():
        if one.id in known_as(rule):
            return one
    return None


def _anyway(ours: Foreseen, theirs: Foreseen) -> Anyway:
    if ours is theirs:
        numbers = ours.numbers
        return Anyway(numbers["opened"] + numbers["reopened"], sum(numbers[how] for how in _CLOSINGS))
    return Anyway(len(ours.opens & theirs.opens), len(ours.closes & theirs.closes))
