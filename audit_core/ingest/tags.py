"""What a file of audio says about itself: its tags and its header, read by mutagen.

Nothing in a file is believed to be well made. What can't be read, or is no text that a catalogue keeps, is left out and
told; a file without any of it is a file all the same.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, BinaryIO, Final

from audit_core.ingest.block import BETWEEN_PARTS
from audit_core.ingest.tag_names import texts
from audit_core.wording import listed, on_one_line

__all__ = ["AUDIO", "TAGS", "Tags", "read_tags"]

logger = logging.getLogger(__name__)

#: What the names of files of audio end in.
AUDIO: Final = frozenset(
    {
        *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf"),
        *(".flac", ".wv", ".ape", ".tta", ".tak", ".dsf", ".dff"),
        *(".mp3", ".mp2", ".ogg", ".oga", ".opus", ".spx", ".m4a", ".m4b", ".mp4", ".3gp", ".aac", ".ac3", ".amr"),
        *(".mpc", ".wma", ".mka", ".webm"),
    }
)

#: What may be known of a file, in the order of the columns.
TAGS: Final = (
    *("title", "artist", "album", "isrc", "date", "year", "genre", "language", "licence", "copyright"),
    *("duration", "sample_rate", "channels"),
)

_UNTAGGED: Final = frozenset({".w64", ".caf", ".au", ".snd", ".mka", ".webm", ".amr", ".mp2"})  # mutagen reads none
_SEVERAL: Final = ("artist", "genre")
_LONGEST: Final = 500
_MOST_VALUES: Final = 50
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_DATE: Final = re.compile(r"([0-9]{4})(?:-[0-9]{2}(?:-[0-9]{2})?)?(?![0-9])")
_CREATIVE_COMMONS: Final = re.compile(r"(?:https?://)?(?:www\.)?creativecommons\.org/[\w./-]*[\w/]", re.IGNORECASE)

_LONGEST_READ: Final = 32 << 20
_MOST_READ: Final = 128 << 20
_MOST_READS: Final = 100_000


@dataclass(slots=True)
class Tags:
    """What was read of a file.

    Attributes
    ----------
    values : dict of str to str
        Of the names in `TAGS`, those that are known; several values with `BETWEEN_PARTS`. All can be imported.
    troubles : list of str
        What could not be read, each as a sentence goes on after the name of the file.
    """

    values: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def read_tags(file: BinaryIO, path: str) -> Tags:
    """Read what a file says about itself.

    Parameters
    ----------
    file : BinaryIO
        It can be sought in. Not closed.
    path : str
        How it is called, which is a hint at what it is.

    Returns
    -------
    tags : Tags
        Empty, with the trouble, if nothing can be read. Nothing is raised for what the file holds.

    Raises
    ------
    OSError
        If the storage fails: then nothing is known of what the file says.
    """
    failures: list[Exception] = []
    tags = _tags(_Source(file, failures), path)
    if failures:
        raise OSError(_why(failures[0])) from failures[0]
    return tags


def _tags(file: _Source, path: str) -> Tags:
    tags = Tags()
    try:
        size = file.seek(0, os.SEEK_END)
    except Exception as error:  # noqa: BLE001 - noted by the source, and raised when all is done
        logger.debug("%r can't be sought in: %s", path, error)
        return tags
    if not size:
        tags.troubles.append("is empty: it has no bytes")
        return tags
    found: Any = None
    try:
        found = _read(_Bounded(file, size, path))
    except Exception as error:  # noqa: BLE001 - a broken file makes mutagen raise anything at all
        tags.troubles.append(f"has tags or a header that can't be read: {_why(error)}")
        try:
            found = _id3_alone(_Bounded(file, size, path))
        except Exception as error:  # noqa: BLE001 - as above
            logger.debug("no ID3 tag in %r either: %s", path, error)
    if found is None and not tags.troubles and PurePosixPath(path).suffix.lower() not in _UNTAGGED:
        tags.troubles.append("is of no kind of audio whose tags are known")
    try:
        _take(tags, texts(found, _Bounded(file, size, path)))
        _take_header(tags, getattr(found, "info", None))
    except Exception as error:  # noqa: BLE001 - as above
        tags.troubles.append(f"has tags that can't be read: {_why(error)}")
    return tags


def _read(file: _Bounded) -> Any:
    import mutagen

    return mutagen.File(file)


def _id3_alone(file: _Bounded) -> Any:
    """Read the tag of a file whose sound can't be found."""
    from mutagen import id3

    library: Any = id3
    return SimpleNamespace(tags=library.ID3(file))


