"""What the integrity extractor measures: silence, clipping, DC, dead and identical channels, whatever the blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.audio.decode import open_audio
from audit_core.audio.extractor import Samples
from audit_core.audio.integrity import Integrity, IntegritySink
from audit_core.audio.limits import CLIPPED, DC
from tests.support.sound import FORMATS, chords, noise, stereo, tone, write

RATE = 44100
PIECE = stereo(chords(4, seed=1, level=0.9), chords(4, seed=2, level=0.9))


def measured(y: Samples, *, sample_rate_hz: int = RATE, block: int = 65536) -> dict[str, Any]:
    sink = IntegritySink(sample_rate_hz, len(y))
    for start in range(0, y.shape[1], block):
        sink.feed(y[:, start : start + block])
    return sink.finish().columns


def sixteen_bits(y: Samples) -> Samples:
    return np.clip(np.round(y * 2**15), -(2**15), 2**15 - 1).astype(np.float32) / np.float32(2**15)


def test_undamaged_music_has_no_fault() -> None:
    assert measured(sixteen_bits(PIECE)) == {
        "peak": pytest.approx(0.9, abs=1e-4),
        "silent": 0,
        "dc": pytest.approx(0, abs=1e-3),
        "dead_channels": 0,
        "identical_channels": False,
        "clipped": 0,
        "bandwidth_hz": RATE // 2,
    }


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, 4 * RATE - 1), max_size=12))
def test_how_the_audio_is_cut_into_blocks_changes_nothing(cuts: list[int]) -> None:
    y = sixteen_bits(np.clip(1.3 * PIECE + 0.01, -1, 1))
    sink = IntegritySink(RATE, 2)
    for block in np.split(y, sorted(cuts), axis=1):
        sink.feed(block)
    assert sink.finish().columns == measured(y)


def test_of_no_samples_nothing_is_known() -> None:
    assert set(measured(np.zeros((2, 0), np.float32)).values()) == {None}


def test_what_is_shorter_than_a_frame_is_measured_but_for_its_bandwidth() -> None:
    found = measured(tone(440, 0.05, level=0.5))
    assert found["peak"] == pytest.approx(0.5, abs=0.01)
    assert (found["silent"], found["bandwidth_hz"]) == (0, None)


def test_silence_is_silent_and_of_nothing_else_at_fault() -> None:
    assert measured(np.zeros((2, RATE), np.float32)) == {
        **dict.fromkeys(("peak", "dc", "dead_channels", "clipped"), 0),
        "silent": 1,
        "identical_channels": None,
        "bandwidth_hz": None,
    }


def test_silence_is_a_share_of_the_time() -> None:
    found = measured(np.concatenate([PIECE, np.zeros((2, 3 * 4 * RATE), np.float32)], axis=1))
    assert found["silent"] == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(("level_db", "silent"), [(-57, 0), (-63, 1)])
def test_silence_begins_below_60_db(level_db: int, silent: int) -> None:
    assert measured(tone(440, 1, level=10 ** (level_db / 20)))["silent"] == silent


def test_a_constant_offset_is_silence_and_an_offset() -> None:
    found = measured(np.full((1, RATE), -0.25, np.float32))
    assert (found["silent"], found["dc"]) == (1, pytest.approx(0.25))


def test_the_offset_is_that_of_the_worst_channel() -> None:
    found = measured(PIECE * np.float32(0.5) + np.array([[0], [-0.1]], np.float32))
    assert found["dc"] == pytest.approx(0.1, abs=DC / 10)


def test_a_dead_channel_is_counted_even_if_it_clicks() -> None:
    y = PIECE * np.array([[1], [0]], np.float32)
    y[1, 12345] = 0.5
    long = np.tile(y, 15)
    long[1, 4 * RATE :] = 0
    assert measured(long)["dead_channels"] == 1


def test_a_channel_that_plays_a_little_is_not_dead() -> None:
    y = np.tile(PIECE, 5)
    y[1, RATE:] = 0
    assert measured(y)["dead_channels"] == 0


def test_mono_stored_as_stereo_is_known_through_dither_but_not_through_the_narrowest_room() -> None:
    mono = np.repeat(PIECE[:1] * np.float32(0.3), 2, axis=0)
    dither = noise(4, seed=1, channels=2, level=2**-15)
    assert measured(mono)["identical_channels"] is True
    assert measured(sixteen_bits(mono + dither))["identical_channels"] is True
    assert measured(mono + PIECE[1:] * np.array([[0.002], [-0.002]], np.float32))["identical_channels"] is False


def test_mono_has_no_channels_to_compare() -> None:
    assert measured(PIECE[:1])["identical_channels"] is None


@pytest.mark.parametrize("turned_down", [1.0, 0.9, 0.31])
@pytest.mark.parametrize("over_db", [3, 6, 12])
def test_clipping_is_found_at_full_scale_and_below(over_db: int, turned_down: float) -> None:
    driven = PIECE / np.abs(PIECE).max() * np.float32(10 ** (over_db / 20))
    flat = float((np.abs(driven) > 1).mean())
    found = measured(sixteen_bits(sixteen_bits(driven) * np.float32(turned_down)))["clipped"]
    assert found == pytest.approx(flat, rel=0.25)
    assert found > CLIPPED or over_db == 3


@pytest.mark.parametrize("hz", [25, 30, 40, 50, 100])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_round_top_of_a_bass_is_not_clipped_though_its_samples_are_equal(hz: int, bits: int) -> None:
    step = 2.0 ** (bits - 1)
    bass = np.clip(np.round(tone(hz, 2, level=1.0) * step), -step, step - 1) / step
    assert measured(bass.astype(np.float32))["clipped"] == 0


def test_a_clipped_bass_is_clipped() -> None:
    assert measured(sixteen_bits(tone(50, 2, level=1.1)))["clipped"] == pytest.approx(0.27, abs=0.01)


def test_pulses_of_a_synthesiser_are_not_clipped() -> None:
    pulses = np.where(tone(441, 2) > 0, np.float32(0.8), np.float32(-0.8))
    assert measured(pulses)["clipped"] == 0


def test_runs_beyond_full_scale_are_clipped_for_a_player_cuts_them_off() -> None:
    assert measured(tone(440, 1, level=1.5))["clipped"] == pytest.approx(np.arccos(1 / 1.5) / (np.pi / 2), abs=0.02)


def test_numbers_that_are_none_are_silence_and_spoil_nothing() -> None:
    y = PIECE.copy()
    y[0, 1000:1010] = [np.nan, np.inf, -np.inf, 1e38, -1e38] * 2
    found = measured(y)
    assert found["peak"] == pytest.approx(0.9, abs=1e-4)
    assert found["bandwidth_hz"] == RATE // 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_picture(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"piece{suffix}", PIECE * np.float32(0.8), RATE)
    with path.open("rb") as file, open_audio(file) as audio:
        sink = Integrity().start(audio)
        for block in audio.blocks():
            sink.feed(block)
    found = sink.finish().columns
    assert 0.6 < found["peak"] < 1.2  # a lossy file may overshoot by far
    assert found["silent"] < 0.05
    assert (found["dead_channels"], found["identical_channels"]) == (0, False)
    assert found["clipped"] < CLIPPED / 10
    assert found["dc"] < DC
