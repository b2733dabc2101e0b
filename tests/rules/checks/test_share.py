"""Shares, and how evenly tracks and hours are spread; that databases agree on it is for `test_evaluate_oracle`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.violations import Found
from rules.checks import KINDS
from rules.evaluate import Evaluation
from rules.language.policy import Rule
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

Judge = Callable[..., Evaluation]
MINUTE = 60_000

# Ten artists with 1, 2, … 10 tracks: a Gini coefficient of 0.3, an effective number of 55² / 385.
TEN = [{"artist": f"A{artist}"} for artist in range(1, 11) for _ in range(artist)]


def share(**keys: Any) -> dict[str, Any]:
    return {"kind": "share", "of": "tracks", "by": "artist", **keys}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield store


@pytest.fixture
def judged(store: Store) -> Judge:
    """Plant a dataset, and hold a rule against it."""

    def judge(rule: dict[str, Any], rows: list[dict[str, Any]], **keys: Any) -> Evaluation:
        made = policy(rule, datasets=["crate"])
        revision = plant(store, "crate", rows, **keys)
        with store.read() as connection:
            (one,) = evaluate_all(connection, made, made.rules[0], Snapshot(revision, PLANTED_AT), LICENCES)
            return one

    return judge


def only(evaluation: Evaluation) -> Found:
    (found,) = evaluation.found
    return found


@pytest.mark.parametrize(
    ("asked", "measured", "message"),
    [
        (
            {"top": {"part": "10 %", "at_most": "18 %"}},
            "18.18 %",
            "Of 10 artists, the largest has 18.18 % of the tracks, more than 18 %.",
        ),
        (
            {"top": {"part": "11 %", "at_most": "18 %"}},
            "34.55 %",
            "Of 10 artists, the 2 largest together have 34.55 % of the tracks, more than 18 %.",
        ),
        (
            {"gini_at_most": 0.29},
            "0.300",
            "The tracks are spread over 10 artists with a Gini coefficient of 0.300, more than 0.29 (0: all have the "
            "same; near 1: a few have nearly all).",
        ),
        (
            {"evenness_at_least": 0.95},
            "0.934",
            "The tracks are spread over 10 artists with an evenness of 0.934, less than 0.95 (1: all have the same; "
            "near 0: one has nearly all).",
        ),
        (
            {"effective_number_at_least": 8},
            "7.9",
            "The tracks are spread over 10 artists as unevenly as over 7.9 of one size, fewer than 8.",
        ),
    ],
)
def test_all_values_together_are_one_violation_with_the_figures(
    asked: dict[str, Any], measured: str, message: str, judged: Judge
) -> None:
    found = only(judged(share(**asked), TEN))
    assert (found.subject_kind, found.subject, found.message) == ("value", "artist:*", message)
    assert (found.evidence["measured"], found.evidence["values"]) == (measured, 10)
    assert found.evidence["largest"][:2] == ["A10 18.18 %", "A9 16.36 %"]


@pytest.mark.parametrize(
    "asked",
    [
        {"top": {"part": "10 %", "at_most": "18.181819 %"}},
        {"gini_at_most": 0.3},
        {"evenness_at_least": 0.934},
        {"effective_number_at_least": 7},
    ],
)
def test_a_demand_that_is_just_met_is_met(asked: dict[str, Any], judged: Judge) -> None:
    assert judged(share(**asked), TEN).result == "pass"


def test_the_key_of_a_measure_stays_when_its_limit_changes_and_differs_from_that_of_another(judged: Judge) -> None:
    keys = [
        (found.subject, found.discriminator)
        for asked in ({"gini_at_most": 0.1}, {"gini_at_most": 0.2}, {"effective_number_at_least": 9})
        for found in judged(share(**asked), TEN).found
    ]
    assert keys == [("artist:*", "gini"), ("artist:*", "gini"), ("artist:*", "effective number")]


@pytest.mark.parametrize(("of", "subjects"), [("tracks", ["artist:otis"]), ("hours", ["artist:nina"])])
def test_hours_weigh_tracks_by_how_long_they_are(of: str, subjects: list[str], judged: Judge) -> None:
    rows = [{"artist": "Nina", "duration": 50 * MINUTE}, *({"artist": "Otis", "duration": MINUTE} for _ in range(3))]
    evaluation = judged(share(of=of, at_most="60 %"), rows)
    assert [found.subject for found in evaluation.found] == subjects


def test_hours_are_said_as_hours(judged: Judge) -> None:
    rows = [{"artist": "Nina", "duration": 90 * MINUTE}, {"artist": "Otis", "duration": 30 * MINUTE}]
    found = only(judged(share(of="hours", at_most="60 %"), rows))
    assert found.message == "Nina has 75.00 % of the hours (1.50 h)."
    assert found.bound == {"per_mille": 750, "of": "hours"}


def test_where_some_durations_are_unknown_hours_are_judged_in_part(judged: Judge) -> None:
    rows = [{"artist": "Nina", "duration": MINUTE}, {"artist": "Otis", "duration": MINUTE}, {"artist": "Otis"}]
    passing = judged(share(of="hours", at_most="60 %"), rows)
    failing = judged(share(of="hours", at_most="40 %"), rows)
    assert (passing.result, passing.reason) == (
        "not_enough_evidence",
        "the duration of 1 of 3 tracks is unknown",
    )
    assert (failing.result, failing.partly, failing.count) == ("fail", True, 2)


def test_hours_of_which_nobody_knows_any_are_not_judged(judged: Judge) -> None:
    evaluation = judged(share(of="hours", gini_at_most=0.5), [{"artist": "Nina"}, {"artist": "Otis"}])
    assert evaluation.result == "not_enough_evidence"
    assert evaluation.reason == "the duration of no track with a known artist is known"


@pytest.mark.parametrize("asked", [{"gini_at_most": 0.5}, {"evenness_at_least": 0.5}])
def test_one_value_is_not_enough_for_what_takes_two(asked: dict[str, Any], judged: Judge) -> None:
    evaluation = judged(share(**asked), [{"artist": "Nina"}, {"artist": "NINA"}])
    assert evaluation.result == "not_enough_evidence"
    assert evaluation.reason == "all tracks that state one have the same artist, and this takes two"


@pytest.mark.parametrize("asked", [{"at_most": "1 %"}, {"gini_at_most": 0.1}])
def test_a_rule_that_needs_more_values_than_there_are_is_not_judged(asked: dict[str, Any], judged: Judge) -> None:
    too_few = judged(share(**asked, needs={"values": 11}), TEN)
    enough = judged(share(**asked, needs={"values": 10}), TEN)
    assert (too_few.result, too_few.reason) == (
        "not_enough_evidence",
        "10 artists are known, and the rule needs 11",
    )
    assert enough.result == "fail"


def test_what_is_unknown_is_told_beside_what_it_leaves_unjudged(judged: Judge) -> None:
    rule = share(gini_at_most=0.5, unknown_at_most="10 %")
    evaluation = judged(rule, [{"artist": "Nina"}, {"title": "A"}])
    assert (evaluation.result, evaluation.partly) == ("fail", True)
    assert [found.subject for found in evaluation.found] == ["artist:?", "share"]


def test_the_unknown_may_be_asked_about_alone(judged: Judge) -> None:
    rule = share(by="region", unknown_at_most="20 %")
    assert judged(rule, [{"region": "FR"}] * 4 + [{}]).result == "pass"
    found = only(judged(rule, [{"region": "FR"}] * 3 + [{}]))
    assert (found.subject, found.message) == ("region:?", "Unknown region has 25.00 % of the tracks (1).")


@pytest.mark.parametrize("groups", [[], ["extra.session"]])
def test_spellings_of_a_column_of_ones_own_are_one_value(groups: list[str], judged: Judge) -> None:
    rows = [{"extra.session": name} for name in ("S", "s", "T", "t")]
    evaluation = judged(share(by="extra.session", effective_number_at_least=3), rows, groups=groups)
    assert only(evaluation).evidence["values"] == 2


def test_a_track_of_two_artists_counts_for_both(judged: Judge) -> None:
    rows = [{"artist": ["Nina", "Otis"]}, {"artist": "Ada"}]
    assert judged(share(effective_number_at_least=3), rows).result == "pass"
    assert judged(share(gini_at_most=0), rows).result == "pass"


def test_shares_are_sorted_by_what_they_are_of_the_unknown_among_them(judged: Judge) -> None:
    rows = [{"artist": "2pac"}, {"artist": "Zoe"}, {"title": "A"}]
    evaluation = judged(share(at_most="10 %", unknown_at_most="10 %"), rows)
    assert [found.subject for found in evaluation.found] == ["artist:2pac", "artist:?", "artist:zoe"]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"of": "hours", "at_most": "1 %"},
            "No artist may have more than 1 % of the hours of the tracks that state one.",
        ),
        (
            {"top": {"part": "1 %", "at_most": "20 %"}},
            "The largest 1 % of the artists may have at most 20 % of the tracks together.",
        ),
        (
            {"gini_at_most": 0.7, "unknown_at_most": "5 %"},
            "The tracks must be spread over the artists with a Gini coefficient of at most 0.7 (0: all have the same; "
            "near 1: a few have nearly all) and at most 5 % of all tracks may state no artist.",
        ),
        (
            {"at_most": "1 %", "needs": {"values": 100}},
            "No artist may have more than 1 % of the tracks that state one, where at least 100 artists are known.",
        ),
        (
            {"by": "extra.session", "effective_number_at_least": 30},
            "The tracks must be spread over the values of session at least as evenly as over 30 of one size.",
        ),
        (
            {"of": "hours", "by": "region", "unknown_at_most": "20 %"},
            "At most 20 % of all hours may be of tracks that state no region.",
        ),
    ],
)
def test_each_demand_is_explained_in_a_sentence(keys: dict[str, Any], sentence: str) -> None:
    written = {"of": "tracks", "by": "artist", **keys}
    assert KINDS["share"].explain(KINDS["share"].Spec.model_validate(written)) == sentence


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "the rule asks for nothing"),
        (", at_most: 1 %, gini_at_most: 0.5", "at_most and gini_at_most don't go together"),
        (", gini_at_most: 70 %", '"70 %" is no number from 0 to 1'),
        (", gini_at_most: 70", '"70" is no number from 0 to 1'),
        (", gini_at_most: true", '"true" is no number from 0 to 1'),
        (", gini_at_most: 1", "no Gini coefficient is more than 1"),
        (", evenness_at_least: 0", "no evenness is less than 0"),
        (", effective_number_at_least: 1", "is always reached"),
        (", effective_number_at_least: 2.5", "expected a whole number"),
        (", top: {part: 1 %}", 'the key "at_most" is missing'),
        (", top: {part: 100 %, at_most: 20 %}", "expected a part of the values"),
        (", top: {part: 1 %, at_mst: 20 %}", 'Did you mean "at_most"?'),
        (", unknown_at_most: 20 %, needs: {values: 9}", "`needs` says nothing here"),
        (", at_most: 1 %, needs: {values: 1}", "1 is no number of values that a rule would need"),
        (", at_most: 1 %, needs: {value: 100}", 'Did you mean "values"?'),
        (", unknown_at_most: 100 %", "no share is more than 100 %"),
        (", gini: 0.5", "gini_at_most"),
    ],
)
def test_what_makes_no_sense_is_refused(keys: str, said: str, trouble_with: Callable[[str], str]) -> None:
    assert said in trouble_with(f"kind: share, of: tracks, by: artist{keys}")


def test_what_is_counted_is_tracks_or_hours(trouble_with: Callable[[str], str], rule_of: Callable[[str], Rule]) -> None:
    assert rule_of("kind: share, of: hours, by: artist, at_most: 1 %")
    assert 'Did you mean "hours"?' in trouble_with("kind: share, of: hour, by: artist, at_most: 1 %")
