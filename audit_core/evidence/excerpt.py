"""A few seconds out of a file, to the sample.

The file is decoded from its beginning up to them, block by block: a seek lands on the sample in few formats (MP3 counts
from a guess, AAC from a delay that the file may or may not state), and evidence that is off by a frame is none. That
costs a second for half an hour, and memory for the excerpt alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from audit_core.audio.decode import open_audio
from audit_core.audio.extractor import Samples
from audit_core.errors import AudioError

__all__ = ["Excerpt", "blocks_between", "excerpt"]

_LONGEST_S: Final = 60.0  # what is held in memory


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some seconds of a file.

    Attributes
    ----------
    samples : np.ndarray, shape=(channels, n), dtype=float32
        One or two channels, full scale 1.0; of more channels, their mean.
    rate_hz : int
    start_s : float
        Where it begins in the file.
    """

    samples: Samples
    rate_hz: int
    start_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return float(self.samples.shape[1] / self.rate_hz)


def excerpt(file: BinaryIO, start_s: float, length_s: float) -> Excerpt:
    """Read some seconds of a file.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its beginning.
    start_s : float >= 0
    length_s : float > 0
        At most a minute. The excerpt is shorter where the file ends before.

    Raises
    ------
    AudioError
        If the file can't be decoded, or ends before `start_s`.
    """
    if not (start_s >= 0 and 0 < length_s <= _LONGEST_S):
        raise ValueError(f"an excerpt of {length_s} s from {start_s} s on")
    blocks: list[Samples] = []
    rate_hz = 0
    for block, rate_hz, _ in blocks_between(file, start_s, start_s + length_s):  # noqa: B007  it stays the same
        blocks.append(_few_channels(block))
    if not blocks:
        raise AudioError(f"the file ends before {start_s:.1f} s", mend="Scan it again: it is shorter than it was.")
    return Excerpt(np.concatenate(blocks, axis=1), rate_hz, start_s)


def blocks_between(file: BinaryIO, start_s: float, end_s: float) -> Iterator[tuple[Samples, int, float]]:
    """Decode a file and give what lies between two moments.

    Yields
    ------
    block : np.ndarray, shape=(channels, n)
    rate_hz : int
    start_s : float
        Where the block begins.

    Raises
    ------
    AudioError
        If the file can't be decoded.
    """
    with open_audio(file, pcm=False) as audio:
        rate = audio.sample_rate_hz
        first, last = round(start_s * rate), round(end_s * rate)
        at = 0
        for block in audio.blocks():
            begin, end = max(first - at, 0), min(last - at, block.shape[1])
            if begin < end:
                yield block[:, begin:end], rate, (at + begin) / rate
            at += block.shape[1]
            if at >= last:
                return


def _few_channels(block: Samples) -> Samples:
    return block.copy() if block.shape[0] <= 2 else block.mean(axis=0, keepdims=True, dtype=np.float32)
