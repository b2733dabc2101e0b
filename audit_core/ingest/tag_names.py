"""What each kind of tag calls what the catalogue knows: ID3, Vorbis comments, APE, MP4, ASF, RIFF INFO, AIFF."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final, Protocol

__all__ = ["texts"]

_ID3: Final = {
    "title": ("TIT2",),
    "artist": ("TPE1",),
    "album": ("TALB",),
    "isrc": ("TSRC",),
    "date": ("TDRC", "TYER", "TDRL", "TDOR", "TORY"),
    "genre": ("TCON",),
    "language": ("TLAN",),
    "licence": ("WCOP", "USER"),
    "copyright": ("TCOP",),
}
_NAMED: Final = {  # Vorbis comments, APE, ASF, and the free texts of ID3 and MP4; compared in small letters
    "title": ("title",),
    "artist": ("artist", "author"),
    "album": ("album", "wm/albumtitle"),
    "isrc": ("isrc", "wm/isrc"),
    "date": ("date", "year", "wm/year", "originaldate"),
    "genre": ("genre", "wm/genre"),
    "language": ("language", "wm/language"),
    "licence": ("license", "licence", "license url", "licence url", "wm/copyrighturl", "copyright url"),
    "copyright": ("copyright",),
}
_MP4: Final = {
    "title": ("©nam",),
    "artist": ("©ART",),
    "album": ("©alb",),
    "date": ("©day",),
    "genre": ("©gen",),
    "copyright": ("cprt",),
}
_RIFF: Final = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"ICRD": "date",
    b"IGNR": "genre",
    b"ILNG": "language",
    b"ICOP": "copyright",
}
_AIFF: Final = {b"NAME": "title", b"AUTH": "artist", b"(c) ": "copyright"}
_MOST_CHUNKS: Final = 1000
_LONGEST_TEXT: Final = 64 << 10
_LONGEST_LIST: Final = 1 << 20


class _File(Protocol):
    def read(self, size: int = ...) -> bytes: ...
    def seek(self, offset: int, whence: int = ...) -> int: ...


def texts(found: Any, file: _File) -> Iterator[tuple[str, str]]:
    """Give what tags say, as (name in the catalogue, text); of one name, what says it best comes first.

    Parameters
    ----------
    found : mutagen.FileType or None
        What mutagen read.
    file : file
        For what mutagen leaves out: the texts that RIFF and AIFF hold in chunks of their own.
    """
    tags = getattr(found, "tags", None)
    if tags is not None:
        if hasattr(tags, "getall"):
            yield from _of_id3(tags)
        elif type(tags).__name__ == "MP4Tags":
            yield from _of_mp4(tags)
        else:
            by_name: dict[str, list[Any]] = {}
            for name in tags.keys():  # noqa: SIM118 - Vorbis comments are lists of pairs
                values = tags[name]
                by_name.setdefault(str(name).casefold(), values if isinstance(values, list) else list(values))
            yield from _named(by_name)
    yield from _of_chunks(file)


def _of_id3(tags: Any) -> Iterator[tuple[str, str]]:
    free: dict[str, list[Any]] = {}
    for frame in tags.getall("TXXX"):
        free.setdefault(str(frame.desc).casefold(), []).extend(frame.text)
    yield from _named(free, only=("licence", "isrc"))
    for name, frames in _ID3.items():
        for each in frames:
            for frame in tags.getall(each):
                if each == "TCON":
                    values = frame.genres
                elif each == "WCOP":
                    values = [frame.url]
                else:
                    values = frame.text if isinstance(frame.text, list) else [frame.text]
                for value in values:
                    yield name, str(value)
    yield from _named(free, only=("copyright", "language"))


def _of_mp4(tags: Any) -> Iterator[tuple[str, str]]:
    for name, atoms in _MP4.items():
        for atom in atoms:
            for value in tags.get(atom, ()):
                yield name, str(value)
    free: dict[str, list[Any]] = {}
    for atom in tags:
        if atom.startswith("----:"):
            free.setdefault(atom.rpartition(":")[2].casefold(), list(tags[atom]))
    yield from _named(free)


def _named(values: dict[str, list[Any]], only: tuple[str, ...] = tuple(_NAMED)) -> Iterator[tuple[str, str]]:
    for name in only:
        for called in _NAMED[name]:
            for value in values.get(called, ()):
                yield name, _text(bytes(value)) if isinstance(value, bytes) else str(value)


def _of_chunks(file: _File) -> Iterator[tuple[str, str]]:
    file.seek(0)
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        for kind, content in _chunks(file, "<", b"LIST", _LONGEST_LIST):
            if kind == b"LIST" and content[:4] == b"INFO":
                yield from _info(content[4:])
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        for kind, content in _chunks(file, ">", b"", 0):
            if kind in _AIFF:
                yield _AIFF[kind], _text(content)


def _chunks(file: _File, order: str, long: bytes, most: int) -> Iterator[tuple[bytes, bytes]]:
    """Give the chunks that are short enough to hold a text."""
    place = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        kind, size = head[:4], struct.unpack(f"{order}I", head[4:])[0]
        if size <= (most if kind == long else _LONGEST_TEXT):
            yield kind, file.read(size)
        place += 8 + size + size % 2


def _info(content: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place + 8 <= len(content):
        kind, size = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        if kind in _RIFF:
            yield _RIFF[kind], _text(content[place + 8 : place + 8 + size])
        place += 8 + size + size % 2


def _text(content: bytes) -> str:
    """Read a text that doesn't say its encoding."""
    content = content.split(b"\0")[0]
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
