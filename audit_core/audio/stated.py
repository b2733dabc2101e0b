"""What a file states about its sound before any of it is decoded: its parameters, and how long it claims to be."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

__all__ = ["bit_depth", "codec_name", "encoded_parameters", "first_frame", "stated_duration_s"]

# FFmpeg guesses the duration of these from size and bit rate, unless a header of theirs states it.
_STATES_NOTHING: Final = frozenset({"aac", "ac3", "eac3", "dts", "loas", "amr", "mpeg", "mpegts", "mp2"})

_FRAMES_STATED: Final = (b"Xing", b"Info", b"VBRI")


def first_frame(file: BinaryIO) -> bytes:
    """Give the first bytes after a file's ID3 tags: where an mp3 states its frames, if it does. The file is rewound."""
    at = 0
    head = file.read(10)
    while head[:3] == b"ID3" and len(head) == 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        at += 10 + size + (10 if head[5] & 0x10 else 0)
        file.seek(at)
        head = file.read(10)
    beginning = head + file.read(54)
    file.seek(0)
    return beginning


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


def stated_duration_s(container: InputContainer, stream: AudioStream, head: bytes) -> float | None:
    """Give the duration that a file states.

    Parameters
    ----------
    container, stream
        The open file, and its stream of sound.
    head : bytes
        What `first_frame` gives.

    Returns
    -------
    seconds : float or None
        None where the file states none: FFmpeg then guesses from size and bit rate, which proves nothing.
    """
    names = set(container.format.name.split(","))
    if names & _STATES_NOTHING:
        return None
    if "mp3" in names and not any(mark in head for mark in _FRAMES_STATED):
        return None
    if "flac" in names:
        extradata = stream.codec_context.extradata or b""
        samples = int.from_bytes(extradata[13:18], "big") & (1 << 36) - 1
        return samples / stream.codec_context.sample_rate if samples else None
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None


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
