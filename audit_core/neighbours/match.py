"""What the comparison of fingerprints takes, and what it finds.

A stretch is audio that two files share under one line: ``time in b = tempo * time in a + shift``, every pitch of `b`
``pitch`` semitones above that of `a`. A file played faster by 4 % as tapes are has tempo 1 / 1.04 seen from the slower
one, and pitch +0.68.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Match", "PeakLibrary", "PeakList", "Peaks", "Stretch", "inverted"]


class PeakList(Protocol):
    """Peaks of one file, sorted by time: three arrays of one length, dtype=float32."""

    @property
    def times_s(self) -> NDArray[np.float32]:
        """Times in seconds, ascending."""

    @property
    def pitches(self) -> NDArray[np.float32]:
        """Pitches in semitones above 55 Hz."""

    @property
    def strengths(self) -> NDArray[np.float32]:
        """How far each peak rises above its surroundings; not used to compare."""


class PeakLibrary(Protocol):
    """The peaks of many files, by number; read one at a time, so that they may lie in a memory map."""

    @property
    def durations_s(self) -> Sequence[float] | NDArray[Any]:
        """Durations of the files in seconds."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> PeakList: ...


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks in memory."""

    times_s: NDArray[np.float32]
    pitches: NDArray[np.float32]
    strengths: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Audio that two files share under one line.

    Attributes
    ----------
    offset_a, offset_b : float
        Where it begins in each, in seconds.
    overlap_s : float
        How long it lasts, in the time of `a`.
    tempo : float
        Seconds of `b` to a second of `a`: 1.1 if `b` is slower by a tenth.
    pitch : float
        Semitones that `b` is higher than `a`.
    score : float
        Decimal exponent of the odds against this by chance, as counted on all peaks.
    agreement_a, agreement_b : float
        Share of the peaks of each, within the stretch, that the other has too.
    """

    offset_a: float
    offset_b: float
    overlap_s: float
    tempo: float
    pitch: float
    score: float
    agreement_a: float = math.nan
    agreement_b: float = math.nan

    @property
    def shift_s(self) -> float:
        """Time in `b` of the beginning of `a`, were the line drawn so far."""
        return self.offset_b - self.tempo * self.offset_a


@dataclass(frozen=True, slots=True)
class Match:
    """Two files of a library that share audio, `a < b`; of a query, `a` numbers the queries and `b` the library.

    Attributes
    ----------
    a, b : int
        Their numbers.
    stretches : tuple of Stretch
        Never empty; the best first.
    score : float
        That of the best stretch.
    whole : bool
        Whether the stretches cover most of both files.
    candidate : bool
        Whether the score lies below the threshold: to be heard, not believed.
    """

    a: int
    b: int
    stretches: tuple[Stretch, ...]
    score: float
    whole: bool
    candidate: bool


def inverted(stretch: Stretch) -> Stretch:
    """Tell the same stretch with the two files exchanged."""
    return Stretch(
        offset_a=stretch.offset_b,
        offset_b=stretch.offset_a,
        overlap_s=stretch.overlap_s * stretch.tempo,
        tempo=1 / stretch.tempo,
        pitch=-stretch.pitch if stretch.pitch else 0.0,
        score=stretch.score,
        agreement_a=stretch.agreement_b,
        agreement_b=stretch.agreement_a,
    )
