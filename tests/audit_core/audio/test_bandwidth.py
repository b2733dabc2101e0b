"""Where a spectrum was cut off, and where it only fades."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from audit_core.audio.decode import open_audio
from audit_core.audio.extractor import Samples
from audit_core.audio.integrity import Integrity, IntegritySink
from tests.support.sound import chords, noise, tone, write

SECONDS = 6


def bandwidth_hz(y: Samples, sample_rate_hz: int) -> int | None:
    sink = IntegritySink(sample_rate_hz, len(y))
    sink.feed(y)
    found: int | None = sink.finish().columns["bandwidth_hz"]
    return found


def of_file(path: Path) -> int:
    with path.open("rb") as file, open_audio(file) as audio:
        sink = Integrity().start(audio)
        for block in audio.blocks():
            sink.feed(block)
    found: int = sink.finish().columns["bandwidth_hz"]
    return found


def fading(octave_db: float, sample_rate_hz: int, *, seed: int = 0, floor: float = 1e-5) -> Samples:
    """Noise that falls by so much an octave above 500 Hz, as bands do, over the noise of 16 bits."""
    white = noise(SECONDS, sample_rate_hz, seed=seed)
    spectrum = np.fft.rfft(white)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(white.shape[1], 1 / sample_rate_hz) / 500, 1))
    faded = np.fft.irfft(spectrum * 10 ** (-octave_db * octaves / 20), white.shape[1])
    return (faded + noise(SECONDS, sample_rate_hz, seed=seed + 1, level=floor)).astype(np.float32)


def cut_off(y: Samples, hz: float, sample_rate_hz: int) -> Samples:
    spectrum = np.fft.rfft(y)
    spectrum[:, np.fft.rfftfreq(y.shape[1], 1 / sample_rate_hz) > hz] = 0
    return np.fft.irfft(spectrum, y.shape[1]).astype(np.float32)


def resampled(y: Samples, before: int, after: int) -> Samples:
    """As FFmpeg converts by default."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=after)
    frame = av.AudioFrame.from_ndarray(y, "fltp", "mono")
    frame.sample_rate = before
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


@pytest.mark.parametrize("sample_rate_hz", [8000, 22050, 44100, 48000, 96000, 192000])
def test_a_full_band_reaches_the_nyquist_frequency(sample_rate_hz: int) -> None:
    assert bandwidth_hz(noise(2, sample_rate_hz), sample_rate_hz) == sample_rate_hz // 2


@pytest.mark.parametrize("octave_db", [6, 12, 24, 48])
def test_music_that_fades_into_the_noise_was_not_cut_off(octave_db: int) -> None:
    assert bandwidth_hz(fading(octave_db, 44100), 44100) == 22050


@pytest.mark.parametrize("hz", [40, 110, 3000, 6000])
def test_an_instrument_alone_was_not_cut_off(hz: int) -> None:
    quiet = noise(SECONDS, level=1e-5)
    assert bandwidth_hz(tone(hz, SECONDS) + quiet, 44100) == 22050
    assert bandwidth_hz(chords(SECONDS, seed=hz) + quiet, 44100) == 22050


@pytest.mark.parametrize("wall_hz", [3400, 8000, 11025, 16000, 19000])
@pytest.mark.parametrize("octave_db", [3, 9])
def test_a_wall_is_found_where_it_stands(wall_hz: int, octave_db: int) -> None:
    y = cut_off(fading(octave_db, 44100, floor=0), wall_hz, 44100) + noise(SECONDS, seed=9, level=1e-5)
    assert bandwidth_hz(y, 44100) == pytest.approx(wall_hz, rel=0.02)


def test_a_wall_in_what_no_one_can_hear_is_no_wall() -> None:
    hum = tone(100, SECONDS, level=0.5)
    hiss = cut_off(noise(SECONDS, level=3e-6), 9000, 44100)
    assert bandwidth_hz(hum + hiss, 44100) == 22050


def test_a_click_does_not_hide_the_wall() -> None:
    y = cut_off(fading(6, 44100), 16000, 44100)
    y[0, 50_000], y[0, 150_000] = 0.9, -0.9
    assert bandwidth_hz(y, 44100) == pytest.approx(16000, rel=0.02)


def test_a_whistle_above_the_wall_does_not_hide_it() -> None:
    y = cut_off(fading(6, 44100), 11025, 44100) + tone(15625, SECONDS, level=0.01) + noise(SECONDS, level=1e-5)
    assert bandwidth_hz(y, 44100) == pytest.approx(11025, rel=0.02)


@pytest.mark.parametrize(("before", "after"), [(16000, 44100), (22050, 44100), (32000, 48000), (48000, 96000)])
def test_what_came_from_a_lower_rate_ends_where_that_ended(before: int, after: int) -> None:
    found = bandwidth_hz(resampled(fading(6, before), before, after), after)
    assert found is not None
    assert 0.97 <= found / (before / 2) <= 1.18  # the default filter is short, and leaves an image above


def test_an_mp3_is_known_after_it_became_a_flac(tmp_path: Path) -> None:
    mp3 = write(tmp_path / "a.mp3", fading(6, 44100), 44100, bit_rate=64_000)  # as 128 of stereo
    with mp3.open("rb") as file, open_audio(file) as audio:
        decoded = np.concatenate(list(audio.blocks()), axis=1)
    assert of_file(write(tmp_path / "a.flac", decoded, 44100)) == pytest.approx(16500, rel=0.05)


@pytest.mark.parametrize("options", [{"level": 0.0}, {"level": 1e-5}])
def test_of_silence_no_bandwidth_is_known(options: dict[str, Any]) -> None:
    assert bandwidth_hz(noise(1, **options), 44100) is None


def test_either_channel_may_hold_what_reaches_higher() -> None:
    dull = cut_off(fading(6, 44100), 8000, 44100)
    assert bandwidth_hz(np.concatenate([dull, fading(6, 44100, seed=4)]), 44100) == 22050
    assert bandwidth_hz(np.concatenate([dull, -dull]), 44100) == pytest.approx(8000, rel=0.02)
