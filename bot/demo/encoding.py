"""Writes samples into an audio file of any format that the demo shows, as they are or at another pitch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import av.filter
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

__all__ = ["FORMATS", "at_pitch", "write_audio"]

_BLOCK: Final = 65_536


@dataclass(frozen=True, slots=True)
class _Format:
    codec: str
    sample_format: str
    container: str
    options: Mapping[str, str]


FORMATS: Final = {
    ".wav": _Format("pcm_s16le", "s16", "wav", {}),
    ".flac": _Format("flac", "s16", "flac", {}),
    ".mp3": _Format("libmp3lame", "fltp", "mp3", {"compression_level": "7"}),  # three times as fast as the default
    ".m4a": _Format("aac", "fltp", "ipod", {}),
    ".ogg": _Format("vorbis", "fltp", "ogg", {"strict": "experimental"}),  # FFmpeg's own encoder: stereo only
    ".opus": _Format("libopus", "flt", "opus", {}),
}


def write_audio(
    path: Path,
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    *,
    bit_rate: int | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Encode samples into a file, in the format of its suffix.

    Parameters
    ----------
    path : Path
        With a suffix of `FORMATS`. What is there is replaced.
    samples : np.ndarray, shape=(channels, n), dtype=float32
        One channel or two, full scale 1; what is beyond it is clipped.
    sample_rate_hz : int
        Opus is written at 48 kHz, whatever it is.
    bit_rate : int, optional
        Bits a second, where the format loses any.
    tags : Mapping, optional
        As FFmpeg names them: title, artist, album, date, license…

    Raises
    ------
    ValueError
        If the suffix is none of `FORMATS`, or there are more than two channels.
    """
    if path.suffix not in FORMATS or samples.ndim != 2 or samples.shape[0] not in (1, 2):
        raise ValueError(f"{path.name}, {samples.shape}: a suffix of {', '.join(FORMATS)}, and one channel or two")
    how = FORMATS[path.suffix]
    if how.codec == "vorbis" and samples.shape[0] == 1:
        samples = np.repeat(samples, 2, axis=0)
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    rate = 48_000 if how.codec == "libopus" else sample_rate_hz
    with av.open(str(path), "w", format=how.container) as output:
        output.metadata.update(tags or {})
        stream = cast(AudioStream, output.add_stream(how.codec, rate=rate, options=dict(how.options)))
        stream.codec_context.format = how.sample_format
        stream.codec_context.layout = layout
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        for start in range(0, samples.shape[1], _BLOCK):
            block = _laid_out(samples[:, start : start + _BLOCK], how.sample_format)
            frame = av.AudioFrame.from_ndarray(block, how.sample_format, layout)
            frame.sample_rate, frame.pts, frame.time_base = sample_rate_hz, start, Fraction(1, sample_rate_hz)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def at_pitch(samples: npt.NDArray[np.float32], sample_rate_hz: int, semitones: float) -> npt.NDArray[np.float32]:
    """Play samples higher or lower in their own time: as a tape at another speed, then overlapped to its length.

    Parameters
    ----------
    samples : np.ndarray, shape=(2, n), dtype=float32
    sample_rate_hz : int
    semitones : float
        Up, or down below 0; within an octave.

    Returns
    -------
    samples : np.ndarray, shape=(2, m), dtype=float32
        About as long.
    """
    factor = 2 ** (semitones / 12)
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate_hz, format="fltp", layout="stereo", time_base=Fraction(1, sample_rate_hz)
    )
    tape = graph.add("asetrate", str(round(sample_rate_hz * factor)))
    resampled = graph.add("aresample", str(sample_rate_hz))
    stretched = graph.add("atempo", f"{1 / factor:.9f}")
    floats = graph.add("aformat", "sample_fmts=fltp")
    graph.link_nodes(source, tape, resampled, stretched, floats, graph.add("abuffersink")).configure()
    for start in range(0, samples.shape[1], _BLOCK):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + _BLOCK]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = sample_rate_hz, start, Fraction(1, sample_rate_hz)
        graph.push(frame)
    graph.push(None)
    blocks = []
    while True:
        try:
            blocks.append(cast(av.AudioFrame, graph.pull()).to_ndarray())
        except (av.EOFError, BlockingIOError):
            return np.concatenate(blocks, axis=1).astype(np.float32)


def _laid_out(samples: npt.NDArray[np.float32], sample_format: str) -> npt.NDArray[Any]:
    laid_out: npt.NDArray[Any] = np.clip(samples, -1, 1)
    if sample_format == "s16":
        laid_out = np.round(laid_out * 32767).astype(np.int16)
    return np.ascontiguousarray(laid_out if sample_format.endswith("p") else laid_out.T.reshape(1, -1))
