"""Groups of tracks that hold the same files: all that share one, directly or through a third, are one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Row

from rules.same_files import content

__all__ = ["Group", "groups"]

_NAMED: Final = 6


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
    first: tuple[tuple[str, str | None, str | None], ...]


def groups(rows: Iterable[Row[Any]], *, by_split: bool) -> list[Group]:
    """Put tracks together.

    Parameters
    ----------
    rows : iterable of Row
        As `same_files.files_in_common` gives them, with key, title, artist and split.
    by_split : bool
        Whether tracks of two splits are never together.

    Returns
    -------
    groups : list of Group
        Of two tracks or more, sorted by their files and splits.
    """
    files: dict[tuple[str, str, str], int] = {}
    parents: list[int] = []
    roles: list[str] = []
    holders: list[set[int]] = []
    file_of_track: dict[int, int] = {}
    named: dict[int, tuple[str, str | None, str | None]] = {}
    for row in rows:
        place = row.split if by_split else ""
        number = files.setdefault((place, row.algorithm, row.value), len(parents))
        if number == len(parents):
            parents.append(number)
            roles.append(row.role)
            holders.append(set())
        roles[number] = _preferred(roles[number], row.role)
        holders[number].add(row.track_id)
        named[row.track_id] = (row.key, row.title, row.artist)
        parents[_root(parents, number)] = _root(parents, file_of_track.setdefault(row.track_id, number))
    return sorted(_made(files, parents, roles, holders, named), key=lambda group: (group.file, group.place))


def _made(
    files: dict[tuple[str, str, str], int],
    parents: list[int],
    roles: Sequence[str],
    holders: Sequence[set[int]],
    named: dict[int, tuple[str, str | None, str | None]],
) -> Iterable[Group]:
    together: dict[int, list[tuple[bool, str, str, int]]] = {}
    for (place, algorithm, value), number in files.items():
        if len(holders[number]) > 1:
            named_so = (roles[number] != "audio", content(algorithm, value), place, number)
            together.setdefault(_root(parents, number), []).append(named_so)
    for shared in together.values():
        _, file, place, number = min(shared)
        members = holders[number] if len(shared) == 1 else set().union(*(holders[item[-1]] for item in shared))
        first = nsmallest(_NAMED, (named[track] for track in members), key=itemgetter(0))
        yield Group(file, roles[number], place, len(members), tuple(first))


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = number = parents[parents[number]]
    return number


def _preferred(one: str, other: str) -> str:
    """Of the roles that one file has, take audio, else the first by name."""
    return min(one, other, key=lambda role: (role != "audio", role))
