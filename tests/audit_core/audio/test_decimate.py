"""The decimator: what it keeps, what it takes away, and that the way a file is cut never shows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import firwin

from audit_core.audio.decimate import Decimator, low_pass, ratio
from audit_core.audio.extractor import Samples
from tests.support.sound import noise, stereo, tone

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 37800, 44100, 48000, 88200, 96000, 176400, 192000, 768000)


def decimated(y: Samples, sr: int, cuts: list[int] | None = None) -> Samples:
    decimator = Decimator(sr)
    ends = sorted({min(cut, y.shape[1]) for cut in cuts or []} | {0, y.shape[1]})
    parts = [decimator.feed(y[:, start:end]) for start, end in pairwise(ends)]
    return np.concatenate([*parts, decimator.finish()])


def level(y: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(y[y.size // 4 : -y.size // 4], dtype=np.float64))))


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (44100, (1, 4)),
        (48000, (1, 4)),
        (96000, (1, 8)),
        (16000, (3, 4)),
        (32000, (3, 8)),
        (8000, (1, 1)),
        (11025, (1, 1)),
    ],
)
def test_usual_rates_have_small_ratios(rate: int, expected: tuple[int, int]) -> None:
    assert ratio(rate) == expected


@given(st.integers(12_001, 1_000_000))
def test_every_faster_rate_ends_between_11_and_12_khz(rate: int) -> None:
    up, down = ratio(rate)
    assert 11_000 <= rate * up / down <= 12_000
    assert up <= 13


@pytest.mark.parametrize("longer", [2, 4, 9, 13, 64])
def test_the_filter_is_the_one_that_scipy_designs(longer: int) -> None:
    expected = firwin(16 * longer, 1 / longer, window=("kaiser", 5.6))
    np.testing.assert_allclose(low_pass(16 * longer, 1 / longer, 5.6), expected, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    sr=st.sampled_from(RATES[:-1]),
    n=st.integers(0, 9000),
    cuts=st.lists(st.integers(0, 9000), max_size=6),
    channels=st.integers(1, 3),
)
def test_any_cut_into_blocks_gives_the_same_samples(sr: int, n: int, cuts: list[int], channels: int) -> None:
    y = noise(n / sr, sr, seed=n, channels=channels)
    np.testing.assert_array_equal(decimated(y, sr, cuts), decimated(y, sr))


@pytest.mark.parametrize("sr", RATES)
def test_a_tone_keeps_its_level_and_its_time(sr: int) -> None:
    heard = decimated(tone(1000, 1.0, sr), sr)
    rate = Decimator(sr).rate_hz
    expected = tone(1000, 1.0, 44100)[0]
    assert heard.size == pytest.approx(rate, abs=2)
    at = np.arange(heard.size) / rate
    ideal = 0.5 * np.sin(2 * np.pi * 1000 * at)
    inner = slice(heard.size // 4, -heard.size // 4)
    assert level(heard) == pytest.approx(level(expected), rel=0.01)
    assert float(np.abs(heard - ideal)[inner].max()) < 0.1  # a delay under 0.03 ms, which nothing notices


@pytest.mark.parametrize("sr", [16000, 22050, 32000, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("folded_hz", [200, 1000, 4000])
def test_what_would_fold_into_the_music_is_50_db_down(sr: int, folded_hz: float) -> None:
    hz = Decimator(sr).rate_hz - folded_hz
    if hz < sr / 2:
        assert level(decimated(tone(hz, 1.0, sr), sr)) < level(tone(hz, 1.0, sr)[0]) * 10 ** (-50 / 20)


def test_opposite_channels_cancel_and_equal_ones_stay() -> None:
    y = tone(440, 0.5)
    assert not decimated(stereo(y, -y), 44100).any()
    np.testing.assert_allclose(decimated(stereo(y, y), 44100), decimated(y, 44100), atol=1e-6)


def test_what_is_no_number_counts_as_silence() -> None:
    y = tone(440, 0.5)
    y[0, 5000:5050] = [np.nan, np.inf, -np.inf, 1e30, -1e30] * 10
    heard = decimated(y, 44100)
    assert np.isfinite(heard).all()
    assert float(np.abs(heard).max()) < 1.0


def test_a_sound_of_no_length_gives_none() -> None:
    assert decimated(np.zeros((2, 0), np.float32), 44100).size == 0


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Decimator(0)
