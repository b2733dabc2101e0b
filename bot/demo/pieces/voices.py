"""Instruments that play a note: each a few closed forms, so that a note costs a millisecond or two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["SAMPLE_RATE_HZ", "VOICES", "Sound", "Voice"]

SAMPLE_RATE_HZ: Final = 44_100

Sound = npt.NDArray[np.float32]
Voice = Callable[[float, float, float, np.random.Generator], Sound]
"""Frequency in Hz, seconds held, velocity of 1, chance → mono samples, the release included."""

_TAU: Final = np.float32(2 * np.pi)


def _clock(seconds: float) -> Sound:
    return np.arange(max(64, round(seconds * SAMPLE_RATE_HZ)), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)


def _phase(t: Sound, frequency: float, rng: np.random.Generator, vibrato: float = 0.0, rate: float = 5.2) -> Sound:
    """Run a phase from a random start; `vibrato` is its depth in semitones, which grows as a player's does."""
    phase = _TAU * np.float32(frequency) * t + np.float32(rng.random() * 6.28)
    if vibrato:
        depth = frequency * vibrato * 0.0578 / rate
        phase += np.float32(depth) * np.minimum(t * 2, 1) * np.sin(_TAU * np.float32(rate) * t)
    return phase


def _held(t: Sound, seconds: float, attack: float, release: float, fall: float = 0.0) -> Sound:
    """Shape a held note: up within `attack`, down by e in 1/`fall` seconds, out within `release`."""
    shape = np.minimum(t / np.float32(attack), 1) * np.clip(1 - (t - np.float32(seconds)) / np.float32(release), 0, 1)
    if fall:
        shape = shape * np.exp(-np.float32(fall) * t)
    return np.asarray(shape, dtype=np.float32)


def _buzz(phase: Sound, bright: Sound | float) -> Sound:
    """Sum sin(k x) bright^k / k over all k, in closed form: a saw whose overtones fade as `bright` falls below 1."""
    return np.asarray(np.arctan2(bright * np.sin(phase), 1 - bright * np.cos(phase)), dtype=np.float32)


def _highest(frequency: float) -> float:
    """Give the brightness that keeps what lies above half the sample rate 40 dB down."""
    return float(10 ** (-2 * frequency / (SAMPLE_RATE_HZ / 2)))


def _partials(phase: Sound, weights: tuple[float, ...]) -> Sound:
    """Sum harmonics by Horner's rule on the unit circle."""
    turning = np.exp(1j * phase).astype(np.complex64)
    total = np.full(phase.shape, weights[-1], dtype=np.complex64)
    for weight in reversed(weights[:-1]):
        total = total * turning + np.complex64(weight)
    return np.asarray((total * turning).imag, dtype=np.float32)


def _breath(size: int, rng: np.random.Generator) -> Sound:
    return rng.standard_normal(size, dtype=np.float32)


