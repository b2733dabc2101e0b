"""Putting policies in force."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger import chain
from audit_core.ledger.policies import activate_text, text_of
from rules.activation import activate, active
from rules.policy import Policy
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
