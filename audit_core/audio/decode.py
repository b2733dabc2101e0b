"""Decodes a file in process, block by block: its samples, and the hashes of what was encoded and of what came out.

Nothing in a file is believed: only formats of sound are opened, from the file that was given and no other; rates and
channels out of reason are refused; memory is bounded by the length of a block, whatever the file claims. What a decoder
refuses is counted and left out. A decoder may still crash: that is why a scan decodes in processes of its own.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import BinaryIO, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from audit_core.audio.extractor import Samples
from audit_core.audio.stated import (
    Head,
    bit_depth,
    codec_name,
    encoded_parameters,
    ends_cut_off,
    read_head,
    stated_duration_s,
)
from audit_core.errors import AudioError

__all__ = ["BLOCK", "Audio", "Undecodable", "open_audio", "packets_hash"]

logger = logging.getLogger(__name__)

BLOCK: Final = 65536  # samples of a channel: 1.5 s at 44.1 kHz

_RATES: Final = range(1_000, 768_001)
_CHANNELS: Final = range(1, 65)

# What a format that refers to other files (playlists, concatenations, numbered pictures) can't be.
_FORMATS: Final = (
    "wav,w64,rf64,aiff,au,caf,flac,mp3,mp2,aac,ac3,eac3,dts,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,"
    "asf,avi,ape,wv,tta,mpc,mpc8,tak,amr,dsf,dff,iff,flv,mpeg,mpegts,loas,voc,w64"
)
_OPTIONS: Final = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}

# How integers become floats of full scale 1.0: times, after minus. 24 bits arrive in the upper bits of 32.
_SCALES: Final = {"u1": (2.0**-7, 128), "i2": (2.0**-15, 0), "i4": (2.0**-31, 0), "f4": (1.0, 0), "f8": (1.0, 0)}

_PLANES: Final = 8  # from so many on, PyAV 18 reads planes that a frame does not have
_AHEAD: Final = 8  # frames that are decoded before rate and channels are believed


class Undecodable(AudioError):
    """A file in which no sound can be found."""


class Audio:
    """An open file: what it says about itself, then its samples, then what only the end tells.

    Attributes
    ----------
    codec : str
        As FFmpeg names it: mp3, vorbis, flac, pcm_s16le.
    sample_rate_hz, channels : int
        As decoded.
    header_s : float or None
        The duration that the file states; None if it states none (then others guess from its size).
    cut_off : bool or None
        Whether an Ogg, which states its duration at its end, lacks that end; False where ``header_s`` tells, None where
        nothing does.
    bit_depth : int or None
        Of lossless formats.
    """

    def __init__(self, container: InputContainer, stream: AudioStream, head: Head, *, pcm: bool) -> None:
        self._container = container
        self._stream = stream
        context = stream.codec_context
        context.thread_count = 1
        if context.name == "flac":  # its checksums are the only witness of damage
            context.options = {"err_detect": "crccheck+explode"}
        self.codec = codec_name(stream)
        self.header_s = stated_duration_s(container, stream, head)
        self.cut_off = ends_cut_off(container, head, self.header_s)
        self.bit_depth = bit_depth(stream)
        self._hash = hashlib.sha256(encoded_parameters(stream))
        self._damaged = 0
        self._interleaver: av.AudioResampler | None = None
        self._samples = 0
        self._ended = False
        self._frames = self._decoded()
        ahead = list(islice(self._frames, _AHEAD))
        if not ahead:
            raise Undecodable(
                "nothing in it can be decoded" if self._damaged else "it holds no sound",
                mend="Replace the file, or take the track out.",
            )
        kind: tuple[int, int] = Counter(map(_kind, ahead)).most_common(1)[0][0]
        self.sample_rate_hz, self.channels = kind
        _in_reason(*kind)
        self._ahead = ahead
        self._pcm = [hashlib.sha256() for _ in range(self.channels)] if pcm else None

    def blocks(self) -> Iterator[Samples]:
        """Decode the file, once.

        Yields
        ------
        block : np.ndarray, shape=(channels, n), dtype=float32
            The next samples at the native rate, full scale 1.0; ``n`` is `BLOCK` except in the last block.
        """
        fifo = av.AudioFifo()
        kind = (self.sample_rate_hz, self.channels)
        first = next(at for at, frame in enumerate(self._ahead) if _kind(frame) == kind)
        self._damaged += first
        for frame in chain(self._ahead[first:], self._frames):
            if frame.layout.nb_channels != self.channels:  # the fifo does not look, and would read what is not there
                self._damaged += 1
                continue
            frame.pts = None
            try:
                for whole in self._readable(frame):
                    fifo.write(whole)
            except ValueError:  # of another rate or format than the first: damage, and can't be joined
                self._damaged += 1
                continue
            while fifo.samples >= BLOCK:
                yield self._block(fifo.read(BLOCK))
        self._ahead = []
        if fifo.samples:
            yield self._block(fifo.read(0, partial=True))
        self._ended = True

    @property
    def packets(self) -> str:
        """SHA-256 of the demuxed packets and of what is needed to decode them, in hexadecimal. Known after the end."""
        self._needs_end()
        return self._hash.hexdigest()

    @property
    def pcm(self) -> str | None:
        """SHA-256 of the samples as 32-bit floats, with rate and channels, in hexadecimal. Known after the end."""
        self._needs_end()
        if self._pcm is None:
            return None
        whole = hashlib.sha256(f"{self.sample_rate_hz}/{self.channels}".encode())
        for channel in self._pcm:
            whole.update(channel.digest())
        return whole.hexdigest()

    @property
    def duration_s(self) -> float:
        """Length of what was decoded. Known after the end."""
        self._needs_end()
        return self._samples / self.sample_rate_hz

    @property
    def damaged_packets(self) -> int:
        """How many packets the decoder refused. Known after the end."""
        self._needs_end()
        return self._damaged

    def _needs_end(self) -> None:
        if not self._ended:
            raise ValueError("read blocks() to the end first")

    def _decoded(self) -> Iterator[AudioFrame]:
        decode = self._stream.codec_context.decode
        update = self._hash.update
        one_each = self.codec == "flac"
        for packet in _demuxed(self._container, self._stream):
            if packet is not None:
                update(packet)
            try:
                frames = decode(packet)
            except av.FFmpegError:
                self._damaged += 1
                continue
            if one_each and len(frames) > 1:  # frames that lost their borders are joined, and PyAV hides the error
                self._damaged += 1
            yield from frames

    def _readable(self, frame: AudioFrame) -> list[AudioFrame]:
        """Interleave the samples of a frame of too many planes."""
        if not frame.format.is_planar or self.channels < _PLANES:
            return [frame]
        if self._interleaver is None:
            self._interleaver = av.AudioResampler(frame.format.packed, frame.layout, frame.sample_rate)
        return self._interleaver.resample(frame)

    def _block(self, frame: AudioFrame | None) -> Samples:
        if frame is None:  # only a fifo that was never filled gives none
            return np.zeros((self.channels, 0), np.float32)
        block = _floats(frame, self.channels)
        self._samples += block.shape[1]
        if self._pcm is not None:
            for channel, hashed in zip(block, self._pcm, strict=True):
                hashed.update(channel)
        return block


@contextmanager
def open_audio(file: BinaryIO, *, pcm: bool = True) -> Iterator[Audio]:
    """Open a file that is to be heard.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its beginning. It is not closed.
    pcm : bool
        Whether the decoded samples are hashed.

    Yields
    ------
    audio : Audio
        Its first frames are decoded already, so its rate and channels are what it really has.

    Raises
    ------
    Undecodable
        If there is no sound to be found in it.
    """
    head = read_head(file)
    with _opened(file) as (container, stream):
        yield Audio(container, stream, head, pcm=pcm)


def packets_hash(file: BinaryIO) -> str:
    """Hash the packets of a file and what is needed to decode them, without decoding.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its beginning. It is not closed.

    Returns
    -------
    packets : str
        SHA-256 in hexadecimal: the same as `Audio.packets`.

    Raises
    ------
    Undecodable
        If no stream of sound is found in it.
    """
    with _opened(file) as (container, stream):
        hashed = hashlib.sha256(encoded_parameters(stream))
        for packet in _demuxed(container, stream):
            if packet is not None:
                hashed.update(packet)
        return hashed.hexdigest()


@contextmanager
def _opened(file: BinaryIO) -> Iterator[tuple[InputContainer, AudioStream]]:
    try:
        container = av.open(
            _Nameless(file), "r", container_options=dict(_OPTIONS), metadata_errors="replace", buffer_size=1 << 16
        )
    except (av.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        raise Undecodable("it is no sound file of a known format", mend="Is it what its name says?") from error
    with container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream) or stream.codec_context is None:
            raise Undecodable("it holds no sound that can be decoded", mend="Is it what its name says?")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        yield container, stream


def _demuxed(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream] | None]:
    """Give the packets as far as they can be read, then None, which flushes the decoder."""
    try:
        for packet in container.demux(stream):
            if packet.size:
                yield packet
    except av.FFmpegError as error:
        logger.debug("stopped reading: %s", error)
    yield None


def _in_reason(sample_rate_hz: int, channels: int) -> None:
    if sample_rate_hz not in _RATES:
        raise Undecodable(f"it claims {sample_rate_hz} samples a second", mend="Is it what its name says?")
    if channels not in _CHANNELS:
        raise Undecodable(f"it claims {channels} channels", mend="Is it what its name says?")


def _kind(frame: AudioFrame) -> tuple[int, int]:
    return frame.sample_rate, frame.layout.nb_channels


def _floats(frame: AudioFrame, channels: int) -> Samples:
    """Give a frame's samples as (channels, n) floats, full scale 1.0."""
    whole = frame.to_ndarray()
    if not frame.format.is_planar:
        whole = whole.reshape(-1, channels).T
    scale, offset = _SCALES[whole.dtype.str[1:]]
    if scale == 1.0:
        return np.ascontiguousarray(whole, np.float32)
    floats = np.empty(whole.shape, np.float32)
    np.subtract(whole, offset, out=floats, casting="unsafe")
    floats *= scale
    return floats


class _Nameless(io.RawIOBase):
    """A file that FFmpeg can read, but whose name it can't: a name would tell it what format to expect."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
