"""What happens to audio on its way through the world: the rows of the recall benchmark.

Each row takes an excerpt and makes a query of it, with the truth: where in the query the excerpt lies, and how its time
and pitch were changed. Tempo and pitch by FFmpeg's `atempo` and `rubberband` in turn (both keep the timing within 5 ms,
measured on bursts of noise); speech by espeak-ng; all else in numpy and scipy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import signal

__all__ = ["RATE_HZ", "ROWS", "Damaged", "Group", "Row", "Samples", "missing_tool"]

RATE_HZ: Final = 44_100

Samples = npt.NDArray[np.float32]
Group = Literal["usual", "speech", "mashup", "hard"]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A query: its samples, how they are to be written, and the truth.

    Time in the original = `tempo` × time in the query, from `offset_s` of the query and `start_s` of the excerpt on;
    the original sounds `pitch` semitones higher than the query.
    """

    samples: Samples
    rate_hz: int = RATE_HZ
    suffix: str = ".flac"
    bit_rate: int | None = None
    offset_s: float = 0.0
    start_s: float = 0.0
    overlap_s: float = 0.0  # in the time of the query
    tempo: float = 1.0
    pitch: float = 0.0
    other: bool = False  # whether the other track can be heard in it too, from its beginning


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of damage, and how hard it is: the goals differ."""

    name: str
    group: Group
    damage: Callable[[Samples, Samples, np.random.Generator], Damaged]
    """The excerpt, shape=(2, n), another track of about its length, chance → the query."""
    needs: str | None = None


def missing_tool(row: Row) -> str | None:
    """Say why a row can't be made on this machine; None if it can."""
    if row.needs and shutil.which(row.needs) is None:
        return f"{row.needs} is not installed"
    return None


def _whole(samples: Samples, **more: Any) -> Damaged:
    rate = int(more.get("rate_hz", RATE_HZ))
    return Damaged(samples, overlap_s=samples.shape[1] / rate, **more)


def _mono(samples: Samples) -> Samples:
    return np.asarray(samples.mean(axis=0, keepdims=True), dtype=np.float32)


def _fitting(samples: Samples) -> Samples:
    """Turn down what would clip."""
    return np.asarray(samples / max(1.0, float(np.abs(samples).max()) / 0.98), dtype=np.float32)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) + 1e-9


def _codec(suffix: str, bit_rate: int | None) -> Callable[..., Damaged]:
    def damage(samples: Samples, _other: Samples, _rng: np.random.Generator) -> Damaged:
        return _whole(samples, suffix=suffix, bit_rate=bit_rate)

    return damage


