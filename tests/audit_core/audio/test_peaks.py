"""Peaks: where they lie, what leaves them where they are, and that the way a stream is cut never shows."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import get_window

from audit_core.audio import kernels
from audit_core.audio.decimate import Decimator
from audit_core.audio.extractor import Samples
from audit_core.audio.peaks import PER_SECOND, PeakPicker, Peaks, hann, window_of
from tests.support.sound import chords, noise, tone

SR = 11025


def peaks_of(mono: Samples, rate_hz: float = SR, cuts: list[int] | None = None) -> Peaks:
    picker = PeakPicker(rate_hz)
    ends = sorted({min(cut, mono.size) for cut in cuts or []} | {0, mono.size})
    for start, end in pairwise(ends):
        picker.feed(mono[start:end])
    return picker.finish()


@pytest.mark.parametrize("n", [1480, 2048, 2230])
def test_the_window_is_the_one_that_scipy_gives(n: int) -> None:
    np.testing.assert_allclose(hann(n), get_window("hann", n), atol=1e-12)


@cache
def music(sr: int, seed: int = 0) -> Samples:
    return chords(8, sr, seed=seed)


def peaks_at(y: Samples, sr: int) -> Peaks:
    decimator = Decimator(sr)
    mono = np.concatenate([decimator.feed(y), decimator.finish()])
    return peaks_of(mono, decimator.rate_hz)


def share_found(wanted: Peaks, among: Peaks, *, tempo: float = 1.0, pitch: float = 0.0) -> float:
    """Give the share of peaks that have one within 2 frames and 0.3 semitone of where they should be."""
    hits = 0
    for time_s, semitones in zip(wanted.times_s * tempo, wanted.pitches + pitch, strict=True):
        near = (np.abs(among.times_s - time_s) < 0.046) & (np.abs(among.pitches - semitones) < 0.3)
        hits += bool(near.any())
    return hits / max(1, len(wanted))


@pytest.fixture(scope="module")
def piece() -> Peaks:
    return peaks_at(music(44100), 44100).thinned(30)


@pytest.mark.parametrize("hz", [130.8, 440.0, 1234.5, 3951.1])
def test_a_struck_tone_lies_at_its_pitch_and_its_time(hz: float) -> None:
    y = np.zeros(3 * SR, np.float32)
    y[SR : 2 * SR] = tone(hz, 1.0, SR)[0] * np.hanning(SR).astype(np.float32)
    found = peaks_of(y)
    strongest = int(found.strengths.argmax())
    assert found.pitches[strongest] == pytest.approx(12 * np.log2(hz / 55), abs=0.05)
    assert found.times_s[strongest] == pytest.approx(1.5, abs=0.05)


def test_at_most_sixty_a_second_are_kept_and_thinning_keeps_the_strongest() -> None:
    found = peaks_of(noise(20, SR)[0])
    assert len(found) / 20 <= PER_SECOND * 1.1
    thin = found.thinned(10)
    assert 5 < len(thin) / 20 < 12
    assert thin.strengths.mean() > found.strengths.mean()
    assert len(found.thinned(PER_SECOND)) == len(found)


def test_peaks_are_ordered_by_time(piece: Peaks) -> None:
    assert (np.diff(piece.times_s) >= 0).all()
    assert 10 < len(piece) / 8 <= 33


@settings(deadline=None, max_examples=25)
@given(n=st.integers(0, 60_000), cuts=st.lists(st.integers(0, 60_000), max_size=8), seed=st.integers(0, 9))
def test_any_cut_of_the_stream_gives_the_same_peaks(n: int, cuts: list[int], seed: int) -> None:
    y = np.concatenate([chords(1.5, SR, seed=seed)[0], noise(4, SR, seed=seed)[0]])[:n]
    whole, pieces = peaks_of(y), peaks_of(y, cuts=cuts)
    assert whole.to_bytes() == pieces.to_bytes()
    np.testing.assert_array_equal(whole.times_s, pieces.times_s)


def test_a_long_stream_is_thinned_as_it_goes_and_loses_nothing_at_the_seams() -> None:
    y = np.tile(np.concatenate([chords(5, SR)[0], noise(5, SR)[0]]), 8)
    found = peaks_of(y)
    raw = np.concatenate([found.times_s, found.pitches])
    assert np.isfinite(raw).all()
    per_part = [int(((found.times_s >= at) & (found.times_s < at + 10)).sum()) for at in range(0, 80, 10)]
    assert max(per_part) - min(per_part) < 0.05 * max(per_part)


@pytest.mark.parametrize("gain", [0.01, 0.3, 3.0])
def test_gain_moves_no_peak(gain: float, piece: Peaks) -> None:
    quieter = peaks_at(music(44100) * np.float32(gain), 44100).thinned(30)
    assert share_found(piece, quieter) > 0.8


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 32000, 48000, 96000])
def test_the_same_music_at_another_rate_has_its_peaks_where_they_were(sr: int, piece: Peaks) -> None:
    assert share_found(piece, peaks_at(music(sr), sr).thinned(30)) > 0.85


def test_noise_half_as_loud_leaves_far_more_of_them_than_chance(piece: Peaks) -> None:
    y = music(44100)
    loud = y + noise(8, 44100, level=float(y.std()) / 2)
    chance = share_found(piece, peaks_at(music(44100, 7), 44100).thinned(30))
    found = share_found(piece, peaks_at(loud, 44100).thinned(30))
    assert found > 0.4
    assert found > 2 * chance


def test_a_faster_copy_has_them_earlier_and_higher(piece: Peaks) -> None:
    faster = peaks_at(music(44100), 48510).thinned(30)  # 10 % faster, as on a turntable
    assert share_found(piece, faster, tempo=1 / 1.1, pitch=12 * np.log2(1.1)) > 0.75


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(5 * SR, np.float32),
        np.full(5 * SR, 0.7, np.float32),
        np.zeros(0, np.float32),
        np.full(5 * SR, 1e-5, np.float32),
    ],
    ids=["silence", "direct current", "nothing", "nearly nothing"],
)
def test_where_nothing_sounds_there_are_no_peaks(y: Samples) -> None:
    inner = peaks_of(y)
    assert not ((inner.times_s > 0.3) & (inner.times_s < 4.7)).any()


def test_a_lasting_tone_does_not_flood() -> None:
    assert len(peaks_of(tone(440, 20, SR)[0])) < 20 * 20


@pytest.mark.parametrize("n", [1, 100, 2048, 2205])
def test_a_moment_of_sound_does_not_fail(n: int) -> None:
    found = peaks_of(noise(1, SR)[0][:n])
    assert ((found.times_s >= 0) & (found.times_s <= n / SR + 0.05)).all()


def test_clicks_give_peaks_only_where_they_are() -> None:
    y = np.zeros(10 * SR, np.float32)
    y[5 * SR] = 1.0
    found = peaks_of(y)
    assert (np.abs(found.times_s - 5) < 0.15).all()


def test_what_is_stored_is_read_again_to_a_millisecond(piece: Peaks) -> None:
    again = Peaks.from_bytes(piece.to_bytes())
    np.testing.assert_allclose(again.times_s, piece.times_s, atol=6e-4)
    np.testing.assert_allclose(again.pitches, piece.pitches, atol=1.1e-3)
    np.testing.assert_allclose(again.strengths, piece.strengths, atol=0.04)
    assert len(piece.to_bytes()) == 5 * len(piece)
    assert again.to_bytes() == piece.to_bytes()


@given(
    st.lists(
        st.tuples(st.floats(0, 40_000, width=32), st.floats(13, 76, width=32), st.floats(1, 15, width=32)), max_size=50
    )
)
def test_any_peaks_survive_storing_even_with_hours_of_silence_between(rows: list[tuple[float, float, float]]) -> None:
    whole = np.array(sorted(rows), np.float32).reshape(-1, 3)
    peaks = Peaks(whole[:, 0], whole[:, 1], whole[:, 2])
    again = Peaks.from_bytes(peaks.to_bytes())
    assert len(again) == len(peaks)
    np.testing.assert_allclose(again.times_s, peaks.times_s, atol=6e-3)


def test_bytes_that_are_no_peaks_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of element size"):
        Peaks.from_bytes(b"1234567")


@given(st.integers(4_000, 12_000))
def test_windows_last_about_as_long_at_every_rate(rate: int) -> None:
    window, hop = window_of(rate)
    assert window % 2 == 0
    assert window / rate == pytest.approx(2048 / 11025, rel=0.04)
    assert hop / rate == pytest.approx(256 / 11025, rel=0.01)


def test_a_rate_without_music_is_refused() -> None:
    with pytest.raises(ValueError, match="too slow"):
        PeakPicker(500)


def test_once_warm_all_is_compiled() -> None:
    kernels.warm()
    assert kernels.compiled()
