"""Brings any rate and any number of channels down to mono at 11 to 12 kHz, where all music that we compare by lies.

An own polyphase filter, since resampling to one common rate would cost as much as decoding: 44.1 and 48 kHz are divided
by 4, of 16 kHz three of four are taken; what is made of it reckons in Hz, so nothing needs exactly the same rate.
Slower files stay as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.signal import firwin

from audit_core.audio.extractor import Samples
from audit_core.audio.kernels import filtered, filtered_rationally, mixed

__all__ = ["Decimator", "ratio"]

_LOWEST: Final = 11_000
_HIGHEST: Final = 12_000
_TAPS: Final = 16  # of each phase; with the window below, what folds over lies 55 dB down
_BETA: Final = 5.6
_CHUNK: Final = 2048  # samples made at a time: always as many, so that the way a file is cut can't show in rounding


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
        if self._up == self._down == 1:
            self._phases = np.zeros((1, 1), np.float32)
            self._held = np.zeros(0, np.float32)
            return
        longer = max(self._up, self._down)
        taps = self._up * firwin(_TAPS * longer, 1 / longer, window=("kaiser", _BETA))
        if self._up == 1:  # phase p holds the taps p, p + down, …
            self._phases = np.ascontiguousarray(taps.reshape(_TAPS, self._down).T, np.float32)
            width = taps.size
        else:
            width = -(-taps.size // self._up)
            padded = np.concatenate([taps, np.zeros(width * self._up - taps.size)])
            self._phases = np.ascontiguousarray(padded.reshape(width, self._up).T[:, ::-1], np.float32)
        self._width = width
        self._held = np.zeros(width // 2, np.float32)

    def feed(self, block: Samples) -> Samples:
        """Take the next samples.

        Parameters
        ----------
        block : np.ndarray, shape=(channels, n), dtype=float32
            At the native rate. What is no number, or far out of scale, counts as silence.

        Returns
        -------
        mono : np.ndarray, shape=(m,), dtype=float32
            What is ready, at `rate_hz`: often nothing, then two thousand at a time. How the stream is cut into blocks
            changes when samples come out, and nothing about them.
        """
        mono: Samples = mixed(np.ascontiguousarray(np.atleast_2d(block), np.float32))
        self._fed += mono.size
        if self._phases.size == 1:
            return mono
        self._held = np.concatenate([self._held, mono])
        return self._ready()

    def finish(self) -> Samples:
        """Give what is still held back; shape=(m,)."""
        if self._phases.size == 1:
            return np.zeros(0, np.float32)
        whole = -(-self._fed * self._up // self._down)
        before = self._made
        span = _CHUNK * self._down // self._up + 1
        self._held = np.concatenate([self._held, np.zeros(self._width + span, np.float32)])
        return self._ready()[: whole - before]

    def _ready(self) -> Samples:
        """Make whole chunks of what is held, as long as it lasts."""
        chunks: list[Samples] = []
        at = 0
        while True:
            if self._up == 1:
                step = _CHUNK * self._down
                if self._held.size - at < step + self._width:
                    break
                chunks.append(filtered(self._held[at : at + step + self._width], self._phases, _CHUNK))
            else:
                phase = self._made * self._down % self._up
                step = (phase + _CHUNK * self._down) // self._up
                if self._held.size - at < step + self._width + 1:
                    break
                held = self._held[at : at + step + self._width + 1]
                chunks.append(filtered_rationally(held, self._phases, phase, self._down, _CHUNK))
            at += step
            self._made += _CHUNK
        self._held = self._held[at:]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
