"""Which seconds of a stretch are worth hearing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from audit_core.neighbours.match import Stretch

__all__ = ["AT_LEAST_S", "AT_MOST_S", "HOP_S", "Window", "best_window", "in_b"]

AT_LEAST_S: Final = 5.0
AT_MOST_S: Final = 10.0
HOP_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Window:
    """The seconds that are heard, in the time of a."""

    start_s: float
    length_s: float


def in_b(stretch: Stretch, time_a: float) -> float:
    """Give the time in b that a time in a falls on."""
    return stretch.offset_b + stretch.tempo * (time_a - stretch.offset_a)


def best_window(
    stretch: Stretch,
    worth: npt.NDArray[np.float64],
    *,
    durations_s: tuple[float | None, float | None] = (None, None),
) -> Window:
    """Choose up to ten seconds of a stretch.

    Parameters
    ----------
    stretch : Stretch
        Shared audio.
    worth : np.ndarray, shape=(n,)
        How much there is to hear in each `HOP_S` from `offset_a` on; what it doesn't reach is not chosen.
    durations_s : tuple of (float or None, float or None)
        The lengths of both files, where they are known.

    Returns
    -------
    window : Window
        The best place within the stretch, and of equals the first. A stretch shorter than five seconds is heard with
        what stands around it, as far as both files reach.
    """
    length = min(AT_MOST_S, stretch.overlap_s)
    if length < AT_LEAST_S:
        return _with_surroundings(stretch, durations_s)
    frames = max(1, round(length / HOP_S))
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(worth, dtype=np.float64))])
    windows = sums[frames:] - sums[:-frames] if len(sums) > frames else np.zeros(1)
    start = float(np.argmax(windows)) * HOP_S
    return Window(stretch.offset_a + max(0.0, min(start, stretch.overlap_s - length)), length)


def _with_surroundings(stretch: Stretch, durations_s: tuple[float | None, float | None]) -> Window:
    """Hear a short stretch with as much before as after it, where there is as much."""
    first = max(0.0, stretch.offset_a - stretch.offset_b / stretch.tempo)
    end = stretch.offset_a + stretch.overlap_s
    of_a, of_b = durations_s
    last = max(
        end,
        min(
            end if of_a is None else of_a,
            end if of_b is None else stretch.offset_a + (of_b - stretch.offset_b) / stretch.tempo,
        ),
    )
    start = max(first, min(stretch.offset_a - (AT_LEAST_S - stretch.overlap_s) / 2, last - AT_LEAST_S))
    return Window(start, min(AT_LEAST_S, last - start))