def _take(tags: Tags, said: Iterable[tuple[str, str]]) -> None:
    """Keep what can be imported."""
    kept: dict[str, dict[str, None]] = {}
    too_long: dict[str, None] = {}
    for name, text in said:
        value = " ".join(_UNWRITABLE.sub(" ", text[: 4 * _LONGEST]).split())
        if name == "date" and value:
            value = _date(tags, value)
        if name == "copyright" and (terms := _CREATIVE_COMMONS.search(value)):
            kept.setdefault("licence", {terms[0]: None})
        if len(value) > _LONGEST:
            too_long[name] = None
        elif value and len(kept.setdefault(name, {})) < (_MOST_VALUES if name in _SEVERAL else 1):
            kept[name][value] = None
    for name, values in kept.items():
        if values:
            tags.values[name] = BETWEEN_PARTS.join(values)
    if too_long:
        tags.troubles.append(f"has a {listed(too_long)} of more than {_LONGEST} characters, which was left out")


def _date(tags: Tags, text: str) -> str:
    """Note the year of a date, and give the date if it is more than that."""
    found = _DATE.match(text)
    if found is None or found[1] == "0000":
        return ""
    tags.values.setdefault("year", found[1])
    return found[0] if len(found[0]) > len(found[1]) else ""


def _take_header(tags: Tags, header: object) -> None:
    for name, attribute, most in (("sample_rate", "sample_rate", 10_000_000), ("channels", "channels", 10_000)):
        value = getattr(header, attribute, None)
        if isinstance(value, int) and 1 <= value <= most:
            tags.values[name] = str(value)
    length = getattr(header, "length", None)
    if _is_stated(header) and isinstance(length, int | float) and math.isfinite(length) and 0 < length < 10**9:
        tags.values["duration"] = f"{length:.6f}"


def _is_stated(header: object) -> bool:
    """Tell that mutagen read a length, and didn't guess it from the size of the file."""
    kind = type(header).__name__
    return kind != "AACInfo" and not (kind == "MPEGInfo" and not getattr(header, "bitrate_mode", 0))


def _why(error: Exception) -> str:
    return on_one_line(str(error), 100) or type(error).__name__


class _Source:
    """A file that notes when its storage fails, since mutagen would take that for a fault of the tags."""

    def __init__(self, file: BinaryIO, failures: list[Exception]) -> None:
        self.tell = file.tell
        self._file = file
        self._failures = failures

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except Exception as error:
            self._failures.append(error)
            raise

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except ValueError:  # before the beginning: a fault of the tags
            raise
        except Exception as error:
            if not (isinstance(error, OSError) and error.errno == errno.EINVAL):  # the same, of a file on disk
                self._failures.append(error)
            raise


class _TooMuch(Exception):
    """A file makes its reader read on and on."""


class _Bounded:
    """A file of which no more is read than tags can be, in so many steps."""

    def __init__(self, file: _Source, size: int, name: str) -> None:
        self.name = name
        self._file = file
        self._size = size
        self._left = _MOST_READ
        self._reads = _MOST_READS
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        there = max(0, self._size - self._file.tell())
        wanted = there if size is None or size < 0 else min(size, there)
        self._left -= wanted
        self._reads -= 1
        if wanted > _LONGEST_READ or self._left < 0 or self._reads < 0:
            raise _TooMuch("there is more of it than tags can be")
        return self._file.read(wanted)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def __iter__(self) -> Iterator[bytes]:
        raise _TooMuch("tags have no lines")
