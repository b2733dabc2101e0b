"""The meter against the signals that EBU Tech 3341 and 3342 prescribe, within the tolerances that they prescribe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.audio.extractor import Samples
from audit_core.audio.loudness import LoudnessMeter
from tests.support.sound import chords

RATE = 48000


def sines(*parts: tuple[float, float], channels: int = 2, sample_rate_hz: int = RATE) -> Samples:
    """Join sines of 1 kHz, each of a level (its peak, in dBFS) and a length in seconds."""
    levels = np.concatenate([np.full(round(s * sample_rate_hz), 10 ** (db / 20)) for db, s in parts])
    y = levels * np.sin(2 * np.pi * 1000 * np.arange(levels.size) / sample_rate_hz)
    return np.tile(y.astype(np.float32), (channels, 1))


def measured(y: Samples, *, sample_rate_hz: int = RATE, block: int = 65536) -> tuple[float | None, float | None]:
    meter = LoudnessMeter(sample_rate_hz, len(y))
    for start in range(0, y.shape[1], block):
        meter.feed(y[:, start : start + block])
    columns = meter.finish().columns
    return columns["loudness_lufs"], columns["loudness_range_lu"]


TECH_3341: dict[int, tuple[list[tuple[float, float]], float]] = {
    1: ([(-23, 20)], -23),
    2: ([(-33, 20)], -33),
    3: ([(-36, 10), (-23, 60), (-36, 10)], -23),
    4: ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
    5: ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
}

TECH_3342: dict[int, tuple[list[tuple[float, float]], float]] = {
    1: ([(-20, 20), (-30, 20)], 10),
    2: ([(-20, 20), (-15, 20)], 5),
    3: ([(-40, 20), (-20, 20)], 20),
    4: ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
}


@pytest.mark.parametrize("case", TECH_3341)
def test_integrated_loudness_of_the_signals_of_tech_3341(case: int) -> None:
    parts, lufs = TECH_3341[case]
    assert measured(sines(*parts))[0] == pytest.approx(lufs, abs=0.1)


def test_integrated_loudness_of_the_five_channels_of_tech_3341() -> None:
    weights = (10 ** (np.array([[-28], [-28], [-24], [-30], [-30]]) / 20)).astype(np.float32)
    assert measured(sines((0, 20), channels=5) * weights)[0] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("case", TECH_3342)
def test_loudness_range_of_the_signals_of_tech_3342(case: int) -> None:
    parts, lu = TECH_3342[case]
    assert measured(sines(*parts))[1] == pytest.approx(lu, abs=1)


@pytest.mark.parametrize("seconds", [9.95, 9.999, 10, 10.001, 10.05, 10.1])
def test_no_length_loses_what_was_measured(seconds: float) -> None:
    lufs, lu = measured(sines((-23, seconds)))
    assert lufs == pytest.approx(-23, abs=0.1)
    assert lu == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("sample_rate_hz", [8000, 22050, 44100, 96000, 192000])
def test_loudness_does_not_depend_on_the_rate(sample_rate_hz: int) -> None:
    y = sines((-23, 10), sample_rate_hz=sample_rate_hz)
    assert measured(y, sample_rate_hz=sample_rate_hz)[0] == pytest.approx(-23, abs=0.1)


def test_at_rates_below_the_weighting_filter_nothing_is_measured() -> None:
    assert measured(np.full((1, 30_000), 0.1, np.float32), sample_rate_hz=3000) == (None, None)


def test_one_channel_is_three_units_below_two() -> None:
    assert measured(sines((-23, 10), channels=1))[0] == pytest.approx(-26, abs=0.1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8, 9, 16])
def test_any_number_of_channels_is_measured(channels: int) -> None:
    assert measured(sines((-23, 2), channels=channels))[0] is not None


def test_silence_has_no_loudness() -> None:
    assert measured(np.zeros((2, 10 * RATE), np.float32)) == (None, None)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.2, 0.39])
def test_what_is_shorter_than_the_measures_blocks_has_no_loudness(seconds: float) -> None:
    assert measured(sines((-23, seconds))) == (None, None)


def test_what_is_shorter_than_three_seconds_has_no_range() -> None:
    lufs, lu = measured(sines((-23, 2)))
    assert lufs == pytest.approx(-23, abs=0.1)
    assert lu is None


def test_a_number_that_is_none_does_not_silence_the_rest() -> None:
    y = sines((-23, 10))
    y[0, 100], y[1, 200] = np.nan, np.inf
    assert measured(y)[0] == pytest.approx(-23, abs=0.1)


@settings(max_examples=6, deadline=None)
@given(block=st.integers(50, 300_000))
def test_how_the_audio_is_cut_into_blocks_changes_nothing(block: int) -> None:
    y = chords(4, RATE, seed=3)
    assert measured(y, sample_rate_hz=RATE, block=block) == measured(y, sample_rate_hz=RATE)
