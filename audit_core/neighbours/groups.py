"""From matches to recordings: which audio is one recording, under an id that stays.

Audio is one recording if a chain of links leads from the one to the other. Links are taken strongest first, and one
that would bring together what a person has separated is left out: so a wrong merge that was undone is never made again,
and of a chain that leads across a separation the weakest link breaks.

An id is minted once. Where recordings grow together the one with the most members keeps its id and the other's is
recorded as merged; where they come apart again, the other's comes back.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Grouping", "Link", "components", "grouped"]


@dataclass(frozen=True, slots=True)
class Link:
    """Two that are one recording, by themselves.

    Attributes
    ----------
    a, b : str
        What is linked: `packets` of both.
    score : float
        How sure that is; of equal samples, infinity.
    """

    a: str
    b: str
    score: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the recordings are now.

    Attributes
    ----------
    members : mapping of str to str
        `packets` → the id of its recording.
    minted : tuple of str
        Ids that are new.
    merged : mapping of str to str
        Ids that have no member any more → the id that most of their members have.
    restored : tuple of str
        Ids that were merged once and have members again.
    """

    members: Mapping[str, str]
    minted: tuple[str, ...]
    merged: Mapping[str, str]
    restored: tuple[str, ...]


def components(
    links: Iterable[Link], separated: Collection[tuple[str, str]], alone: Collection[str] = ()
) -> list[tuple[str, ...]]:
    """Put together what is linked, strongest first, and never what is separated.

    Parameters
    ----------
    links : iterable of Link
        In any order; the result doesn't depend on it.
    separated : collection of (str, str)
        Pairs that are kept apart, in any order within a pair.
    alone : collection of str
        What makes a component even if nothing is linked to it.

    Returns
    -------
    components : list of tuple of str
        Each sorted, and all sorted by their first.
    """
    parents: dict[str, str] = {one: one for one in alone}
    apart: dict[str, set[str]] = defaultdict(set)  # of a root: all that one of its members is kept apart from
    for one, other in separated:
        apart[one].add(other)
        apart[other].add(one)

    def root(one: str) -> str:
        parents.setdefault(one, one)
        while parents[one] != one:
            parents[one] = one = parents[parents[one]]
        return one

    sizes: Counter[str] = Counter()
    for link in sorted(links, key=lambda link: (-link.score, min(link.a, link.b), max(link.a, link.b))):
        large, small = root(link.a), root(link.b)
        if large == small or any(root(other) == large for other in apart.get(small, ())):
            continue
        if sizes[large] < sizes[small]:
            large, small = small, large
        parents[small] = large
        sizes[large] += sizes[small] + 1
        if small in apart:
            apart[large] |= apart.pop(small)
    found: dict[str, list[str]] = defaultdict(list)
    for one in parents:
        found[root(one)].append(one)
    lonely = set(alone)
    return sorted(tuple(sorted(some)) for some in found.values() if len(some) > 1 or some[0] in lonely)


def grouped(
    found: Iterable[tuple[str, ...]],
    now: Mapping[str, str],
    before: Mapping[str, Collection[str]],
    known: Collection[str],
) -> Grouping:
    """Give each component its id: the one that it has, or had, or a new one.

    Parameters
    ----------
    found : iterable of tuple of str
        As `components` gives them.
    now : mapping of str to str
        `packets` → the id that it has.
    before : mapping of str to collection of str
        `packets` → the ids that it had earlier.
    known : collection of str
        All ids that were ever minted.

    Returns
    -------
    grouping : Grouping
        The same for the same arguments, whatever their order.
    """
    todo = list(found)
    ids: dict[int, str] = {}
    _claim(ids, todo, {one: [recording] for one, recording in now.items()}, ())
    _claim(ids, todo, before, set(now.values()))
    minted = []
    every = set(known) | set(ids.values())
    for number, some in enumerate(todo):
        if number not in ids:
            ids[number] = _new(some[0], every)
            every.add(ids[number])
            minted.append(ids[number])
    members = {one: ids[number] for number, some in enumerate(todo) for one in some}
    left = set(now.values()) - set(ids.values())
    heirs: dict[str, Counter[str]] = defaultdict(Counter)
    for one, old in now.items():
        if old in left and one in members:
            heirs[old][members[one]] += 1
    merged = {old: min(heir.items(), key=lambda item: (-item[1], item[0]))[0] for old, heir in sorted(heirs.items())}
    restored = tuple(sorted(set(ids.values()) - set(minted) - set(now.values())))
    return Grouping(members, tuple(sorted(minted)), merged, restored)


def _claim(
    ids: dict[int, str], todo: list[tuple[str, ...]], held: Mapping[str, Collection[str]], living: Collection[str]
) -> None:
    """Give ids to components that have none, each to the one of which most members held it."""
    taken = {*ids.values(), *living}
    votes = [
        (-count, recording, number)
        for number, some in enumerate(todo)
        if number not in ids
        for recording, count in Counter(old for one in some for old in held.get(one, ())).items()
    ]
    for _, recording, number in sorted(votes):
        if number not in ids and recording not in taken:
            ids[number] = recording
            taken.add(recording)


def _new(first: str, known: Collection[str]) -> str:
    """Mint an id from the first member, so that it is the same wherever the same was found."""
    for attempt in range(len(known) + 1):
        recording = "R" + hashlib.sha256(f"recording {attempt} {first}".encode()).hexdigest()[:15]
        if recording not in known:
            return recording
    raise ValueError("there are more ids than attempts to make one")
