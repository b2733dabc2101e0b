"""A tune, and files of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

Samples = npt.NDArray[np.float32]

RATE_HZ = 22_050


@pytest.fixture(scope="session")
def tune() -> Samples:
    """Twenty-four seconds of notes, no two bars alike; louder from 12 s on."""
    random = np.random.default_rng(20261122)
    y = np.zeros(24 * RATE_HZ)
    for start in np.arange(0.0, 23.4, 0.15):
        length = float(random.uniform(0.2, 0.6))
        t = np.arange(int(length * RATE_HZ)) / RATE_HZ
        note = 110.0 * 2.0 ** (float(random.integers(0, 40)) / 12)
        tone = np.sin(2 * np.pi * note * t) + 0.4 * np.sin(4 * np.pi * note * t)
        at = int(start * RATE_HZ)
        y[at : at + len(t)] += (0.05 if start < 12 else 0.12) * tone * np.exp(-6 * t)
    return y[None].astype(np.float32)


Written = Callable[..., bytes]


@pytest.fixture(scope="session")
def written() -> Written:
    """Write samples as a file."""

    def made(samples: Samples, container: str = "wav", codec: str = "pcm_s16le", rate_hz: int = RATE_HZ) -> bytes:
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[0]]
        out = io.BytesIO()
        with av.open(out, "w", format=container) as file:
            stream: Any = file.add_stream(codec, rate=rate_hz)
            stream.layout = layout
            resampler = av.AudioResampler(stream.format, layout, rate_hz, frame_size=1024)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
            frame.sample_rate = rate_hz
            for part in (*resampler.resample(frame), *resampler.resample(None)):
                part.pts = None
                file.mux(stream.encode(part))
            file.mux(stream.encode(None))
        return out.getvalue()

    return made
