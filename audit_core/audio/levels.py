"""What the waveform alone tells, frame by frame: peak, silence, DC, dead and identical channels.

Audio comes in frames of one length, counted from the first sample, so that the measures do not depend on how the audio
was cut into blocks before. A frame *sounds* in a channel if it swings there, about its own middle, by `SILENCE` or more
to either side: a constant offset is silence too.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["DEAD_SHARE", "IDENTICAL", "SILENCE", "Levels"]

SILENCE: Final = 1e-3
"""-60 dBFS: below the noise of a quiet room in a recording of usual level, above hum, dither and codec noise."""

DEAD_SHARE: Final = 0.01
"""A dead channel sounds in at most this share of the time in which any channel does: a click does not revive it."""

IDENTICAL: Final = 1e-4
"""Energy of the difference of two channels against that of the first (-40 dB), up to which they are called identical.
Of true mono, MP3 leaves no difference at all and Opus one of -40 to -110 dB (measured at 48 and 96 kbit/s); FFmpeg's
own AAC encoder up to -10, which no limit tells from stereo. The narrowest stereo that we met has -23 dB."""

_ROWS: Final = 5  # lowest, highest, sum, energy, energy of the difference to the first channel


class Levels:
    """Measure the levels of audio in one pass.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        self._samples = 0
        self._sounding = 0  # in samples
        self._per_channel = np.zeros(channels, np.int64)  # the same
        self._sums = np.zeros((3, channels))
        self._peak = 0.0

    def feed(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Take whole frames in their order; shape=(channels, frames, samples). Tell which sound in any channel."""
        n = frames.shape[2]
        low, high, *sums = _levels(frames)
        sounds = (high - low) / 2 >= SILENCE
        any_sounds: npt.NDArray[np.bool_] = sounds.any(axis=0)
        self._samples += frames.shape[1] * n
        self._sounding += int(any_sounds.sum()) * n
        self._per_channel += sounds.sum(axis=1) * n
        for frame in np.moveaxis(np.asarray(sums), 2, 0):  # one by one: the order of a sum is part of its value
            self._sums += frame
        self._peak = max(self._peak, float(high.max(initial=0.0)), -float(low.min(initial=0.0)))
        return any_sounds

    def columns(self) -> dict[str, Any]:
        """Give ``peak, silent, dc, dead_channels, identical_channels``; None where nothing was there to measure."""
        channels = self._per_channel.size
        if not self._samples:
            return dict.fromkeys(("peak", "silent", "dc", "dead_channels", "identical_channels"))
        total, energy, difference = self._sums
        dead = self._per_channel <= DEAD_SHARE * self._sounding if self._sounding else np.zeros(channels, bool)
        compared = channels > 1 and self._sounding > 0
        return {
            "peak": self._peak,
            "silent": 1 - self._sounding / self._samples,
            "dc": float(np.abs(total).max()) / self._samples,
            "dead_channels": int(dead.sum()),
            "identical_channels": bool((difference <= IDENTICAL * energy[0]).all()) if compared else None,
        }


@numba.njit(cache=True, fastmath=True)
def _levels(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    channels, count, n = frames.shape
    levels = np.empty((_ROWS, channels, count))
    for c in range(channels):
        for f in range(count):
            y, first = frames[c, f], frames[0, f]
            low = high = y[0]
            total = energy = difference = 0.0
            for i in range(n):
                v = y[i]
                low = v if v < low else low
                high = v if v > high else high
                wide = np.float64(v)
                apart = wide - np.float64(first[i])
                total += wide
                energy += wide * wide
                difference += apart * apart
            levels[0, c, f], levels[1, c, f] = low, high
            levels[2, c, f], levels[3, c, f], levels[4, c, f] = total, energy, difference
    return levels
