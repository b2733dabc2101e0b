"""A run counts from one moment to the next; what was interrupted counts for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Table, func, select

from audit_core.catalogue.store import Store
from audit_core.errors import StoreError
from audit_core.ledger import runs
from audit_core.ledger.chain import export
from audit_core.ledger.pace import Pace
from audit_core.ledger.tables import findings, violations
from audit_core.ledger.tables import runs as run_table
from audit_core.ledger.transitions import Transition, transitions
from audit_core.ledger.verify import verify
from tests.support.ledger import Time, audit, begun, found


def opened(*subjects: str) -> Iterator[Transition]:
    return transitions([found(subject) for subject in subjects], {})


def number_of(store: Store, table: Table) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_is_staged_is_not_settled_before_the_run_is_finished(store: Store) -> None:
    clock = Time()
    run_id = begun(store, clock=clock)
    runs.stage(store, run_id, opened("a"))
    assert runs.settle(store) == 0
    runs.finish(store, run_id, clock=clock)
    assert runs.settle(store) == 1
    assert runs.settle(store) == 0


def test_a_finished_run_is_one_entry_with_all_that_it_followed_from(store: Store) -> None:
    audit(store, [found("a"), found("b")], clock=Time(), outcomes=[{"rule": "licence-known", "result": "fail"}])
    with store.read() as connection:
        (line,) = [json.loads(entry) for entry in export(connection)]
    payload = json.loads(line["payload"])
    assert (line["kind"], line["actor"], line["via"]) == ("run", "schedule", "schedule")
    assert (payload["seed"], payload["tool_version"], payload["findings"]) == (7, "0.1.0", {"opened": 2})
    assert len(payload["merkle_root"]) == 64


def test_a_run_that_changes_nothing_writes_no_finding_and_no_violation(store: Store) -> None:
    clock = Time()
    audit(store, [found("a", bound={"alpha": 0.61, "n": 3})], clock=clock)
    with store.read() as connection:
        before = connection.execute(select(violations)).all()
    audit(store, [found("a", bound={"alpha": 0.61, "n": 3})], clock=clock)
    with store.read() as connection:
        assert connection.execute(select(violations)).all() == before
    assert number_of(store, findings) == 1


def test_a_run_can_be_finished_once(store: Store) -> None:
    run_id = audit(store, [found("a")], clock=Time())
    with pytest.raises(StoreError, match="finished already"):
        runs.finish(store, run_id)
    with pytest.raises(StoreError, match="finished already"):
        runs.stage(store, run_id, opened("b"))


def test_an_interrupted_run_is_discarded_with_its_findings_and_can_not_come_back(store: Store) -> None:
    clock = Time()
    audit(store, [found("a")], clock=clock)
    interrupted = begun(store, clock=clock)
    runs.stage(store, interrupted, opened(*(f"t{number:03}" for number in range(120))))
    assert runs.discard_unfinished(store, clock=clock) == 1
    assert runs.discard_unfinished(store, clock=clock) == 0
    assert number_of(store, findings) == 1
    with pytest.raises(StoreError, match="abandoned"):
        runs.stage(store, interrupted, opened("b"))
    with pytest.raises(StoreError, match="abandoned"):
        runs.finish(store, interrupted)
    assert verify(store).holds


def test_discarding_goes_on_where_it_was_interrupted(store: Store) -> None:
    clock = Time()
    run_id = begun(store, clock=clock)
    runs.stage(store, run_id, opened("a", "b"))
    with store.write() as connection:
        connection.execute(run_table.update().values(abandoned_at=clock()))
    assert runs.discard_unfinished(store, clock=clock) == 0
    assert number_of(store, findings) == 0


def test_numbers_of_runs_only_go_up(store: Store) -> None:
    clock = Time()
    numbers = []
    for _ in range(3):
        numbers.append(begun(store, clock=clock))
        runs.discard_unfinished(store, clock=clock)
    assert numbers == sorted(set(numbers))


def test_the_root_does_not_depend_on_the_order_in_which_findings_were_staged(store: Store) -> None:
    clock = Time()
    run_id = begun(store, clock=clock)
    runs.stage(store, run_id, opened("c", "a"))
    runs.stage(store, run_id, opened("b"))
    runs.finish(store, run_id, clock=clock)
    runs.settle(store)
    assert verify(store).holds


def test_progress_and_pace_are_told_of_each_batch(store: Store) -> None:
    told: list[int] = []
    pace = Pace(50)
    subjects = [f"t{number:04}" for number in range(400)]
    written = runs.stage(store, begun(store, clock=Time()), opened(*subjects), pace=pace, progress=told.append)
    assert told[0] == 50
    assert told[-1] == written == 400
    assert told == sorted(told)
    assert 0 < pace.longest_s < 20
