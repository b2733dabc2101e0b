"""What a file states about its sound before any of it is decoded: its parameters, and how long it claims to be."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from audit_core.audio import ogg

__all__ = ["Head", "bit_depth", "codec_name", "encoded_parameters", "ends_cut_off", "read_head", "stated_duration_s"]

# FFmpeg guesses the duration of these from size and bit rate, unless a header of theirs states it.
_STATES_NOTHING: Final = frozenset({"aac", "ac3", "eac3", "dts", "loas", "amr", "mpeg", "mpegts", "mp2"})

_FRAMES_STATED: Final = (b"Xing", b"Info", b"VBRI")

_PCM: Final = frozenset({1, 3, 0xFFFE})  # of WAV's format tags: whole numbers, floats, and those that say it later
_UNKNOWN: Final = frozenset({0, 0xFFFFFFFF})  # what a recorder that was cut off, or never knew, leaves as a size
_TAGS: Final = 16  # ID3 tags in a row that are stepped over
_CHUNKS: Final = 64  # of a WAV, before its samples


@dataclass(frozen=True, slots=True)
class Head:
    """What the first and last bytes of a file say, where FFmpeg does not tell it, or believes the size of the file.

    Attributes
    ----------
    frames_stated : bool
        Whether an mp3 states how many frames it has.
    wav_s : float or None
        The duration that a WAV states.
    ogg_cut_off : bool or None
        Whether an Ogg ends before its end, as `ogg.is_cut_off` tells; None of anything else.
    """

    frames_stated: bool
    wav_s: float | None
    ogg_cut_off: bool | None


def read_head(file: BinaryIO) -> Head:
    """Read the first bytes of a file, past its ID3 tags, and the last ones of an Ogg; it is rewound."""
    at = 0
    head = file.read(12)
    for _ in range(_TAGS):
        if head[:3] != b"ID3" or len(head) < 10:
            break
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        at += 10 + size + (10 if head[5] & 0x10 else 0)
        file.seek(at)
        head = file.read(12)
    wav_s = _stated_by_wav(file) if head[:4] == b"RIFF" and head[8:] == b"WAVE" else None
    first = head + file.read(52)
    ogg_cut_off = None
    if head.startswith(ogg.CAPTURE):
        file.seek(at)
        ogg_cut_off = ogg.is_cut_off(file)
    file.seek(0)
    return Head(any(mark in first for mark in _FRAMES_STATED), wav_s, ogg_cut_off)


def _stated_by_wav(file: BinaryIO) -> float | None:
    """Walk the chunks of a WAV, which begin here, as far as its samples."""
    bytes_a_second = 0
    for _ in range(_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            return None if size in _UNKNOWN or not bytes_a_second else size / bytes_a_second
        if name == b"fmt " and size >= 16:
            said = file.read(14)
            if len(said) < 14:
                return None
            kind, _channels, rate, _, frame = struct.unpack("<HHIIH", said)
            bytes_a_second = rate * frame if kind in _PCM else 0
            size -= 14
        file.seek(size + (size & 1), io.SEEK_CUR)
    return None


def codec_name(stream: AudioStream) -> str:
    """Give the codec's name, which is the same whichever decoder is used."""
    return stream.codec_context.codec.canonical_name


def bit_depth(stream: AudioStream) -> int | None:
    """Give the bits of a sample as encoded; None of a lossy codec."""
    name = codec_name(stream)
    if name.startswith("pcm_"):
        digits = "".join(filter(str.isdigit, name.split("_")[1]))
        return int(digits) if digits else None
    extradata = stream.codec_context.extradata or b""
    if name == "flac" and len(extradata) >= 34:
        return ((extradata[12] & 1) << 4 | extradata[13] >> 4) + 1
    if name == "alac" and len(extradata) >= 36:
        return extradata[17]
    return None


def encoded_parameters(stream: AudioStream) -> bytes:
    """Give what is needed to decode the packets of a stream, in a form that no tag changes.

    Vorbis keeps its tags, and FLAC a checksum and sizes that differ between muxers, among what FFmpeg hands to the
    decoder; both are left out. Codecs whose packets say everything have nothing but their name.
    """
    name = codec_name(stream)
    context = stream.codec_context
    extradata = context.extradata or b""
    parts = [name.encode()]
    if name in ("mp3", "mp2", "mp1", "ac3", "eac3", "dts"):
        return name.encode()
    parts.append(struct.pack("<qqq", context.sample_rate, context.channels, bit_depth(stream) or 0))
    if name == "vorbis":
        parts.extend(_without_comments(extradata))
    elif name != "flac":
        parts.append(extradata)
    return b"".join(struct.pack("<q", len(part)) + part for part in parts)


def stated_duration_s(container: InputContainer, stream: AudioStream, head: Head) -> float | None:
    """Give the duration that a file states.

    Parameters
    ----------
    container, stream
        The open file, and its stream of sound.
    head : Head
        What `read_head` gives.

    Returns
    -------
    seconds : float or None
        None where the file states none: FFmpeg then guesses from size and bit rate, which proves nothing.
    """
    names = set(container.format.name.split(","))
    if names & _STATES_NOTHING:
        return None
    if "mp3" in names and not head.frames_stated:
        return None
    if "wav" in names and head.wav_s is not None:
        return head.wav_s
    if "flac" in names:
        extradata = stream.codec_context.extradata or b""
        samples = int.from_bytes(extradata[13:18], "big") & (1 << 36) - 1
        return samples / stream.codec_context.sample_rate if samples else None
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None


def ends_cut_off(container: InputContainer, head: Head, header_s: float | None) -> bool | None:
    """Tell whether a file ends where nothing says that it ends, whatever duration it states.

    Parameters
    ----------
    container
        The open file.
    head : Head
        What `read_head` gives.
    header_s : float or None
        What `stated_duration_s` gives.

    Returns
    -------
    cut_off : bool or None
        Of an Ogg, whether the mark of its end is missing. False where the header states the duration beforehand, and so
        tells. None where neither is so: nobody can know of ADTS, or of MP3 without a Xing header.
    """
    if "ogg" in container.format.name.split(","):
        return head.ogg_cut_off
    return None if header_s is None else False


def _without_comments(extradata: bytes) -> list[bytes]:
    """Take Vorbis' three headers apart (Xiph's lacing, or lengths of 16 bits) and drop the second."""
    lengths: list[int] = []
    at = 0
    if extradata[:1] == b"\x02":
        at = 1
        for _ in range(2):
            length = 0
            while at < len(extradata) and extradata[at] == 255:
                length, at = length + 255, at + 1
            lengths.append(length + (extradata[at] if at < len(extradata) else 0))
            at += 1
        first, second = lengths
        return [extradata[at : at + first], extradata[at + first + second :]]
    for _ in range(2):
        lengths.append(int.from_bytes(extradata[at : at + 2], "big"))
        at += 2 + lengths[-1]
    first, second = lengths
    return [extradata[2 : 2 + first], extradata[4 + first + second :]]
