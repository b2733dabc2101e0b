"""What is wrong with a file's sound, measured; what is too much is for rules to say, which begin with `limits`.

Columns of `audio_file` that the extractor fills:

``peak``
    The largest sample, either sign; 1.0 is full scale, which lossy files may exceed.
``clipped``
    Share of all samples that lie in runs of three or more at a flat top: see `plateaus`. Full scale or below.
``silent``
    Share of the time in which no channel swings beyond -60 dBFS. 1.0 is a silent file.
``dc``
    The largest mean of a channel, of full scale.
``dead_channels``
    How many channels are silent while another sounds. 0 of a silent file, and of mono. The fourth channel of 5.1 (low
    frequencies) is often silent and nothing is wrong.
``identical_channels``
    All channels hold the same sound: mono that is stored as stereo. NULL of mono and of silence.
``bandwidth_hz``
    Where the spectrum ends at a wall: see `bandwidth`. The Nyquist frequency where it ends at none. NULL of silence.

Of the decoder's columns: ``header_ms`` is what the file states (NULL if nothing: then no one can tell), ``duration_ms``
what was decoded, ``damaged_packets`` how many packets were refused. NULL never breaks a limit.

What can't be known: an Ogg file (Vorbis, Opus) states its length in its last page only, so one that was cut off looks
whole; an m4a without its end can't be opened at all; what was clipped and then encoded with loss is no longer flat, and
rarely found; FFmpeg's own AAC encoder makes two equal channels differ like stereo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from audit_core.audio.bandwidth import Spectrum, wall
from audit_core.audio.extractor import Extracted
from audit_core.audio.finite import finite
from audit_core.audio.levels import Levels
from audit_core.audio.plateaus import Plateaus

if TYPE_CHECKING:
    from audit_core.audio.decode import Audio

__all__ = ["Integrity", "IntegritySink"]

_FRAME_S: Final = 0.09  # about: the power of two next to it
_FRAMES: Final = 8  # at a time


class Integrity:
    """The extractor."""

    name = "integrity"
    version = "1"
    listens: Literal["native"] = "native"

    def start(self, audio: Audio) -> IntegritySink:
        """Begin on a file."""
        return IntegritySink(audio.sample_rate_hz, audio.channels)


class IntegritySink:
    """Measure a file's sound in one pass; memory does not grow with the length, nor results with the cut into blocks.

    Parameters
    ----------
    sample_rate_hz, channels : int
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._frame = 2 ** int(np.clip(round(np.log2(sample_rate_hz * _FRAME_S)), 6, 16))
        self._left = np.zeros((channels, 0), np.float32)
        self._levels = Levels(channels)
        self._plateaus = Plateaus(channels)
        self._spectrum = Spectrum(self._frame)

    def feed(self, block: npt.NDArray[np.float32]) -> None:
        """Take the next samples; shape=(channels, n)."""
        block = finite(block)
        self._plateaus.feed(block)
        if self._left.size:
            block = np.concatenate([self._left, block], axis=1)
        at_once = _FRAMES * self._frame  # always as many, for rounding depends on it
        whole = block.shape[1] // at_once * at_once
        for start in range(0, whole, at_once):
            self._measure(block[:, start : start + at_once])
        self._left = block[:, whole:].copy()

    def finish(self) -> Extracted:
        """Give the columns; None where nothing was there to measure."""
        channels, left = self._left.shape
        whole = left // self._frame * self._frame
        if whole:
            self._measure(self._left[:, :whole])
        if left > whole:
            self._levels.feed(self._left[:, np.newaxis, whole:])
        self._left = np.zeros((channels, 0), np.float32)
        columns: dict[str, Any] = self._levels.columns()
        columns["clipped"] = self._plateaus.clipped()
        columns["bandwidth_hz"] = self._bandwidth()
        return Extracted(columns)

    def _measure(self, y: npt.NDArray[np.float32]) -> None:
        frames = y.reshape(y.shape[0], -1, self._frame)
        self._spectrum.feed(frames, self._levels.feed(frames))

    def _bandwidth(self) -> int | None:
        level_db = self._spectrum.level_db()
        if level_db is None:
            return None
        found = wall(level_db, self._rate / self._frame)
        return round(found) if found is not None else self._rate // 2
