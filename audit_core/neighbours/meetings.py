"""The inner loops of the decision: which peaks of two files meet under a line, how late others are, where runs lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.compiled import compiled

__all__ = ["best_run", "count_delays", "meet"]


@compiled
def meet(
    times_a: NDArray[np.float32],
    pitches_a: NDArray[np.float32],
    times_b: NDArray[np.float32],
    pitches_b: NDArray[np.float32],
    tempo: float,
    shift: float,
    pitch: float,
    near_s: float,
    near_semitones: float,
    partners: NDArray[np.int64],
) -> None:
    """Find for each peak of `a` the peak of `b` that is nearest in time, among those near enough; -1 if none is."""
    start = 0
    for i in range(len(times_a)):
        partners[i] = -1
        time = tempo * times_a[i] + shift
        target = pitches_a[i] + pitch
        while start < len(times_b) and times_b[start] < time - near_s:
            start += 1
        nearest = near_s
        j = start
        while j < len(times_b) and times_b[j] <= time + near_s:
            if abs(pitches_b[j] - target) <= near_semitones and abs(times_b[j] - time) <= nearest:
                nearest = abs(times_b[j] - time)
                partners[i] = j
            j += 1


@compiled
def count_delays(
    times_a: NDArray[np.float32],
    pitches_a: NDArray[np.float32],
    times_b: NDArray[np.float32],
    pitches_b: NDArray[np.float32],
    tempo: float,
    shift: float,
    pitch: float,
    cell: float,
    near_semitones: float,
    counts: NDArray[np.int64],
) -> None:
    """Count the pairs of peaks of one pitch by the delay between them, in cells about none."""
    start = 0
    half = len(counts) // 2
    farthest = np.float32(half * cell)
    close = np.float32(near_semitones)
    for i in range(len(times_a)):
        time = np.float32(tempo * times_a[i] + shift)
        target = np.float32(pitches_a[i] + pitch)
        while start < len(times_b) and times_b[start] < time - farthest:
            start += 1
        j = start
        while j < len(times_b) and times_b[j] < time + farthest:
            if abs(pitches_b[j] - target) <= close:
                cells = int(np.floor((times_b[j] - time) / cell)) + half
                if 0 <= cells < len(counts):
                    counts[cells] += 1
            j += 1


@compiled
def best_run(hits: NDArray[np.bool_], hit: float, miss: float) -> tuple[float, int, int]:
    """Find the run of the greatest weight: its weight, the number of its first and of that after its last."""
    best, best_first, best_last = 0.0, 0, 0
    weight, first = 0.0, 0
    for i in range(len(hits)):
        if weight <= 0:
            weight, first = 0.0, i
        weight += hit if hits[i] else miss
        if weight > best:
            best, best_first, best_last = weight, first, i + 1
    return best, best_first, best_last
