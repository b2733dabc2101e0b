"""Brings any rate and any number of channels down to mono at 11 to 12 kHz, where all music that we compare by lies.

An own polyphase filter, since resampling to one common rate would cost as much as decoding: 44.1 and 48 kHz are divided
by 4, of 16 kHz three of four are taken; what is made of it reckons in Hz, so nothing needs exactly the same rate.
Slower files stay as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from audit_core.audio.extractor import Samples
from audit_core.audio.kernels import filtered, mixed

__all__ = ["Decimator", "low_pass", "ratio"]

_LOWEST: Final = 11_000
_HIGHEST: Final = 12_000
_TAPS: Final = 16  # for each sample that is left out or put in; what folds over then lies 55 dB down
_BETA: Final = 5.6
_VECTOR: Final = 16  # taps are filled up with zeros to whole vectors


def ratio(sample_rate_hz: int) -> tuple[int, int]:
    """Give (up, down), the smallest whole numbers that bring a rate to between 11 and 12 kHz; (1, 1) below that."""
    if sample_rate_hz <= _HIGHEST:
        return 1, 1
    up = 1
    while True:
        down = -(-sample_rate_hz * up // _HIGHEST)
        if sample_rate_hz * up >= _LOWEST * down:
            return up, down
        up += 1


def low_pass(taps: int, share: float, beta: float) -> npt.NDArray[np.float64]:
    """Design a filter by the window method: a sinc under a Kaiser window, which lets a constant pass as it is.

    What scipy.signal's `firwin` gives, without the half second of CPU that it takes to import.

    Parameters
    ----------
    taps : int > 0
        How long it is.
    share : float
        Of the Nyquist frequency, that passes.
    beta : float
        Of the Kaiser window.

    Returns
    -------
    filter : np.ndarray, shape=(taps,), dtype=float64
    """
    at = np.arange(taps) - (taps - 1) / 2
    shape = np.sinc(share * at) * np.kaiser(taps, beta)
    return np.asarray(shape / shape.sum(), np.float64)


class Decimator:
    """The stream of a file's blocks, mixed down and slowed down.

    Parameters
    ----------
    sample_rate_hz : int > 0
        Of what is fed.

    Attributes
    ----------
    rate_hz : float
        Of what comes out: the same for every block.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        if sample_rate_hz <= 0:
            raise ValueError(f"sample_rate_hz={sample_rate_hz} must be positive")
        self._up, self._down = ratio(sample_rate_hz)
        self.rate_hz = sample_rate_hz * self._up / self._down
        self._fed = 0
        self._made = 0
        longer = max(self._up, self._down)
        if longer == 1:
            self._phases = np.zeros((1, 0), np.float32)
        else:
            taps = self._up * low_pass(_TAPS * longer, 1 / longer, _BETA)
            width = -(-taps.size // (self._up * _VECTOR)) * _VECTOR
            filled = np.pad(taps, (width * self._up - taps.size, 0))
            self._phases = np.ascontiguousarray(filled.reshape(width, self._up).T[:, ::-1], np.float32)
        self._held = np.zeros(_TAPS * longer // self._up // 2 if longer > 1 else 0, np.float32)

    def feed(self, block: Samples) -> Samples:
        """Take the next samples.

        Parameters
        ----------
        block : np.ndarray, shape=(channels, n), dtype=float32
            At the native rate. What is no number, or far out of scale, counts as silence.

        Returns
        -------
        mono : np.ndarray, shape=(m,), dtype=float32
            What is ready, at `rate_hz`. How the stream is cut into blocks changes when samples come out, and nothing
            about them.
        """
        mono: Samples = mixed(np.ascontiguousarray(np.atleast_2d(block), np.float32))
        self._fed += mono.size
        return self._filtered(mono) if self._phases.size else mono

    def finish(self) -> Samples:
        """Give what is still held back; shape=(m,)."""
        if not self._phases.size:
            return np.zeros(0, np.float32)
        left = -(-self._fed * self._up // self._down) - self._made
        silence = np.zeros(self._phases.shape[1] + left * self._down // self._up + 2, np.float32)
        return self._filtered(silence)[:left]

    def _filtered(self, mono: Samples) -> Samples:
        held = np.concatenate([self._held, mono])
        phase = self._made * self._down % self._up
        room = (held.size - self._phases.shape[1]) * self._up - phase
        n = max(0, room // self._down)
        made: Samples = filtered(held, self._phases, phase, self._down, n)
        self._made += n
        self._held = held[(phase + n * self._down) // self._up :]
        return made
