"""Finds the pairs of files that share audio: a whole library against itself, what is new against all, queries.

Pairs are nominated by the landmarks that they share, and decided on all their peaks. What a comparison of new files
against all finds is exactly what that of the whole library finds about them; in whatever steps a library has grown, the
pairs are the same, as long as no landmark is in more than `nominate.MOST_FILES` of its files.
"""

from __future__ import annotations

import logging
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.decide import Heard, heard, stretches_of
from audit_core.neighbours.decide import score_of as _score_of
from audit_core.neighbours.match import Match, PeakLibrary, PeakList, Stretch, inverted
from audit_core.neighbours.nominate import Sides, nominated

__all__ = ["CANDIDATE_THRESHOLD", "THRESHOLD", "VERSION", "Held", "covered", "query", "score_of", "self_join"]

logger = logging.getLogger(__name__)

VERSION = "1"
"""Changes when the same peaks would give other matches."""
THRESHOLD = 20.0
"""The score from which files match. Among some hundred files far fewer than 0.1 false pairs were to be expected by it;
of what size more are, `calibrating` tells of a catalogue, and which score would be safe there."""
CANDIDATE_THRESHOLD = 12.0
"""The score from which a pair is told at all, for ears."""

WHOLE = 0.7  # the share of both files that stretches cover, where these are one recording
HELD_TRIPLETS = 8_000_000

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


def self_join(
    library: PeakLibrary,
    *,
    new: Collection[int] | None = None,
    folder: Path,
    progress: Progress | None = None,
) -> Iterator[Match]:
    """Find all pairs of a library that share audio.

    Parameters
    ----------
    library : PeakLibrary
    new : collection of int, optional
        The numbers of the files that are new: only pairs with one of them are looked for.
    folder : Path
        Where temporary files may be made: 16 bytes for each landmark; 45 a second in a small library, six in a large
        one, 470 of short files.
    progress : callable, optional
        Told what is being done, how many are done, of how many.

    Yields
    ------
    match : Match
        In ascending order of `a`, then `b`; ``a < b``. The result is the same in whatever order the files stand, but
        for their numbers, and which of two is `a`.
    """
    chosen = np.ones(len(library), np.bool_)
    if new is not None:
        chosen[:] = False
        chosen[list(new)] = True
    yield from _matches(library, Sides(chosen, both=True), folder, progress)


def query(
    queries: PeakLibrary, library: PeakLibrary, *, folder: Path, progress: Progress | None = None
) -> Iterator[Match]:
    """Find what each query shares with the files of a library.

    Parameters
    ----------
    queries, library : PeakLibrary
    folder : Path
        Where temporary files may be made.
    progress : callable, optional
        Told what is being done, how many are done, of how many.

    Yields
    ------
    match : Match
        `a` numbers the queries, `b` the files of the library; in ascending order.
    """
    chosen = np.arange(len(queries) + len(library)) < len(queries)
    for match in _matches(_Joined(queries, library), Sides(chosen, both=False), folder, progress):
        yield Match(match.a, match.b - len(queries), match.stretches, match.score, match.whole, match.candidate)


def score_of(a: PeakList, b: PeakList, duration_a_s: float, duration_b_s: float) -> float:
    """Score two files after all the search that a comparison does, however low; 0 if there is no line at all."""
    return _score_of(heard(a, duration_a_s), heard(b, duration_b_s))


class _Joined:
    """Two libraries, one after the other."""

    def __init__(self, first: PeakLibrary, second: PeakLibrary) -> None:
        self._first, self._second = first, second
        self.durations_s: NDArray[np.float64] = np.concatenate(
            [np.asarray(first.durations_s, np.float64), np.asarray(second.durations_s, np.float64)]
        )

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def __getitem__(self, index: int, /) -> PeakList:
        before = len(self._first)
        return self._first[index] if index < before else self._second[index - before]


class Held:
    """Files as they are compared, the last ones used kept."""

    def __init__(self, library: PeakLibrary) -> None:
        self._library = library
        self._held: OrderedDict[int, Heard] = OrderedDict()
        self._triplets = 0

    def __getitem__(self, index: int) -> Heard:
        if index in self._held:
            self._held.move_to_end(index)
            return self._held[index]
        one = heard(self._library[index], float(self._library.durations_s[index]))
        self._held[index] = one
        self._triplets += len(one.triplets.hashes)
        while self._triplets > HELD_TRIPLETS and len(self._held) > 2:
            _, dropped = self._held.popitem(last=False)
            self._triplets -= len(dropped.triplets.hashes)
        return one


def _matches(library: PeakLibrary, sides: Sides, folder: Path, progress: Progress | None) -> Iterator[Match]:
    tell = progress or _untold
    if len(library) >= 2**24:
        raise ValueError(f"{len(library)} files are more than can be compared at once: {2**24 - 1} are")
    if len(library) < 2 or not sides.new.any():
        return
    held = Held(library)
    compared = matched = 0
    with tempfile.TemporaryDirectory(prefix="join-", dir=folder) as place:
        for first, second in nominated(library, sides, Path(place), tell):
            for done, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
                stretches = stretches_of(held[a], held[b], least=CANDIDATE_THRESHOLD)
                compared += 1
                if stretches:
                    matched += 1
                    yield _match(a, b, stretches, held[a].duration_s, held[b].duration_s)
                tell("pairs", done + 1, len(first))
    logger.info("compared %d nominated pairs, of which %d share audio", compared, matched)


def _match(a: int, b: int, stretches: tuple[Stretch, ...], duration_a_s: float, duration_b_s: float) -> Match:
    score = max(stretch.score for stretch in stretches)
    of_a = covered(stretches) >= WHOLE * duration_a_s
    of_b = covered(tuple(inverted(stretch) for stretch in stretches)) >= WHOLE * duration_b_s
    return Match(a, b, stretches, score, whole=of_a and of_b, candidate=score < THRESHOLD)


def covered(stretches: tuple[Stretch, ...]) -> float:
    """Return how many seconds of `a` the stretches cover: of a loop that lies in b several times, each second once."""
    covered, until = 0.0, -np.inf
    for stretch in sorted(stretches, key=lambda one: one.offset_a):
        end = stretch.offset_a + stretch.overlap_s
        covered += max(0.0, end - max(until, stretch.offset_a))
        until = max(until, end)
    return covered


def _untold(*_: Any) -> None:
    pass
