"""A run is announced once, whole, and within what its policy lets it post."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.ledger.runs import finish, stage
from audit_core.ledger.tables import runs
from audit_core.ledger.transitions import transitions
from bot.announce import announce, shares
from bot.policies import Policies
from bot.tables import outbox, outbox_items
from tests.support.conversation import activate, failing, policy_text
from tests.support.ledger import Time, audit, begun, decided, found, key_of, request


@pytest.fixture
def clock(store: Store) -> Time:
    clock = Time()
    activate(store, policy_text(post_at_most=3), clock())
    return clock


def asked(store: Store) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.id)))


def listed(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(outbox_items.c.violation_key)))


def test_a_run_that_has_not_finished_is_not_announced(store: Store, clock: Time) -> None:
    begun(store, clock=clock)
    assert announce(store, Policies(), clock) == 0
    assert asked(store) == []


def test_a_run_is_announced_once(store: Store, clock: Time) -> None:
    audit(store, failing("a"), clock=clock)
    assert announce(store, Policies(), clock) == 1
    before = asked(store)
    assert announce(store, Policies(), clock) == 0
    assert asked(store) == before


def test_a_run_that_is_not_settled_is_settled_first(store: Store, clock: Time) -> None:
    audit(store, failing("a"), clock=clock, settle=False)
    assert announce(store, Policies(), clock) == 1
    assert listed(store) == [key_of("a")]
    with store.read() as connection:
        assert connection.execute(select(runs.c.settled_at, runs.c.announced_at)).one()[0] is not None


def test_two_processes_announce_it_once(store: Store, clock: Time) -> None:
    audit(store, failing("a", "b"), clock=clock)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(announce(store, Policies(), clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]
    assert sorted(listed(store)) == sorted([key_of("a"), key_of("b")])


def test_what_was_decided_before_it_could_be_announced_is_not_posted(store: Store, clock: Time) -> None:
    audit(store, failing("a", "b"), clock=clock)
    decided(store, request("approve", key_of("a"), at=clock()))
    announce(store, Policies(), clock)
    assert listed(store) == [key_of("b")]


def test_a_run_posts_no_more_messages_than_its_policy_says(store: Store, clock: Time) -> None:
    audit(store, failing(*(f"{number:03}" for number in range(95))), clock=clock)
    announce(store, Policies(), clock)
    threads = [row for row in asked(store) if row.parent]
    assert [row.content for row in threads] == [{}, {}, {"more": 65}]
    assert len(listed(store)) == 30


def test_long_violations_are_shared_among_more_messages(store: Store, clock: Time) -> None:
    long = failing(*(f"{number:02}" for number in range(20)), message="x" * 200, evidence={"measured": "y" * 300})
    audit(store, long, clock=clock)
    announce(store, Policies(), clock)
    threads = [row for row in asked(store) if row.parent]
    assert len(threads) == 3
    assert threads[-1].content == {}
    assert sorted(listed(store)) == sorted(one.key for one in long)


def test_what_came_up_again_while_nothing_was_announced_is_posted_once(store: Store, clock: Time) -> None:
    for subjects in ("ab", "b", "ab", "ab"):
        audit(store, failing(*subjects), clock=clock)
    announce(store, Policies(), clock)
    assert sorted(listed(store)) == sorted([key_of("a"), key_of("b")])
    (waited, posted) = (row.subject.split("/")[1] for row in asked(store) if row.parent)
    assert (waited, posted) == ("1", "3")


def test_the_gravest_rules_come_first(store: Store, clock: Time) -> None:
    rule = "  - {id: %s, kind: field, severity: %s, field: title, must: be_present, say: no title}\n"
    text = policy_text() + "".join(rule % one for one in (("a-low", "low"), ("z-critical", "critical")))
    activate(store, text, clock())
    run_id = begun(store, clock=clock)
    found_ = [found("a", rule="a-low", severity="low"), *failing("a"), found("a", rule="z-critical")]
    stage(store, run_id, transitions(found_, {}))
    finish(store, run_id, (), clock=clock)
    announce(store, Policies(), clock)
    rules = ["z-critical", "licence-known", "a-low"]
    assert [row.subject.split("/")[2] for row in asked(store) if not row.parent] == rules
    assert [row.parent.split("/")[2] for row in asked(store) if row.parent] == rules


def test_parents_stand_before_their_threads(store: Store, clock: Time) -> None:
    audit(store, failing("a"), clock=clock)
    announce(store, Policies(), clock)
    parent, thread = asked(store)
    assert (parent.parent, thread.parent) == (None, parent.subject)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=8), st.integers(0, 60))
def test_messages_are_shared_in_turn(wanted: dict[str, int], at_most: int) -> None:
    given_ = shares(wanted, at_most)
    assert sum(given_.values()) == min(at_most, sum(wanted.values()))
    assert all(given_[name] <= wanted[name] for name in wanted)
    short = Counter({name: given_[name] for name in wanted if given_[name] < wanted[name]})
    if short:
        assert max(given_.values()) - min(short.values()) <= 1


def test_a_rule_that_moves_to_another_channel_takes_its_parent_along_at_the_next_run(store: Store, clock: Time) -> None:
    audit(store, failing("a"), clock=clock)
    announce(store, Policies(), clock)
    activate(store, policy_text(post_at_most=3).replace("#data-audit", "#elsewhere"), clock())
    audit(store, failing("a"), clock=clock)
    announce(store, Policies(), clock)
    with store.read() as connection:
        parents = connection.scalars(select(outbox.c.channel).where(outbox.c.parent.is_(None)))
        assert set(parents) == {"elsewhere"}


def test_what_was_only_observed_is_posted_once_when_it_is_enforced(store: Store, clock: Time) -> None:
    audit(store, [found("a", mode="observe"), found("b", mode="observe")], clock=clock)
    announce(store, Policies(), clock)
    assert listed(store) == []
    audit(store, failing("a", "b"), clock=clock)
    announce(store, Policies(), clock)
    assert sorted(listed(store)) == sorted([key_of("a"), key_of("b")])
    audit(store, [found("a", message="Otherwise."), found("b")], clock=clock)
    announce(store, Policies(), clock)
    assert len(listed(store)) == 2


def test_what_is_enforced_while_nothing_is_announced_is_posted_once(store: Store, clock: Time) -> None:
    for mode in ("observe", "enforce", "observe", "enforce"):
        audit(store, [found("a", mode=mode)], clock=clock)
    announce(store, Policies(), clock)
    assert listed(store) == [key_of("a")]


def test_what_is_changed_and_was_enforced_all_along_is_not_posted_again(store: Store, clock: Time) -> None:
    audit(store, failing("a"), clock=clock)
    audit(store, [found("a", message="Otherwise.")], clock=clock)
    announce(store, Policies(), clock)
    assert listed(store) == [key_of("a")]
