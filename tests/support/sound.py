"""Small audio files, written with the same libraries that the product decodes with, and sounds to put into them.

Samples are float32 arrays of shape (channels, n), full scale 1.0; every generator is seeded, so that the same call
gives the same samples everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

__all__ = ["FORMATS", "Samples", "chords", "noise", "stereo", "tone", "write"]

Samples = npt.NDArray[np.float32]

# Suffix → encoder, its sample format, and the container where the suffix alone does not say it.
_ENCODERS: Final[Mapping[str, tuple[str, str, str | None]]] = {
    ".wav": ("pcm_s16le", "s16", None),
    ".flac": ("flac", "s16", None),
    ".mp3": ("libmp3lame", "fltp", None),
    ".ogg": ("vorbis", "fltp", None),
    ".opus": ("libopus", "flt", None),
    ".m4a": ("aac", "fltp", "ipod"),
    ".aiff": ("pcm_s16be", "s16", None),
}

FORMATS: Final = tuple(_ENCODERS)

_BITS: Final = {"s16": 16, "s32": 32}  # of the integer formats
_LAYOUTS: Final = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}


def write(
    path: Path,
    y: Samples,
    sr: int,
    *,
    codec: str | None = None,
    container: str | None = None,
    bit_depth: int = 16,
    bit_rate: int | None = None,
    tags: Mapping[str, str] | None = None,
    **options: str,
) -> Path:
    """Write samples into a file, encoded as its suffix says: wav, flac, mp3, ogg (Vorbis), opus, m4a (AAC), aiff.

    Parameters
    ----------
    path : Path
        Where; what was there is lost.
    y : np.ndarray, shape=(n,) or (channels, n)
        Samples, full scale 1.0; what lies beyond is clipped in integer formats.
    sr : int
        Their rate in Hz. Opus is written at 48 kHz, whatever the rate.
    codec, container : str, optional
        Names that FFmpeg gives to an encoder and a container, in place of the suffix's.
    bit_depth : 16 or 24
        Of WAV, AIFF and FLAC.
    bit_rate : int, optional
        Bits a second, of the lossy formats.
    tags : mapping, optional
        Written as the container's metadata.
    **options : str
        Given to the encoder as they are.

    Returns
    -------
    path : Path
        The same.
    """
    y = np.atleast_2d(np.asarray(y, np.float32))
    encoder, sample_format, known = _ENCODERS.get(path.suffix, ("", "fltp", None))
    if bit_depth == 24:
        encoder, sample_format = encoder.replace("s16", "s24"), "s32"
        if encoder == "flac":
            options = {"bits_per_raw_sample": "24", **options}
    if encoder == "vorbis":
        options = {"strict": "experimental", **options}
        y = np.repeat(y, 2, axis=0) if len(y) == 1 else y  # FFmpeg's own encoder knows stereo only
    layout = _LAYOUTS[len(y)]
    rate = 48000 if encoder == "libopus" and codec is None else sr
    with av.open(str(path), "w", format=container or known) as output:
        output.metadata.update(tags or {})
        stream = cast(AudioStream, output.add_stream(codec or encoder, rate=rate, options=dict(options)))
        stream.codec_context.format = sample_format
        stream.codec_context.layout = layout
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        for start in range(0, y.shape[1], 65536):
            given = sample_format if len(y) < 8 else sample_format.rstrip("p")  # PyAV 18 miscounts planes
            block = _samples(y[:, start : start + 65536], given)
            frame = av.AudioFrame.from_ndarray(block, given, layout)
            frame.sample_rate = sr
            frame.pts = start
            frame.time_base = Fraction(1, sr)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def tone(hz: float, seconds: float, sr: int = 44100, *, level: float = 0.5, channels: int = 1) -> Samples:
    """Give a sine, the same in every channel; shape=(channels, n)."""
    t = np.arange(round(seconds * sr)) / sr
    return np.tile((level * np.sin(2 * np.pi * hz * t)).astype(np.float32), (channels, 1))


def noise(seconds: float, sr: int = 44100, *, seed: int = 0, level: float = 0.2, channels: int = 1) -> Samples:
    """Give white noise of this RMS level; shape=(channels, n)."""
    drawn = np.random.default_rng(seed).standard_normal((channels, round(seconds * sr)))
    return (level * drawn).astype(np.float32)


def chords(seconds: float, sr: int = 44100, *, seed: int = 0, level: float = 0.5) -> Samples:
    """Give chords and a melody over them: struck, decaying notes with harmonics, mono; shape=(1, n).

    Another seed is another piece. At another rate it is the same piece: times and pitches are drawn apart from it.
    """
    drawn = np.random.default_rng(seed)
    y = np.zeros(round(seconds * sr) + sr)
    roots = drawn.choice([0, 2, 3, 5, 7, 8, 10], size=int(seconds / 1.7) + 2)
    for bar, root in enumerate(roots):
        for step in (0, int(drawn.integers(3, 5)), 7, -12):
            _strike(y, sr, bar * 1.7, 57 + root + step, 1.6, 0.5)
    at = 0.0
    while at < seconds:
        root = roots[int(at / 1.7)]
        _strike(y, sr, at, 69 + root + int(drawn.choice([0, 3, 5, 7, 10, 12])), 0.6, 1.0)
        at += float(drawn.choice([0.17, 0.23, 0.31, 0.46]))
    y = y[: round(seconds * sr)]
    return (level * y / max(float(np.abs(y).max(initial=0.0)), 1e-9)).astype(np.float32)[np.newaxis]


def stereo(left: Samples, right: Samples) -> Samples:
    """Put two mono sounds side by side, the shorter one's length; shape=(2, n)."""
    n = min(left.shape[1], right.shape[1])
    return np.concatenate([left[:1, :n], right[:1, :n]])


def _strike(y: npt.NDArray[np.float64], sr: int, at_s: float, note: int, seconds: float, gain: float) -> None:
    start = round(at_s * sr)
    n = min(round(seconds * sr), y.size - start)
    t = np.arange(max(n, 0)) / sr
    hz = 440 * 2 ** ((note - 69) / 12)
    envelope = gain * np.exp(-4 * t / seconds) * np.minimum(1, t / 0.005)
    for harmonic in range(1, 7):
        if hz * harmonic < 3600:
            y[start : start + t.size] += envelope / harmonic**1.2 * np.sin(2 * np.pi * hz * harmonic * t)


def _samples(y: Samples, sample_format: str) -> npt.NDArray[Any]:
    whole: npt.NDArray[Any] = y
    if bits := _BITS.get(sample_format):
        scale = 2.0 ** (bits - 1)
        whole = np.clip(np.round(y.astype(np.float64) * scale), -scale, scale - 1).astype(f"i{bits // 8}")
    return np.ascontiguousarray(whole if sample_format.endswith("p") else whole.T.reshape(1, -1))
