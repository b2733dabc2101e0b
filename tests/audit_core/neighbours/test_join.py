"""The comparison of a library with itself, of what is new with all, and of queries."""

import functools
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.neighbours import nominate
from audit_core.neighbours.join import CANDIDATE_THRESHOLD, THRESHOLD, query, score_of, self_join
from audit_core.neighbours.match import Match, inverted
from audit_core.neighbours.nominate import Sides, nominated
from tests.support.peaks import Crate, concatenated, cut, music, played, worn

within_one_folder = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@functools.cache
def crate() -> Crate:
    """Make a small corpus: originals, and what became of them."""
    one, two, three = music(51, 100), music(52, 75), music(53, 90)
    files = [
        (one, 100.0),
        (worn(one, 1), 100.0),
        (played(worn(one, 2), tempo=1.08, pitch=-1.3), 108.0),
        (two, 75.0),
        (worn(cut(two, 30, 37), 3, lost=0.15), 7.0),
        (concatenated([(cut(two, 10, 40), 30), (cut(three, 10, 50), 40)]), 70.0),
        (three, 90.0),
        (music(54, 80), 80.0),
        (cut(music(54, 80), 90, 99), 9.0),
        (worn(cut(three, 60, 68), 4, lost=0.15), 8.0),
        (worn(cut(two, 28, 40), 5, lost=0.15), 12.0),
    ]
    return Crate([peaks for peaks, _ in files], [length for _, length in files])


def sub(chosen: list[int]) -> Crate:
    return Crate([crate().peaks[i] for i in chosen], [crate().durations_s[i] for i in chosen])


Matches = dict[tuple[int, int], Match]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Matches:
    folder = tmp_path_factory.mktemp("join")
    return {(match.a, match.b): match for match in self_join(crate(), folder=folder)}


def test_all_pairs_that_share_audio_are_found_and_no_others(whole: Matches) -> None:
    pairs = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (3, 10), (4, 5), (4, 10), (5, 6), (5, 10), (6, 9)}
    assert set(whole) == pairs
    assert all(match.score >= THRESHOLD and not match.candidate for match in whole.values())


def test_a_file_is_no_match_of_itself(whole: Matches) -> None:
    assert all(match.a < match.b for match in whole.values())


def test_tempo_pitch_and_offsets_are_told(whole: Matches) -> None:
    best = whole[0, 2].stretches[0]
    assert best.tempo == pytest.approx(1.08, abs=0.001)
    assert best.pitch == pytest.approx(-1.3, abs=0.05)
    best = whole[3, 4].stretches[0]
    assert best.offset_a == pytest.approx(30, abs=0.1)
    assert best.offset_b == pytest.approx(0, abs=0.1)


def test_a_match_is_whole_if_it_covers_most_of_both_files(whole: Matches) -> None:
    assert {pair for pair, match in whole.items() if match.whole} == {(0, 1), (0, 2), (1, 2)}


@within_one_folder
@given(new=st.sets(st.integers(0, 10), min_size=1))
def test_what_is_new_finds_what_the_whole_finds_of_it(new: set[int], tmp_path: Path, whole: Matches) -> None:
    found = {(match.a, match.b): match for match in self_join(crate(), new=new, folder=tmp_path)}
    assert found == {pair: match for pair, match in whole.items() if new & set(pair)}


@within_one_folder
@given(first=st.integers(1, 10), second=st.integers(1, 10))
def test_a_library_that_grew_in_steps_has_the_same_matches(
    first: int, second: int, tmp_path: Path, whole: Matches
) -> None:
    steps = sorted({first, second, 11})
    found: dict[tuple[int, int], Match] = {}
    known = 0
    for size in steps:
        for match in self_join(sub(list(range(size))), new=range(known, size), folder=tmp_path):
            found[match.a, match.b] = match
        known = size
    assert found == whole


@within_one_folder
@given(order=st.permutations(list(range(11))))
def test_the_order_of_the_files_changes_nothing(order: list[int], tmp_path: Path, whole: Matches) -> None:
    found = {}
    for match in self_join(sub(order), folder=tmp_path):
        a, b = order[match.a], order[match.b]
        stretches = match.stretches if a < b else tuple(inverted(stretch) for stretch in match.stretches)
        found[min(a, b), max(a, b)] = stretches
    assert set(found) == set(whole)
    for pair, stretches in found.items():
        for one, other in zip(stretches, whole[pair].stretches, strict=True):
            assert astuple(one) == pytest.approx(astuple(other), abs=1e-9)


def test_however_many_parts_the_landmarks_lie_in_the_same_pairs_are_nominated(tmp_path: Path) -> None:
    everything = Sides(np.ones(11, np.bool_), both=True)
    named = []
    for rows in (1 << 23, 50_000, 5_000):
        parts = list(nominated(crate(), everything, tmp_path, lambda *_: None, rows_of_a_part=rows))
        named.append([pair for a, b in parts for pair in zip(a.tolist(), b.tolist(), strict=True)])
    assert named[0] == named[1] == named[2]
    assert named[0] == sorted(named[0])


