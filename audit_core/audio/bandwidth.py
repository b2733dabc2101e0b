"""The frequency above which there is nothing but the noise floor, where a filter put it: a *wall* in the spectrum.

Lossy encoders and sample-rate converters cut the spectrum off within a few percent of a frequency, and what lies above
is noise, evenly low: so an MP3 at 128 kbit/s stays known after it became a FLAC, and 22.05 kHz after they became 44.1.
Music ends otherwise: it fades into the noise, by some 10 to 50 dB an octave. So a wall is a band from which the
spectrum falls by `FALL_DB` within a tenth of an octave (200 dB an octave), never to return. Where none is found, the
bandwidth is the Nyquist frequency, however dark the music: what was not played can't have been cut off.

Tones may end abruptly too: a synthesiser's highest harmonic, a flute. So the band under a wall must be filled, by
the noise of breath, bows, drums and rooms: what counts is the level between its lines, which may not tower over it.

The spectrum is that which a tenth of the frames exceed, in each bin: encoders leave the highest band out of most
frames, and a click or a bad splice reaches the highest frequencies, but not in so many.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Spectrum", "wall"]

FALL_DB: Final = 18.0
LOWEST_HZ: Final = 3300.0
"""No wall is looked for below: the telephone's band ends at 3.4 kHz, and instruments alone can end abruptly below."""

LOWEST_DB: Final = -80.0
"""What lies further below the loudest bin than this is not looked at: encoders leave out, here and there, what is too
faint to be heard, and that is no fault."""

TONAL_DB: Final = 15.0
"""By how much the strongest tenth of the bins under a wall exceed the weakest fifth, at most: else they hold tones."""

EXCEEDED_BY: Final = 0.1
"""Share of the sounding frames that exceed the spectrum."""

_BAND: Final = 1.015  # width of a band: from a frequency to 1.015 times that
_BELOW: Final = 3  # bands under a wall that are averaged
_GAP: Final = 2  # bands that a wall may take
_HIGHEST: Final = 0.985  # of the Nyquist frequency

_LEVELS: Final = 128  # of power, half an octave (1.5 dB) each
_LOWEST_EXPONENT: Final = -46
_DB: Final = 10 * np.log10(2.0) / 2  # a level


class Spectrum:
    """Gather how loud each frequency is, in one pass and in a megabyte or so.

    Parameters
    ----------
    samples : int
        Length of a frame.
    """

    def __init__(self, samples: int) -> None:
        self._window = np.hanning(samples + 1)[:-1].astype(np.float32)
        self._counts = np.zeros((samples // 2 + 1, _LEVELS), np.int32)
        self._frames = 0

    def feed(self, frames: npt.NDArray[np.float32], sounds: npt.NDArray[np.bool_]) -> None:
        """Take whole frames in their order; shape=(channels, frames, samples). Only those that sound count."""
        if not sounds.any():
            return
        power = np.zeros((frames.shape[1], self._counts.shape[0]), np.float32)
        for channel in frames:
            spectra = np.fft.rfft(channel * self._window)
            power += spectra.real**2
            power += spectra.imag**2
        _count(power.view(np.int32), sounds, self._counts)
        self._frames += int(sounds.sum())

    def level_db(self) -> npt.NDArray[np.float64] | None:
        """Give what `EXCEEDED_BY` of the frames exceed in each bin, in dB; None if no frame sounded."""
        if not self._frames:
            return None
        above = np.cumsum(self._counts[:, ::-1], axis=1)[:, ::-1]  # frames at a level or above
        wanted = EXCEEDED_BY * self._frames
        level = (above >= wanted).sum(axis=1) - 1
        here = self._counts[np.arange(level.size), level]
        inside = (above[np.arange(level.size), level] - wanted) / here
        found: npt.NDArray[np.float64] = _DB * (level + inside)
        return found


def wall(level_db: npt.NDArray[np.float64], hz_per_bin: float) -> float | None:
    """Find where a spectrum was cut off.

    Parameters
    ----------
    level_db : np.ndarray, shape=(bins,)
        From 0 Hz to the Nyquist frequency.
    hz_per_bin : float > 0

    Returns
    -------
    wall : float or None
        In Hz, where the fall is half way; None if the spectrum does not end before the Nyquist frequency, or fades.
    """
    edges = _edges((level_db.size - 1) * hz_per_bin)
    bins = np.unique(np.round(edges / hz_per_bin).astype(int))
    if bins.size < _BELOW + _GAP + 2:
        return None
    bands = [np.sort(level_db[low:high]) for low, high in pairwise(bins)]
    between, median = (np.array([band[int(band.size * share)] for band in bands]) for share in (0.2, 0.5))
    above = np.maximum.accumulate(median[::-1])[::-1][_BELOW + _GAP :]
    below = np.convolve(between, np.ones(_BELOW) / _BELOW, "valid")[: above.size]  # of the bands i, i + 1, i + 2
    fall = below - above
    steep = np.array([i for i in np.flatnonzero(fall >= FALL_DB) if _filled(level_db, bins[i + _BELOW], above[i])])
    if not steep.size:
        return None
    first = steep[: np.argmax(np.diff(steep, append=steep[-1] + 2) > 1) + 1]  # those that belong to one wall
    at = int(first[np.argmax(fall[first])])
    half = below[at] - fall[at] / 2
    low, high = bins[at + _BELOW - 1], bins[at + _BELOW + _GAP + 1]
    smooth = np.convolve(level_db, np.ones(9) / 9, "same")[low:high]
    return float((low + np.argmax(smooth < half)) * hz_per_bin)


def _filled(level_db: npt.NDArray[np.float64], end: int, above_db: float) -> bool:
    """Say whether the third of an octave under a wall holds more than tones and their skirts."""
    under = level_db[int(end * 0.8) : int(end * 0.98)]
    line = np.arange(under.size)
    weakest, strongest = np.quantile(under - np.polyval(np.polyfit(line, under, 1), line), [0.2, 0.9])
    level = np.quantile(under, 0.2)
    audible = level >= level_db.max() + LOWEST_DB
    return bool(audible and strongest - weakest <= TONAL_DB and level - above_db >= FALL_DB)


def _edges(nyquist_hz: float) -> npt.NDArray[np.float64]:
    if nyquist_hz * _HIGHEST <= LOWEST_HZ:
        return np.zeros(0)
    count = int(np.log(nyquist_hz * _HIGHEST / LOWEST_HZ) / np.log(_BAND))
    edges: npt.NDArray[np.float64] = nyquist_hz * _HIGHEST / _BAND ** np.arange(count, -1, -1.0)
    return edges


@numba.njit(cache=True)
def _count(bits: npt.NDArray[np.int32], sounds: npt.NDArray[np.bool_], counts: npt.NDArray[np.int32]) -> None:
    """Count each power, given as the bits of its float: their exponent and the mantissa's first bit are its level."""
    lowest = (127 + _LOWEST_EXPONENT) * 2
    for f in range(bits.shape[0]):
        if sounds[f]:
            for b in range(bits.shape[1]):
                level = (bits[f, b] >> 22) - lowest
                counts[b, min(max(level, 0), _LEVELS - 1)] += 1
