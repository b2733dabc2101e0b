"""What two files share, decided on all their peaks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.audio.peaks import Peaks
from audit_core.neighbours.decide import heard, matching_peaks, odds, score_of, stretches_of
from audit_core.neighbours.join import CANDIDATE_THRESHOLD, THRESHOLD
from audit_core.neighbours.match import Stretch, inverted
from tests.support.peaks import concatenated, cut, music, played, worn


def shared(a: tuple[Peaks, float], b: tuple[Peaks, float]) -> tuple[Stretch, ...]:
    return stretches_of(heard(*a), heard(*b), least=CANDIDATE_THRESHOLD)


@settings(deadline=None, max_examples=15)
@given(tempo=st.floats(0.89, 1.12), pitch=st.floats(-6, 6), begin=st.floats(0, 50), length=st.floats(10, 30))
def test_a_clip_is_found_where_it_was_cut_at_its_tempo_and_pitch(
    tempo: float, pitch: float, begin: float, length: float
) -> None:
    original = music(21, 80)
    clip = played(worn(cut(original, begin, begin + length), 4), tempo=tempo, pitch=pitch)
    found = shared((clip, length * tempo), (original, 80))
    assert len(found) == 1
    assert found[0].score > THRESHOLD
    assert found[0].tempo == pytest.approx(1 / tempo, rel=0.001)
    assert found[0].pitch == pytest.approx(-pitch, abs=0.05)
    assert found[0].shift_s == pytest.approx(begin, abs=0.1)
    assert found[0].overlap_s == pytest.approx(length * tempo, rel=0.05)


@settings(deadline=None, max_examples=10)
@given(begin=st.floats(0, 25), tempo=st.floats(0.9, 1.1), seed=st.integers(0, 1000))
def test_exchanging_the_files_tells_the_same_the_other_way_round(begin: float, tempo: float, seed: int) -> None:
    a = (music(seed, 40), 40.0)
    b = (played(worn(cut(a[0], begin, begin + 15), seed), tempo=tempo), 15 * tempo)
    there, back = shared(a, b), shared(b, a)
    assert there
    for one, other in zip(there, back, strict=True):
        for name in Stretch.__dataclass_fields__:
            assert getattr(inverted(one), name) == pytest.approx(getattr(other, name), abs=1e-9)


def test_three_seconds_suffice() -> None:
    original = music(22, 60)
    assert shared((worn(cut(original, 20, 23), 1, lost=0.2), 3), (original, 60))[0].score > THRESHOLD


def test_the_longer_the_surer() -> None:
    original = music(23, 60)
    scores = [
        score_of(heard(worn(cut(original, 5, 5 + s), 1), s), heard(original, 60)) for s in (3.0, 6.0, 12.0, 24.0, 48.0)
    ]
    assert scores == sorted(scores)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_other_music_of_one_beat_and_key_scores_far_below_the_threshold(seed: int) -> None:
    a, b = music(seed, 60, beat_s=0.5), music(seed + 1, 60, beat_s=0.5)
    assert score_of(heard(a, 60), heard(b, 60)) < THRESHOLD / 2


def test_ends_are_found_where_two_files_part() -> None:
    common = music(24, 30)
    a = concatenated([(music(25, 20), 20), (common, 30), (music(26, 20), 20)])
    b = concatenated([(music(27, 12), 12), (worn(common, 3), 30), (music(28, 25), 25)])
    (found,) = shared((a, 70), (b, 67))
    assert found.offset_a == pytest.approx(20, abs=0.3)
    assert found.offset_b == pytest.approx(12, abs=0.3)
    assert found.overlap_s == pytest.approx(30, abs=0.5)


def test_a_passage_that_was_replaced_parts_a_stretch_in_two() -> None:
    original = music(29, 60)
    other = concatenated([(cut(original, 0, 20), 20), (music(30, 15), 15), (cut(original, 35, 60), 25)])
    found = sorted(shared((original, 60), (worn(other, 5), 60)), key=lambda stretch: stretch.offset_a)
    assert [round(stretch.offset_a) for stretch in found] == [0, 35]
    assert [stretch.overlap_s for stretch in found] == pytest.approx([20, 25], abs=1)


def test_the_pieces_of_a_medley_have_offsets_of_their_own() -> None:
    original = music(31, 60)
    medley = concatenated([(cut(original, 40, 55), 15), (music(32, 10), 10), (cut(original, 5, 20), 15)])
    found = sorted(shared((worn(medley, 6), 40), (original, 60)), key=lambda stretch: stretch.offset_a)
    assert [(round(stretch.offset_a), round(stretch.offset_b)) for stretch in found] == [(0, 40), (25, 5)]


def test_a_clip_that_is_used_twice_is_found_twice() -> None:
    clip = music(33, 12)
    track = concatenated([(music(34, 10), 10), (clip, 12), (music(35, 10), 10), (clip, 12)])
    found = shared((worn(clip, 7), 12), (worn(track, 8), 44))
    assert sorted(round(stretch.offset_b) for stretch in found) == [10, 32]


def test_of_a_track_of_loops_a_copy_lies_on_itself() -> None:
    loop = music(36, 4)
    track = concatenated([(loop, 4)] * 10)
    (found,) = shared((worn(track, 9), 40), (worn(track, 10), 40))
    assert found.shift_s == pytest.approx(0, abs=0.05)
    assert found.overlap_s == pytest.approx(40, abs=0.5)


def test_three_seconds_of_a_beat_suffice_if_something_is_played_over_it() -> None:
    beat, over = concatenated([(music(37, 1.4, per_second=39), 1.4)] * 30), music(38, 42, per_second=21)
    order = np.argsort(np.concatenate([beat.times_s, over.times_s]), kind="stable")
    track = Peaks(
        np.concatenate([beat.times_s, over.times_s])[order],
        np.concatenate([beat.pitches, over.pitches])[order],
        np.concatenate([beat.strengths, over.strengths])[order],
    )
    (found,) = shared((worn(cut(track, 20, 23), 14, lost=0.1, per_second=6), 3), (track, 42))
    assert found.offset_b == pytest.approx(20, abs=0.1)
    assert found.score > THRESHOLD


def tone(seconds: float, *pitches: float) -> Peaks:
    times = np.repeat(np.arange(0, seconds, 0.12), len(pitches))
    rng = np.random.default_rng(len(pitches))
    times = np.sort(times + rng.uniform(0, 0.1, len(times)))
    return Peaks(
        times.astype(np.float32),
        np.tile(pitches, int(np.ceil(len(times) / len(pitches))))[: len(times)].astype(np.float32),
        np.ones(len(times), np.float32),
    )


def clicks(seconds: float, every_s: float, seed: int) -> Peaks:
    rng = np.random.default_rng(seed)
    sound = np.sort(rng.uniform(14, 74, 12))
    starts = np.arange(0.1, seconds, every_s)
    times = np.repeat(starts, 12) + np.tile(np.sort(rng.uniform(0, 0.05, 12)), len(starts))
    return Peaks(
        times.astype(np.float32), np.tile(sound, len(starts)).astype(np.float32), np.ones(len(times), np.float32)
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (tone(60, 40), tone(60, 40)),
        (tone(60, 28, 40, 47), tone(50, 28, 40, 47)),
        (clicks(60, 0.5, 1), clicks(50, 0.5, 1)),
        (clicks(60, 0.5, 1), clicks(50, 0.52, 1)),
        (clicks(60, 0.5, 1), clicks(60, 0.5, 2)),
        (cut(music(1, 5), 9, 9), cut(music(1, 5), 9, 9)),
        (music(41, 60), cut(music(1, 5), 9, 9)),
    ],
    ids=["one tone", "a chord", "a metronome", "another tempo", "another metronome", "silence", "silence and music"],
)
def test_tones_metronomes_and_silence_share_nothing(a: Peaks, b: Peaks) -> None:
    assert shared((a, 60), (b, 60)) == ()


def test_matching_peaks_are_told_in_both_files() -> None:
    original = music(42, 30)
    copy = played(worn(original, 11), tempo=1.05, pitch=2, later_s=3)
    (found,) = shared((original, 30), (copy, 34.5))
    of_a, of_b = matching_peaks(original, copy, found)
    assert len(of_a) > 0.6 * len(original.times_s)
    times = found.tempo * original.times_s[of_a] + found.shift_s
    assert np.abs(times - copy.times_s[of_b]).max() < 0.05
    assert np.abs(original.pitches[of_a] + found.pitch - copy.pitches[of_b]).max() < 0.31


def test_agreement_is_the_share_of_the_peaks_of_each_that_the_other_has() -> None:
    original = music(43, 40)
    (found,) = shared((original, 40), (worn(original, 12, lost=0.4, per_second=0), 40))
    assert found.agreement_a == pytest.approx(0.6, abs=0.08)
    assert found.agreement_b == pytest.approx(1.0, abs=0.02)


@given(count=st.integers(1, 5000), expected=st.floats(0.5, 1000))
def test_odds_are_nothing_up_to_what_is_expected_and_grow_from_there(count: int, expected: float) -> None:
    value = odds(count, expected, expected)
    assert value >= 0
    if count <= expected:
        assert value == 0
    else:
        assert odds(count + 1, expected, expected) > value


def test_odds_against_a_rare_event_are_those_of_the_poisson_tail() -> None:
    # P(X >= 30 | 5): 5.1e-14 by the cumulative distribution; the bound has no factor before the exponential
    exact = -math.log10(sum(math.exp(-5) * 5**k / math.factorial(k) for k in range(30, 80)))
    assert odds(30, 5, 5) == pytest.approx(exact, abs=1.2)


def test_what_meets_as_well_a_beat_later_is_no_evidence() -> None:
    assert odds(1000, 180, 1000) == 0
    assert odds(1000, 180, 300) > 200
