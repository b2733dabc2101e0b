"""Whether a violation is waived at a moment is one query."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit_core.catalogue.store import Store
from audit_core.ledger import violations
from audit_core.ledger.waivers import waived_keys
from tests.support.ledger import START, Time, audit, decided, found, key_of, request

KEY = key_of("a")
SINCE = START + timedelta(hours=1)
ENDS = SINCE + timedelta(days=30)


def waived(store: Store, moment: datetime) -> bool:
    with store.read() as connection:
        return KEY in waived_keys(connection, moment)


def waived_store(store: Store) -> Store:
    audit(store, [found("a")], clock=Time())
    decided(store, request("waive", KEY, at=SINCE))
    return store


def test_a_waiver_holds_from_its_moment_until_before_its_end(store: Store) -> None:
    waived_store(store)
    a_moment = timedelta(microseconds=1)
    assert [waived(store, at) for at in (SINCE - a_moment, SINCE, ENDS - a_moment, ENDS)] == [False, True, True, False]


def test_when_a_waiver_has_ended_the_next_audit_opens_the_same_violation(store: Store) -> None:
    waived_store(store)
    audit(store, [found("a")], clock=Time(ENDS - timedelta(hours=1)))
    with store.read() as connection:
        assert violations.one(connection, KEY).state == "waived"
    audit(store, [found("a")], clock=Time(ENDS + timedelta(hours=1)))
    with store.read() as connection:
        again = violations.one(connection, KEY)
    assert (again.state, again.reopened, again.decision_id) == ("open", 1, None)


def test_a_waiver_that_has_ended_is_over_even_where_the_rule_could_not_be_evaluated(store: Store) -> None:
    waived_store(store)
    audit(store, [], clock=Time(ENDS + timedelta(hours=1)), complete=False)
    with store.read() as connection:
        again = violations.one(connection, KEY)
    assert (again.state, again.reopened, again.evidence) == ("open", 1, {"licence": None})


def test_a_later_decision_ends_a_waiver(store: Store) -> None:
    waived_store(store)
    approved = SINCE + timedelta(days=3)
    decided(store, request("approve", KEY, 2, at=approved))
    assert waived(store, approved - timedelta(hours=1))
    assert not waived(store, approved)


def test_a_renewed_waiver_holds_until_its_own_end(store: Store) -> None:
    waived_store(store)
    decided(store, request("waive", KEY, 2, at=SINCE + timedelta(days=20), days=30))
    assert waived(store, ENDS + timedelta(days=1))
    assert not waived(store, ENDS + timedelta(days=20))


def test_a_violation_that_was_resolved_and_comes_back_is_no_longer_waived(store: Store) -> None:
    waived_store(store)
    audit(store, [], clock=Time(SINCE + timedelta(days=1)))
    audit(store, [found("a")], clock=Time(SINCE + timedelta(days=2)))
    assert not waived(store, SINCE + timedelta(days=3))
    with store.read() as connection:
        assert violations.one(connection, KEY).state == "open"
