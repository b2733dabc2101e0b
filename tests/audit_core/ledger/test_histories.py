"""Whatever runs and decisions come, in whatever order: violations are what their history leads to, and none is lost."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused
from audit_core.ledger import runs, violations
from audit_core.ledger.decisions import possible
from audit_core.ledger.transitions import LEADS_TO, Verdict, transitions
from audit_core.ledger.verify import verify
from audit_core.ledger.violations import CLOSED, Found, State, with_key
from audit_core.ledger.waivers import outlived_at
from tests.support.ledger import Time, begun, decided, found, key_of, request

SUBJECTS = "abcd"
VERDICTS: tuple[Verdict, ...] = ("approve", "quarantine", "waive", "release")


class Choice(Protocol):
    """Hypothesis, or a seeded random source: what the history asks."""

    def pick(self, options: Any) -> Any: ...


@dataclass(frozen=True)
class Drawn:
    data: st.DataObject

    def pick(self, options: Any) -> Any:
        return self.data.draw(st.sampled_from(list(options)))


@dataclass(frozen=True)
class Seeded:
    random: random.Random

    def pick(self, options: Any) -> Any:
        return self.random.choice(list(options))


@dataclass
class History:
    """A store, and beside it a plain model of what must be so where nothing overlaps."""

    store: Store
    choice: Choice
    clock: Time = field(default_factory=Time)
    ever: set[str] = field(default_factory=set)
    names: list[str] = field(default_factory=lambda: ["licence-known"])

    def evidence(self) -> list[Found]:
        failing = [subject for subject in SUBJECTS if self.choice.pick([True, False])]
        born, name = self.names[0], self.names[-1]
        bounds = [{"alpha": self.choice.pick([0.1, 0.2])} for _ in failing]
        return [found(one, bound=bound, born=born, rule=name) for one, bound in zip(failing, bounds, strict=True)]

    def decide(self) -> None:
        subject, verdict = self.choice.pick(SUBJECTS), self.choice.pick(VERDICTS)
        with self.store.write() as connection:
            before = runs.settle_key(connection, key_of(subject))
        if before is None:
            return
        stale = self.choice.pick([0, 0, 0, 1])
        wanted = request(
            verdict,
            before.key,
            before.revision - stale,
            person=self.choice.pick(["ada", "bob"]),
            at=self.clock(),
            days=self.choice.pick([1, 400]),
        )
        try:
            outcome = decided(self.store, wanted)
        except DecisionRefused:
            with self.store.read() as connection:
                assert stale or verdict not in possible(connection, before)
            return
        assert outcome.repeated == bool(stale)
        if not stale:
            assert outcome.state == LEADS_TO[verdict]

    def audit(self) -> None:
        if self.choice.pick([False, False, False, True]):
            self.names.append(f"name-{len(self.names)}")
        runs.settle(self.store, clock=self.clock)
        self.clock.now += timedelta(days=self.choice.pick([0, 2]))
        with self.store.read() as connection:
            standing = violations.standing(connection, "release", *self.names)
            outlived = outlived_at(connection, self.clock())
        failing, complete = self.evidence(), self.choice.pick([True, True, False])
        gone = frozenset(key_of(subject) for subject in SUBJECTS if self.choice.pick([True, False]))
        changes = list(
            transitions(
                failing,
                standing,
                outlived=outlived,
                closing=lambda _: dict.fromkeys(gone, "gone"),
                complete=complete,
                rule=self.names[-1],
            )
        )
        run_id = begun(self.store, clock=self.clock)
        runs.stage(self.store, run_id, changes)
        overlaps = self.choice.pick([False, False, True])
        if overlaps:  # someone decides while the run is staged
            self.decide()
        if self.choice.pick([True, True, True, False]):
            runs.finish(self.store, run_id, clock=self.clock)
            self.ever |= {one.key for one in failing}
        else:
            runs.discard_unfinished(self.store, clock=self.clock)
            return
        if not overlaps:
            self.must_follow(
                failing, {key: one.state for key, one in standing.items()}, complete, gone, frozenset(outlived)
            )

    def must_follow(
        self,
        failing: list[Found],
        before: dict[str, State],
        complete: bool,
        gone: frozenset[str],
        outlived: frozenset[str],
    ) -> None:
        """The states after a run that nothing overlapped, said once more in the plainest way."""
        found_keys = {one.key for one in failing}
        with self.store.write() as connection:
            for subject in SUBJECTS:
                key = key_of(subject)
                after = runs.settle_key(connection, key)
                was = before.get(key)
                state = after.state if after else None
                assert after is None or after.state in CLOSED or after.rule == self.names[-1]
                if was == "quarantined":
                    assert state == ("open" if key in found_keys and key in outlived else "quarantined")
                elif key in found_keys:
                    assert state in {"open", "approved", "waived"}
                    assert (state == "waived") == (was == "waived" and key not in outlived)
                elif not complete and was == "waived" and key in outlived:
                    assert state == "open"
                elif complete and was in {"open", "approved", "waived"}:
                    assert state == ("gone" if key in gone else "resolved")
                else:
                    assert state == was

    def run(self, steps: int) -> None:
        for _ in range(steps):
            step = self.choice.pick(["audit", "decide", "decide", "settle"])
            if step == "audit":
                self.audit()
            elif step == "decide":
                self.decide()
            else:
                runs.settle(self.store, clock=self.clock)
        verification = verify(self.store)
        assert verification.broken is None
        runs.settle(self.store, clock=self.clock)
        verification = verify(self.store)
        assert verification.broken is None
        assert verification.violations == len(self.ever)
        with self.store.read() as connection:
            for key in self.ever:
                one = with_key(connection, key)
                assert one, "a key was lost"
                assert (one.decision_id is None) == (one.state == "open" or one.state in CLOSED)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("histories") / "empty.sqlite"
    Store(sqlite_url(path)).close()
    return path


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data(), steps=st.integers(1, 12))
def test_violations_are_what_their_history_leads_to(
    empty: Path, tmp_path: Path, data: st.DataObject, steps: int
) -> None:
    path = Path(shutil.copy(empty, tmp_path / "copy.sqlite"))
    for leftover in ("copy.sqlite-wal", "copy.sqlite-shm"):
        (tmp_path / leftover).unlink(missing_ok=True)
    with Store(sqlite_url(path)) as store:
        History(store, Drawn(data)).run(steps)


@pytest.mark.parametrize("seed", range(3))
def test_so_they_are_through_a_long_history_on_both_databases(store: Store, seed: int) -> None:
    History(store, Seeded(random.Random(seed))).run(60)