def pluck(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Pluck a string: bright at first, its overtones the first to go."""
    t = _clock(min(seconds + 0.5, 3.0))
    bright = np.float32(_highest(frequency) * (0.7 + 0.25 * velocity)) * np.exp(
        -np.float32(0.9 + frequency / 500) * t * (1.2 + 0.5 * float(rng.random()))
    )
    tone = _buzz(_phase(t, frequency, rng), bright.astype(np.float32))
    return tone * _held(t, seconds, 0.002, 0.4, 1.2)


def nylon(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Pluck a softer string, with the knock of the finger."""
    t = _clock(min(seconds + 0.4, 2.5))
    bright = 0.75 * velocity * np.exp(-np.float32(3 + frequency / 300) * t)
    tone = _buzz(_phase(t, frequency, rng), bright.astype(np.float32)) * _held(t, seconds, 0.003, 0.3, 2.0)
    tone[:400] += 0.25 * _breath(400, rng)[: tone[:400].size] * np.linspace(1, 0, 400, dtype=np.float32)
    return tone


def piano(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Strike a string: overtones a little sharp, two strings a little apart."""
    t = _clock(min(seconds + 0.35, 3.5))
    tone = np.zeros_like(t)
    for number, weight in enumerate((1.0, 0.55, 0.4, 0.22, 0.16, 0.1, 0.07), start=1):
        partial = frequency * number * (1 + 0.0004 * number * number)
        if partial < 12_000:
            weight *= velocity ** (0.3 * number) * float(rng.uniform(0.8, 1.2))
            tone += np.float32(weight) * np.sin(_phase(t, partial, rng)) * np.exp(-np.float32(0.8 + 0.6 * number) * t)
    return tone * _held(t, seconds, 0.003, 0.3)


def electric_piano(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Strike a tine and its bell (FM), trembling."""
    t = _clock(min(seconds + 0.4, 3.0))
    strike = np.float32(1.8 * velocity) * np.exp(-6 * t)
    tone = np.sin(_phase(t, frequency, rng) + strike * np.sin(_phase(t, frequency * 14, rng)) * np.float32(0.25))
    tone += 0.4 * np.sin(_phase(t, frequency, rng) * 1 + 0.9 * np.sin(_phase(t, frequency, rng)) * np.exp(-3 * t))
    tremble = 1 + np.float32(0.2) * np.sin(_TAU * np.float32(4.3) * t)
    return np.asarray(tone * tremble * _held(t, seconds, 0.004, 0.3, 1.1), dtype=np.float32)


def bell(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Ring a bell: FM at a ratio that no string has."""
    t = _clock(min(seconds + 1.5, 4.0))
    ratio = float(rng.choice([1.41, 2.76, 3.5]))
    index = np.float32(2.2 * velocity) * np.exp(-np.float32(2.5) * t)
    tone = np.sin(_phase(t, frequency, rng) + index * np.sin(_phase(t, frequency * ratio, rng)))
    fading = np.minimum(t * 500, 1) * np.exp(-1.8 * t) * _held(t, seconds + 1.1, 0.001, 0.4)
    return np.asarray(tone * fading, dtype=np.float32)


def marimba(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Strike a wooden bar: its fundamental and the fourth overtone, soon gone."""
    t = _clock(0.7)
    tone = np.sin(_phase(t, frequency, rng)) * np.exp(-7 * t)
    tone += np.float32(0.5 * velocity) * np.sin(_phase(t, frequency * 3.93, rng)) * np.exp(-22 * t)
    tone += np.float32(0.2 * velocity) * np.sin(_phase(t, frequency * 9.2, rng)) * np.exp(-60 * t)
    return np.asarray(tone * np.minimum(t * 800, 1), dtype=np.float32)


def saw(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Lead with two saws a few cents apart, a filter that opens and closes, a late vibrato."""
    t = _clock(seconds + 0.15)
    bright = np.float32(_highest(frequency)) * (0.55 + 0.42 * np.exp(-np.float32(3 / max(seconds, 0.2)) * t))
    tone = _buzz(_phase(t, frequency * 0.997, rng, 0.15), bright) + _buzz(
        _phase(t, frequency * 1.003, rng, 0.15), bright
    )
    return 0.6 * tone * _held(t, seconds, 0.008, 0.12, 0.3)


def square(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Make a hollow wave, as of an old games console: the difference of two saws, its width moving."""
    t = _clock(seconds + 0.04)
    phase, bright = _phase(t, frequency, rng, 0.1, 6.5), _highest(frequency)
    width = np.float32(2.2 + 0.8 * float(rng.random())) + 0.5 * np.sin(_TAU * 0.9 * t)
    return 0.5 * (_buzz(phase, bright) - _buzz(phase + width, bright)) * _held(t, seconds, 0.002, 0.03, 0.8)


def organ(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Pull drawbars, with a rotating loudspeaker."""
    t = _clock(seconds + 0.08)
    weights = (0.8, 0.7, 0.5, 0.45, 0.1, 0.3, 0.0, 0.25)
    keep = max(1, min(len(weights), int(9000 / frequency)))
    tone = _partials(_phase(t, frequency, rng, 0.08, 6.4), weights[:keep])
    turn = 1 + np.float32(0.18) * np.sin(_TAU * 6.4 * t + np.float32(rng.random() * 6))
    return np.asarray((tone * turn).astype(np.float32) * _held(t, seconds, 0.006, 0.06), dtype=np.float32)


def pad(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Spread a slow chorus of three saws, dark."""
    t = _clock(seconds + 0.9)
    sweep = 0.62 + 0.22 * np.sin(_TAU * np.float32(0.11 + 0.1 * rng.random()) * t + np.float32(rng.random() * 6))
    bright = (np.float32(min(_highest(frequency), 0.97)) * sweep).astype(np.float32)
    tone = np.zeros_like(t)
    for cents in (-9, 0, 8):
        tone += _buzz(_phase(t, frequency * 2 ** ((cents + rng.normal(0, 2)) / 1200), rng), bright)
    return 0.4 * tone * _held(t, seconds, min(0.5, seconds / 2), 0.8)


def strings(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Bow a section of strings: four players, each with a vibrato of their own, and some bow."""
    t = _clock(seconds + 0.35)
    bright = np.float32(min(_highest(frequency), 0.93)) * (0.65 + 0.3 * np.float32(velocity) * np.minimum(t * 3, 1))
    tone = np.zeros_like(t)
    for _ in range(4):
        player = frequency * 2 ** (rng.normal(0, 5) / 1200)
        tone += _buzz(_phase(t, player, rng, 0.22, rng.uniform(4.6, 6.2)), bright.astype(np.float32))
    tone += 0.02 * _breath(t.size, rng)
    return 0.3 * tone * _held(t, seconds, min(0.14, seconds / 3), 0.3)


def brass(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Blow horns: the louder, the brighter, within each note."""
    t = _clock(seconds + 0.12)
    swell = np.minimum(t / np.float32(0.09), 1) * np.exp(-0.9 * t)
    bright = np.float32(min(_highest(frequency), 0.95)) * (0.35 + 0.6 * np.float32(velocity) * swell)
    tone = _buzz(_phase(t, frequency, rng, 0.12), bright) + _buzz(_phase(t, frequency * 1.004, rng), bright)
    return 0.6 * tone * _held(t, seconds, 0.04, 0.1)


def flute(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Blow a pipe, with the breath beside the tone."""
    t = _clock(seconds + 0.12)
    tone = _partials(_phase(t, frequency, rng, 0.25, 5.0), (1.0, 0.28, 0.12, 0.04))
    breath = _breath(t.size, rng)
    breath[1:] += breath[:-1].copy()
    return (tone + 0.05 * breath) * _held(t, seconds, 0.05, 0.1)


_VOWELS: Final = {  # formants in Hz and their weights
    "a": ((730, 1.0), (1090, 0.6), (2440, 0.25), (3400, 0.1)),
    "o": ((450, 1.0), (800, 0.5), (2830, 0.12), (3500, 0.06)),
    "e": ((530, 1.0), (1840, 0.4), (2480, 0.25), (3500, 0.1)),
    "i": ((300, 1.0), (2290, 0.3), (3010, 0.25), (3600, 0.1)),
    "u": ((320, 1.0), (700, 0.35), (2240, 0.05), (3300, 0.03)),
}


def _vowel(frequency: float, name: str) -> tuple[float, ...]:
    """Weigh harmonics by a vowel's resonances."""
    harmonics = frequency * np.arange(1, max(2, min(40, int(5000 / frequency))) + 1)
    weights = sum(gain / (1 + ((harmonics - centre) / 110) ** 2) for centre, gain in _VOWELS[name])
    return tuple(float(weight) for weight in np.asarray(weights) + 0.01 / np.arange(1, harmonics.size + 1))


def singer(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Sing a vowel, and glide into another."""
    t = _clock(seconds + 0.15)
    first, second = rng.choice(list(_VOWELS), 2)
    phase = _phase(t, frequency, rng, 0.45, rng.uniform(5.0, 6.0))
    glide = np.clip(t / np.float32(max(seconds, 0.2)) * 2 - 0.5, 0, 1)
    tone = (
        _partials(phase, _vowel(frequency, first)) * (1 - glide) + _partials(phase, _vowel(frequency, second)) * glide
    )
    return np.asarray(
        0.8 * (tone + 0.01 * _breath(t.size, rng)) * _held(t, seconds, min(0.07, seconds / 3), 0.14), dtype=np.float32
    )


def choir(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Sing one vowel with three voices, not quite together."""
    t = _clock(seconds + 0.5)
    weights = _vowel(frequency, str(rng.choice(["a", "o", "u"])))
    tone = np.zeros_like(t)
    for _ in range(3):
        singing = frequency * 2 ** (rng.normal(0, 8) / 1200)
        tone += _partials(_phase(t, singing, rng, 0.35, rng.uniform(4.4, 5.8)), weights)
    return 0.4 * tone * _held(t, seconds, min(0.25, seconds / 2), 0.45)


def round_bass(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Play a bass of few overtones: a sine with a little saw at its start."""
    t = _clock(seconds + 0.08)
    bright = 0.55 * np.exp(-np.float32(5) * t)
    phase = _phase(t, frequency, rng)
    return (0.8 * np.sin(phase) + 0.5 * _buzz(phase, bright.astype(np.float32))) * _held(t, seconds, 0.004, 0.06, 0.7)


def acid_bass(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Send a saw through a filter that shuts quickly."""
    t = _clock(seconds + 0.05)
    bright = 0.5 + 0.47 * np.exp(-np.float32(4 + 8 * rng.random()) * t) * np.float32(velocity)
    return _buzz(_phase(t, frequency, rng), bright.astype(np.float32)) * _held(t, seconds, 0.002, 0.04)


def double_bass(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Pluck a large string, its overtones gone before its body."""
    t = _clock(min(seconds + 0.2, 2.0))
    bright = 0.85 * np.exp(-np.float32(4.5) * t)
    tone = _buzz(_phase(t, frequency, rng), bright.astype(np.float32)) * _held(t, seconds, 0.006, 0.18, 1.6)
    tone[:600] += 0.15 * _breath(600, rng)[: tone[:600].size] * np.linspace(1, 0, 600, dtype=np.float32)
    return tone


def fuzz(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Drive a root and its fifth through an amplifier until they clip."""
    t = _clock(seconds + 0.1)
    bright = np.float32(0.9) * np.exp(-np.float32(0.5) * t)
    both = _buzz(_phase(t, frequency, rng), bright) + _buzz(_phase(t, frequency * 1.4983, rng), bright)
    return np.asarray(
        0.7 * np.tanh(np.float32(1.5 + 2 * velocity) * both) * _held(t, seconds, 0.003, 0.08), dtype=np.float32
    )


def drone(frequency: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Let partials come and go, each in its own time."""
    t = _clock(seconds + 2.0)
    tone = np.zeros_like(t)
    for number in range(1, 10):
        swell = 0.5 + 0.5 * np.sin(_TAU * np.float32(rng.uniform(0.03, 0.3)) * t + np.float32(rng.random() * 6))
        partial = frequency * number * 2 ** (rng.normal(0, 4) / 1200)
        tone += np.float32(rng.uniform(0.4, 1.0) / number) * swell * np.sin(_phase(t, partial, rng))
    return 0.6 * tone * _held(t, seconds, min(2.0, seconds / 2), 2.0)


VOICES: Final[dict[str, Voice]] = {
    "acid bass": acid_bass,
    "bell": bell,
    "brass": brass,
    "choir": choir,
    "double bass": double_bass,
    "drone": drone,
    "electric piano": electric_piano,
    "flute": flute,
    "fuzz": fuzz,
    "marimba": marimba,
    "nylon": nylon,
    "organ": organ,
    "pad": pad,
    "piano": piano,
    "pluck": pluck,
    "round bass": round_bass,
    "saw": saw,
    "singer": singer,
    "square": square,
    "strings": strings,
}
