"""What a quarantine takes out, kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ledger.violations import Found
from rules.complaint import TrackList
from rules.targets import targets
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

NEAR = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file", "recording"]}


@pytest.fixture
def taken_out(store: Store) -> Callable[..., dict[str, TrackList]]:
    """Tell, by the subject of each violation, what a quarantine of it takes out."""

    def of(
        rule: dict[str, Any], rows: list[dict[str, Any]], *, elsewhere: list[dict[str, Any]] | None = None
    ) -> dict[str, TrackList]:
        if elsewhere is not None:
            plant(store, "benchmark", elsewhere)
        snapshot = Snapshot(plant(store, "crate", rows), PLANTED_AT)
        made = policy(rule, datasets=["crate"])
        with store.read() as connection:
            (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
            found: list[Found] = list(evaluation.found)
            return {one.subject: targets(connection, made, made.rules[0], one, snapshot) for one in found}

    return of


def test_of_a_track_the_track(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    assert taken_out(rule, [{"key": "a"}]) == {"a": (("crate", "a"),)}


def test_of_a_group_all_but_the_first_by_key(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rows = [{"key": key, "md5": "1"} for key in ("c", "a", "b")]
    assert taken_out({"kind": "duplicate", "same": ["file"]}, rows) == {"md5:1": (("crate", "b"), ("crate", "c"))}


def test_of_a_group_that_hangs_together_through_a_third_track_all_the_same(
    taken_out: Callable[..., dict[str, TrackList]],
) -> None:
    rows = [
        {"key": "a", "md5": "1"},
        {"key": "b", "md5": "1", "files": [("midi", "md5", "9")]},
        {"key": "c", "files": [("midi", "md5", "9")]},
        {"key": "d", "md5": "2"},
    ]
    assert taken_out({"kind": "duplicate", "same": ["file"]}, rows) == {"md5:1": (("crate", "b"), ("crate", "c"))}


def test_of_a_group_within_a_split_no_track_of_another(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rows = [{"key": key, "md5": "1", "split": split} for key, split in (("a", "train"), ("b", "train"), ("c", "test"))]
    rule = {"kind": "duplicate", "same": ["file"], "within": "split"}
    assert taken_out(rule, rows) == {"md5:1": (("crate", "b"),)}


def test_of_a_neighbour_the_side_that_is_judged(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rows = [{"key": "a", "md5": "1", "split": "train"}, {"key": "b", "md5": "1", "split": "test"}]
    assert taken_out(NEAR, rows) == {"a": (("crate", "a"),)}


def test_of_a_neighbour_everything_on_the_other_side_if_the_rule_says_so(
    taken_out: Callable[..., dict[str, TrackList]],
) -> None:
    rows = [
        {"key": "a", "md5": "1", "files": [("midi", "md5", "9")], "split": "train"},
        {"key": "b", "md5": "1", "split": "test"},
        {"key": "c", "files": [("midi", "md5", "9")], "split": "test"},
        {"key": "d", "recording": "R", "split": "train"},
        {"key": "e", "recording": "R", "split": "test"},
        {"key": "f", "recording": "S", "split": "test"},
    ]
    assert taken_out({**NEAR, "quarantine": "to"}, rows) == {
        "a": (("crate", "b"), ("crate", "c")),
        "d": (("crate", "e"),),
    }


def test_of_a_neighbour_in_another_dataset_its_tracks_there(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rule = {**NEAR, "of": {"split": "train"}, "to": {"dataset": "bench*"}, "quarantine": "to"}
    rows = [{"key": "a", "md5": "1", "split": "train"}, {"key": "b", "md5": "1"}]
    assert taken_out(rule, rows, elsewhere=[{"key": "x", "md5": "1"}]) == {"a": (("benchmark", "x"),)}


@pytest.mark.parametrize("field", ["artist", "extra.session", "album"])
def test_of_a_crossing_value_its_tracks_in_the_split_that_is_named(
    field: str, taken_out: Callable[..., dict[str, TrackList]]
) -> None:
    rows = [
        {"key": "a", field: "Nina", "split": "train"},
        {"key": "b", field: "NINA", "split": "test"},
        {"key": "c", field: "nina", "split": "test"},
        {"key": "d", field: "Otis", "split": "test"},
    ]
    rule = {"kind": "crossing", "field": field, "quarantine": "test"}
    assert taken_out(rule, rows) == {f"{field}:nina": (("crate", "b"), ("crate", "c"))}


def test_of_a_share_nothing(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    rule = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"}
    assert taken_out(rule, [{"key": "a", "artist": "Nina"}]) == {"artist:nina": ()}


def test_of_a_rule_that_could_not_be_judged_nothing(taken_out: Callable[..., dict[str, TrackList]]) -> None:
    assert taken_out({"kind": "duplicate", "same": ["file"]}, [{"key": "a"}]) == {"duplicate": ()}
