"""What can't be judged is never a pass, and resolves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from rules.evaluate import Evaluation
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

NEAR: dict[str, Any] = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file"]}
APART: dict[str, Any] = {"kind": "crossing", "field": "artist"}

Judge = Callable[..., Evaluation]


@pytest.fixture
def judged(store: Store) -> Judge:
    """Hold a rule against a dataset with these tracks."""

    def of(rule: dict[str, Any], *rows: dict[str, Any], **keys: Any) -> Evaluation:
        snapshot = Snapshot(plant(store, "crate", rows), PLANTED_AT)
        made = policy(rule, datasets=["crate"], **keys)
        with store.read() as connection:
            (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
        return evaluation

    return of


def test_checksums_of_two_algorithms_can_t_be_compared(judged: Judge) -> None:
    evaluation = judged(NEAR, {"split": "train", "md5": "1"}, {"split": "test", "sha256": "1"})
    assert evaluation.result == "not_enough_evidence"


def test_one_algorithm_on_both_sides_is_enough(judged: Judge) -> None:
    evaluation = judged(NEAR, {"split": "train", "md5": "1"}, {"split": "test", "sha256": "1", "md5": "2"})
    assert evaluation.result == "pass"


@pytest.mark.parametrize("blank", ["train", "test"])
def test_a_side_whose_splits_are_blank_is_unknown_and_resolves_nothing(blank: str, judged: Judge) -> None:
    rows = [{"split": "" if split == blank else split, "md5": "1"} for split in ("train", "test")]
    evaluation = judged(NEAR, *rows)
    assert (evaluation.result, evaluation.complete) == ("not_enough_evidence", False)


def test_a_selection_that_is_misspelt_is_no_pass(judged: Judge) -> None:
    rows = [{"split": "train", "md5": "1"}, {"split": "test", "md5": "2"}]
    assert judged({**NEAR, "of": {"split": "trian"}}, *rows).result == "not_enough_evidence"


def test_a_dataset_without_a_track_in_scope_is_skipped_and_resolves_nothing(judged: Judge) -> None:
    evaluation = judged(NEAR, {"split": "test"}, applies_to={"where": {"split": "train"}})
    assert (evaluation.result, evaluation.complete, list(evaluation.found)) == ("skip", False, [])


def test_a_selection_of_other_datasets_is_skipped_and_resolves_nothing(judged: Judge) -> None:
    evaluation = judged({**NEAR, "of": {"dataset": "other"}}, {"split": "test"})
    assert (evaluation.result, evaluation.complete, list(evaluation.found)) == ("skip", False, [])


@pytest.mark.parametrize("field", ["artist", "album", "extra.session"])
def test_a_field_that_is_known_in_one_split_alone_can_t_cross_nor_be_seen_not_to(field: str, judged: Judge) -> None:
    evaluation = judged({**APART, "field": field}, {"split": "train", field: "Nina"}, {"split": "test"})
    assert evaluation.result == "not_enough_evidence"


def test_a_split_that_is_misspelt_is_no_pass(judged: Judge) -> None:
    rows = [{"split": "train", "artist": "Nina"}, {"split": "test", "artist": "Nina"}]
    assert judged({**APART, "between": ["train", "tset"]}, *rows).result == "not_enough_evidence"


def test_a_field_that_is_known_in_two_splits_may_be_blank_in_a_third(judged: Judge) -> None:
    rows = [{"split": "train", "artist": "Nina"}, {"split": "test", "artist": "Otis"}, {"split": "valid"}]
    assert judged(APART, *rows).result == "pass"


def test_a_file_in_the_place_of_many_joins_no_artists_which_is_no_pass(judged: Judge) -> None:
    rows = [
        {"split": "train" if number % 2 else "test", "artist": f"Artist {number}", "md5": "silence"}
        for number in range(101)
    ]
    joined = judged(APART, *rows)
    reason = "1 file or recording is held by more than 100 artists, which were not joined"
    assert (joined.result, joined.reason, joined.complete) == ("not_enough_evidence", reason, False)
    assert judged(APART, *rows[1:]).count == 100


@pytest.mark.parametrize("nothing", ["n/a", "N.A.", "Unknown", "-", "–", "none", "NULL", "?", "NOASSERTION", "tbd"])
def test_a_word_that_stands_where_a_licence_should_be_is_no_licence(nothing: str, judged: Judge) -> None:
    rows = [{"licence": nothing}, {"licence": "CC-BY-4.0"}, {"licence": "a licence of our own"}]
    evaluation = judged({"kind": "field", "field": "licence", "must": "be_present"}, *rows)
    assert [one.message for one in evaluation.found] == [f"1: its licence is {nothing}, which states none."]


def test_a_word_that_states_no_licence_is_passed_over_where_the_unknown_is(judged: Judge) -> None:
    rule = {"kind": "field", "field": "licence", "must": {"be_one_of": ["CC0-1.0"]}, "unknown": "skip"}
    assert judged(rule, {"licence": "n/a"}, {}, {"licence": "CC0-1.0"}).result == "pass"


def test_a_word_of_another_field_is_what_it_says(judged: Judge) -> None:
    assert judged({"kind": "field", "field": "title", "must": "be_present"}, {"title": "None"}).result == "pass"
