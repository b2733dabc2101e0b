"""Naming the pairs of files that are worth a closer look, by the quads that they share.

Quads of equal key vote for a pair of files, a pitch and a rough shift; a pair is nominated if more votes agree than
chance would have it, given how many it has. Long files stand for themselves with a sample of their quads, the same
keys in all; short ones and queries, and what long ones share with these, with all.

Two rules look at the library. The larger it is, the thinner the sample (`SAMPLED`), so that the votes that chance casts
don't grow with its square; what a thin sample nominates, a dense one does too, but for pairs at the very bar. And a key
that more than `MOST_FILES` files hold tells nothing, and is passed over. That is counted, and logged.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.compiled import compiled
from audit_core.neighbours.fit import FASTEST, HIGHEST, SLOWEST
from audit_core.neighbours.landmarks import (
    FILE_SHIFT,
    KEY_BITS,
    PITCH_UNIT,
    SPAN_UNIT,
    TIME_UNIT_S,
    bitmap,
    mark,
    quads,
)
from audit_core.neighbours.match import PeakLibrary
from audit_core.neighbours.partitions import Partitions

__all__ = ["MOST_FILES", "SAMPLED", "SHORT_S", "Sides", "nominated"]

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]

SHORT_S = 75.0  # a file up to this long stands for itself with all its quads
MOST_FILES = 500
MOST_OF_A_FILE = 4  # quads of one key

SAMPLED = ((2_000, 96), (10_000, 48), (2**24, 12))
"""Of so many files at most, so many of 1024 keys are sampled."""

QUADS_A_SECOND = 470  # all of them, about
ROWS_OF_A_PART = 1 << 23
VOTES_AT_ONCE = 1 << 22

FEWEST_VOTES = 3
# The natural logarithm of the odds that votes need, beyond what the number of cells takes; and more for each vote that
# the pair has, as music of one style is less unlike than chance.
FINE_CERTAINTY, FINE_OF_ALL, FINE_OF_LONG = 8.0, 0.12, 0.15
COARSE_CERTAINTY, COARSE_OF_ALL, COARSE_OF_LONG = 12.0, 0.18, 0.22  # long: both files are
COARSEST_CERTAINTY, COARSEST_OF_LONG = 16.0, 0.22
SHIFT_CELL = 3  # time units; odd, as cells must be the same seen from either file
COARSE = 11  # cells to a coarse one; odd too
COARSEST = 3 * COARSE  # of long files, which drift apart by as much as 20 s
SHIFT_CELLS = 31 * COARSEST  # after which they are numbered anew: less than 1024
SPARE_UNITS = 1
VOTES_A_PAIR = 0.3  # that two long files of nothing in common get at the thinnest sample; measured
_MOST_UP = int(HIGHEST / PITCH_UNIT) + SPARE_UNITS
_ROWS = 2 * _MOST_UP + 1
_LOW24 = np.uint64(2**24 - 1)
_MOST_LONGER = int(max(math.log(SLOWEST), -math.log(FASTEST)) / SPAN_UNIT) + 2


@dataclass(frozen=True, slots=True)
class Sides:
    """Which pairs are asked for: those with a file that is new, or those with just one."""

    new: NDArray[np.bool_]
    both: bool


def nominated(
    library: PeakLibrary,
    sides: Sides,
    folder: Path,
    progress: Progress,
    *,
    rows_of_a_part: int = ROWS_OF_A_PART,
    most_files: int = MOST_FILES,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Name the pairs that are worth a closer look, in ascending order.

    Parameters
    ----------
    library : PeakLibrary
        Less than 2**24 files.
    sides : Sides
        Which pairs are asked for.
    folder : Path
        An empty folder for what does not fit into memory.
    progress : callable
    rows_of_a_part : int
        How many landmarks are sorted at once; 48 bytes each.
    most_files : int
        What more files than these hold tells nothing.

    Yields
    ------
    a, b : np.ndarray, dtype=int64
        Numbers of files, ``a < b``.
    """
    durations = np.asarray(library.durations_s, np.float64)
    sampled = next(share for most, share in SAMPLED if len(library) <= most)
    whole = durations <= SHORT_S
    if not sides.both:
        whole |= sides.new
    in_whole, in_others = (float(durations[which].sum()) for which in (whole, ~whole))
    in_both = min(in_others, 8 * in_whole)  # no more than a guess: files may be larger
    expected = int(QUADS_A_SECOND * (sampled / 1024 * in_others + in_whole + in_both))
    parts = 1 << max(0, (expected // rows_of_a_part).bit_length())
    found = Partitions(folder, "quads", parts, KEY_BITS)
    _gather(library, sampled, whole, sides, found, progress)
    pairs_there_are = len(library) ** 2 // 2 if sides.both else len(library) * int(sides.new.sum())
    cast_by_chance = int(VOTES_A_PAIR * pairs_there_are)  # which grow faster than landmarks do
    votes = Partitions(folder, "votes", max(parts, 1 << (cast_by_chance // rows_of_a_part).bit_length()), 64)
    _vote(found, whole, sides, votes, len(library), most_files, progress)
    for part in range(votes.parts):
        _, cast = votes.part(part)
        pairs = np.empty(len(cast) // FEWEST_VOTES, np.uint64)
        pairs = pairs[: _agreed(cast, durations, pairs)]
        yield (pairs >> np.uint64(24)).astype(np.int64), (pairs & np.uint64(2**24 - 1)).astype(np.int64)


def _gather(
    library: PeakLibrary,
    sampled: int,
    whole: NDArray[np.bool_],
    sides: Sides,
    found: Partitions,
    progress: Progress,
) -> None:
    """Collect the quads that count: the sample of all files, all of whole ones, and those that whole ones hold too."""
    wanted = needed = None
    if not sides.both:
        wanted = needed = _keys(library, np.flatnonzero(sides.new), sampled, whole)
    else:
        if whole.any():
            wanted = _keys(library, np.flatnonzero(whole), sampled, whole)
        if not sides.new.all():
            needed = _keys(library, np.flatnonzero(sides.new), sampled, whole, wanted)
    for file in range(len(library)):
        everything = bool(whole[file])
        peaks = library[file]
        found.put(*quads(peaks, file, sampled=sampled, everything=everything, wanted=wanted, needed=needed))
        progress("landmarks", file + 1, len(library))


def _keys(
    library: PeakLibrary,
    files: NDArray[np.int64],
    sampled: int,
    whole: NDArray[np.bool_],
    wanted: NDArray[np.uint64] | None = None,
) -> NDArray[np.uint64]:
    """Put the keys of some files into a set."""
    found = bitmap(int(QUADS_A_SECOND * np.asarray(library.durations_s, np.float64)[files].sum()))
    for file in files.tolist():
        mark(found, quads(library[file], file, sampled=sampled, everything=bool(whole[file]), wanted=wanted)[0])
    return found


def _vote(
    found: Partitions,
    whole: NDArray[np.bool_],
    sides: Sides,
    votes: Partitions,
    files: int,
    most_files: int,
    progress: Progress,
) -> None:
    """Let equal keys vote."""
    skipped = np.zeros(2, np.int64)
    shift = np.uint64(40)
    width = np.uint64(max(1, files))
    for part in range(found.parts):
        keys, places = found.part(part)
        start = 0
        while start < len(keys):
            cast = np.empty(VOTES_AT_ONCE, np.uint64)
            start, count = _cast(keys, places, start, whole, sides.new, sides.both, most_files, cast, skipped)
            cast = cast[:count].copy()
            # parts are ranges of the first file, so that pairs come out in order
            first = (cast >> shift) * np.uint64(2**24) // width
            votes.put((first << shift) | (cast & np.uint64(2**40 - 1)), cast)
        progress("votes", part + 1, found.parts)
    if skipped[0]:
        logger.info(
            "passed over %d landmarks that more than %d files hold, %d times in all", skipped[0], most_files, skipped[1]
        )


@compiled
def _cast(
    keys: NDArray[np.uint64],
    places: NDArray[np.uint64],
    start: int,
    whole: NDArray[np.bool_],
    new: NDArray[np.bool_],
    both: bool,
    most_files: int,
    cast: NDArray[np.uint64],
    skipped: NDArray[np.int64],
) -> tuple[int, int]:
    """Cast the votes of key after key, until there is no room for those of another; return where, and how many."""
    count = 0
    low8, low24 = np.uint64(255), np.uint64(2**24 - 1)
    group = np.empty(most_files * MOST_OF_A_FILE, np.int64)
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        if end - start == 1:
            start = end
            continue
        size, files, of_file, any_new = 0, 0, 0, False
        last = np.int64(-1)
        for i in range(start, end):
            file = np.int64(places[i] >> np.uint64(FILE_SHIFT))
            if file != last:
                files += 1
                of_file = 0
                last = file
                any_new = any_new or new[file]
            of_file += 1
            if of_file <= MOST_OF_A_FILE and files <= most_files:
                group[size] = i
                size += 1
        if files > most_files:
            skipped[0] += 1
            skipped[1] += end - start
        elif files > 1 and any_new:
            if count + size * (size - 1) // 2 > len(cast):
                return start, count
            sampled = (keys[start] & np.uint64(1)) != 0
            for x in range(size):
                a = places[group[x]]
                file_a = np.int64(a >> np.uint64(FILE_SHIFT))
                for y in range(x + 1, size):
                    b = places[group[y]]
                    file_b = np.int64(b >> np.uint64(FILE_SHIFT))
                    if file_a == file_b or not (new[file_a] or new[file_b]):
                        continue
                    if not both and new[file_a] and new[file_b]:
                        continue
                    if not (sampled or whole[file_a] or whole[file_b]):
                        continue
                    up = np.int64((b >> np.uint64(8)) & low8) - np.int64((a >> np.uint64(8)) & low8)
                    longer = np.int64(b & low8) - np.int64(a & low8)
                    if abs(up) > _MOST_UP or abs(longer) > _MOST_LONGER:
                        continue
                    later = np.int64((b >> np.uint64(16)) & low24) - np.int64((a >> np.uint64(16)) & low24)
                    cell = ((later + SHIFT_CELL // 2) // SHIFT_CELL) % SHIFT_CELLS
                    cast[count] = np.uint64((file_a << 40) | (file_b << 16) | ((up + _MOST_UP) << 10) | cell)
                    count += 1
        start = end
    return start, count


@compiled
def _cell(vote: np.uint64, coarse: int) -> tuple[np.int64, np.int64]:
    column = ((np.int64(vote & np.uint64(1023)) + coarse // 2) % SHIFT_CELLS) // coarse
    return np.int64((vote >> np.uint64(10)) & np.uint64(63)), column


@compiled
def _odds(votes: NDArray[np.uint64], grid: NDArray[np.int32], coarse: int, longest_s: float) -> float:
    """Weigh the block of 3 cells of pitch by 2 of shift with the most votes of a pair, against those elsewhere."""
    cells = SHIFT_CELLS // coarse
    most = 0
    for i in range(len(votes)):
        row, column = _cell(votes[i], coarse)
        after = column + 1 if column + 1 < cells else 0
        for r in range(row, row + 3):
            for c in (column, after):
                grid[r, c] += 1
                most = max(most, grid[r, c])
    for i in range(len(votes)):
        row, column = _cell(votes[i], coarse)
        after = column + 1 if column + 1 < cells else 0
        for r in range(row, row + 3):
            grid[r, column] = 0
            grid[r, after] = 0
    if most < FEWEST_VOTES:
        return -1.0
    columns = min(float(cells), max(1.0, 2.0 * longest_s / (SHIFT_CELL * coarse * TIME_UNIT_S)))
    blocks = columns * _ROWS / 6.0
    elsewhere = max(0.02, 2.0 * (len(votes) - most) / blocks)
    if most <= elsewhere:
        return -1.0
    return float(most * np.log(most / elsewhere) - most + elsewhere - np.log(blocks))


@compiled
def _agreed(votes: NDArray[np.uint64], durations: NDArray[np.float64], pairs: NDArray[np.uint64]) -> int:
    """Find the pairs whose votes agree on a pitch and a shift, to the cell or, at another tempo, to a coarser one."""
    grid = np.zeros((_ROWS + 2, SHIFT_CELLS), np.int32)
    found = 0
    start = 0
    while start < len(votes):
        pair = votes[start] >> np.uint64(16)
        end = start + 1
        while end < len(votes) and votes[end] >> np.uint64(16) == pair:
            end += 1
        if end - start >= FEWEST_VOTES:
            first, second = durations[np.int64(pair >> np.uint64(24))], durations[np.int64(pair & _LOW24)]
            longest, long = max(first, second), min(first, second) > SHORT_S
            needed = FINE_CERTAINTY + (FINE_OF_LONG if long else FINE_OF_ALL) * (end - start)
            agreed = _odds(votes[start:end], grid, 1, longest) >= needed
            if not agreed:
                needed = COARSE_CERTAINTY + (COARSE_OF_LONG if long else COARSE_OF_ALL) * (end - start)
                agreed = _odds(votes[start:end], grid, COARSE, longest) >= needed
            if long and not agreed:
                needed = COARSEST_CERTAINTY + COARSEST_OF_LONG * (end - start)
                agreed = _odds(votes[start:end], grid, COARSEST, longest) >= needed
            if agreed:
                pairs[found] = pair
                found += 1
        start = end
    return found
