"""Groups of tracks that hold the same files: all that share one, directly or through a third, are one group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from typing import Any, Final

from rules.same_files import content

__all__ = ["Group", "groups"]

_NAMED: Final = 6
_AUDIO: Final = "audio"

_Track = tuple[str, str | None, str | None]
"""Key, title, artist."""

_Holders = list[Sequence[Any]]
"""The rows of one file: algorithm, value, role, number of the track, key, title, artist, split."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tracks that are one group.

    Attributes
    ----------
    file : str
        The file that names the group: of those that two tracks or more hold, the first by name, audio before others.
    role : str
        What that file is to its tracks: audio, midi…
    place : str
        The split in which it was looked for; empty if the whole dataset was.
    size : int
        How many tracks.
    first : tuple of (str, str or None, str or None)
        The first tracks by key: key, title, artist.
    """

    file: str
    role: str
    place: str
    size: int
    first: tuple[_Track, ...]


def groups(rows: Iterable[Sequence[Any]], *, by_split: bool) -> list[Group]:
    """Put tracks together.

    Parameters
    ----------
    rows : iterable of sequence
        As `same_files.files_in_common` gives them, with key, title, artist and split after its own columns.
    by_split : bool
        Whether tracks of two splits are never together.

    Returns
    -------
    groups : list of Group
        Of two tracks or more, sorted by their files and splits.
    """
    files: dict[tuple[str, str, str], _Holders] = {}
    for row in rows:
        place = row[7] if by_split else ""
        held = files.get((place, row[0], row[1]))
        if held is None:
            files[place, row[0], row[1]] = [row]
        else:
            held.append(row)
    shared = [held for held in files.values() if len(held) > 1 and any(row[3] != held[0][3] for row in held)]
    found = [_group(together, by_split) for together in _together(shared)]
    return sorted(found, key=lambda group: (group.file, group.place))


def _together(shared: list[_Holders]) -> Iterable[list[_Holders]]:
    """Put files together that have a track in common, directly or through a third."""
    parents = list(range(len(shared)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    file_of_track: dict[int, int] = {}
    for number, held in enumerate(shared):
        for row in held:
            first = file_of_track.setdefault(row[3], number)
            if first != number:
                parents[root(number)] = root(first)
    if all(number == parent for number, parent in enumerate(parents)):
        return ([held] for held in shared)
    together: dict[int, list[_Holders]] = defaultdict(list)
    for number, held in enumerate(shared):
        together[root(number)].append(held)
    return together.values()


def _group(files: list[_Holders], by_split: bool) -> Group:
    audio, file, named_by = min(((*_name(held), held) for held in files), key=itemgetter(0, 1))
    members: dict[int, _Track] = {row[3]: (row[4], row[5], row[6]) for held in files for row in held}
    first = nsmallest(_NAMED, members.values(), key=itemgetter(0))
    role = _AUDIO if audio == 0 else min(row[2] for row in named_by)
    return Group(file, role, named_by[0][7] if by_split else "", len(members), tuple(first))


def _name(held: _Holders) -> tuple[int, str]:
    """Give the name of a file, before it 0 if it is the audio of any track."""
    return 0 if any(row[2] == _AUDIO for row in held) else 1, content(held[0][0], held[0][1])
