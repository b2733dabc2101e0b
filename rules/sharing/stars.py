"""Who shares something with whom, told as stars: a track that is judged, and all tracks that it shares with.

Of a thousand tracks that hold what a thousand others hold, that makes a thousand stars, not a million pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row

from rules.sharing.same_files import first_by_age

__all__ = ["HEARD", "SAMENESSES", "Sameness", "Star", "stars"]

Sameness = Literal["file", "recording", "excerpt", "version"]

SAMENESSES: Final[tuple[Sameness, ...]] = get_args(Sameness)
"""The closest first: tracks that are told for one are not told again for a looser one."""

HEARD: Final = "heard:"
"""Begins the name of a recording that was heard, where the catalogue states others."""

_NAMED: Final = 5
_NOBODY: Final[set[int]] = set()

_Track = tuple[int, str, int]
"""Number of its dataset, key, number."""


@dataclass(frozen=True, slots=True)
class Star:
    """A track that is judged, with those that it shares with.

    Attributes
    ----------
    number : int
        Of the track that is judged.
    key, title, artist : str
        Of the same.
    same : Sameness
        What is shared.
    contents : tuple of str
        What is shared by its name: of files, audio before others, then by the age of their algorithms; of recordings,
        those that the catalogue states before those that were heard.
    to : tuple of (int, str, int)
        The first of the others: number of the dataset, key, number.
    count : int
        How many others.
    """

    number: int
    key: str
    title: str | None
    artist: str | None
    same: Sameness
    contents: tuple[str, ...]
    to: tuple[_Track, ...]
    count: int


@dataclass(slots=True)
class _Shared:
    """What some tracks share: which may be compared with, and whether it is audio."""

    to: dict[int, _Track] = field(default_factory=dict)
    audio: bool = False
    first: list[_Track] = field(default_factory=list)

    def without(self, apart: set[int]) -> _Shared:
        to = {number: track for number, track in self.to.items() if number not in apart}
        return _Shared(to, self.audio, nsmallest(_NAMED + 1, to.values()))


@dataclass(slots=True)
class _Centre:
    """A track that is judged, and what it shares, by kind."""

    key: str
    title: str | None
    artist: str | None
    shared: dict[Sameness, dict[str, _Shared]] = field(default_factory=dict)


def stars(
    by_kind: Iterable[tuple[Sameness, Iterable[Row[Any]]]], apart: Mapping[int, set[int]] = MappingProxyType({})
) -> list[Star]:
    """Put the tracks of both sides together.

    Parameters
    ----------
    by_kind : iterable of (sameness, rows)
        Each row a track and something that it may share: what by its name, whether it is audio, the track's number,
        its dataset's number, its key, title and artist, whether it is judged, and whether it is compared with.
    apart : mapping of int to set of int
        Numbers of tracks, and of those that they do not share a recording with, whatever was heard.

    Returns
    -------
    stars : list of Star
        Sorted by key and content. A recording makes no star if all that it leads to hold the same file anyway, and so
        on for what is looser.
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
    found = [star for number, centre in centres.items() for star in _around(number, centre, apart.get(number, _NOBODY))]
    return sorted(found, key=lambda star: (star.key, star.same, star.contents))


def _around(number: int, centre: _Centre, apart: set[int]) -> Iterable[Star]:
    told: set[int] = {number}
    for same in SAMENESSES:
        if same not in centre.shared:
            continue
        shared = centre.shared[same]
        if apart and same == "recording":
            shared = {
                content: about.without(apart) if _is_heard(content) else about for content, about in shared.items()
            }
        leading = {content: about for content, about in shared.items() if len(about.to) > (number in about.to)}
        if not leading:
            continue
        reached = _together(leading)
        if same != "file" and reached.to.keys() <= told:
            continue
        told |= reached.to.keys()
        others = [track for track in reached.first if track[-1] != number]
        count = len(reached.to) - (number in reached.to)
        contents = sorted(
            leading, key=lambda content: (not leading[content].audio, _is_heard(content), first_by_age(content))
        )
        yield Star(
            number, centre.key, centre.title, centre.artist, same, tuple(contents), tuple(others[:_NAMED]), count
        )


def _is_heard(content: str) -> bool:
    return content.startswith(HEARD)


def _together(leading: dict[str, _Shared]) -> _Shared:
    largest = max(leading.values(), key=lambda about: len(about.to))
    if all(about.to.keys() <= largest.to.keys() for about in leading.values()):
        return largest
    to = {number: track for about in leading.values() for number, track in about.to.items()}
    return _Shared(to, first=nsmallest(_NAMED + 1, to.values()))
