"""What rules say of tracks that were listened to: the words, the evidence, and what it is told under."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.ledger.violations import Found
from rules.complaint import TrackList
from rules.evaluate import Evaluation
from rules.targets import targets
from tests.support.catalogue import PLANTED_AT, plant, plant_comparison
from tests.support.policies import LICENCES, evaluate_all, policy

APART: dict[str, Any] = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}}
SOUND: dict[str, Any] = {
    "sample_rate_hz": 44_100, "channels": 2, "header_ms": 180_000, "duration_ms": 180_000, "damaged_packets": 0,
    "clipped": 0.0, "silent": 0.0, "dc": 0.0, "dead_channels": 0, "identical_channels": False,
    "bandwidth_hz": 22_050, "codec": "flac", "cut_off": False,
    "loudness_lufs": -14.0, "versions": {"integrity": "1", "loudness": "1"},
}  # fmt: skip

Judge = Callable[..., Evaluation]


def heard(key: str, packets: str, split: str | None = None, **fields: Any) -> dict[str, Any]:
    """Make a track that was heard."""
    sound = {name: fields.pop(name) for name in list(fields) if name in (*SOUND, "pcm", "sha256", "problem", "reason")}
    return {"key": key, "split": split, **fields, "heard": {**SOUND, "packets": packets, **sound}}


@pytest.fixture
def judged(store: Store) -> Judge:
    """Hold a rule against tracks, all of whose audio was compared, with this for a result."""

    def judge(rule: dict[str, Any], rows: list[dict[str, Any]], **found: Any) -> Evaluation:
        plant(store, "crate", rows)
        found.setdefault("compared", [row["heard"]["packets"] for row in rows if "heard" in row])
        revision = plant_comparison(store, **found)
        made = policy(rule)
        with store.read() as connection:
            (evaluation,) = evaluate_all(connection, made, made.rules[0], Snapshot(revision, PLANTED_AT), LICENCES)
            return evaluation

    return judge


def _one(evaluation: Evaluation) -> Found:
    (found,) = evaluation.found
    return found


TRAIN_B, TEST_A = heard("train/1", "B", "train"), heard("test/041", "A", "test")
STRETCH = {"offset_a": 3.0, "offset_b": 31.0, "overlap_s": 10.0, "tempo": 1.25, "pitch": -2.0, "score": 65.25}
MATCH = {
    "packets_a": "A", "packets_b": "B", "kind": "lower", "whole": True, "tempo": 1.25, "score": 65.25, "pitch": -2.0,
    "overlap_s": 10.0, "stretches": [STRETCH],
}  # fmt: skip


def test_a_match_is_told_from_the_track_that_is_judged(judged: Judge) -> None:
    rule = {**APART, "same": ["recording"]}
    found = _one(judged(rule, [TRAIN_B, TEST_A], matches=[MATCH], recordings={"A": "rec-1", "B": "rec-1"}))
    assert found.message == ("train/1 holds the same recording as test/041, 12.5 s from 0:31 (the other is higher).")
    assert found.evidence == {
        "same": "recording",
        "shared": ["heard:rec-1"],
        "packets": "B",
        "to": [
            {
                "dataset": "crate",
                "key": "test/041",
                "packets": "A",
                "kind": "higher",
                "score": 65.2,
                "stretches": [
                    {"offset_a": 31.0, "offset_b": 3.0, "overlap_s": 12.5, "tempo": 0.8, "pitch": 2.0, "score": 65.2}
                ],
            }
        ],
        "count": 1,
    }


def test_a_heard_recording_is_known_by_the_tracks_own_audio_whatever_its_id(judged: Judge) -> None:
    rule = {**APART, "same": ["recording"]}
    first = _one(judged(rule, [TRAIN_B, TEST_A], recordings={"A": "rec-1", "B": "rec-1"}))
    merged = _one(judged(rule, [TRAIN_B, TEST_A], recordings={"A": "rec-2", "B": "rec-2"}))
    assert first.discriminator == "recording packets:B"
    assert (first.key, first.bound_hash) == (merged.key, merged.bound_hash)


def test_a_score_that_moves_a_little_is_the_same_matter_and_half_the_overlap_another(judged: Judge) -> None:
    rule = {**APART, "same": ["excerpt"]}
    bound = []
    for score, overlap_s in ((60.0, 10.0), (61.5, 10.4), (60.0, 4.0)):
        match = {"packets_a": "A", "packets_b": "B", "score": score, "overlap_s": overlap_s}
        bound.append(_one(judged(rule, [TRAIN_B, TEST_A], matches=[match])).bound_hash)
    assert bound[0] == bound[1] != bound[2]


def test_the_same_audio_under_other_tags_is_one_recording_even_before_it_was_compared(judged: Judge) -> None:
    rows = [heard("a", "A", "train", sha256="1"), heard("b", "A", "test", sha256="2")]
    (found, *_) = judged({**APART, "same": ["file", "recording"]}, rows, compared=[]).found
    assert found.message == "a holds the same recording as b (same audio re-tagged)."
    assert found.evidence["to"][0]["stretches"] == [
        {"offset_a": 0.0, "offset_b": 0.0, "overlap_s": 180.0, "tempo": 1.0, "pitch": 0.0, "score": None}
    ]


def test_a_file_without_a_stated_checksum_is_known_by_the_one_that_the_scan_computed(judged: Judge) -> None:
    rows = [heard("a", "A", "train", sha256="1"), {"key": "b", "split": "test", "sha256": "1"}]
    found = next(iter(judged({**APART, "same": ["file"]}, rows).found))
    assert (found.discriminator, found.message) == ("file sha256:1", "a holds the same file as b.")


def test_a_whole_match_across_a_separation_is_the_same_recording_still(judged: Judge) -> None:
    rows = [heard("a", "A", "train"), heard("c", "C", "train"), heard("b", "B", "test")]
    match = {"packets_a": "B", "packets_b": "C", "whole": True, "kind": "re-encode"}
    rule = {**APART, "same": ["file", "recording"]}
    found = _one(judged(rule, rows, matches=[match], recordings={"A": "rec-1", "C": "rec-1"}))
    assert found.message == "c holds the same recording as b, 10.0 s from 0:00 (re-encode)."
    assert found.discriminator == "recording packets:C"


@pytest.mark.parametrize("match", [{"candidate": True}, {"whole": True}, {"overlap_s": 4.9}])
def test_no_excerpt_is_what_is_uncertain_or_the_whole_or_too_short(match: dict[str, Any], judged: Judge) -> None:
    rule = {**APART, "same": ["excerpt"], "overlap_at_least": "5 s"}
    evaluation = judged(rule, [TRAIN_B, TEST_A], matches=[{"packets_a": "A", "packets_b": "B", **match}])
    assert evaluation.result == "pass"


def test_an_overlap_is_measured_in_the_time_of_the_track_that_is_judged(judged: Judge) -> None:
    match = {"packets_a": "A", "packets_b": "B", "overlap_s": 4.8, "tempo": 1.1}
    for rows, result in (([TRAIN_B, TEST_A], "fail"), ([heard("x", "A", "train"), heard("y", "B", "test")], "pass")):
        rule = {**APART, "same": ["excerpt"], "overlap_at_least": "5 s"}
        assert judged(rule, rows, matches=[match]).result == result


def test_a_recording_by_way_of_a_third_has_no_stretch_to_show(judged: Judge) -> None:
    rule = {**APART, "same": ["recording"]}
    found = _one(judged(rule, [TRAIN_B, TEST_A], recordings={"A": "rec-1", "B": "rec-1"}))
    assert found.evidence["to"] == [{"dataset": "crate", "key": "test/041", "packets": "A"}]
    assert found.message == "train/1 holds the same recording as test/041."


def test_a_version_is_told_as_a_guess(judged: Judge) -> None:
    found = _one(judged({**APART, "same": ["version"]}, [TRAIN_B, TEST_A], versions=[("A", "B")]))
    assert found.message == "train/1 holds the same work (it seems) as test/041."
    assert found.evidence["to"][0]["kind"] == "version"


@pytest.mark.parametrize("same", ["excerpt", "version"])
def test_nobody_having_listened_is_no_pass_for_what_has_to_be_heard(same: str, judged: Judge) -> None:
    rows = [{"split": "train", "md5": "1"}, {"split": "test", "md5": "2"}]
    evaluation = judged({**APART, "same": ["file", same]}, rows)
    assert (evaluation.result, evaluation.complete) == ("not_enough_evidence", False)


def test_what_was_not_seen_is_told_beside_what_fails(judged: Judge) -> None:
    rows = [TRAIN_B, TEST_A, heard("c", "C", "train"), {"key": "d", "split": "test", "path": "d"}]
    match = {"packets_a": "A", "packets_b": "B"}
    evaluation = judged({**APART, "same": ["excerpt"]}, rows, matches=[match], compared=["A", "B"])
    assert (evaluation.result, evaluation.complete, evaluation.count) == ("fail", False, 1)
    assert [found.message for found in evaluation.found] == [
        "train/1 holds the same stretch as test/041, 10.0 s from 0:00 (excerpt).",
        "There is not enough evidence: of 4 tracks, 1 was not scanned and 1 was not compared.",
    ]


UNSCANNED: dict[str, Any] = {"key": "x", "split": "train", "path": "x", "artist": "Nina"}


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ({**APART, "same": ["file"]}, {**UNSCANNED, "md5": "1"}),
        ({**APART, "same": ["recording"]}, {**UNSCANNED, "recording": "R1"}),
        ({"kind": "crossing", "field": "recording"}, {**UNSCANNED, "recording": "R1"}),
        ({"kind": "duplicate", "same": ["recording"]}, {**UNSCANNED, "recording": "R1"}),
        ({"kind": "duplicate", "same": ["file"]}, {**UNSCANNED, "md5": "1"}),
        ({"kind": "crossing", "field": "artist"}, UNSCANNED),
    ],
)
def test_what_the_catalogue_states_is_no_pass_where_it_can_not_be_held_against_what_was_heard(
    rule: dict[str, Any], first: dict[str, Any], judged: Judge
) -> None:
    rows = [first, heard("a", "A", "train", sha256="2"), heard("b", "B", "test", sha256="3", artist="Otis")]
    evaluation = judged(rule, rows)
    assert (evaluation.result, evaluation.reason) == ("not_enough_evidence", "of 3 tracks, 1 was not scanned")


def test_what_the_catalogue_states_is_a_pass_where_all_state_it(judged: Judge) -> None:
    stating = {"md5": "1", "recording": "R1"}
    others = [heard("a", "A", "train", md5="2", recording="R2"), heard("b", "B", "test", md5="3", recording="R3")]
    for same in ("file", "recording"):
        assert judged({**APART, "same": [same]}, [{**UNSCANNED, **stating}, *others]).result == "pass"


def test_an_artist_that_was_not_joined_by_a_comparison_is_no_pass(judged: Judge) -> None:
    rows = [heard("a", "A", "train", artist="Nina"), heard("b", "B", "test", artist="Otis")]
    evaluation = judged({"kind": "crossing", "field": "artist"}, rows, compared=[])
    assert (evaluation.result, evaluation.reason) == ("not_enough_evidence", "of 2 tracks, 2 were not compared")
    alone = judged({"kind": "crossing", "field": "artist", "joined_by": "nothing"}, rows, compared=[])
    assert alone.result == "pass"


def test_the_scan_of_one_dataset_asks_nothing_of_another(judged: Judge, store: Store) -> None:
    plant(store, "heard", [heard("x", "X", "train")])
    rows = [{"split": "train", "recording": "R1"}, {"split": "test", "recording": "R2"}, {"split": "test"}]
    plant(store, "crate", rows)
    made = policy({**APART, "same": ["file", "recording"]}, datasets=["crate"])
    with store.read() as connection:
        (evaluation,) = evaluate_all(connection, made, made.rules[0], Snapshot(2, PLANTED_AT), LICENCES)
    assert evaluation.result == "pass"


def test_a_group_of_a_recording_tells_how_the_first_lies_in_the_others(judged: Judge) -> None:
    match = {"packets_a": "A", "packets_b": "B", "whole": True, "kind": "re-encode"}
    rule = {"kind": "duplicate", "same": ["file", "recording"]}
    rows = [heard("a", "A"), heard("b", "B"), heard("c", "C")]
    found = _one(judged(rule, rows, matches=[match], recordings={"A": "rec-1", "B": "rec-1"}))
    assert (found.subject, found.message) == ("heard:packets:A", "2 tracks hold the same recording: a, b.")
    assert (found.evidence["packets"], found.evidence["to"][0]["kind"]) == ("A", "re-encode")


def test_the_share_of_tracks_in_groups_is_one_violation_with_the_figures(judged: Judge) -> None:
    rule = {"kind": "duplicate", "same": ["recording"], "share_at_most": "1 %", "within": "split"}
    rows = [heard("a", "A", "train"), heard("b", "A", "train"), heard("c", "C", "train"), heard("d", "D", "test")]
    found = _one(judged(rule, rows))
    assert (found.subject, found.discriminator) == ("train", "share of a split")
    assert found.message == "66.67 % of the tracks of train (2 of 3) hold the same recording as others, more than 1 %."
    assert found.evidence == {"tracks": 2, "of": 3, "share": "66.67 %", "split": "train", "at_most": "1 %"}


def test_an_artist_crosses_by_a_copy_under_another_name(judged: Judge) -> None:
    rows = [heard("a", "A", "train", artist="Nina"), heard("b", "B", "test", artist="N. Simone")]
    evaluation = judged({"kind": "crossing", "field": "artist"}, rows, recordings={"A": "rec-1", "B": "rec-1"})
    assert [found.message for found in evaluation.found] == [
        "N. Simone lies in test and train: 2 tracks, of which a holds the same recording as b.",
        "Nina lies in test and train: 2 tracks, of which b holds the same recording as a.",
    ]
    assert next(iter(evaluation.found)).evidence["linked"] == {
        "count": 1,
        "first": [{"track": "a", "split": "train", "by": "recording", "through": "b", "spelled": "N. Simone"}],
    }


def test_a_recording_that_was_heard_crosses_once_and_by_the_name_of_its_first_track(judged: Judge) -> None:
    rule = {"kind": "crossing", "field": "recording"}
    heard_alone = [heard("a", "A", "train"), heard("b", "A", "test")]
    found = _one(judged(rule, heard_alone))
    assert (found.subject, found.message) == (
        "recording:heard:packets:A",
        "Recording of a lies in test and train: 2 tracks.",
    )
    stated_too = [{**row, "recording": "R1"} for row in heard_alone]
    assert _one(judged(rule, stated_too)).subject == "recording:r1"


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ({"kind": "crossing", "field": "recording"}, "recording:heard:packets:A"),
        ({"kind": "duplicate", "same": ["recording"]}, "heard:packets:A"),
    ],
)
def test_a_recording_keeps_its_name_however_deep_it_was_scanned_and_compared_or_merged(
    rule: dict[str, Any], subject: str, judged: Judge
) -> None:
    def found(pcm: str | None, **comparison: Any) -> Found:
        return _one(judged(rule, [heard("a", "A", "train", pcm=pcm), heard("b", "A", "test", pcm=pcm)], **comparison))

    states = [found(None), found("P"), found("P", recordings={"A": "rec-1"}), found("P", recordings={"A": "rec-2"})]
    assert {one.subject for one in states} == {subject}
    assert len({(one.key, one.bound_hash) for one in states}) == 1


@pytest.mark.parametrize(
    ("fault", "measured", "said"),
    [
        ("unreadable", {"problem": "missing", "reason": "no such file"}, "its file can't be read (no such file)"),
        ("undecodable", {"problem": "crashed"}, "it can't be decoded (crashed)"),
        ("damaged", {"damaged_packets": 3}, "3 packets of it can't be decoded"),
        ("truncated", {"duration_ms": 12_300}, "it ends after 12.3 s, though its header states 3 min"),
        ("truncated", {"cut_off": True}, "its last page is not marked as the end"),
        ("truncated", {"cut_off": True, "header_ms": None}, "its last page is not marked as the end"),
        ("silent", {"silent": 0.98}, "it is silent for 98 % of its length, more than 90 %"),
        ("clipped", {"clipped": 0.0123}, "1.23 % of its samples are clipped, more than 0.1 %"),
        ("dc", {"dc": 0.06}, "it is off centre by 6 % of full scale, more than 5 %"),
        ("dead_channel", {"dead_channels": 1}, "1 of 2 channels is silent"),
        ("fake_stereo", {"identical_channels": True}, "both of its channels are the same"),
        (
            "upsampled",
            {"bandwidth_hz": 11_025},
            "its sound ends at 11.025 kHz, though a rate of 44.1 kHz has room for more than 19.845 kHz",
        ),
    ],
)
def test_each_fault_is_said_with_what_was_measured(
    fault: str, measured: dict[str, Any], said: str, judged: Judge
) -> None:
    rows = [heard("a", "A", **measured), heard("b", "B")]
    found = _one(judged({"kind": "integrity", "forbid": [fault]}, rows))
    assert (found.message, found.evidence["faults"][0]["fault"]) == (f"a: {said}.", fault)


def test_all_that_is_wrong_with_a_track_is_one_violation(judged: Judge) -> None:
    rule = {
        "kind": "integrity", "forbid": ["clipped", "dc"], "sample_rate": {"at_least": "44.1 kHz"},
        "length": {"at_most": "2 min"}, "loudness": {"at_most": "-5 LUFS"},
    }  # fmt: skip
    found = _one(judged(rule, [heard("a", "A", clipped=0.002, sample_rate_hz=22_050, loudness_lufs=-4.04)]))
    assert found.evidence["faults"] == [
        {"fault": "clipped", "measured": "0.2 %", "limit": "at most 0.1 %"},
        {"fault": "sample rate", "measured": "22.05 kHz", "limit": "at least 44.1 kHz"},
        {"fault": "length", "measured": "3 min", "limit": "at most 2 min"},
        {"fault": "loudness", "measured": "-4 LUFS", "limit": "at most -5 LUFS"},
    ]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"title": "A"}], "no track was scanned"),
        ([heard("a", "A"), {"key": "b", "path": "b"}], "of 2 tracks, 1 was not scanned"),
        ([heard("a", "A"), heard("b", "B", versions={})], "of 2 tracks, 1 was not scanned"),
        ([heard("a", "A"), heard("b", "B", problem="timeout")], "of 2 tracks, 1 was not scanned"),
    ],
)
def test_what_was_not_measured_has_no_integrity(rows: list[dict[str, Any]], reason: str, judged: Judge) -> None:
    evaluation = judged({"kind": "integrity", "forbid": ["clipped"]}, rows)
    assert (evaluation.result, evaluation.reason) == ("not_enough_evidence", reason)


@pytest.fixture
def taken_out(store: Store) -> Callable[..., dict[str, TrackList]]:
    """Tell, by the subject of each violation, what a quarantine of it takes out."""

    def of(rule: dict[str, Any], rows: list[dict[str, Any]], **found: Any) -> dict[str, TrackList]:
        plant(store, "crate", rows)
        snapshot = Snapshot(plant_comparison(store, **found), PLANTED_AT)
        made = policy(rule)
        with store.read() as connection:
            (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
            every: list[Found] = [one for one in evaluation.found if one.subject_kind != "rule"]
            return {one.subject: targets(connection, made, made.rules[0], one, snapshot) for one in every}

    return of


@pytest.mark.parametrize(
    ("same", "found"),
    [
        ("recording", {"recordings": {"A": "rec-1", "B": "rec-1"}}),
        ("excerpt", {"matches": [{"packets_a": "A", "packets_b": "B"}]}),
        ("version", {"versions": [("A", "B")]}),
    ],
)
def test_a_quarantine_of_the_other_side_takes_out_what_was_heard_there(
    same: str, found: dict[str, Any], taken_out: Callable[..., dict[str, TrackList]]
) -> None:
    rows = [TRAIN_B, TEST_A, heard("copy", "A", "test"), heard("other", "C", "test")]
    rule = {**APART, "same": [same], "quarantine": "to"}
    assert taken_out(rule, rows, **found) == {"train/1": (("crate", "copy"), ("crate", "test/041"))}


def test_a_quarantine_of_a_group_keeps_the_first_however_the_group_hangs_together(
    taken_out: Callable[..., dict[str, TrackList]],
) -> None:
    rows = [
        heard("a", "A", sha256="1"), heard("b", "B", sha256="1"), heard("c", "C", recording="R"),
        {"key": "d", "recording": "R"},
    ]  # fmt: skip
    rule = {"kind": "duplicate", "same": ["file", "recording"]}
    assert taken_out(rule, rows, recordings={"B": "rec-1", "C": "rec-1"}) == {
        "sha256:1": (("crate", "b"), ("crate", "c"), ("crate", "d"))
    }


@pytest.mark.parametrize("field", ["artist", "recording"])
def test_a_quarantine_of_a_crossing_takes_out_what_is_linked(
    field: str, taken_out: Callable[..., dict[str, TrackList]]
) -> None:
    rule = {"kind": "crossing", "field": field, "quarantine": "train"}
    out = taken_out(rule, [heard("a", "A", "train", artist="Nina"), heard("b", "A", "test", artist="Otis")])
    assert set(out.values()) == {(("crate", "a"),)}
