"""A violation's key stays; violations are listed in an order that stays, and found by the beginning of their key."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.catalogue.store import Store
from audit_core.errors import CratecheckError
from audit_core.ledger import violations
from audit_core.ledger.violations import STATES, violation_key
from tests.support.ledger import Time, audit, decided, found, key_of, request

parts = st.tuples(*[st.text(max_size=4)] * 6)


def key(values: tuple[str, ...]) -> str:
    policy, rule, dataset, subject_kind, subject, discriminator = values
    return violation_key(
        policy=policy,
        rule=rule,
        dataset=dataset,
        subject_kind=subject_kind,
        subject=subject,
        discriminator=discriminator,
    )


@given(parts, parts)
def test_keys_are_equal_where_all_their_parts_are(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert (key(first) == key(second)) == (first == second)


def test_a_key_is_the_first_half_of_the_hash_of_its_parts() -> None:
    parts = b'["violation","release","licence-known","train","track","tracks/1.wav",""]'
    assert key_of("tracks/1.wav") == hashlib.sha256(parts).hexdigest()[:32]


def test_severity_message_evidence_and_kind_are_no_part_of_the_key() -> None:
    changed = replace(found("a"), severity="low", mode="observe", message="x", evidence={"a": 1}, bound={"a": 1})
    assert changed.key == found("a").key


@pytest.fixture
def listing(store: Store) -> Store:
    audit(
        store,
        [
            found("a", severity="low"),
            found("b", severity="critical"),
            found("c", severity="medium", dataset="test"),
            found("d", severity="high"),
            found("e", severity="critical"),
        ],
        clock=Time(),
    )
    decided(store, request("approve", key_of("d")))
    return store


def subjects(store: Store, **filters: object) -> list[str]:
    with store.read() as connection:
        return [one.subject for one in violations.listed(connection, **filters)]  # type: ignore[arg-type]  # as given


def test_the_gravest_come_first_then_by_dataset_and_subject(listing: Store) -> None:
    assert subjects(listing) == ["b", "e", "d", "c", "a"]


def test_a_listing_goes_on_behind_the_last_one_shown(listing: Store) -> None:
    pages: list[str] = []
    after: str | None = None
    while True:
        with listing.read() as connection:
            page = violations.listed(connection, limit=2, after=after)
        if not page:
            break
        pages += [one.subject for one in page]
        after = page[-1].key
    assert pages == subjects(listing)


def test_filters_keep_what_they_name(listing: Store) -> None:
    assert subjects(listing, states=["approved"]) == ["d"]
    assert subjects(listing, severities=["critical", "low"]) == ["b", "e", "a"]
    assert subjects(listing, dataset="test") == ["c"]
    assert subjects(listing, policy="release", rule="licence-known", limit=1) == ["b"]
    assert subjects(listing, rule="another") == []


def test_going_on_behind_an_unknown_key_is_said(listing: Store) -> None:
    with pytest.raises(CratecheckError, match="there is no violation 'x'"):
        subjects(listing, after="x")


def test_a_violation_is_found_by_the_beginning_of_its_key_in_either_case(listing: Store) -> None:
    with listing.read() as connection:
        assert violations.one(connection, key_of("a")[:8].upper()).subject == "a"


@pytest.mark.parametrize(
    ("prefix", "message"), [("abc", "too short"), ("zzzzzz", "no violation"), ("%%%%%%", "no vio")]
)
def test_a_beginning_that_names_none_is_said(listing: Store, prefix: str, message: str) -> None:
    with listing.read() as connection, pytest.raises(CratecheckError, match=message):
        violations.one(connection, prefix)


def test_a_beginning_of_several_keys_lists_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(violations, "_SHORTEST_PREFIX", 1)
    audit(store, [found(f"t{number}") for number in range(200)], clock=Time())
    with store.read() as connection, pytest.raises(CratecheckError, match=r"several.*release/licence-known, t\d+.*…"):
        violations.one(connection, key_of("t1")[0])


def test_counts_name_every_state(listing: Store) -> None:
    with listing.read() as connection:
        counted = violations.counts(connection, "release", "licence-known", "train")
        assert tuple(counted) == STATES
        assert (counted["open"], counted["approved"], counted["resolved"]) == (3, 1, 0)


def test_the_rules_that_stand_are_those_that_a_retirement_would_touch(listing: Store) -> None:
    with listing.read() as connection:
        assert violations.rules_that_stand(connection) == [("release", "licence-known")]
    audit(listing, [], clock=Time())
    with listing.read() as connection:
        assert violations.rules_that_stand(connection) == []
