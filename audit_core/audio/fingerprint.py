"""The fingerprint extractor: a file's peaks, which is all that its landmarks and matches are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from audit_core.audio.decimate import ratio
from audit_core.audio.extractor import Extracted, Samples
from audit_core.audio.peaks import PeakPicker

if TYPE_CHECKING:
    from audit_core.audio.decode import Audio

__all__ = ["VERSION", "FingerprintExtractor"]

VERSION = "1"


class FingerprintExtractor:
    """Hears the decimated stream, and keeps its peaks."""

    name: str = "fingerprint"
    version: str = VERSION
    listens: Literal["mono"] = "mono"

    def start(self, audio: Audio, /) -> FingerprintSink:
        """Begin on a file."""
        up, down = ratio(audio.sample_rate_hz)
        return FingerprintSink(audio.sample_rate_hz * up / down)


class FingerprintSink:
    """The extractor at work on one file.

    Parameters
    ----------
    rate_hz : float
        Of the decimated stream.
    """

    def __init__(self, rate_hz: float) -> None:
        self._picker = PeakPicker(rate_hz)

    def feed(self, block: Samples, /) -> None:
        """Take the next samples; shape=(n,)."""
        self._picker.feed(block)

    def finish(self) -> Extracted:
        """Give the number of peaks, and the peaks as `Peaks.from_bytes` reads them."""
        peaks = self._picker.finish()
        return Extracted({"peaks": len(peaks)}, peaks.to_bytes())
