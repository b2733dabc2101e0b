"""Embeddings: what a file's music is like, whoever plays it, for finding versions: live, cover, remix.

The embedder that comes with Cratecheck hears chords and how they follow each other: chroma, in patches of 16 s, as
magnitudes of the two-dimensional Fourier transform, which are the same in every key and wherever a patch begins [1]_.
The paper counts time in beats; here the axis of rhythm is logarithmic instead, so that another tempo is a small shift,
and no beat has to be found. It hears no words and no timbre, and takes pieces on the same chords for versions of each
other: what it finds are candidates.

A team plugs in an embedder of its own by a package with an entry point in the group ``cratecheck.embedders``: a
callable that takes the setting `embedder_model` (a path, or None) and gives an `Embedder`. The setting `embedder`
chooses among them by name.

References
----------
.. [1] T. Bertin-Mahieux, D. P. W. Ellis, "Large-scale cover song recognition using the 2D Fourier transform
   magnitude", ISMIR 2012.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from audit_core.audio.decimate import ratio
from audit_core.audio.extractor import Extracted, Samples

if TYPE_CHECKING:
    from audit_core.audio.decode import Audio

__all__ = ["ChromaEmbedder", "Described", "Embedder", "EmbeddingExtractor", "Vector"]

Described = npt.NDArray[np.float32]
"""What an embedder says of a stretch of audio: shape=(rows, frames), as many rows for every stretch."""

Vector = npt.NDArray[np.float32]
"""What it says of a file: shape=(n,)."""


class Embedder(Protocol):
    """Says what music is like as a vector; those of versions of one work point the same way."""

    @property
    def name(self) -> str:
        """Say what candidates are told to be found by."""

    @property
    def version(self) -> str:
        """Tell apart vectors that can't be compared: of another model, or another version."""

    @property
    def window_s(self) -> float:
        """Say how much audio it takes at a time, in seconds."""

    def describe(self, y: Samples, sr: float, /) -> Described:
        """Describe a window of mono audio at 11 to 12 kHz, shape=(n,); the last of a file may be shorter."""

    def embed(self, described: Described, /) -> Vector | None:
        """Make of the descriptions of all windows, one after the other, a vector; None of what says nothing."""


class EmbeddingExtractor:
    """Hears the decimated stream, and keeps the vector that an embedder makes of it: its float32 numbers.

    Parameters
    ----------
    embedder : Embedder
    """

    name: str = "embedding"
    listens: Literal["mono"] = "mono"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.version = f"{embedder.name}-{embedder.version}"

    def start(self, audio: Audio, /) -> EmbeddingSink:
        """Begin on a file."""
        up, down = ratio(audio.sample_rate_hz)
        return EmbeddingSink(self._embedder, audio.sample_rate_hz * up / down)


class EmbeddingSink:
    """The extractor at work on one file: it keeps a window of samples, and the descriptions of those before.

    Parameters
    ----------
    embedder : Embedder
    rate_hz : float
        Of the decimated stream.
    """

    def __init__(self, embedder: Embedder, rate_hz: float) -> None:
        self._embedder, self._rate_hz = embedder, rate_hz
        self._window: Samples = np.empty(max(1, round(embedder.window_s * rate_hz)), np.float32)
        self._filled = 0
        self._described: list[Described] = []

    def feed(self, block: Samples, /) -> None:
        """Take the next samples; shape=(n,)."""
        while block.size:
            taken = min(block.size, self._window.size - self._filled)
            self._window[self._filled : self._filled + taken] = block[:taken]
            self._filled += taken
            block = block[taken:]
            if self._filled == self._window.size:
                self._describe()

    def finish(self) -> Extracted:
        """Give the vector; no features if there is none."""
        if self._filled:
            self._describe()
        vector = self._embedder.embed(np.hstack(self._described)) if self._described else None
        if vector is None or not np.isfinite(vector).all():
            return Extracted()
        return Extracted(features=np.ascontiguousarray(vector, np.float32).tobytes())

    def _describe(self) -> None:
        self._described.append(self._embedder.describe(self._window[: self._filled], self._rate_hz))
        self._filled = 0


_FRAMES_A_SECOND: Final = 21.5
_WINDOW: Final = 4096  # samples of a spectrum
_PATCH_S, _STEP_S, _SHORTEST_S = 16.0, 4.0, 8.0
_SIZE: Final = 1024  # of the transform, to which a patch is filled up
_SLOWEST_HZ, _FASTEST_HZ, _RHYTHMS = 0.1, 8.0, 48
_SILENCE: Final = 1e-4  # of full scale


class ChromaEmbedder:
    """Chroma by the magnitudes of its two-dimensional Fourier transform, the median of all patches."""

    name: str = "chroma"
    version: str = "1"
    window_s: float = 60.0

    def describe(self, y: Samples, sr: float, /) -> Described:
        """Give the chroma and the level of each frame: shape=(13, frames)."""
        import librosa

        hop = round(sr / _FRAMES_A_SECOND)
        frames = len(y) // hop
        if not frames or len(y) < _WINDOW:
            return np.zeros((13, frames), np.float32)
        power = np.abs(librosa.stft(y, n_fft=_WINDOW, hop_length=hop)[:, :frames]) ** 2
        chroma = librosa.feature.chroma_stft(S=power, sr=sr, n_fft=_WINDOW, norm=None, tuning=0.0)
        level = np.sqrt(np.mean(y[: frames * hop].reshape(frames, hop) ** 2, axis=1))
        return np.vstack([chroma, level]).astype(np.float32)

    def embed(self, described: Described, /) -> Vector | None:
        """Give a vector of 7 * 48 numbers, of length 1; None of silence, and of less than eight seconds."""
        frames = described.shape[1]
        if frames < _SHORTEST_S * _FRAMES_A_SECOND or described[12].max() < _SILENCE:
            return None
        chroma = described[:12] / np.maximum(described[:12].max(axis=0), 1e-9)
        chroma[:, described[12] < _SILENCE] = 0
        long, step = round(_PATCH_S * _FRAMES_A_SECOND), round(_STEP_S * _FRAMES_A_SECOND)
        if frames < long:
            chroma = np.pad(chroma, ((0, 0), (0, long - frames)))
        starts = range(0, chroma.shape[1] - long + 1, step)
        rhythms = np.geomspace(_SLOWEST_HZ, _FASTEST_HZ, _RHYTHMS) / _FRAMES_A_SECOND * _SIZE
        low = rhythms.astype(np.int64)
        part = (rhythms - low).astype(np.float32)
        patches = np.empty((len(starts), 7, _RHYTHMS), np.float32)
        for patch, start in zip(patches, starts, strict=True):
            whole = np.abs(np.fft.fft2(chroma[:, start : start + long] * np.hanning(long), s=(12, _SIZE)))[:7]
            patch[:] = np.sqrt((1 - part) * whole[:, low] + part * whole[:, low + 1])
        vector = np.median(patches, axis=0).ravel()
        length = float(np.linalg.norm(vector))
        return (vector / length).astype(np.float32) if length > 0 else None
