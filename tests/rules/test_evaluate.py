"""What a rule says of a dataset: the words, the evidence, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ledger.violations import Found
from rules.evaluate import Evaluation, evaluate
from rules.scope import scopes
from tests.support.catalogue import PLANTED_AT, plant, plant_terms
from tests.support.policies import LICENCES, policy

Judge = Callable[..., list[Evaluation]]


@pytest.fixture
def judged(store: Store) -> Judge:
    """Plant a dataset, unless there are no rows, and hold a rule against all there are."""

    def judge(rule: dict[str, Any], rows: list[dict[str, Any]], **keys: Any) -> list[Evaluation]:
        revision = plant(store, "crate", rows, groups=keys.pop("groups", ()))
        made = policy(rule, **keys)
        with store.read() as connection:
            found = scopes(connection, made.applies_to, Snapshot(revision, PLANTED_AT))
            return [evaluate(connection, made, made.rules[0], scope, LICENCES) for scope in found]

    return judge


def _found(evaluations: list[Evaluation]) -> list[Found]:
    return [found for evaluation in evaluations for found in evaluation.found]


def _subjects(evaluations: list[Evaluation]) -> list[str]:
    return [found.subject for found in _found(evaluations)]


FIELD = {"kind": "field", "field": "year", "must": {"be_at_least": 1950}, "unknown": "skip"}


@pytest.mark.parametrize(
    ("rule", "rows", "message"),
    [
        (FIELD, [{"key": "a", "year": 1949}], "a: its year is 1949, less than 1950."),
        (
            {"kind": "field", "field": "duration", "must": {"be_at_most": "20 min"}},
            [{"key": "a", "duration": 1_260_000}],
            "a: its duration is 21 min, more than 20 min.",
        ),
        (
            {"kind": "field", "field": "genre", "must": {"be_one_of": ["Jazz"]}},
            [{"key": "a", "genre": ["Jazz", "Disco"]}],
            "a: its genre is Jazz; Disco, which is not on the list.",
        ),
        (
            {"kind": "licence", "require": ["commercial"]},
            [{"key": "a", "licence": "CC-BY-NC-4.0"}],
            "a: CC-BY-NC-4.0 does not permit commercial use.",
        ),
        (
            {"kind": "licence", "deny": ["MIT"]},
            [{"key": "a", "licence": "MIT"}],
            "a: MIT is a licence that is not accepted.",
        ),
        (
            {"kind": "duplicate", "same": ["file"]},
            [{"key": key, "md5": "1"} for key in "abc"],
            "3 tracks hold the same file: a, b and c.",
        ),
        (
            {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["recording"]},
            [{"key": "a", "split": "train", "recording": "R"}]
            + [{"key": f"t{number}", "split": "test", "recording": "R"} for number in range(8)],
            "a holds the same recording as t0, t1, t2, t3, t4 and 3 more.",
        ),
        (
            {"kind": "crossing", "field": "artist"},
            [{"artist": "Nina", "split": "train"}, {"artist": "Nina", "split": "test"}],
            "Nina lies in test and train: 2 tracks.",
        ),
        (
            {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"},
            [{"artist": "Nina"}, {"artist": "Nina"}, {"artist": "Otis"}],
            "Nina has 66.67 % of the tracks (2).",
        ),
    ],
)  # fmt: skip
def test_each_kind_says_what_it_found_in_a_sentence(
    rule: dict[str, Any], rows: list[dict[str, Any]], message: str, judged: Judge
) -> None:
    assert [found.message for found in _found(judged(rule, rows))] == [message]


def test_a_strangers_text_stays_text_on_one_line_and_short(judged: Judge) -> None:
    title = "<!channel> *x* {track} <http://evil|y>\u202e\nNEW LINE " + "z" * 500
    rule = {"kind": "field", "field": "language", "must": "be_present", "say": "{title} by {artist}"}
    (found,) = _found(judged(rule, [{"title": title}]))
    assert found.message.startswith("<!channel> *x* {track} <http://evil|y> NEW LINE zzz")
    assert found.message.endswith("z… by unknown artist")
    assert len(found.message) < 120


def test_evidence_of_a_field_has_what_was_measured_and_what_was_asked(judged: Judge) -> None:
    (found,) = _found(judged(FIELD, [{"year": 1949}]))
    assert found.evidence == {"field": "year", "value": 1949, "must": {"be_at_least": "1950"}}


def test_the_share_of_an_approval_is_bound_in_steps_of_a_thousandth(judged: Judge) -> None:
    rule = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "10 %"}
    rows = [{"artist": "Nina"}] * 1 + [{"artist": f"A{number}"} for number in range(5)]
    (found, *_) = (one for one in _found(judged(rule, rows)) if one.subject == "artist:nina")
    assert (found.evidence["share"], found.bound) == ("16.67 %", {"per_mille": 166})


def test_violations_are_sorted_by_the_bytes_of_their_subjects(judged: Judge) -> None:
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    assert _subjects(judged(rule, [{"key": key} for key in ("b", "É", "a", "B", "Z", "é", "_")])) == [
        *("B", "Z", "_", "a", "b", "É", "é")
    ]


def test_only_tracks_that_the_policy_applies_to_are_judged(judged: Judge) -> None:
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    rows = [
        {"key": "a", "split": "train", "artist": ["Nina", "Otis"]},
        {"key": "b", "split": "test", "artist": "Nina"},
        {"key": "c", "split": "train", "artist": "Otis"},
        {"key": "d"},
    ]
    where = {"split": ["train"], "artist": "NINA"}
    (evaluation,) = judged(rule, rows, applies_to={"where": where})
    assert ([found.subject for found in evaluation.found], evaluation.judged) == (["a"], 1)


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        ({"licence": "MIT"}, ["own", "sources"]),
        ({"source": ["A", "B"]}, ["sources", "other"]),
        ({"extra.label": "x"}, ["own"]),
        ({"extra.Träger": "Bänder"}, ["own"]),
        ({"status": "active"}, ["other"]),
        ({"duration": "3 s"}, ["own"]),
        ({"tags": "LIVE"}, ["other"]),
        ({"key": [f"k{number}" for number in range(150)] + ["own"]}, ["own"]),
    ],
)
def test_a_selector_finds_a_field_wherever_it_is_kept(
    where: dict[str, Any], selected: list[str], judged: Judge, store: Store
) -> None:
    plant_terms(store, "A", licence="MIT")
    rows = [
        {"key": "own", "licence": "MIT", "extra.label": "x", "extra.Träger": "Bänder", "duration": 3000},
        {"key": "sources", "source": "A", "extra.label": "y"},
        {"key": "other", "source": "B", "licence": "CC0-1.0", "status": "active", "tags": ["live", "loud"]},
        {"key": "none"},
    ]
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    assert _subjects(judged(rule, rows, applies_to={"where": where})) == sorted(selected)


def test_what_a_source_states_counts_for_its_tracks(judged: Judge, store: Store) -> None:
    plant_terms(store, "A", licence="MIT", acquired_by="Ada")
    rows = [{"key": "a", "source": "A"}, {"key": "b", "source": "B"}, {"key": "c"}]
    for field in ("licence", "acquired_by"):
        assert _subjects(judged({"kind": "field", "field": field, "must": "be_present"}, rows)) == ["b", "c"]


def test_the_strictest_of_a_tracks_and_its_sources_licence_counts(judged: Judge, store: Store) -> None:
    plant_terms(store, "strict", licence="CC-BY-NC-4.0")
    plant_terms(store, "free", licence="CC0-1.0")
    rows = [
        {"key": "both-free", "licence": "MIT", "source": "free"},
        {"key": "source-strict", "licence": "MIT", "source": "strict"},
        {"key": "own-strict", "licence": "CC-BY-NC-4.0", "source": "free"},
        {"key": "by-source", "source": "free"},
        {"key": "unstated", "source": "nobody"},
    ]
    found = _found(judged({"kind": "licence", "require": ["commercial"]}, rows))
    assert {one.subject: one.evidence["outcome"] for one in found} == {
        "own-strict": "fail",
        "source-strict": "fail",
        "unstated": "unknown",
    }
    assert found[1].evidence["spdx"] == "MIT AND CC-BY-NC-4.0"


@pytest.mark.parametrize(
    ("licence", "fails"),
    [
        ("MIT OR CC-BY-NC-4.0", False),  # a choice, and one of them will do
        ("MIT AND CC-BY-NC-4.0", True),
        ("CC0-1.0 OR CC-BY-4.0", False),
        ("CC-BY-SA-4.0 OR CC-BY-NC-4.0", True),  # one is not allowed, the other neither
    ],
)
def test_of_a_choice_of_licences_one_has_to_do_in_every_respect(licence: str, fails: bool, judged: Judge) -> None:
    rule = {"kind": "licence", "require": ["commercial"], "allow": ["MIT", "CC-BY-4.0", "CC-BY-NC-4.0"]}
    assert bool(_found(judged(rule, [{"licence": licence}]))) == fails


def test_a_pattern_is_held_against_thousands_of_different_values(judged: Judge) -> None:
    rows = [{"key": f"t{number:04}", "isrc": f"GB{number}" if number % 3 else f"XX{number}"} for number in range(1600)]
    rule = {"kind": "field", "field": "isrc", "must": {"match": "GB[0-9]+"}}
    (evaluation,) = judged(rule, rows, safety={"stop_if_over": "100 % of tracks"})
    assert evaluation.count == len([number for number in range(1600) if number % 3 == 0]) > 500


def test_checksums_are_compared_within_one_algorithm_alone(judged: Judge) -> None:
    rows = [{"md5": "1", "sha256": "2"}, {"md5": "2", "sha256": "1"}]
    assert [one.result for one in judged({"kind": "duplicate", "same": ["file"]}, rows)] == ["pass"]


def test_tracks_of_two_datasets_are_no_duplicates_and_neighbours_only_if_the_rule_names_both(
    judged: Judge, store: Store
) -> None:
    plant(store, "benchmark", [{"key": "x", "md5": "1"}, {"key": "y", "md5": "9", "split": "test"}])
    rows = [{"key": "a", "md5": "1", "split": "train"}, {"key": "b", "md5": "2", "split": "test"}]
    assert _subjects(judged({"kind": "duplicate", "same": ["file"]}, rows)) == []
    near: dict[str, Any] = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file"]}
    assert _subjects(judged(near, rows, datasets=["crate"])) == []
    (found,) = _found(judged({**near, "to": {"dataset": "bench*"}}, rows, datasets=["crate"]))
    assert (found.subject, found.discriminator, found.dataset) == ("a", "file md5:1", "crate")
    assert found.evidence["to"] == [{"dataset": "benchmark", "key": "x"}]
    assert found.message == "a holds the same file as benchmark: x."


def test_a_rule_of_neighbours_judges_only_the_datasets_that_it_names(judged: Judge, store: Store) -> None:
    plant(store, "benchmark", [{"key": "x", "md5": "1", "split": "test"}])
    rule = {"kind": "neighbour", "of": {"dataset": "crate"}, "to": {"dataset": "benchmark"}, "same": ["file"]}
    results = {one.dataset: (one.result, one.reason) for one in judged(rule, [{"key": "a", "md5": "2"}])}
    assert results == {"benchmark": ("skip", "`of` selects tracks of other datasets"), "crate": ("pass", None)}


def test_a_pair_that_shares_its_file_is_not_told_again_for_its_recording(judged: Judge) -> None:
    rule = {
        "kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file", "recording"],
    }  # fmt: skip
    rows = [
        {"key": "a", "split": "train", "md5": "1", "recording": "R"},
        {"key": "b", "split": "test", "md5": "1", "recording": "R"},
    ]
    assert [one.discriminator for one in _found(judged(rule, rows))] == ["file md5:1"]
    remaster = {"key": "c", "split": "test", "md5": "2", "recording": "R"}
    assert [one.discriminator for one in _found(judged(rule, [*rows, remaster]))] == ["file md5:1", "recording R"]


def test_a_group_is_named_by_its_audio_whatever_else_it_shares(judged: Judge) -> None:
    rows = [{"key": key, "md5": "f", "files": [("midi", "md5", "0")]} for key in ("a", "b")]
    (found,) = _found(judged({"kind": "duplicate", "same": ["file"]}, rows))
    assert (found.subject, found.evidence["role"], found.evidence["count"]) == ("md5:f", "audio", 2)


def test_a_column_of_the_workspaces_own_is_grouped_alike_whether_the_import_did_it_or_not(judged: Judge) -> None:
    rule = {"kind": "crossing", "field": "extra.session"}
    rows = [{"extra.session": "Day 1", "split": "train"}, {"extra.session": "DAY  1", "split": "test"}]
    loose = [(one.subject, one.evidence["splits"]) for one in _found(judged(rule, rows))]
    rows = [{**row, "title": "again"} for row in rows]
    assert [
        (one.subject, one.evidence["splits"]) for one in _found(judged(rule, rows, groups=["extra.session"]))
    ] == loose
    assert loose == [("extra.session:day 1", {"test": 1, "train": 1})]


@pytest.mark.parametrize(
    ("rule", "rows", "reason"),
    [
        ({"kind": "duplicate", "same": ["file"]}, [{"title": "A"}], "no track has a checksum"),
        (
            {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file"]},
            [{"split": "train", "md5": "1"}],
            "no track is selected by `to`",
        ),
        (
            {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file", "recording"]},
            [{"split": "train", "md5": "1"}, {"split": "test", "recording": "R"}],
            "no file and no recording is known on both sides",
        ),
        (
            {"kind": "crossing", "field": "artist"},
            [{"artist": "Nina"}, {"split": "train"}],
            "fewer than two splits have a track with an artist",
        ),
        (
            {"kind": "share", "of": "tracks", "by": "genre", "at_most": "5 %"},
            [{"title": "A"}],
            "the genre of no track is known",
        ),
    ],
)
def test_what_nothing_is_known_about_is_not_judged(
    rule: dict[str, Any], rows: list[dict[str, Any]], reason: str, judged: Judge
) -> None:
    (evaluation,) = judged(rule, rows)
    assert (evaluation.result, evaluation.reason) == ("not_enough_evidence", reason)
    (found,) = evaluation.found
    assert (found.subject_kind, found.message) == ("rule", f"There is not enough evidence: {reason}.")


def test_a_share_that_is_unknown_past_its_bound_is_a_violation_of_its_own(judged: Judge) -> None:
    rule = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "100 %", "unknown_at_most": "50 %"}
    (found,) = _found(judged(rule, [{"title": "A"}, {"title": "B"}]))
    assert (found.subject, found.discriminator) == ("artist:?", "unknown")
    assert found.message == "Unknown artist has 100.00 % of the tracks (2)."


def test_a_small_catalogue_does_not_trip_the_circuit_breaker_before_a_sample_is_full(judged: Judge) -> None:
    rule = {"kind": "field", "field": "title", "must": "be_present"}
    safety = {"stop_if_over": "20 % of tracks"}
    (few,) = judged(rule, [{"key": f"t{number}"} for number in range(25)], safety=safety)
    (more,) = judged(rule, [{"key": f"t{number}"} for number in range(26)], safety=safety)
    assert (few.stopped, more.stopped) == (False, True)


def test_a_licence_is_that_of_its_own_source(store: Store, judged: Judge) -> None:
    rows = [{"key": "a", "source": "A"}, {"key": "b", "source": "B"}, {"key": "c"}]
    plant(store, "crate", rows)
    plant_terms(store, "A", licence="MIT")
    plant_terms(store, "B", licence="CC0-1.0")
    rule = {"kind": "field", "field": "licence", "must": {"be_one_of": ["CC-BY-4.0"]}}
    said = {found.subject: found.evidence["value"] for found in _found(judged(rule, [*rows, {"key": "d"}]))}
    assert said == {"a": "MIT", "b": "CC0-1.0", "c": None, "d": None}
