"""A policy held against what stands: what the audit changes, and what the preview tells of. Reads only.

For each rule and dataset there is a judgement, whose transitions are made as they are read. Audit and preview differ in
what becomes of them, and in nothing else.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ledger.transitions import Change, Closing, Transition, superseded, transitions
from audit_core.ledger.violations import Standing, rules_that_stand, standing
from audit_core.ledger.waivers import outlived_at
from rules.earlier import decided_otherwise, found_otherwise
from rules.evaluate import Evaluation, broken, evaluate
from rules.language.policy import AppliesTo, Policy, Rule
from rules.lineage import bears, known_as
from rules.scope import Scope, scopes
from rules.vanished import closing

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["ByDataset", "Covered", "Judgement", "Judging"]

logger = logging.getLogger(__name__)

ByDataset = Mapping[str, Mapping[str, Standing]]
"""All violations of a rule: by dataset, in order, and there by key."""

_OF_WHAT_IS_FOUND: Final[frozenset[Change]] = frozenset({"opened", "changed"})


@dataclass(frozen=True, slots=True)
class Covered:
    """A dataset that a policy covers, and how many of its tracks are judged; none if counting them broke."""

    scope: Scope
    judged: int
    fault: Exception | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of a dataset, and what that changes.

    Attributes
    ----------
    dataset : str
        Which.
    evaluation : Evaluation or None
        What was found; None if the rule is not in force, or does not cover the dataset.
    before : mapping
        The violations of the rule that stand in the dataset, by key.
    changes : iterator of Transition
        Made as they are read; to be read once.
    """

    dataset: str
    evaluation: Evaluation | None
    before: Mapping[str, Standing]
    changes: Iterator[Transition]


