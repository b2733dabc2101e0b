"""Loudness of the whole and its range, after EBU R 128, as FFmpeg's ``ebur128`` filter measures them.

The measures are those of ITU-R BS.1770-4 [1]_ and EBU Tech 3342 [2]_: blocks of 400 ms, gated at -70 LUFS and at 10 LU
below what passes. A mono file is measured as the one channel that it is, 3 LU below the same sound on two. Where a file
has more channels, they are taken in FFmpeg's usual order for their number (5.1: the fourth is for low frequencies and
does not count; surround channels weigh 1.5 dB more).

References
----------
.. [1] ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio level", 2015.
.. [2] EBU Tech 3342, "Loudness range: a measure to supplement EBU R 128 loudness normalisation", 2023.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.frame import Frame

from audit_core.audio.extractor import Extracted
from audit_core.audio.finite import finite

if TYPE_CHECKING:
    from audit_core.audio.decode import Audio

__all__ = ["Loudness"]

_LOWEST_RATE_HZ: Final = 4000  # the weighting is a filter at 1,682 Hz, which is unstable near and below twice that
_GATE_LUFS: Final = -70.0
_SHORT_TERM_S: Final = 3.0


class Loudness:
    """The extractor: columns ``loudness_lufs`` and ``loudness_range_lu``."""

    name = "loudness"
    version = "1"
    listens: Literal["native"] = "native"

    def start(self, audio: Audio) -> LoudnessMeter:
        """Begin on a file."""
        return LoudnessMeter(audio.sample_rate_hz, audio.channels)


class LoudnessMeter:
    """Measure loudness in one pass; memory does not grow with the length. Below a rate of 4 kHz nothing is measured.

    Parameters
    ----------
    sample_rate_hz, channels : int
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate = sample_rate_hz
        self._layout = _layout(channels)
        self._samples = 0
        self._last: Frame | None = None
        graph = Graph()
        self._source = graph.add_abuffer(sample_rate=sample_rate_hz, format="flt", layout=self._layout)
        meter = graph.add("ebur128", "metadata=1")
        self._sink = graph.add("abuffersink")
        self._source.link_to(meter)
        meter.link_to(self._sink)
        graph.configure()
        self._graph = graph  # owns the three

    def feed(self, block: npt.NDArray[np.float32]) -> None:
        """Take the next samples; shape=(channels, n)."""
        if not block.shape[1] or self._rate < _LOWEST_RATE_HZ:
            return
        packed = finite(block).T.reshape(1, -1)  # planes of eight channels and more are beyond PyAV 18
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(packed), "flt", self._layout)
        frame.sample_rate = self._rate
        self._source.push(frame)
        self._samples += block.shape[1]
        self._pull()

    def finish(self) -> Extracted:
        """Give the columns: None of silence; no range of what is shorter than one window of 3 s."""
        measured = self._measured()  # before the rest of less than 100 ms, whose frame says nothing
        self._source.push(None)
        self._pull()
        measured = self._measured() or measured
        integrated = float(measured.get("lavfi.r128.I", _GATE_LUFS))
        heard = integrated > _GATE_LUFS
        ranged = heard and self._samples >= _SHORT_TERM_S * self._rate
        columns: dict[str, Any] = {
            "loudness_lufs": integrated if heard else None,
            "loudness_range_lu": float(measured["lavfi.r128.LRA"]) if ranged else None,
        }
        return Extracted(columns)

    def _measured(self) -> dict[str, str]:
        return {} if self._last is None else dict(self._last.metadata)

    def _pull(self) -> None:
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._last = frame  # one each 100 ms, with what was measured since the beginning


def _layout(channels: int) -> str:
    usual = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
    return usual.get(channels, f"{channels} channels")
