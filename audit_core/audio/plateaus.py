"""Clipping: crests that were cut off flat, at full scale or below it (clipped first and turned down afterwards).

A *plateau* is a run of three or more samples, equal to one 16-bit step, from which the wave falls away on both sides by
far more, within two samples, than a crest of that flatness does by itself: so the rounded top of a bass, flat only by
its quantisation, is none. Nor is a synthesiser's pulse, which leaps to its height and back. Clipping puts plateaus at
one level, the rail; steps of other origin lie at any. So they count only if most of those of their channel and sign, in
the upper half of its range, share a level.

What clipping leaves in a lossy file is no longer flat. There, runs of three or more samples beyond full scale count,
since a player with integer output cuts them off, and clipped music that was encoded overshoots so.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Plateaus"]

STEP: Final = 2.0**-15
"""A quantum of 16 bits."""

FALL: Final = 16
"""By how many quanta the wave falls within two samples of a plateau, at least. A parabola that is flat to 1.5 quanta
over three samples falls by 13.5; a longer one by less."""

PULSE: Final = 0.5
"""A plateau that is left on both sides by more than this share of its height, in one sample, is a pulse."""

CONCENTRATED: Final = 0.75
"""Share of the plateaus' samples, in the upper half of the range, that lie at the rail."""

_FIRST_OCTAVE: Final = -8  # plateaus below -48 dBFS are silence
_OCTAVES: Final = 10  # up to 4 × full scale: a float file may exceed it
_PER_OCTAVE: Final = 64  # by the upper 6 bits of the mantissa: 1.1 to 1.6 % a level
_LEVELS: Final = _OCTAVES * _PER_OCTAVE
_DEPTHS: Final = 16  # octaves of the fall, down from full scale
_QUIETEST: Final = 2.0**_FIRST_OCTAVE
_SHALLOWEST: Final = 2.0**-_DEPTHS
_FLAT: Final = 1.01 * STEP
_STATE: Final = 11
_ONE: Final = 2.0**23


class Plateaus:
    """Count clipped samples in one pass.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        self._samples = 0
        self._runs = np.zeros((channels, 2, _LEVELS, _DEPTHS), np.int64)  # samples, by sign, level and fall
        self._state = np.zeros((channels, _STATE))
        self._over = np.zeros((channels, 2), np.int64)  # samples, by sign
        self._peaks = np.zeros((channels, 2))  # by sign
        self._bits = np.zeros(1, np.int64)  # those that any sample has set, of 2**-23 and up

    def feed(self, block: npt.NDArray[np.float32]) -> None:
        """Take samples in their order; shape=(channels, n)."""
        self._samples += block.size
        _plateaus(block, self._state, self._runs, self._over, self._peaks, self._bits)

    def clipped(self) -> float | None:
        """Give the share of samples that are clipped, of all samples of all channels; None without any."""
        if not self._samples:
            return None
        lowest = int(self._bits[0] & -self._bits[0])  # the step of the integers that the samples came from, if they did
        fall = FALL * max(STEP, lowest / _ONE)
        deep = self._runs[..., _DEPTHS + int(np.ceil(np.log2(fall))) :].sum(axis=3)
        signs = zip(deep.reshape(-1, _LEVELS), self._over.flat, self._peaks.flat, strict=True)
        return sum(max(_at_the_rail(runs, peak), int(over)) for runs, over, peak in signs) / self._samples


def _at_the_rail(runs: npt.NDArray[np.int64], peak: float) -> int:
    """Count the samples of the plateaus at the level that most share, if they do; of one channel and sign."""
    upper = runs[max(int(_level(max(peak, 2.0**_FIRST_OCTAVE))) - _PER_OCTAVE, 0) :]
    rail = np.convolve(upper, np.ones(3, np.int64), "same").max(initial=0)  # a level and its neighbours
    return int(rail) if rail >= CONCENTRATED * upper.sum() else 0


@numba.njit(cache=True)
def _level(value: float) -> int:
    mantissa, exponent = math.frexp(value)
    level = (exponent - 1 - _FIRST_OCTAVE) * _PER_OCTAVE + int((2 * mantissa - 1) * _PER_OCTAVE)
    return min(max(level, 0), _LEVELS - 1)


@numba.njit(cache=True)
def _plateaus(
    block: npt.NDArray[np.float32],
    state: npt.NDArray[np.float64],
    runs: npt.NDArray[np.int64],
    over: npt.NDArray[np.int64],
    peaks: npt.NDArray[np.float64],
    bits: npt.NDArray[np.int64],
) -> None:
    seen = bits[0]
    for c in range(block.shape[0]):
        before, last, beyond, held, run, left, edge, ended, ended_run, ended_left, ended_edge = state[c]
        top, bottom = peaks[c]
        for i in range(block.shape[1]):
            x = np.float64(block[c, i])
            size = abs(x)
            seen |= np.int64(size * _ONE)
            if x > top:
                top = x
            elif -x > bottom:
                bottom = -x
            if ended_run > 0:  # this is the second sample after a run
                sign = 0 if ended > 0 else 1
                fall = min(ended - ended_left, ended - x) if ended > 0 else min(ended_left - ended, x - ended)
                pulse = min(abs(ended - ended_edge), abs(ended - last)) > abs(ended) * PULSE
                if fall >= _SHALLOWEST and not pulse:
                    depth = min(math.frexp(fall)[1] - 1 + _DEPTHS, _DEPTHS - 1)
                    runs[c, sign, _level(abs(ended)), depth] += int(ended_run)
                ended_run = 0.0
            if abs(x - held) <= _FLAT:
                run += 1
            else:
                if run >= 3 and abs(held) >= _QUIETEST:
                    ended, ended_run, ended_left, ended_edge = held, run, left, edge
                held, run, left, edge = x, 1.0, before, last
            if size > 1:
                beyond = beyond + (1 if x > 0 else -1) if x * beyond > 0 else (1.0 if x > 0 else -1.0)
                if abs(beyond) >= 3:
                    over[c, 0 if x > 0 else 1] += 3 if abs(beyond) == 3 else 1
            else:
                beyond = 0.0
            before, last = last, x
        state[c] = (before, last, beyond, held, run, left, edge, ended, ended_run, ended_left, ended_edge)
        peaks[c] = (top, bottom)
    bits[0] = seen
