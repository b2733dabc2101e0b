"""Drums: each piece has a kit of its own, and no hit is quite like the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.demo.pieces.voices import SAMPLE_RATE_HZ, Sound

__all__ = ["DRUMS", "Kit"]

DRUMS: Final = ("kick", "snare", "clap", "rim", "hat", "open hat", "ride", "shaker", "tom", "conga", "brush")
_TAU: Final = 2 * np.pi


@dataclass(frozen=True, slots=True)
class Kit:
    """How the drums of a piece are tuned, and how long they ring: factors around 1."""

    tuning: float
    ringing: float
    brightness: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Kit:
        """Choose a kit."""
        tuning, ringing, brightness = rng.uniform((0.78, 0.6, 0.5), (1.3, 1.5, 1.4))
        return cls(float(tuning), float(ringing), float(brightness))

    def hit(self, drum: str, velocity: float, rng: np.random.Generator) -> Sound:
        """Strike a drum of `DRUMS`: mono samples."""
        tuning = self.tuning * rng.uniform(0.99, 1.01)
        match drum:
            case "kick":
                return 0.8 * self._skin(52 * tuning, 5.0, 45.0, 0.34) + 0.2 * self._noise(0.34, 400, rng, high=0.1)
            case "tom":
                return self._skin(float(rng.choice([95, 125, 165])) * tuning, 1.0, 12.0, 0.35)
            case "conga":
                return self._skin(float(rng.choice([190, 250, 320])) * tuning, 0.3, 40.0, 0.22)
            case "snare":
                return 0.5 * self._skin(185 * tuning, 0.6, 50.0, 0.24) + self._noise(0.24, 22, rng, high=0.6)
            case "clap":
                claps = self._noise(0.3, 20, rng, high=0.8)
                for delay in (0.011, 0.023):
                    start = int(delay * SAMPLE_RATE_HZ)
                    claps[start:] += 0.6 * self._noise(0.3, 45, rng, high=0.8)[: claps.size - start]
                return 0.8 * claps
            case "rim":
                return self._skin(820 * tuning, 0.0, 1.0, 0.06) + 0.3 * self._noise(0.06, 120, rng, high=1.0)
            case "brush":
                return 0.6 * self._noise(0.3, 11, rng, high=0.9)
            case "shaker":
                return 0.5 * self._noise(0.09, 40, rng, high=1.0)
            case "hat":
                return 0.6 * self._noise(0.08, 65 / self.ringing, rng, high=1.0) + 0.3 * self._metal(0.08, 60, rng)
            case "open hat":
                return 0.55 * self._noise(0.4, 9 / self.ringing, rng, high=1.0) + 0.33 * self._metal(0.4, 9, rng)
            case "ride":
                return 0.4 * self._noise(0.7, 7, rng, high=1.0) + 0.7 * self._metal(0.7, 5, rng)
        raise ValueError(f"{drum!r} is no drum: one of {DRUMS}")

    def _clock(self, seconds: float) -> Sound:
        return np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)

    def _skin(self, frequency: float, sweep: float, speed: float, seconds: float) -> Sound:
        """Sound a skin: a sine that falls to its pitch."""
        t = self._clock(seconds)
        phase = np.float32(_TAU * frequency) * (t - np.float32(sweep / speed) * np.expm1(-np.float32(speed) * t))
        decay = np.float32(3.5 / seconds / self.ringing)
        fade = np.minimum(1, (seconds - t) * 50).astype(np.float32)
        return np.asarray(np.sin(phase) * np.exp(-decay * t) * fade, dtype=np.float32)

    def _noise(self, seconds: float, decay: float, rng: np.random.Generator, *, high: float) -> Sound:
        """Sound a burst of noise; `high` says how much of its bass is taken away."""
        t = self._clock(seconds)
        noise = rng.standard_normal(t.size + 1, dtype=np.float32)
        share = np.float32(min(1.0, high * self.brightness))
        return np.asarray((noise[1:] - share * noise[:-1]) * np.exp(-np.float32(decay) * t) * 0.5, dtype=np.float32)

    def _metal(self, seconds: float, decay: float, rng: np.random.Generator) -> Sound:
        """Sound a sheet of metal: partials that fit no scale."""
        t = self._clock(seconds)
        ring = np.zeros_like(t)
        for partial in (3160, 4230, 5410, 6790, 8210):
            phase = np.float32(_TAU * partial * self.tuning) * t + np.float32(rng.random() * 6)
            ring += np.sin(phase)
        return np.asarray(0.2 * ring * np.exp(-np.float32(decay / self.ringing) * t), dtype=np.float32)
