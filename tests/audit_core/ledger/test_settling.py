"""Findings are folded once, in the order of runs, however often settling is interrupted and by however many."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.ledger import runs, violations
from audit_core.ledger.pace import Pace
from audit_core.ledger.tables import violations as violation_table
from audit_core.ledger.verify import verify
from tests.support.ledger import Time, audit, decided, found, key_of, request

MANY = [found(f"t{number:04}") for number in range(400)]


class CrashedError(Exception):
    pass


def settled_states(store: Store) -> dict[str, int]:
    with store.read() as connection:
        by_state = select(violation_table.c.state, func.count()).group_by(violation_table.c.state)
        return {state: number for state, number in connection.execute(by_state)}  # noqa: C416 - a Row is no pair


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_settling_that_was_interrupted_goes_on(store: Store, batches: int) -> None:
    audit(store, MANY, clock=Time(), settle=False)
    told: list[int] = []

    def crash(done: int) -> None:
        told.append(done)
        if len(told) == batches:
            raise CrashedError

    with pytest.raises(CrashedError):
        runs.settle(store, pace=Pace(50), progress=crash)
    assert 0 < settled_states(store)["open"] < 400
    assert verify(store).holds
    assert runs.settle(store) == 400 - told[-1]
    assert settled_states(store) == {"open": 400}
    assert verify(store).holds


def test_a_settler_that_is_killed_leaves_nothing_half_done(store: Store, database_url: str) -> None:
    audit(store, MANY, clock=Time(), settle=False)
    script = textwrap.dedent("""
        import sys, time
        from audit_core.catalogue.store import Store
        from audit_core.ledger.pace import Pace
        from audit_core.ledger.runs import settle

        def batch_done(done):
            print(done, flush=True)

        with Store(sys.argv[1]) as store:
            settle(store, pace=Pace(50), progress=batch_done)
    """)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", script, database_url], stdout=subprocess.PIPE, text=True, cwd=root
    ) as settler:
        assert settler.stdout
        assert settler.stdout.readline().strip() == "50"
        settler.send_signal(signal.SIGKILL)
    assert verify(store).holds
    runs.settle(store)
    assert settled_states(store) == {"open": 400}
    assert verify(store).holds


def test_settlers_at_the_same_time_do_no_harm(store: Store) -> None:
    clock = Time()
    audit(store, MANY, clock=clock)
    audit(store, MANY[::2], clock=clock, settle=False)
    with ThreadPoolExecutor(4) as pool:
        folded = sum(pool.map(lambda _: runs.settle(store, pace=Pace(50)), range(4)))
    assert folded == 200
    assert settled_states(store) == {"open": 200, "resolved": 200}
    assert verify(store).holds


def test_several_runs_that_wait_are_folded_in_their_order(store: Store) -> None:
    clock = Time()
    audit(store, [found("a")], clock=clock, settle=False)
    with store.write() as connection:
        assert (one := runs.settle_key(connection, key_of("a")))
        assert one.state == "open"
    audit(store, [], clock=clock, settle=False)  # reads what is settled: the key alone
    audit(store, [found("a"), found("b")], clock=clock, settle=False)
    runs.settle(store)
    assert verify(store).holds
    with store.read() as connection:
        assert violations.one(connection, key_of("b")).state == "open"


def test_a_key_settled_by_itself_is_not_folded_again(store: Store) -> None:
    clock = Time()
    audit(store, [found("a"), found("b")], clock=clock, settle=False)
    taken = decided(store, request("approve", key_of("a"), at=clock()))
    assert taken.state == "approved"
    assert runs.settle(store) == 1
    assert settled_states(store) == {"approved": 1, "open": 1}
    assert verify(store).holds


def test_a_key_that_no_run_found_settles_to_nothing(store: Store) -> None:
    with store.write() as connection:
        assert runs.settle_key(connection, "f" * 32) is None


def test_a_decision_is_taken_while_others_settle(store: Store) -> None:
    clock = Time()
    audit(store, MANY, clock=clock, settle=False)
    keys = [one.key for one in MANY[::20]]
    with ThreadPoolExecutor(4) as pool:
        settlers = [pool.submit(runs.settle, store, pace=Pace(50)) for _ in range(2)]
        outcomes = list(pool.map(lambda key: decided(store, request("approve", key)), keys))
        for settler in settlers:
            settler.result()
    assert {outcome.violation.revision for outcome in outcomes} == {2}
    assert settled_states(store) == {"approved": 20, "open": 380}
    assert verify(store).holds
