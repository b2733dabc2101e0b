"""A look over a stretch before some seconds of it are chosen: how loud it is where, and its peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from audit_core.evidence.excerpt import blocks_between
from audit_core.evidence.window import HOP_S
from audit_core.neighbours.match import Peaks

if TYPE_CHECKING:
    from audit_core.audio.decimate import Decimator
    from audit_core.audio.peaks import PeakPicker

__all__ = ["FURTHEST_S", "Survey", "survey"]

FURTHEST_S: Final = 600.0
"""How much of a stretch is looked over: the first ten minutes."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is between two moments of a file.

    Attributes
    ----------
    loudness : np.ndarray, shape=(n,)
        Of each `HOP_S`: the square root of the level, for a place with much in it is worth more than one loud blow.
    peaks : Peaks
        All of them, in the file's time; none if they were not asked for.
    """

    loudness: npt.NDArray[np.float64]
    peaks: Peaks


def survey(file: BinaryIO, start_s: float, end_s: float, *, peaks: bool = True) -> Survey:
    """Look over a part of a file.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its beginning.
    start_s, end_s : float
        Of more than `FURTHEST_S`, the beginning.
    peaks : bool
        Whether to look for peaks.

    Raises
    ------
    AudioError
        If the file can't be decoded.
    """
    end_s = min(end_s, start_s + FURTHEST_S)
    powers: list[npt.NDArray[np.float64]] = []
    listener: tuple[Decimator, PeakPicker] | None = None
    left = np.zeros(0)
    for block, rate_hz, _ in blocks_between(file, start_s, end_s):
        hop = max(1, round(HOP_S * rate_hz))
        left = np.concatenate([left, np.mean(np.square(block, dtype=np.float64), axis=0)])
        whole = len(left) // hop
        powers.append(left[: whole * hop].reshape(whole, hop).mean(axis=1))
        left = left[whole * hop :]
        if peaks:
            listener = listener or _listener(rate_hz)
            decimator, picker = listener
            picker.feed(decimator.feed(block))
    loudness = np.concatenate([np.zeros(0), *powers]) ** 0.25
    if listener is None:
        return Survey(loudness, Peaks(*[np.zeros(0, np.float32)] * 3))
    decimator, picker = listener
    picker.feed(decimator.finish())
    found = picker.finish()
    return Survey(loudness, Peaks(found.times_s + np.float32(start_s), found.pitches, found.strengths))


def _listener(rate_hz: int) -> tuple[Decimator, PeakPicker]:
    # Here and not above: compiled code takes a second to load, and a clip without peaks needs none.
    from audit_core.audio.decimate import Decimator
    from audit_core.audio.peaks import PeakPicker

    decimator = Decimator(rate_hz)
    return decimator, PeakPicker(decimator.rate_hz)