class Judging:
    """Holds rules against a snapshot of the catalogue.

    Parameters
    ----------
    store : Store
        The catalogue and the violations; what is finished is settled.
    licences : LicenceTable
        What licences say.
    snapshot : Snapshot
        What is judged, and the moment by which quarantines and waivers are.
    """

    def __init__(self, store: Store, licences: LicenceTable, snapshot: Snapshot) -> None:
        self._store = store
        self._licences = licences
        self.snapshot = snapshot
        with store.read() as connection:  # before it is asked what is quarantined, and hence not judged
            self._outlived = outlived_at(connection, snapshot.as_of)
        self._strays: dict[str, list[Standing]] = {}  # by the text of the policy

    def covered(self, applies_to: AppliesTo) -> list[Covered]:
        """Find the datasets that a policy covers, by name."""
        with self._store.read() as connection:
            found = scopes(connection, applies_to, self.snapshot)
        return [self._sized(scope) for scope in found]

    def standing(self, policy: Policy, rule: Rule) -> ByDataset:
        """Read all violations of a rule, under whichever id it has had.

        And those that stand under an id that is in force no more, but whose keys are the rule's: it would open them.
        """
        if policy.sha256 not in self._strays:
            self._strays[policy.sha256] = list(self._borne(policy))
        strays = [one for one in self._strays[policy.sha256] if bears(rule, one)]
        return self._standing(policy.id, *known_as(rule), strays=strays)

    def _borne(self, policy: Policy) -> Iterator[Standing]:
        """Find what stands under ids of no rule of a policy, and is a violation of one by its key."""
        names = {name for rule in policy.rules for name in known_as(rule)}
        with self._store.read() as connection:
            for of, name in rules_that_stand(connection):
                if of == policy.id and name not in names:
                    for one in standing(connection, of, name).values():
                        if any(bears(rule, one) for rule in policy.rules):
                            yield one

    def judgements(
        self, policy: Policy, rule: Rule, covered: Sequence[Covered], by_dataset: ByDataset
    ) -> Iterator[Judgement]:
        """Judge a rule: first the datasets that it covers, then those that it covers no more."""
        with self._store.read() as connection:
            otherwise = decided_otherwise(connection, policy, rule)
        for one in covered:
            yield self._judgement(policy, rule, one, by_dataset.get(one.scope.dataset.name, {}), otherwise)
        here = {one.scope.dataset.name for one in covered}
        for dataset, before in by_dataset.items():
            if dataset not in here:
                changes = self._own(policy, rule, superseded(before.values(), rule.id))
                yield Judgement(dataset, None, before, changes)

    def left(self, policies: Iterable[Policy], *, of: str | None = None) -> Iterator[ByDataset]:
        """Read the violations of rules that are in none of these policies, a rule at a time.

        Parameters
        ----------
        policies : iterable of Policy
            Those in force.
        of : str, optional
            Only rules of this policy.
        """
        rules: dict[str, list[Rule]] = defaultdict(list)
        for policy in policies:
            rules[policy.id] += policy.rules
        in_force = {(policy, name) for policy in rules for rule in rules[policy] for name in known_as(rule)}
        with self._store.read() as connection:
            left = [one for one in rules_that_stand(connection) if one not in in_force and of in (None, one[0])]
        for policy_id, name in left:
            by_dataset = {
                dataset: {
                    key: stands
                    for key, stands in before.items()
                    if not any(bears(rule, stands) for rule in rules.get(policy_id, ()))
                }
                for dataset, before in self._standing(policy_id, name).items()
            }
            yield {dataset: before for dataset, before in by_dataset.items() if before}

    @staticmethod
    def retired(by_dataset: ByDataset) -> Iterator[Judgement]:
        """Judge a rule that is not in force."""
        for dataset, before in by_dataset.items():
            yield Judgement(dataset, None, before, superseded(before.values()))

    def _standing(self, policy: str, *rule: str, strays: Iterable[Standing] = ()) -> ByDataset:
        by_dataset: dict[str, dict[str, Standing]] = defaultdict(dict)
        for stray in strays:
            by_dataset[stray.dataset][stray.key] = stray
        with self._store.read() as connection:
            for key, violation in standing(connection, policy, *rule).items():
                by_dataset[violation.dataset][key] = violation
        return dict(sorted(by_dataset.items()))

    def _judgement(
        self,
        policy: Policy,
        rule: Rule,
        covered: Covered,
        before: Mapping[str, Standing],
        otherwise: Collection[str],
    ) -> Judgement:
        evaluation = self._evaluated(policy, rule, covered)
        unseen = self._unseen(policy, rule, covered, evaluation, before)
        changes = transitions(
            evaluation.found,
            {key: stands for key, stands in before.items() if key not in unseen} if unseen else before,
            outlived=self._outlived,
            otherwise=otherwise,
            closing=partial(self._closing, policy, rule, covered),
            # Of what is not judged any more, it is known without judging how it closes.
            complete=evaluation.complete
            or _partly(evaluation)
            or (evaluation.result == "skip" and not evaluation.judged),
            rule=rule.id,
        )
        left = transitions((), unseen, outlived=self._outlived, complete=False, rule=rule.id)
        return Judgement(evaluation.dataset, evaluation, before, self._own(policy, rule, chain(changes, left)))

    @staticmethod
    def _own(policy: Policy, rule: Rule, changes: Iterable[Transition]) -> Iterator[Transition]:
        """Leave out what stands under a rule's id, and is a violation of another rule of the policy by its key."""
        others = [one for one in policy.rules if one is not rule]
        for change in changes:
            sure = change.transition in _OF_WHAT_IS_FOUND or bears(rule, change)
            if sure or not any(bears(one, change) for one in others):
                yield change

    def _sized(self, scope: Scope) -> Covered:
        """Count what is judged, on a connection of its own: after a fault it is of no more use."""
        try:
            with self._store.read() as connection:
                return Covered(scope, scope.size(connection))
        except Exception as error:
            logger.exception("counting what is judged of %s broke", scope.dataset.name)
            return Covered(scope, 0, error)

    def _evaluated(self, policy: Policy, rule: Rule, covered: Covered) -> Evaluation:
        if covered.fault is not None:
            return broken(policy, rule, covered.scope.dataset.name, 0, covered.fault)
        try:
            with self._store.read() as connection:
                return evaluate(connection, policy, rule, covered.scope, self._licences, judged=covered.judged)
        except Exception as error:
            logger.exception("rule %s/%s broke on %s", policy.id, rule.id, covered.scope.dataset.name)
            return broken(policy, rule, covered.scope.dataset.name, covered.judged, error)

    def _unseen(
        self, policy: Policy, rule: Rule, covered: Covered, evaluation: Evaluation, before: Mapping[str, Standing]
    ) -> dict[str, Standing]:
        """Find the violations that would be resolved, had their rule been judged as a whole."""
        if not _partly(evaluation):
            return {}
        found = {one.key for one in evaluation.found}
        missing = {key: stands for key, stands in before.items() if key not in found}
        closed = self._closing(policy, rule, covered, list(missing.values()))
        return {key: stands for key, stands in missing.items() if key not in closed}

    def _closing(
        self, policy: Policy, rule: Rule, covered: Covered, missing: Sequence[Standing]
    ) -> Mapping[str, Closing]:
        with self._store.read() as connection:
            otherwise = found_otherwise(connection, policy, rule) if missing else ()
            return closing(connection, rule, covered.scope, missing, judged=covered.judged, otherwise=otherwise)


def _partly(evaluation: Evaluation) -> bool:
    return evaluation.partly and not evaluation.stopped
