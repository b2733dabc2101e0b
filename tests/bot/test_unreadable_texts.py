"""A text in force that this program can't read, as after an upgrade, stops what it says itself, and nothing else."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, select

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger.policies import activate_text, text_sha256
from bot.new_day import NewDay
from bot.outbox import ask, parent_subject
from bot.policies import Policies, readable_text
from bot.schedule import Schedule
from bot.tables import job_runs, outbox
from rules.language.reader import check_text
from tests.support.conversation import activate, policy_text
from tests.support.ledger import Time

PLAN = "schedule: {digest: daily 06:00, timezone: Europe/London}"
NEWER = policy_text().replace("policy: release", "policy: newer").replace("kind: field", "kind: hologram")


@pytest.fixture
def clock(store: Store) -> Time:
    """A moment at which one text in force can be read, and one can't."""
    clock = Time()
    activate(store, policy_text(schedule=PLAN), clock())
    with store.write() as connection:
        activate_text(connection, "newer", NEWER, actor="ada", via="cli", at=clock())
    return clock


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed, in their order."""
    texts: list[str] = []

    def counted(text: str, name: str) -> object:
        texts.append(text)
        return check_text(text, name)

    monkeypatch.setattr("bot.policies.check_text", counted)
    return texts


def test_the_day_of_the_others_is_brought_up_to_date(store: Store, clock: Time) -> None:
    with store.write() as connection:
        ask(connection, channel="#data-audit", subject=parent_subject("release", "a", "songs"), at=clock())
    NewDay(store, Policies(clock), clock).look()
    with store.read() as connection:
        assert connection.scalars(select(outbox.c.asked)).all() == [2]


def test_the_schedules_of_the_others_are_kept(store: Store, clock: Time) -> None:
    clock.now += timedelta(days=1)
    Schedule(store, Policies(clock), audit=lambda: None, clock=clock).look()
    with store.read() as connection:
        assert connection.scalars(select(job_runs.c.job)).all() == ["digest:release"]


def test_a_policy_that_nobody_can_attend_to_holds_up_no_other(
    store: Store, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    class Stumbling(Schedule):
        def attend(self, policy_id: str) -> None:
            if policy_id == "first":
                raise OverflowError("date value out of range")
            super().attend(policy_id)

    with store.write() as connection:
        first = policy_text().replace("policy: release", "policy: first")
        activate_text(connection, "first", first, actor="ada", via="cli", at=clock())
    clock.now += timedelta(days=1)
    Stumbling(store, Policies(clock), audit=lambda: None, clock=clock).look()
    assert "what the policy first schedules waits" in caplog.text
    with store.read() as connection:
        assert connection.scalars(select(job_runs.c.job)).all() == ["digest:release"]


def test_the_rules_of_the_others_are_found_and_its_own_are_not_taken_for_gone(store: Store, clock: Time) -> None:
    policies = Policies(clock)
    with store.read() as connection:
        assert list(policies.readable(connection)) == ["release"]
        policy = policies.readable(connection)["release"]
        assert policies.rule(connection, "release", policy.rules[0].id) == (policy, policy.rules[0])
        assert policies.rule(connection, "gone", "a") is None
        with pytest.raises(Problems, match="hologram"):
            policies.rule(connection, "newer", "a")


def test_a_text_is_parsed_once_whether_it_can_be_read_or_not(store: Store, parsed: list[str]) -> None:
    clock, new = Time(), f"# {uuid.uuid4().hex}\n"  # no other test has met it
    bodies = [policy_text(schedule=new), f"{NEWER}{new}"]
    activate(store, bodies[0], clock())
    with store.write() as connection:
        activate_text(connection, "newer", bodies[1], actor="ada", via="cli", at=clock())
    for _ in range(3):
        with store.read() as connection:
            assert list(Policies(clock).readable(connection)) == ["release"]
            assert readable_text(connection, text_sha256(bodies[1])) is None
    assert sorted(parsed) == sorted(bodies)


def test_a_text_that_was_read_is_not_fetched_again(store: Store, clock: Time) -> None:
    asked: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with store.read() as connection:
        Policies(clock).readable(connection)
        event.listen(connection, "before_cursor_execute", note)
        Policies(clock).readable(connection)
    assert len(asked) == 1
    assert "policy_text" not in asked[0]
