"""Peak lists made up from seeds: music as the comparison of fingerprints sees it, and what happens to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit_core.audio.peaks import Peaks

__all__ = ["Crate", "concatenated", "cut", "music", "played", "worn"]


@dataclass(frozen=True)
class Crate:
    """A library in memory."""

    peaks: Sequence[Peaks]
    durations_s: Sequence[float]

    def __len__(self) -> int:
        return len(self.peaks)

    def __getitem__(self, index: int, /) -> Peaks:
        return self.peaks[index]


def sorted_peaks(times: np.ndarray, pitches: np.ndarray, strengths: np.ndarray) -> Peaks:
    order = np.argsort(times, kind="stable")
    return Peaks(*(column[order].astype(np.float32) for column in (times, pitches, strengths)))


def music(seed: int, seconds: float, *, per_second: int = 30, beat_s: float | None = None) -> Peaks:
    """Make peaks up: about half on a beat and in a key, as music is like other music; the rest anywhere."""
    rng = np.random.default_rng(seed)
    count = int(seconds * per_second)
    times = rng.uniform(0, seconds, count)
    pitches = rng.uniform(14, 74, count)
    beat = beat_s or float(rng.choice([0.4, 0.5, 0.6]))
    regular = rng.random(count) < 0.5
    key = int(rng.integers(12))
    scale = key + np.array([0, 2, 4, 5, 7, 9, 11])
    times = np.where(regular, np.round(times / (beat / 4)) * (beat / 4) + rng.normal(0, 0.004, count), times)
    notes = 12 + rng.choice(scale, count) + 12 * rng.integers(0, 4, count)
    pitches = np.where(regular, notes + rng.normal(0, 0.03, count), pitches)
    return sorted_peaks(np.clip(times, 0, seconds), pitches, rng.uniform(1, 6, count))


def played(peaks: Peaks, *, tempo: float = 1.0, pitch: float = 0.0, later_s: float = 0.0) -> Peaks:
    """Play at another tempo (seconds to a second), higher, later."""
    return Peaks(
        (peaks.times_s * tempo + later_s).astype(np.float32),
        (peaks.pitches + pitch).astype(np.float32),
        peaks.strengths,
    )


def cut(peaks: Peaks, begin_s: float, end_s: float) -> Peaks:
    """Cut a clip out, which begins at 0."""
    kept = (peaks.times_s >= begin_s) & (peaks.times_s < end_s)
    return Peaks(peaks.times_s[kept] - np.float32(begin_s), peaks.pitches[kept], peaks.strengths[kept])


def worn(peaks: Peaks, seed: int, *, lost: float = 0.3, per_second: float = 8.0) -> Peaks:
    """Lose a share of the peaks, move the others a little, and add some that were not there."""
    rng = np.random.default_rng(seed)
    kept = rng.random(peaks.times_s.size) >= lost
    end = float(peaks.times_s[-1]) if peaks.times_s.size else 0.0
    count = int(kept.sum())
    more = int(end * per_second)
    return sorted_peaks(
        np.concatenate([np.abs(peaks.times_s[kept] + rng.normal(0, 0.005, count)), rng.uniform(0, end, more)]),
        np.concatenate([peaks.pitches[kept] + rng.normal(0, 0.04, count), rng.uniform(14, 74, more)]),
        np.concatenate([peaks.strengths[kept], rng.uniform(1, 6, more)]),
    )


def concatenated(parts: Sequence[tuple[Peaks, float]]) -> Peaks:
    """Play one after another: each with its length in seconds."""
    moved, at = [], 0.0
    for peaks, length in parts:
        moved.append(played(peaks, later_s=at))
        at += length
    return Peaks(
        np.concatenate([one.times_s for one in moved]),
        np.concatenate([one.pitches for one in moved]),
        np.concatenate([one.strengths for one in moved]),
    )
