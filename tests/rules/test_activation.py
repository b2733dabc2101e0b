"""Putting policies in force."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger import chain
from audit_core.ledger.policies import activate_text, text_of
from rules.activation import activate, active, clashes, effective_at
from rules.language.policy import Policy
from tests.support.policies import policy

RULE = {"kind": "field", "field": "title", "must": "be_present"}


def _activate(store: Store, *policies: Policy) -> list[tuple[str, str]]:
    return [(done.policy, done.outcome) for done in activate(store, policies, actor="U001", via="cli")]


def test_a_policy_is_in_force_as_it_read_when_it_was_activated(store: Store) -> None:
    first = policy(RULE)
    assert _activate(store, first) == [("release", "activated")]
    with store.read() as connection:
        (in_force,) = active(connection)
    assert (in_force.text, in_force.sha256, in_force.rules[0].id) == (first.text, first.sha256, "field")


def test_another_text_of_a_policy_replaces_it_and_the_first_is_kept(store: Store) -> None:
    first, second = policy(RULE), policy({**RULE, "severity": "low"})
    _activate(store, first)
    assert _activate(store, second) == [("release", "replaced")]
    with store.read() as connection:
        assert [one.sha256 for one in active(connection)] == [second.sha256]
        assert text_of(connection, first.sha256) == first.text
        assert text_of(connection, "0" * 64) is None


def test_the_same_text_again_changes_nothing_and_is_not_in_the_ledger_twice(store: Store) -> None:
    _activate(store, policy(RULE))
    with store.read() as connection:
        before = chain.head(connection)
    assert _activate(store, policy(RULE)) == [("release", "unchanged")]
    with store.read() as connection:
        assert chain.head(connection) == before


def test_policies_are_listed_by_their_ids(store: Store) -> None:
    other = {**RULE, "id": "other"}
    assert _activate(store, policy(RULE, policy="b"), policy(other, policy="a")) == [
        ("a", "activated"),
        ("b", "activated"),
    ]
    with store.read() as connection:
        assert [one.id for one in active(connection)] == ["a", "b"]


def test_an_active_text_that_can_no_longer_be_read_is_told_and_not_left_out(store: Store) -> None:
    with store.write() as connection:
        activate_text(
            connection, "old", "cratecheck: 7\n", actor="U001", via="cli", at=datetime(2026, 11, 1, tzinfo=UTC)
        )
    with store.read() as connection, pytest.raises(Problems, match="active policy old"):
        active(connection)


@pytest.mark.parametrize(
    ("zone", "begins"),
    [("UTC", "2027-03-28T00:00"), ("Europe/London", "2027-03-28T00:00"), ("Asia/Tokyo", "2027-03-27T15:00")],
)
def test_a_day_begins_at_midnight_where_the_policy_is(zone: str, begins: str) -> None:
    schedule = {"run": "daily 06:00", "timezone": zone}
    later = policy(RULE, effective={"from": date(2027, 3, 28)}, schedule=schedule)
    begun = datetime.fromisoformat(f"{begins}:00+00:00")
    assert effective_at(later, datetime(2026, 11, 1, tzinfo=UTC)) == begun
    assert effective_at(later, begun + timedelta(hours=30)) == begun + timedelta(hours=30), (
        "never before it is activated"
    )


def test_ids_that_rules_of_other_policies_have_or_had_are_taken() -> None:
    other = policy({**RULE, "id": "new-name", "formerly": "old-name"}, policy="other")
    for name in ("new-name", "old-name"):
        (clash,) = clashes(policy({**RULE, "id": name}), [("in force in the policy other", other)])
        assert clash.what == f'the rule id "{name}" is taken: a rule of this id is or was in force in the policy other'
    (clash,) = clashes(policy({**RULE, "formerly": "old-name"}), [("in force in the policy other", other)])
    assert "old-name" in clash.what
    assert list(clashes(policy({**RULE, "id": "third"}), [("in force in the policy other", other)])) == []
    assert list(clashes(other, [("in force in the policy other", other)])) == [], "its own ids are its own"
