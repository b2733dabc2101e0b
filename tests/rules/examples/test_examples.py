"""Examples of rules: read as selectors are, judged as a catalogue is, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.placed_yaml.mistakes import Refusal
from rules.examples.given import MOST_TRACKS, given_of
from rules.examples.run import ExampleOutcome, lacks, run_examples
from rules.examples.scratch import planted, scratch
from rules.faults import FAULTS
from rules.language.policy import Rule
from tests.support.policies import LICENCES, policy

PRESENT = {"kind": "field", "field": "licence", "must": "be_present"}
PERMITS = {"kind": "licence", "require": ["commercial"]}
NEIGHBOUR = {
    "kind": "neighbour",
    "of": {"split": "train"},
    "to": {"split": ["test", "valid"]},
    "same": ["file", "recording"],
}
ALONE = {"kind": "duplicate", "same": ["file", "recording"]}


def outcomes(rule: dict[str, Any], *examples: tuple[dict[str, Any], str], **keys: Any) -> list[ExampleOutcome]:
    """Hold a rule against examples, each what is given and what is expected."""
    stated = [{"given": deepcopy(tracks), "expect": expected} for tracks, expected in examples]  # no aliases in YAML
    return run_examples([policy({**rule, "examples": stated}, **keys)], LICENCES)


def results(rule: dict[str, Any], *examples: dict[str, Any], **keys: Any) -> list[str]:
    """Give what a rule says of each of some examples."""
    return [outcome.got for outcome in outcomes(rule, *((tracks, "pass") for tracks in examples), **keys)]


class TestWhatComesOut:
    def test_one_track_is_judged_by_its_fields(self) -> None:
        assert results(PRESENT, {"licence": "CC-BY-4.0"}, {}) == ["pass", "fail"]

    def test_of_what_is_not_known_at_all_a_rule_may_know_too_little(self) -> None:
        assert results(NEIGHBOUR, {}) == ["not_enough_evidence"]

    @pytest.mark.parametrize("name", ["mood", "Träger", "曲"])
    def test_a_column_of_ones_own_may_have_a_name_in_any_script(self, name: str) -> None:
        rule = {"kind": "field", "field": f"extra.{name}", "must": {"be_one_of": ["Bänder"]}}
        assert results(rule, {f"extra.{name}": "Bänder"}, {f"extra.{name}": "CD"}) == ["pass", "fail"]

    @pytest.mark.parametrize(("recording", "result"), [("R1", "fail"), ("R2", "pass")])
    def test_two_tracks_are_held_against_each_other(self, recording: str, result: str) -> None:
        pair = {"of": {"split": "train", "recording": "R1"}, "to": {"split": "test", "recording": recording}}
        assert results(NEIGHBOUR, pair) == [result]

    def test_a_pair_is_judged_in_the_dataset_of_the_first(self) -> None:
        other = {**NEIGHBOUR, "of": {"split": "train"}, "to": {"dataset": "benchmark-*"}}
        pair = {"of": {"split": "train", "file": "A"}, "to": {"dataset": "benchmark-1", "file": "A"}}
        assert results(other, pair, {**pair, "to": {"dataset": "another", "file": "A"}}) == [
            "fail",
            "not_enough_evidence",
        ]

    def test_tracks_are_there_as_often_as_the_example_repeats_them(self) -> None:
        few = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"}
        three = {"tracks": [{"artist": "Nina"}, {"artist": "Otis"}, {"artist": ["Nina", "Otis"]}], "repeat": 40}
        (outcome,) = outcomes(few, (three, "fail"))
        assert outcome.ok
        assert "80" in outcome.why

    def test_a_text_may_have_the_number_of_the_repetition(self) -> None:
        few = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "1 %"}
        hundred = {"tracks": [{"artist": "Artist {n}", "title": "{n}"}], "repeat": 100}
        assert results(few, hundred, {**hundred, "repeat": 99}) == ["pass", "fail"]

    def test_what_is_repeated_may_be_numbered(self) -> None:
        few = {"kind": "share", "of": "tracks", "by": "artist", "at_most": "1 %"}
        assert results(few, {"tracks": [{"artist": "Artist {n}"}], "repeat": 100}) == ["pass"]
        assert results(few, {"tracks": [{"artist": "Artist", "key": "a{n}"}], "repeat": 100}) == ["fail"]

    def test_what_was_heard_counts(self) -> None:
        heard = {"of": {"split": "train", "audio": "A"}, "to": {"split": "test", "audio": "B"}}
        copied = {**heard, "to": {"split": "test", "audio": "B", "copy_of": "A"}}
        assert results(NEIGHBOUR, heard, copied) == ["pass", "fail"]

    def test_copies_of_copies_are_one_recording(self) -> None:
        chain = [{"audio": "A"}, {"audio": "B", "copy_of": "A"}, {"audio": "C", "copy_of": "B"}]
        grouped = {**ALONE, "group_at_most": 2}
        assert results(grouped, {"tracks": chain}, {"tracks": chain[:2]}) == ["fail", "pass"]

    @pytest.mark.parametrize(
        "fault",
        ["unreadable", "undecodable", "damaged", "truncated", "silent", "clipped", "dc", "dead_channel", "fake_stereo",
         "upsampled"],
    )  # fmt: skip
    def test_each_fault_is_found_by_the_rule_that_forbids_it(self, fault: str) -> None:
        rule = {"kind": "integrity", "forbid": [fault]}
        assert results(rule, {"audio": "A", "faults": fault}, {"audio": "A"}) == ["fail", "pass"]

    def test_a_file_at_another_rate_or_of_another_length_has_no_fault(self) -> None:
        rule = {"kind": "integrity", "forbid": ["truncated", "upsampled"]}
        assert results(rule, {"audio": "A", "rate": "96 kHz", "length": "1 s"}) == ["pass"]

    def test_the_licence_of_a_source_counts_too(self) -> None:
        track = {"licence": "CC-BY-4.0", "source": "FMA", "licence_of_source": "CC-BY-NC-4.0"}
        assert results(PERMITS, track) == ["fail"]

    def test_what_the_policy_applies_to_does_not_count(self) -> None:
        keys = {"datasets": ["another"], "applies_to": {"where": {"split": "test"}}}
        assert results(PRESENT, {"split": "train"}, **keys) == ["fail"]

    def test_the_circuit_breaker_and_the_mode_do_not_count(self) -> None:
        keys = {"safety": {"stop_if_over": "1 violation"}, "mode": "observe"}
        (outcome,) = outcomes(PRESENT, ({"tracks": [{}], "repeat": 40}, "fail"), **keys)
        assert outcome.ok
        assert outcome.why.startswith("track 1: its licence is not known. track 10: its licence is not known.")
        assert outcome.why.endswith("And 38 more.")

    def test_an_outcome_says_where_what_and_why(self) -> None:
        (outcome,) = outcomes(PERMITS, ({"licence": "CC-BY-NC-4.0"}, "pass"))
        assert not outcome.ok
        said = str(outcome).partition(": ")[2]
        assert said == (
            "given licence: CC-BY-NC-4.0: expected pass, got fail: "
            "the track: CC-BY-NC-4.0 does not permit commercial use."
        )


class TestApart:
    def test_examples_see_nothing_of_each_other(self) -> None:
        same = {"file": "A", "recording": "R1", "audio": "A", "source": "FMA"}
        known = {**same, "licence_of_source": "CC0-1.0"}
        assert results(ALONE, same, same) == ["pass", "pass"]
        assert results(PRESENT, known, same) == ["pass", "fail"]

    @settings(max_examples=24, deadline=None)
    @given(st.permutations([{}, {"file": "A"}, {"audio": "A"}, {"tracks": [{"file": "A"}, {"file": "A"}]}]))
    def test_their_order_makes_no_difference(self, examples: list[dict[str, Any]]) -> None:
        got = dict(zip(map(str, examples), results(ALONE, *examples), strict=True))
        assert got == {str(one): results(ALONE, one)[0] for one in examples}


class TestLacks:
    def test_a_rule_needs_an_example_that_passes_and_one_that_fails(self) -> None:
        stated = [{"given": {}, "expect": "fail"}, {"given": {}, "expect": "not_enough_evidence"}]
        made = policy({**PRESENT, "id": "a", "examples": stated}, {**PRESENT, "id": "b"})
        assert [(lack.rule, lack.what) for lack in lacks([made])] == [
            ("a", "no example that passes"),
            ("b", "no example that passes or fails"),
        ]

    def test_one_that_is_passed_over_will_do(self) -> None:
        stated = [{"given": {}, "expect": "fail"}, {"given": {}, "expect": "skip"}]
        assert lacks([policy({**PRESENT, "examples": stated})]) == []


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("{licens: x}", 'unknown field "licens". Did you mean "licence"?'),
            ("{of: {splt: train}, to: {}}", 'unknown field "splt". Did you mean "split"?'),
            ("{year: soon}", 'year is a whole number, and "soon" is not one'),
            ("{artist: [Nina, 3]}", "artist is text, and this is not"),
            ("{artist: []}", "no value is listed"),
            ('{file: ""}', "this text is empty. What is unknown is left out."),
            ("{of: {}}", '"to" is missing'),
            ("{of: {}, to: {}, split: train}", '"split" does not belong here'),
            ("{tracks: []}", "expected a list of tracks"),
            ("{tracks: [{}], repeat: 0}", '"0" is no number of times'),
            ("{tracks: [{}], repeat: 1001}", "more than 1,000 tracks"),
            ("{tracks: [{key: a}, {key: a}]}", 'several tracks have the key "a"'),
            ("{of: {key: a}, to: {key: a}}", 'several tracks have the key "a"'),
            ("{tracks: [{key: track 2}, {}]}", 'several tracks have the key "track 2"'),
            ("{tracks: [{key: a}], repeat: 2}", 'number their keys, as in "a{n}"'),
            (
                "{of: {source: FMA, licence_of_source: MIT}, to: {source: FMA, licence_of_source: CC0-1.0}}",
                'the source "FMA" has another licence above',
            ),
            ("[]", "expected what is known of a track"),
            ("{audio: A, faults: [upsamled]}", 'unknown fault "upsamled". Did you mean "upsampled"?'),
            ("{audio: A, problem: gone}", 'unknown problem "gone"'),
            ("{silent: 40 %}", '"silent" is heard in audio, and there is none'),
            ("{audio: A, copy_of: B}", 'no other track here has the audio "B"'),
            ("{audio: A, copy_of: A}", 'no other track here has the audio "A"'),
            ("{audio: A, overlap: 5 s}", '"overlap" says nothing without "excerpt_of"'),
            ("{licence_of_source: MIT}", '"licence_of_source" says nothing without "source"'),
        ],
    )
    def test_it_is_told(self, trouble_with: Callable[[str], str], written: str, said: str) -> None:
        assert said in trouble_with(f"kind: field, field: licence, must: be_present, examples: [{_with(written)}]")

    def test_the_place_is_that_of_the_very_value(self, trouble_with: Callable[[str], str]) -> None:
        keys = "kind: field, field: title, must: be_present, "
        said = trouble_with(f"{keys}examples: [{_with('{tracks: [{}, {year: soon}]}')}]")
        line = next(line for line in said.splitlines() if "year: soon" in line)
        caret = next(line for line in said.splitlines() if line.endswith("^"))
        assert line.index("soon") == caret.index("^")

    def test_a_result_that_there_is_not_is_refused(self, trouble_with: Callable[[str], str]) -> None:
        keys = "kind: field, field: title, must: be_present, examples: [{given: {}, expect: fails}]"
        assert 'unknown result "fails". Did you mean "fail"?' in trouble_with(keys)


def _with(given: str) -> str:
    return f"{{given: {given}, expect: pass}}"


def test_a_rule_has_its_examples_with_their_places(rule_of: Callable[[str], Rule]) -> None:
    (example,) = rule_of(f"kind: field, field: title, must: be_present, examples: [{_with('{}')}]").examples
    assert (example.expect, example.location.file) == ("pass", "policy.yaml")
    assert str(example.given) == "a track of which nothing is known"


NAMES = st.sampled_from(["A", "B", "crate", "{n}", "track 1", "the track", "Ωß; \u0130"])
PLAIN = ("key", "artist", "recording", "licence", "extra.x", "status", "split", "dataset", "file")
STATED = st.fixed_dictionaries({}, optional={**dict.fromkeys(PLAIN, NAMES), "year": st.integers(-(10**17), 10**17)})
SOURCED = st.fixed_dictionaries({"source": NAMES, "licence_of_source": NAMES})
SOUNDING = st.fixed_dictionaries(
    {"audio": NAMES, "faults": st.lists(st.sampled_from(list(FAULTS)), min_size=1)},
    optional={"copy_of": NAMES, "version_of": NAMES, "file": NAMES},
)
FACTS = STATED | SOURCED | SOUNDING


@settings(deadline=None)
@given(FACTS | st.fixed_dictionaries({"tracks": st.lists(FACTS, min_size=1), "repeat": st.integers(1, 3)}))
def test_whatever_is_taken_can_be_judged(stated: dict[str, Any]) -> None:
    try:
        one = given_of(stated)
    except Refusal:
        return
    with scratch() as connection:
        (scope,) = planted(connection, [one])
        assert scope.size(connection) > 0


@given(st.integers(1, MOST_TRACKS))
def test_repeated_tracks_have_names_of_their_own(repeat: int) -> None:
    names = given_of({"tracks": [{}], "repeat": repeat}).names
    assert len(set(names)) == repeat
