"""An excerpt as MP3, which Slack and every browser play."""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np

from audit_core.audio.extractor import Samples

__all__ = ["RATE_HZ", "mp3"]

RATE_HZ: Final = 44_100  # of every clip, for an encoder's delay is so many samples: two clips begin together
_BITS_PER_S: Final = 160_000
_FRAME: Final = 1152


def mp3(samples: Samples, rate_hz: int) -> bytes:
    """Encode an excerpt.

    Parameters
    ----------
    samples : np.ndarray, shape=(channels, n), dtype=float32
        One channel or two.
    rate_hz : int

    Returns
    -------
    file : bytes
    """
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    written = io.BytesIO()
    with av.open(written, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.bit_rate = _BITS_PER_S
        stream.layout = layout
        stream.format = "fltp"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ, frame_size=_FRAME)
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        whole.sample_rate = rate_hz
        for frame in (*resampler.resample(whole), *resampler.resample(None)):
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()
