"""The peaks that two files have in common: what a listener may hear, and a picture marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from audit_core.evidence.window import in_b
from audit_core.neighbours.match import PeakList, Stretch

__all__ = ["Marks", "in_common"]

Floats = npt.NDArray[np.float32]

_WITHIN_S: Final = 0.06
_WITHIN_SEMITONES: Final = 0.4


@dataclass(frozen=True, slots=True)
class Marks:
    """Peaks to be marked.

    Attributes
    ----------
    times_s : np.ndarray, shape=(n,)
        In the file's own time, sorted.
    pitches : np.ndarray, shape=(n,)
        In semitones above 55 Hz.
    """

    times_s: Floats
    pitches: Floats

    @classmethod
    def none(cls) -> Marks:
        """Mark nothing."""
        return cls(np.zeros(0, np.float32), np.zeros(0, np.float32))

    def within(self, start_s: float, end_s: float) -> Marks:
        """Keep those between two moments."""
        first, last = np.searchsorted(self.times_s, [start_s, end_s])
        return Marks(self.times_s[first:last], self.pitches[first:last])

    def __len__(self) -> int:
        return len(self.times_s)


def in_common(peaks_a: PeakList, peaks_b: PeakList, stretch: Stretch) -> tuple[Marks, Marks]:
    """Find the peaks of a stretch that both files have.

    Parameters
    ----------
    peaks_a, peaks_b : PeakList
        Of both files, in their own time, at least where the stretch lies.
    stretch : Stretch
        How the one lies on the other.

    Returns
    -------
    marks_a, marks_b : Marks
        Those of a that b has in the same place (within 0.06 s and 0.4 semitones), and those of b that a has.
    """
    times_a = in_b(stretch, 0.0) + stretch.tempo * peaks_a.times_s.astype(np.float64)
    begin, end = stretch.offset_b, stretch.offset_b + stretch.tempo * stretch.overlap_s
    kept_a = (times_a >= begin) & (times_a <= end)
    kept_b = (peaks_b.times_s >= begin) & (peaks_b.times_s <= end)
    mapped = times_a[kept_a], peaks_a.pitches[kept_a] + stretch.pitch
    other = peaks_b.times_s[kept_b].astype(np.float64), peaks_b.pitches[kept_b]
    of_a, of_b = _met(*mapped, *other), _met(*other, *mapped)
    return (
        Marks(peaks_a.times_s[kept_a][of_a], peaks_a.pitches[kept_a][of_a]),
        Marks(peaks_b.times_s[kept_b][of_b], peaks_b.pitches[kept_b][of_b]),
    )


def _met(
    times: npt.NDArray[np.float64], pitches: Floats, other_times: npt.NDArray[np.float64], other_pitches: Floats
) -> npt.NDArray[np.bool_]:
    """Tell which peaks have one of the others near them; both are sorted by time."""
    first = np.searchsorted(other_times, times - _WITHIN_S)
    last = np.searchsorted(other_times, times + _WITHIN_S, side="right")
    return np.array(
        [
            bool((np.abs(other_pitches[i:j] - pitch) <= _WITHIN_SEMITONES).any())
            for i, j, pitch in zip(first, last, pitches, strict=True)
        ],
        dtype=np.bool_,
    )
