"""Peaks: the local maxima of a spectrogram, in time and log-frequency, and the picker that finds them in a stream.

Power is taken relative to its mean over the bins around (what gain, equalisers and band limits change is in both), and
a peak is what nothing within 5 frames and 1.5 semitones exceeds. Windows last as long whatever the rate is, so that
peaks of the same music at other rates agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft

from audit_core.audio.extractor import Samples
from audit_core.audio.kernels import picked, ranks, whitened

__all__ = ["PER_SECOND", "PeakPicker", "Peaks", "hann", "window_of"]

PER_SECOND: Final = 60  # peaks that are kept

_WINDOW_S: Final = 2048 / 11025
_HOP_S: Final = 256 / 11025
_LOWEST_HZ: Final = 120.0
_HIGHEST_HZ: Final = 4200.0
_REFERENCE_HZ: Final = 55.0
_REACH_BINS: Final = 40  # of the mean that is taken off
_MARGIN: Final = 4  # bins at either end in which no peak is looked for
_REACH: Final = 5  # frames
_LEAST: Final = 1.0  # nepers of power over that mean
_BATCH: Final = 64  # frames at a time: always as many, so that the way a file is cut can't show in rounding
_SETTLED: Final = 16  # batches after which peaks are thinned
_MOST: Final = 8192  # peaks of a batch: more than can lie so far apart
_AROUND_S: Final = 0.5  # a peak's strength is compared with those of so much time on either side

_SEMITONES: Final = 512  # steps of a stored semitone
_TICKS: Final = 1000  # steps of a stored second
_STRENGTHS: Final = 16  # steps of a stored neper
_STORED: Final = np.dtype([("wait", "<u2"), ("pitch", "<u2"), ("strength", "u1")])
_LONGEST_WAIT: Final = 60_000  # ticks; a row without strength bridges a longer silence


@dataclass(frozen=True, slots=True)
class Peaks:
    """The peaks of a file, by time.

    Attributes
    ----------
    times_s : np.ndarray, shape=(n,), dtype=float32
        Ascending.
    pitches : np.ndarray, shape=(n,), dtype=float32
        Semitones above 55 Hz.
    strengths : np.ndarray, shape=(n,), dtype=float32
        Natural logarithm of power, over its mean around.
    """

    times_s: Samples
    pitches: Samples
    strengths: Samples

    def __len__(self) -> int:
        return self.times_s.size

    def thinned(self, per_second: int) -> Peaks:
        """Keep the peaks that fewer than `per_second` stronger ones lie within half a second of."""
        if not len(self):
            return self
        kept = ranks(self.times_s, self.strengths, _AROUND_S) < per_second
        return Peaks(self.times_s[kept], self.pitches[kept], self.strengths[kept])

    def to_bytes(self) -> bytes:
        """Store them, rounded to 1 ms, a 512th of a semitone and a sixteenth of a neper: 5 bytes a peak."""
        ticks = np.round(self.times_s.astype(np.float64) * _TICKS).astype(np.int64)
        waits = np.diff(ticks, prepend=0)
        bridges = waits // _LONGEST_WAIT
        at = np.cumsum(bridges + 1) - 1
        stored = np.zeros(int(at[-1]) + 1 if at.size else 0, _STORED)
        stored["wait"] = _LONGEST_WAIT
        stored["wait"][at] = waits - bridges * _LONGEST_WAIT
        stored["pitch"][at] = np.clip(np.round(self.pitches * _SEMITONES), 0, 65535)
        stored["strength"][at] = np.clip(np.round(self.strengths * _STRENGTHS), 1, 255)
        return stored.tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes | memoryview) -> Peaks:
        """Read what `to_bytes` made.

        Raises
        ------
        ValueError
            If it is no whole number of peaks.
        """
        rows = np.frombuffer(stored, _STORED)
        times = np.cumsum(rows["wait"], dtype=np.int64)
        real = rows["strength"] > 0
        return cls(
            (times[real] / _TICKS).astype(np.float32),
            rows["pitch"][real].astype(np.float32) / np.float32(_SEMITONES),
            rows["strength"][real].astype(np.float32) / np.float32(_STRENGTHS),
        )


def window_of(rate_hz: float) -> tuple[int, int]:
    """Give (window, hop) in samples: as near to 186 ms and 23 ms as a fast Fourier transform allows."""
    about = _WINDOW_S * rate_hz
    sizes = [n for n in range(2 * int(about * 0.48), 2 * int(about * 0.52) + 4, 2) if _is_fast(n)]
    return min(sizes, key=lambda n: abs(n - about)), max(1, round(_HOP_S * rate_hz))


def hann(n: int) -> npt.NDArray[np.float64]:
    """Give a periodic Hann window, as scipy.signal's `get_window` does, which takes long to import; shape=(n,)."""
    return np.hanning(n + 1)[:-1]