def _gain(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
    factor = np.float32(10 ** (rng.choice([-24, -18, -12, 6, 10]) / 20))
    return _whole(np.clip(_mono(samples) * factor, -1, 1))


def _shelf(samples: Samples, hertz: float, gain_db: float, q: float) -> Samples:
    """Filter by a peaking equaliser (R. Bristow-Johnson, Audio EQ Cookbook)."""
    amplitude, omega = 10 ** (gain_db / 40), 2 * np.pi * hertz / RATE_HZ
    alpha = np.sin(omega) / (2 * q)
    b = [1 + alpha * amplitude, -2 * np.cos(omega), 1 - alpha * amplitude]
    a = [1 + alpha / amplitude, -2 * np.cos(omega), 1 - alpha / amplitude]
    return np.asarray(signal.lfilter(b, a, samples), dtype=np.float32)


def _equalised(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
    heard = _mono(samples)
    for hertz in (80, 250, 800, 2500, 8000):
        heard = _shelf(heard, hertz * rng.uniform(0.8, 1.25), rng.uniform(-12, 9), 0.8)
    return _whole(_fitting(heard))


def _compressed(samples: Samples, _other: Samples, _rng: np.random.Generator) -> Damaged:
    """Compress 6:1 above -26 dB of the loudest, within 10 ms, and make up for it, into a limiter."""
    heard = _mono(samples)[0]
    level = signal.lfilter([0.0023], [1, -0.9977], np.abs(heard)) + 1e-6
    over = np.maximum(0, 20 * np.log10(level / level.max()) + 26)
    heard = heard * 10 ** (-over * (1 - 1 / 6) / 20)
    return _whole(np.tanh(heard * 0.25 / _rms(heard))[np.newaxis].astype(np.float32))


def _resampled(rate_hz: int) -> Callable[..., Damaged]:
    def damage(samples: Samples, _other: Samples, _rng: np.random.Generator) -> Damaged:
        ratio = Fraction(rate_hz, RATE_HZ)
        heard = signal.resample_poly(_mono(samples), ratio.numerator, ratio.denominator, axis=1)
        return _whole(_fitting(heard), rate_hz=rate_hz)

    return damage


def _to_mono(samples: Samples, _other: Samples, _rng: np.random.Generator) -> Damaged:
    return _whole(samples[:1])  # the left channel alone: the right is lost


def _padded(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
    head, tail = (float(rng.uniform(1, 6)) for _ in range(2))
    silence = [np.zeros((1, round(seconds * RATE_HZ)), np.float32) for seconds in (head, tail)]
    heard = np.concatenate([silence[0], _mono(samples), silence[1]], axis=1)
    return Damaged(heard, offset_s=silence[0].shape[1] / RATE_HZ, overlap_s=samples.shape[1] / RATE_HZ)


def _noisy(decibels: float) -> Callable[..., Damaged]:
    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        heard = _mono(samples)
        noise = rng.standard_normal(heard.shape, dtype=np.float32)
        return _whole(_fitting(heard + noise * np.float32(_rms(heard) / 10 ** (decibels / 20))))

    return damage


def _in_a_room(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
    """Play it in a hall of 1.5 s, heard from where the hall is as loud as the loudspeaker."""
    t = np.arange(round(1.5 * RATE_HZ)) / RATE_HZ
    hall = rng.standard_normal(t.size) * np.exp(-6.9 / 1.5 * t)
    hall /= np.sqrt(np.sum(hall**2))
    hall[0] += 1
    heard = signal.oaconvolve(_mono(samples), hall[np.newaxis], axes=1)[:, : samples.shape[1]]
    return _whole(_fitting(heard))


def _clip(seconds: float) -> Callable[..., Damaged]:
    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        size = min(round(seconds * RATE_HZ), samples.shape[1])
        start = _sounding(samples, size, rng)
        return _whole(_mono(samples[:, start : start + size]), start_s=start / RATE_HZ)

    return damage


def _sounding(samples: Samples, size: int, rng: np.random.Generator) -> int:
    """Choose where a clip begins, so that it is not mostly silence."""
    usual = _rms(samples)
    start = 0
    for _ in range(50):
        start = int(rng.integers(0, max(1, samples.shape[1] - size)))
        if _rms(samples[:, start : start + size]) > 0.4 * usual:
            break
    return start


def _clip_noise_mp3(samples: Samples, other: Samples, rng: np.random.Generator) -> Damaged:
    clip = _clip(10)(samples, other, rng)
    noisy = _noisy(10)(clip.samples, other, rng)
    return replace(noisy, suffix=".mp3", bit_rate=64_000, start_s=clip.start_s)


def _speed(*percent: float) -> Callable[..., Damaged]:
    """Play it faster or slower, as a tape: pitch follows."""

    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        return _at_speed(samples, 1 + float(rng.choice(percent)) / 100)

    return damage


def _at_speed(samples: Samples, factor: float) -> Damaged:
    ratio = Fraction(1 / factor).limit_denominator(200)
    factor = float(1 / ratio)
    heard = signal.resample_poly(_mono(samples), ratio.numerator, ratio.denominator, axis=1)
    return _whole(_fitting(heard), tempo=factor, pitch=-12 * float(np.log2(factor)))


def _clip_at_speed(samples: Samples, other: Samples, rng: np.random.Generator) -> Damaged:
    factor = 1 + float(rng.choice([-5, -3, 3, 5])) / 100
    clip = _clip(5 * factor)(samples, other, rng)
    return replace(_at_speed(clip.samples, factor), start_s=clip.start_s)


def _tempo(*percent: float) -> Callable[..., Damaged]:
    """Play it faster or slower at its pitch: by overlapping waves, or by a phase vocoder."""

    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        factor = 1 + float(rng.choice(percent)) / 100
        how = str(rng.choice([f"atempo={factor}", f"rubberband=tempo={factor}"]))
        return _whole(_filtered(_mono(samples), how), tempo=factor)

    return damage


def _pitch(semitones: float) -> Callable[..., Damaged]:
    """Play it higher or lower in its time."""

    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        factor = 2 ** (semitones / 12)
        tape = f"asetrate={round(RATE_HZ * factor)},aresample={RATE_HZ},atempo={1 / factor}"
        how = str(rng.choice([f"rubberband=pitch={factor}", tape]))
        return _whole(_filtered(_mono(samples), how), pitch=-semitones)

    return damage


def _filtered(samples: Samples, how: str) -> Samples:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1"]
    command += ["-i", "-", "-af", how, "-f", "f32le", "-"]
    done = subprocess.run(command, input=samples[0].tobytes(), capture_output=True, check=True)
    return _fitting(np.frombuffer(done.stdout, np.float32)[np.newaxis])


_SAID: Final = (
    "Good evening and welcome back to the programme, it is nine minutes past eleven and rain is on its way.",
    "What you are hearing now was found in a box of unlabelled tapes behind the old exchange in the harbour.",
    "Please send us your requests, your dedications, and above all your complaints, to the usual address.",
    "The next train to Southampton Central will depart from platform seven; mind the gap, please.",
    "Twenty five percent of listeners told us that they never skip, while the others pressed the button at once.",
    "And then she said that nobody had ever asked her where the melody came from, which surprised all of us.",
)


def _spoken_over(decibels: float) -> Callable[..., Damaged]:
    def damage(samples: Samples, _other: Samples, rng: np.random.Generator) -> Damaged:
        heard = _mono(samples)
        speech = _speech(heard.shape[1], rng)
        active = speech[np.abs(speech) > 0.01]
        return _whole(_fitting(heard + speech * np.float32(_rms(heard) / _rms(active) * 10 ** (decibels / 20))))

    return damage


def _speech(size: int, rng: np.random.Generator) -> Samples:
    """Talk without an end."""
    talk: list[Samples] = []
    voice = str(rng.choice(["en", "en-us", "en-gb-scotland", "de", "fr"]))
    while sum(each.shape[1] for each in talk) < size:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            said = str(rng.choice(_SAID))
            speed = str(int(rng.integers(140, 190)))
            subprocess.run(
                ["espeak-ng", "-v", voice, "-s", speed, "-p", str(int(rng.integers(20, 70))), "-w", str(path), said],
                check=True, capture_output=True, env={**os.environ, "HOME": folder},
            )  # fmt: skip
            raw = np.frombuffer(path.read_bytes()[44:], "<i2").astype(np.float32) / 32768
        talk.append(signal.resample_poly(raw, 2, 1)[np.newaxis].astype(np.float32))  # espeak speaks at 22,050 Hz
    return np.concatenate(talk, axis=1)[:, :size]


def _mixed(samples: Samples, other: Samples, _rng: np.random.Generator) -> Damaged:
    size = min(samples.shape[1], other.shape[1])
    one, two = _mono(samples[:, :size]), _mono(other[:, :size])
    return _whole(_fitting(one + two * np.float32(_rms(one) / _rms(two))), other=True)


def _without_bass(samples: Samples, _other: Samples, _rng: np.random.Generator) -> Damaged:
    high = signal.butter(4, 500, "highpass", fs=RATE_HZ, output="sos")
    return _whole(_fitting(signal.sosfilt(high, _mono(samples), axis=1)))


ROWS: Final = (
    Row("mp3 32k", "usual", _codec(".mp3", 32_000)),
    Row("mp3 64k", "usual", _codec(".mp3", 64_000)),
    Row("mp3 128k", "usual", _codec(".mp3", 128_000)),
    Row("aac 64k", "usual", _codec(".m4a", 64_000)),
    Row("ogg", "usual", _codec(".ogg", None)),
    Row("opus 32k", "usual", _codec(".opus", 32_000)),
    Row("opus 64k", "usual", _codec(".opus", 64_000)),
    Row("flac", "usual", _codec(".flac", None)),
    Row("gain", "usual", _gain),
    Row("eq", "usual", _equalised),
    Row("compression", "usual", _compressed),
    Row("8 kHz", "usual", _resampled(8_000)),
    Row("16 kHz", "usual", _resampled(16_000)),
    Row("22.05 kHz", "usual", _resampled(22_050)),
    Row("48 kHz", "usual", _resampled(48_000)),
    Row("mono", "usual", _to_mono),
    Row("padding", "usual", _padded),
    Row("noise 10 dB", "usual", _noisy(10)),
    Row("reverb", "usual", _in_a_room),
    Row("clip 30 s", "usual", _clip(30)),
    Row("clip 10 s", "usual", _clip(10)),
    Row("clip 5 s", "usual", _clip(5)),
    Row("clip 10 s, noise, mp3 64k", "usual", _clip_noise_mp3),
    Row("tempo +4 %", "usual", _tempo(4), "ffmpeg"),
    Row("tempo -4 %", "usual", _tempo(-4), "ffmpeg"),
    Row("speed +4 %", "usual", _speed(4)),
    Row("speed -4 %", "usual", _speed(-4)),
    Row("pitch +1", "usual", _pitch(1), "ffmpeg"),
    Row("pitch -1", "usual", _pitch(-1), "ffmpeg"),
    Row("pitch +2", "usual", _pitch(2), "ffmpeg"),
    Row("high-pass 500 Hz", "usual", _without_bass),
    Row("speech 0 dB", "speech", _spoken_over(0), "espeak-ng"),
    Row("two tracks mixed", "mashup", _mixed),
    Row("opus 16k", "hard", _codec(".opus", 16_000)),
    Row("noise 0 dB", "hard", _noisy(0)),
    Row("clip 3 s", "hard", _clip(3)),
    Row("tempo +-10 %", "hard", _tempo(10, -10), "ffmpeg"),
    Row("speed +-10 %", "hard", _speed(10, -10)),
    Row("pitch +4", "hard", _pitch(4), "ffmpeg"),
    Row("speech +6 dB", "hard", _spoken_over(6), "espeak-ng"),
    Row("clip 5 s at other speed", "hard", _clip_at_speed),
)
