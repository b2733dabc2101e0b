"""Who shares something with whom, told as stars: a track that is judged, and all tracks that it shares with.

Of a thousand tracks that hold what a thousand others hold, that makes a thousand stars, not a million pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, Final, Literal

from sqlalchemy import Row

from rules.same_files import first_by_age

__all__ = ["Sameness", "Star", "stars"]

Sameness = Literal["file", "recording"]

_NAMED: Final = 5

_Track = tuple[int, str, int]
"""Number of its dataset, key, number."""


@dataclass(frozen=True, slots=True)
class Star:
    """A track that is judged, with those that it shares with.

    Attributes
    ----------
    key, title, artist : str
        Of the track that is judged.
    same : "file" or "recording"
        What is shared.
    contents : tuple of str
        What is shared by its name: of files, audio before others, then by the age of their algorithms.
    to : tuple of (int, str)
        The first of the others: number of the dataset, key.
    count : int
        How many others.
    """

    key: str
    title: str | None
    artist: str | None
    same: Sameness
    contents: tuple[str, ...]
    to: tuple[tuple[int, str], ...]
    count: int


@dataclass(slots=True)
class _Shared:
    """What some tracks share: which may be compared with, and whether it is audio."""

    to: dict[int, _Track] = field(default_factory=dict)
    audio: bool = False
    first: list[_Track] = field(default_factory=list)


@dataclass(slots=True)
class _Centre:
    """A track that is judged, and what it shares, by kind."""

    key: str
    title: str | None
    artist: str | None
    shared: dict[Sameness, dict[str, _Shared]] = field(default_factory=dict)


def stars(by_kind: Iterable[tuple[Sameness, Iterable[Row[Any]]]]) -> list[Star]:
    """Put the tracks of both sides together.

    Parameters
    ----------
    by_kind : iterable of (sameness, rows)
        Each row a track and something that it may share: what by its name, whether it is audio, the track's number,
        its dataset's number, its key, title and artist, whether it is judged, and whether it is compared with.

    Returns
    -------
    stars : list of Star
        Sorted by key and content. A recording makes no star if all that it leads to hold the same file anyway.
    """
    shared: dict[tuple[Sameness, str], _Shared] = {}
    centres: dict[int, _Centre] = {}
    for same, rows in by_kind:
        for content, is_audio, number, dataset, key, title, artist, is_of, is_to in rows:  # type: ignore[misc]  # a row is a tuple
            about = shared.get((same, content))
            if about is None:
                about = shared[same, content] = _Shared()
            if is_audio:
                about.audio = True
            if is_to:
                about.to[number] = (dataset, key, number)
            if is_of:
                centre = centres.get(number)
                if centre is None:
                    centre = centres[number] = _Centre(key, title, artist)
                centre.shared.setdefault(same, {})[content] = about
    for about in shared.values():
        about.first = nsmallest(_NAMED + 1, about.to.values())
    found = [star for number, centre in centres.items() for star in _around(number, centre)]
    return sorted(found, key=lambda star: (star.key, star.same, star.contents))


def _around(number: int, centre: _Centre) -> Iterable[Star]:
    told: set[int] = {number}
    for same in ("file", "recording"):
        leading = {
            content: about
            for content, about in centre.shared.get(same, {}).items()
            if len(about.to) > (number in about.to)
        }
        if not leading:
            continue
        reached = _together(leading)
        if same == "recording" and reached.to.keys() <= told:
            continue
        told |= reached.to.keys()
        others = [(dataset, key) for dataset, key, other in reached.first if other != number]
        count = len(reached.to) - (number in reached.to)
        contents = sorted(leading, key=lambda content: (not leading[content].audio, first_by_age(content)))
        yield Star(centre.key, centre.title, centre.artist, same, tuple(contents), tuple(others[:_NAMED]), count)


def _together(leading: dict[str, _Shared]) -> _Shared:
    largest = max(leading.values(), key=lambda about: len(about.to))
    if all(about.to.keys() <= largest.to.keys() for about in leading.values()):
        return largest
    to = {number: track for about in leading.values() for number, track in about.to.items()}
    return _Shared(to, first=nsmallest(_NAMED + 1, to.values()))