class PeakPicker:
    """Finds the peaks of a stream. What it holds does not grow with the stream, but for the peaks.

    Parameters
    ----------
    rate_hz : float >= 1000
        Of the mono stream; as `Decimator` makes it.
    """

    def __init__(self, rate_hz: float) -> None:
        if not rate_hz >= 1000:
            raise ValueError(f"rate_hz={rate_hz} is too slow to hold music")
        self._rate_hz = rate_hz
        self._n, self._hop = window_of(rate_hz)
        self._span = self._n + (_BATCH - 1) * self._hop
        self._window = hann(self._n).astype(np.float32)
        self._first = max(1, int(_LOWEST_HZ * self._n / rate_hz) - _MARGIN)
        last = min(int(_HIGHEST_HZ * self._n / rate_hz) + _MARGIN, self._n // 2 - 1)
        wanted = np.arange(self._first, last)
        within = np.minimum(wanted + _REACH_BINS, self._n // 2) - np.maximum(wanted - _REACH_BINS, 0) + 1
        self._share = (1 / within).astype(np.float32)
        self._scratch = np.zeros((5, wanted.size + 2 * _REACH_BINS), np.float32)
        self._windowed = np.empty((_BATCH, self._n), np.float32)
        self._rows = np.full((_BATCH + 2 * _REACH, wanted.size), -np.inf, np.float32)
        self._found = np.empty((_MOST, 3), np.float32)
        self._held: list[Samples] = [np.zeros(self._n // 2, np.float32)]
        self._holds = self._n // 2
        self._fed = 0
        self._frames = 0  # that were transformed
        self._waiting: list[Samples] = []  # rows of frame, bin, strength
        self._settled_s = -1.0
        self._kept: list[Peaks] = []

    def feed(self, mono: Samples) -> None:
        """Take the next samples; shape=(n,), any n."""
        self._fed += mono.size
        self._holds += mono.size
        self._held.append(mono)
        if self._holds < self._span:
            return
        held = np.concatenate(self._held)
        at = 0
        while held.size - at >= self._span:
            self._batch(held[at : at + self._span], _BATCH)
            at += _BATCH * self._hop
        self._held = [held[at:]]
        self._holds = held.size - at

    def finish(self) -> Peaks:
        """Give the peaks of all that was fed."""
        if not self._fed:
            return _no_peaks()
        wanted = self._fed // self._hop + 1
        held = np.concatenate([*self._held, np.zeros(self._span + self._hop, np.float32)])
        at = 0
        while self._frames < wanted:
            self._batch(held[at : at + self._span], min(_BATCH, wanted - self._frames))
            at += _BATCH * self._hop
        self._advance()
        self._search()
        self._settle(np.inf)
        return Peaks(*(np.concatenate(part) for part in zip(*map(_parts, self._kept), strict=True)))

    def _batch(self, chunk: Samples, real: int) -> None:
        """Transform 64 frames, of which the last ones may lie beyond the end, and search those with context."""
        np.multiply(sliding_window_view(chunk, self._n)[:: self._hop], self._window, out=self._windowed)
        spectra = rfft(self._windowed, axis=1).view(np.float32)
        self._advance()
        rows = self._rows[2 * _REACH :]
        whitened(spectra, self._scratch, self._share, self._first, _REACH_BINS, rows)
        rows[real:] = -np.inf
        self._search()
        if self._frames % (_SETTLED * _BATCH) == 0:
            self._settle((self._frames - _REACH - 1) * self._hop / self._rate_hz)

    def _advance(self) -> None:
        """Keep the last rows as context, and make room for new ones; there may be none."""
        self._frames += _BATCH
        self._rows[: 2 * _REACH] = self._rows[_BATCH:]
        self._rows[2 * _REACH :] = -np.inf

    def _search(self) -> None:
        """Search the rows that have their context, which lie 5 frames behind."""
        frame = self._frames - _BATCH - _REACH
        n = picked(self._rows, self._scratch, self._first, frame, _LEAST, self._found)
        self._waiting.append(self._found[:n].copy())

    def _settle(self, known_s: float) -> None:
        """Keep the strongest of what can't be outdone any more: all that lies so far behind what is known."""
        rows = np.concatenate(self._waiting)
        rows = rows[rows[:, 0].argsort(kind="stable")]
        times = rows[:, 0].astype(np.float64) * (self._hop / self._rate_hz)
        until = known_s - _AROUND_S
        strong = ranks(times.astype(np.float32), np.ascontiguousarray(rows[:, 2]), _AROUND_S) < PER_SECOND
        now = strong & (times >= self._settled_s) & (times < until)
        pitches = 12 * np.log2(rows[now, 1] * np.float32(self._rate_hz / self._n / _REFERENCE_HZ))
        self._kept.append(Peaks(times[now].astype(np.float32), pitches, rows[now, 2]))
        self._waiting = [rows[times >= until - 2 * _AROUND_S]]
        self._settled_s = until


def _no_peaks() -> Peaks:
    return Peaks(*(np.zeros(0, np.float32) for _ in range(3)))


def _parts(peaks: Peaks) -> tuple[Samples, Samples, Samples]:
    return peaks.times_s, peaks.pitches, peaks.strengths


def _is_fast(n: int) -> bool:
    for prime in (2, 3, 5, 7):
        while n % prime == 0:
            n //= prime
    return n == 1
