"""What an approval is bound to: for as long as that is the same, so is the matter; and by what name it goes."""

from __future__ import annotations

from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ingest.values import ALGORITHMS
from audit_core.ledger.violations import Found
from rules.sharing.same_files import OLDEST_FIRST
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

CROSSING: dict[str, Any] = {"kind": "crossing", "field": "artist"}
DUPLICATE: dict[str, Any] = {"kind": "duplicate", "same": ["file"]}
NEIGHBOUR: dict[str, Any] = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file"]}


def found(store: Store, rule: dict[str, Any], rows: list[dict[str, Any]]) -> Found:
    snapshot = Snapshot(plant(store, "crate", rows), PLANTED_AT)
    with store.read() as connection:
        made = policy(rule)
        (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
        (one,) = evaluation.found
    return one


def crossing(n_test: int) -> list[dict[str, Any]]:
    return [{"artist": "Nina", "split": split} for split in ("train", *["test"] * n_test)]


@pytest.mark.parametrize(("before", "after", "same"), [(4, 5, True), (10, 11, True), (1, 5, False), (10, 20, False)])
def test_an_approved_crossing_holds_for_a_few_tracks_more_and_not_for_many(
    before: int, after: int, same: bool, store: Store
) -> None:
    one, other = found(store, CROSSING, crossing(before)), found(store, CROSSING, crossing(after))
    assert one.key == other.key
    assert (one.bound_hash == other.bound_hash) is same


def test_an_approved_group_holds_for_its_tracks_alone(store: Store) -> None:
    one = found(store, DUPLICATE, [{"key": key, "md5": "1"} for key in "ab"])
    other = found(store, DUPLICATE, [{"key": key, "md5": "1"} for key in "xy"])
    assert one.key == other.key
    assert one.bound_hash != other.bound_hash


@pytest.mark.parametrize("rule", [DUPLICATE, NEIGHBOUR])
@pytest.mark.parametrize("newer", ["0", "f"])
def test_a_newer_checksum_beside_an_older_one_makes_no_new_matter(
    rule: dict[str, Any], newer: str, store: Store
) -> None:
    rows = [{"split": split, "md5": "9"} for split in ("train", "test")]
    one = found(store, rule, rows)
    other = found(store, rule, [{**row, "sha256": newer, "files": [("audio", "blake3", newer)]} for row in rows])
    assert (one.key, one.bound_hash) == (other.key, other.bound_hash)


def test_the_algorithms_that_an_import_knows_are_those_that_have_an_age() -> None:

    assert sorted(OLDEST_FIRST) == sorted(ALGORITHMS)
