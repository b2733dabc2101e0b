"""Whether an Ogg file goes on to its end: its length is stated on its last page alone, so a shorter one looks whole.

A page carries a flag if it is the last of its logical stream (RFC 3533, section 6), set by every encoder as it ends.
Of MP3 without a Xing header, and of ADTS, no such thing can be had: they are frames, one after the other, and nothing
in them tells the last one. Where files are chained, the last of them is looked at.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

__all__ = ["CAPTURE", "is_cut_off"]

CAPTURE: Final = b"OggS"
"""What a page begins with."""

_HEADER: Final = 27  # bytes, before the table of segments
_LONGEST: Final = _HEADER + 255 + 255 * 255
_TAIL: Final = 128 << 10  # no less than two pages, so that a whole one lies in it
_STREAMS: Final = 16  # of one file, that are looked at
_BEGINS, _ENDS = 0x02, 0x04  # flags of a page
_SOUND: Final = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"fLaC", b"Speex   ", b"CELT    ", b"PCM     ")

_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page whose checksum is right."""

    flags: int
    stream: int
    body: bytes
    size: int


def is_cut_off(file: BinaryIO) -> bool | None:
    """Look for the end of the sound in an Ogg file.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its first page. Where it is left is not said.

    Returns
    -------
    cut_off : bool or None
        False if the last whole page of sound is marked as the end, whatever lies behind it; True if it is not. None if
        something else than sound, a film, fills the end of the file, so that no page of sound is met there.
    """
    others = _other_streams(file.read(_LONGEST))
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _TAIL))
    for page in _pages_from_the_last(file.read(_TAIL)):
        if page.stream not in others:
            return not page.flags & _ENDS
    return None if others else True


def _other_streams(head: bytes) -> set[int]:
    """Give the numbers of the streams that are no sound; the first pages of all come before any other page."""
    others: set[int] = set()
    at = 0
    for _ in range(_STREAMS):
        page = _page(head, at)
        if page is None or not page.flags & _BEGINS:
            break
        if not page.body.startswith(_SOUND):
            others.add(page.stream)
        at += page.size
    return others


def _pages_from_the_last(tail: bytes) -> Iterator[_Page]:
    at = len(tail)
    while (at := tail.rfind(CAPTURE, 0, at)) >= 0:
        page = _page(tail, at)
        if page is not None:
            yield page


def _page(content: bytes, at: int) -> _Page | None:
    """Read the page that begins here; None if there is none, or not all of it, or its checksum is wrong."""
    header = content[at : at + _HEADER]
    if len(header) < _HEADER or header[:5] != CAPTURE + b"\0":
        return None
    lengths = content[at + _HEADER : at + _HEADER + header[26]]
    body_at = at + _HEADER + header[26]
    body = content[body_at : body_at + sum(lengths)]
    if len(lengths) < header[26] or len(body) < sum(lengths):
        return None
    if _checksum(header[:22] + b"\0\0\0\0" + header[26:] + lengths + body) != int.from_bytes(header[22:26], "little"):
        return None
    return _Page(header[5], int.from_bytes(header[14:18], "little"), body, body_at - at + len(body))


def _checksum(page: bytes) -> int:
    """Give Ogg's CRC: zlib's, but with the bits of each byte, and of the whole, in the other order and no inversion."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")