def test_a_landmark_of_too_many_files_is_passed_over_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copies = Crate([cut(music(62, 3), 0, 3)] * 4, [3.0] * 4)
    everything = Sides(np.ones(4, np.bool_), both=True)
    with caplog.at_level("INFO"):
        parts = list(nominated(copies, everything, tmp_path, lambda *_: None, most_files=3))
    assert sum(len(a) for a, _ in parts) == 0
    assert "passed over" in caplog.text


@within_one_folder
@given(asked=st.sets(st.integers(0, 10), min_size=1, max_size=4))
def test_a_query_finds_what_the_join_finds(asked: set[int], tmp_path: Path, whole: Matches) -> None:
    ours, theirs = sorted(asked), [i for i in range(11) if i not in asked]
    found = {(ours[m.a], theirs[m.b]) for m in query(sub(ours), sub(theirs), folder=tmp_path)}
    expected = {pair if pair[0] in asked else pair[::-1] for pair in whole if len(asked & set(pair)) == 1}
    assert found == expected


@pytest.mark.parametrize("tempo", [0.9, 1.0, 1.1])
def test_a_long_track_is_found_however_little_is_left_of_it(tempo: float, tmp_path: Path) -> None:
    original = music(63, 200)
    copy = Crate([played(worn(original, 13, lost=0.7, per_second=25), tempo=tempo)], [200 * tempo])
    tracks = Crate([music(64, 200), original, music(65, 180)], [200, 200, 180])
    assert [match.b for match in query(copy, tracks, folder=tmp_path)] == [1]
    both = Crate([*tracks.peaks, *copy.peaks], [*tracks.durations_s, *copy.durations_s])
    assert [(match.a, match.b) for match in self_join(both, folder=tmp_path)] == [(1, 3)]


def test_a_thinner_sample_nominates_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = Sides(np.ones(11, np.bool_), both=True)
    named = []
    for _, sampled in nominate.SAMPLED:
        monkeypatch.setattr(nominate, "SAMPLED", ((11, sampled),))
        parts = nominated(crate(), everything, tmp_path, lambda *_: None)
        named.append({pair for a, b in parts for pair in zip(a.tolist(), b.tolist(), strict=True)})
    assert named[0] >= named[1] >= named[2]


def test_a_query_is_told_in_its_own_time(tmp_path: Path) -> None:
    (found,) = query(sub([4]), sub([3, 7]), folder=tmp_path)
    assert (found.a, found.b) == (0, 0)
    assert found.stretches[0].offset_a == pytest.approx(0, abs=0.1)
    assert found.stretches[0].offset_b == pytest.approx(30, abs=0.1)


def test_matches_come_in_ascending_order(tmp_path: Path) -> None:
    pairs = [(match.a, match.b) for match in self_join(crate(), folder=tmp_path)]
    assert pairs == sorted(pairs)


def test_nothing_stays_in_the_folder(tmp_path: Path) -> None:
    list(self_join(crate(), folder=tmp_path))
    next(iter(self_join(crate(), folder=tmp_path))).stretches  # noqa: B018  # the rest is never asked for
    assert list(tmp_path.iterdir()) == []


def test_what_lies_below_the_threshold_is_a_candidate(tmp_path: Path) -> None:
    original = music(61, 60)
    scores = {}
    for seed in range(20):
        clip = worn(cut(original, 20, 23), seed, lost=0.62, per_second=8)
        for match in query(Crate([clip], [3.0]), Crate([original], [60.0]), folder=tmp_path):
            scores[match.score] = match.candidate
    assert min(scores) >= CANDIDATE_THRESHOLD
    assert all(candidate == (score < THRESHOLD) for score, candidate in scores.items())
    assert set(scores.values()) == {True, False}


@pytest.mark.parametrize("count", [0, 1])
def test_a_library_of_one_has_no_pairs(count: int, tmp_path: Path) -> None:
    assert list(self_join(sub(list(range(count))), folder=tmp_path)) == []


def test_nothing_new_finds_nothing(tmp_path: Path) -> None:
    assert list(self_join(crate(), new=[], folder=tmp_path)) == []


def test_a_score_is_that_of_the_match(whole: Matches) -> None:
    a, b = crate().peaks[3], crate().peaks[5]
    assert score_of(a, b, 75, 70) == pytest.approx(whole[3, 5].score)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    list(self_join(crate(), folder=tmp_path, progress=lambda *step: told.append(step)))
    assert [stage for stage, done, total in told if done == total] == ["landmarks", "votes", "pairs"]
