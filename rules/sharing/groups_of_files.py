"""Groups of tracks that hold the same files or recordings: all that share one, directly or through a third, are one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from operator import attrgetter, itemgetter
from typing import Any, Final

from sqlalchemy import Row

from rules.sharing.same_files import content, first_by_age

__all__ = ["Group", "groups"]

_NAMED: Final = 6
_AUDIO: Final = "audio"

_Row = Row[Any]
"""A track that holds a file: algorithm, value, role, track_id, key, title, artist, split."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tracks that are one group.

    Attributes
    ----------
    file : str
        The file that names the group: of those that two tracks or more hold, audio before others, then the one whose
        checksum is of the oldest algorithm, then the first by name. A recording, if no two hold the same file.
    role : str
        What that file is to its tracks: audio, midi…
    place : str
        The split in which it was looked for; empty if the whole dataset was.
    size : int
        How many tracks.
    """

    file: str
    role: str
    place: str
    size: int
    _rows: Sequence[_Row]

    @property
    def members(self) -> str:
        """The keys of all tracks, as a hash: other tracks, another hash."""
        return sha256("\0".join(sorted({row.key for row in self._rows})).encode()).hexdigest()

    @property
    def first(self) -> list[tuple[str, str | None, str | None, int]]:
        """The first tracks by key: key, title, artist, number."""
        named = {row.track_id: (row.key, row.title, row.artist, row.track_id) for row in self._rows}
        return nsmallest(_NAMED, named.values(), key=itemgetter(0))


def groups(rows: Iterable[_Row], *, by_split: bool) -> list[Group]:
    """Put tracks together.

    Parameters
    ----------
    rows : iterable of Row
        As `same_files.files_in_common` and `same_recordings.recordings_in_common` give them, with key, title, artist
        and split after their own columns.
    by_split : bool
        Whether tracks of two splits are never together.

    Returns
    -------
    groups : list of Group
        Of two tracks or more, sorted by their files and splits.
    """
    files: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        place = row.split if by_split else ""
        held = files.get((place, row.algorithm, row.value))
        if held is None:
            files[place, row.algorithm, row.value] = [row]
        else:
            held.append(row)
    shared = [held for held in files.values() if len(held) > 1 and _size(held) > 1]
    found = [_group(together, by_split) for together in _together(shared)]
    return sorted(found, key=attrgetter("file", "place"))


def _together(shared: list[list[_Row]]) -> Iterable[list[list[_Row]]]:
    """Put files together that have a track in common, directly or through a third."""
    if len({row.track_id for held in shared for row in held}) == sum(map(len, shared)):
        return ([held] for held in shared)  # as most often: no track has two
    parents = list(range(len(shared)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    file_of_track: dict[int, int] = {}
    for number, held in enumerate(shared):
        for row in held:
            first = file_of_track.setdefault(row.track_id, number)
            if first != number:
                parents[root(number)] = root(first)
    together: dict[int, list[list[_Row]]] = defaultdict(list)
    for number, held in enumerate(shared):
        together[root(number)].append(held)
    return together.values()


def _group(files: list[list[_Row]], by_split: bool) -> Group:
    named_by = rows = files[0]
    if len(files) > 1:
        named_by = min(files, key=_first_of_group)
        rows = [row for held in files for row in held]
    one = named_by[0]
    place = one.split if by_split else ""
    return Group(content(one.algorithm, one.value), _role(named_by), place, _size(rows), rows)


def _first_of_group(held: list[_Row]) -> tuple[bool, tuple[int, str]]:
    return _role(held) != _AUDIO, first_by_age(content(held[0].algorithm, held[0].value))


def _size(rows: Sequence[_Row]) -> int:
    return len({row.track_id for row in rows})


def _role(held: list[_Row]) -> str:
    """Give what a file is to its tracks: audio if it is that to any."""
    roles = {row.role for row in held}
    return _AUDIO if _AUDIO in roles else min(roles)
