"""What is scheduled happens once for each due time, late rather than never, in however many processes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from audit_core.catalogue.leases import hold
from audit_core.catalogue.store import Store
from audit_core.errors import PolicyError, StoreError
from audit_core.ledger.policies import activate_text, retire
from audit_core.ledger.tables import runs
from bot.policies import Policies
from bot.schedule import Schedule
from bot.tables import digests, job_runs, outbox
from tests.support.conversation import activate, failing, policy_text
from tests.support.ledger import audit as run_audit

MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
PLAN = "schedule: {run: weekdays 06:00, digest: weekly monday 08:00, timezone: Europe/London}"
AT_ONCE = "schedule: {run: weekly monday 08:00, digest: weekly monday 08:00, timezone: Europe/London}"


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Works:
    """A schedule whose audits are counted."""

    def __init__(self, store: Store, plan: str = PLAN) -> None:
        self.store = store
        self.clock = Clock(MONDAY)
        self.audits: list[datetime] = []
        self.error: Exception | None = None
        self.lasts = timedelta()
        activate(store, policy_text(schedule=plan), self.clock())
        self.schedule = self.another()

    def another(self) -> Schedule:
        return Schedule(self.store, Policies(self.clock), audit=self._audit, clock=self.clock, names={"U1": "Nina"})

    def _audit(self) -> None:
        if self.error is not None:
            raise self.error
        self.audits.append(self.clock())
        self.clock.now += self.lasts
        run_audit(self.store, failing("a"), clock=self.clock)  # type: ignore[arg-type]  # a clock that stands still

    def at(self, **later: float) -> None:
        self.clock.now = MONDAY + timedelta(**later)
        self.schedule.look()

    def jobs(self, kind: str = "audit") -> list[Any]:
        with self.store.read() as connection:
            job = f"{kind}:release"
            return list(connection.execute(select(job_runs).where(job_runs.c.job == job).order_by(job_runs.c.due)))


@pytest.fixture
def works(store: Store) -> Works:
    return Works(store)


def test_nothing_happens_before_it_is_due(works: Works) -> None:
    works.at(minutes=59)
    assert works.audits == []


def test_an_audit_runs_when_it_is_due_and_once(works: Works) -> None:
    works.at(hours=1)
    works.at(hours=1, minutes=1)
    works.at(hours=3)
    assert works.audits == [MONDAY + timedelta(hours=1)]
    (job,) = works.jobs()
    assert (job.due, job.late, job.failed) == (MONDAY + timedelta(hours=1), False, None)
    assert job.finished_at is not None


def test_an_audit_as_of_another_moment_does_not_stand_for_one_that_is_due(works: Works) -> None:
    run_id = run_audit(works.store, failing("a"), clock=works.clock)  # type: ignore[arg-type]  # as above
    with works.store.write() as connection:
        later = MONDAY + timedelta(days=900)
        connection.execute(update(runs).where(runs.c.id == run_id).values(as_of=later))
    works.at(hours=1)
    assert works.audits == [MONDAY + timedelta(hours=1)]


def test_what_was_missed_runs_once_and_is_marked_late(works: Works) -> None:
    works.at(days=4, hours=5)
    assert len(works.audits) == 1
    (job,) = works.jobs()
    assert (job.due, job.late) == (MONDAY + timedelta(days=4, hours=1), True)


def test_two_processes_run_it_once(works: Works) -> None:
    works.clock.now = MONDAY + timedelta(hours=1)
    schedules = [works.another() for _ in range(4)]
    threads = [threading.Thread(target=schedule.look) for schedule in schedules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(works.audits) == 1


def test_a_job_that_died_with_its_process_is_done_by_the_next(works: Works) -> None:
    due = MONDAY + timedelta(hours=1)
    with works.store.write() as connection:
        claimed = {"job": "audit:release", "due": due, "claimed_by": "a dead one", "claimed_at": due, "late": False}
        connection.execute(insert(job_runs).values(**claimed))
    works.at(hours=1, minutes=10)
    assert len(works.audits) == 1
    (job,) = works.jobs()
    assert job.finished_at is not None
    assert job.late
    assert job.claimed_by.endswith(f":{os.getpid()}")


def test_a_job_that_another_process_is_at_is_left_to_it(works: Works) -> None:
    works.clock.now = MONDAY + timedelta(hours=1)
    with hold(works.store, "job:audit:release", clock=works.clock):
        works.schedule.look()
    assert works.audits == []
    works.at(hours=1, minutes=1)
    assert len(works.audits) == 1


def test_an_audit_that_finds_the_database_busy_is_done_at_the_next_look(works: Works) -> None:
    works.error = StoreError("another audit is running")
    works.at(hours=1)
    assert works.audits == []
    works.error = None
    works.at(hours=1, minutes=1)
    assert len(works.audits) == 1
    (job,) = works.jobs()
    assert job.failed is None


@pytest.mark.parametrize(
    ("error", "kept"), [(PolicyError("no such field"), "no such field"), (KeyError("x"), "KeyError: 'x'")]
)
def test_an_audit_that_fails_is_kept_as_failed_and_tried_again_when_it_is_next_due(
    works: Works, error: Exception, kept: str
) -> None:
    works.error = error
    works.at(hours=1)
    works.at(hours=1, minutes=1)
    (job,) = works.jobs()
    assert job.failed == kept
    works.error = None
    works.at(days=1, hours=1)
    assert len(works.audits) == 1


def test_an_audit_that_somebody_ran_since_serves_as_well(works: Works) -> None:
    works.clock.now = MONDAY + timedelta(hours=1, minutes=1)
    run_audit(works.store, failing("a"), clock=works.clock)  # type: ignore[arg-type]  # a clock that stands still
    works.schedule.look()
    assert works.audits == []
    assert works.jobs()[0].finished_at is not None


def test_a_digest_comes_with_the_audit_before_it(works: Works) -> None:
    works.at(hours=3)
    with works.store.read() as connection:
        row = connection.execute(select(digests)).one()
        asked = connection.execute(
            select(outbox.c.channel, outbox.c.subject).where(outbox.c.subject.like("digest/%"))
        ).one()
    assert row.period_end == MONDAY + timedelta(hours=3)
    assert row.content["opened"] == 1
    assert asked.channel == "data-audit"
    assert asked.subject == f"digest/{(MONDAY + timedelta(hours=3)).timestamp():.0f}/release"


def test_a_digest_that_is_due_together_with_an_audit_tells_of_it_and_is_not_late(store: Store) -> None:
    works = Works(store, AT_ONCE)
    works.lasts = timedelta(minutes=5)
    works.at(hours=3)
    (digest,) = digests_of(store)
    assert (digest.content["opened"], digest.content["due"]) == (1, None)
    assert digest.period_end == MONDAY + timedelta(hours=3, minutes=5)


def test_a_digest_that_becomes_due_during_an_audit_is_not_late(works: Works) -> None:
    works.clock.now = MONDAY + timedelta(hours=1)
    looking: list[str] = []

    def long_audit() -> None:
        works.clock.now = MONDAY + timedelta(hours=3)
        another = threading.Thread(target=schedule.look)  # as the alarm clock does meanwhile
        another.start()
        another.join(5)
        looking.append("alive" if another.is_alive() else "gone")
        works.clock.now += timedelta(minutes=30)
        works._audit()

    schedule = Schedule(works.store, Policies(works.clock), audit=long_audit, clock=works.clock)
    schedule.look()
    assert looking == ["gone"]
    (digest,) = digests_of(works.store)
    assert (digest.content["opened"], digest.content["due"]) == (1, None)


def test_a_digest_begins_where_the_one_before_ended(store: Store) -> None:
    works = Works(store, AT_ONCE)
    works.lasts = timedelta(minutes=5)
    works.at(hours=3)
    works.at(days=7, hours=3)
    first, second = digests_of(store)
    assert second.period_start == first.period_end
    assert second.content["opened"] == 0


def digests_of(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(digests).order_by(digests.c.id)))


def test_what_was_missed_is_done_though_the_policy_was_edited_since(works: Works) -> None:
    works.at(hours=1)
    edited = policy_text(schedule=PLAN).replace("has no licence", "lacks a licence")
    activate(works.store, edited, MONDAY + timedelta(days=1, hours=4))
    works.at(days=1, hours=5)
    assert [job.due for job in works.jobs()] == [MONDAY + timedelta(hours=1), MONDAY + timedelta(days=1, hours=1)]


def test_a_clock_that_once_ran_ahead_holds_up_nothing(works: Works) -> None:
    works.at(days=3650, hours=3)
    ahead = len(works.audits)
    for day in range(1, 5):
        works.at(days=day, hours=2)
    assert len(works.audits) == ahead + 4
    works.at(days=7, hours=4)
    assert MONDAY + timedelta(days=7, hours=4) in [digest.period_end for digest in digests_of(works.store)]


def test_two_threads_of_one_process_do_not_get_into_each_others_way(
    works: Works, caplog: pytest.LogCaptureFixture
) -> None:
    began, gate = threading.Event(), threading.Event()

    def audit() -> None:
        began.set()
        gate.wait(5)

    schedule = Schedule(works.store, Policies(works.clock), audit=audit, clock=works.clock)
    works.clock.now = MONDAY + timedelta(hours=1)
    first = threading.Thread(target=schedule.look)
    with caplog.at_level(logging.INFO):
        first.start()
        assert began.wait(5)
        schedule.attend("release")
        gate.set()
        first.join()
    assert not [record for record in caplog.records if "waits" in record.getMessage()]


def test_what_another_process_is_at_is_no_cause_for_alarm(works: Works, caplog: pytest.LogCaptureFixture) -> None:
    works.clock.now = MONDAY + timedelta(hours=1)
    with caplog.at_level(logging.INFO), hold(works.store, "job:audit:release", clock=works.clock):
        works.schedule.look()
    assert [record.levelname for record in caplog.records if "waits" in record.getMessage()] == ["INFO"]


def test_who_is_in_a_group_is_learnt_however_many_audits_wait(store: Store) -> None:
    plan = "schedule: {run: every 1 minute, timezone: UTC}"
    with store.write() as connection:
        for number in range(6):
            text = policy_text(schedule=plan).replace("policy: release", f"policy: p{number}")
            activate_text(connection, f"p{number}", text, actor="ada", via="cli", at=MONDAY)
    clock = Clock(MONDAY + timedelta(minutes=6))
    began, gate, asked = threading.Event(), threading.Event(), threading.Event()

    def audit() -> None:
        began.set()
        gate.wait(30)

    schedule = Schedule(
        store,
        Policies(clock),
        audit=audit,
        clock=clock,
        refresh=asked.set,
        refresh_every=timedelta(seconds=1),
    )
    schedule.start()
    try:
        assert began.wait(5)
        looks = [threading.Thread(target=schedule.attend, args=(f"p{number}",)) for number in range(1, 6)]
        for look in looks:
            look.start()
        for look in looks:
            look.join(5)
        assert not any(look.is_alive() for look in looks)
        asked.clear()
        assert asked.wait(5)
    finally:
        gate.set()
        schedule.stop()


def test_a_digest_that_was_missed_comes_late_and_says_so(works: Works) -> None:
    works.at(days=9)
    with works.store.read() as connection:
        row = connection.execute(select(digests)).one()
    assert row.period_end == MONDAY + timedelta(days=9)
    assert row.content["due"] == (MONDAY + timedelta(days=7, hours=3)).isoformat()
    assert works.jobs("digest")[0].late


def test_a_policy_that_is_retired_does_nothing_any_more(works: Works) -> None:
    with works.store.write() as connection:
        retire(connection, "release", actor="ada", via="cli", at=works.clock())
    works.at(days=2)
    assert works.audits == []


def test_a_policy_without_a_schedule_does_nothing_by_itself(store: Store) -> None:
    works = Works(store, plan="")
    works.at(days=30)
    assert works.audits == []


def test_the_alarm_clock_rings_by_itself(store: Store) -> None:
    works = Works(store, plan="schedule: {run: every 5 minutes, timezone: UTC}")
    works.clock.now = MONDAY + timedelta(minutes=6)  # missed while nothing ran
    refreshed = threading.Event()
    schedule = Schedule(store, Policies(works.clock), audit=works._audit, clock=works.clock, refresh=refreshed.set)
    schedule.start()
    try:
        assert refreshed.wait(5)
        assert _until(lambda: len(works.audits) == 1)
    finally:
        schedule.stop()


def _until(sight: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not sight() and time.monotonic() < deadline:
        time.sleep(0.02)
    return sight()
