"""The lines on which two files may lie: tempo, shift and pitch, as their common triplets vote.

Each triplet that both files hold votes for a shift and a pitch, and, by the ratio of its spans, for a tempo. The line
with the most votes is refined by least squares; the votes that it explains are taken away, and the next is sought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.compiled import compiled
from audit_core.neighbours.landmarks import Triplets

__all__ = ["FASTEST", "HIGHEST", "SLOWEST", "Ballot", "Line", "Votes", "shared_triplets", "through"]

FASTEST, SLOWEST = 0.88, 1.13
HIGHEST = 6.0  # semitones, up or down

SPARE_SEMITONES = 0.5
SPARE_SPAN = 0.02
MOST_VOTES = 16_000
SHIFT_CELL_S = 0.15
PITCH_CELL = 0.4
RATIO_SPREAD = 0.08  # of the spans of a triplet that was heard twice
FEWEST_VOTES = 3


class Votes(NamedTuple):
    """What the common triplets say: arrays of one length."""

    times_a: NDArray[np.float32]
    times_b: NDArray[np.float32]
    pitches: NDArray[np.float32]
    ratios: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Line:
    """Time in `b` is ``tempo * time in a + shift_s``; `b` is higher by ``pitch`` semitones."""

    tempo: float
    shift_s: float
    pitch: float
    votes: int = 0


def shared_triplets(a: Triplets, b: Triplets) -> Votes:
    """Pair the triplets that two files share.

    A triplet that returns again and again tells least: where there would be too many votes, those that return most
    in the two files are left out.
    """
    pairs_of = np.zeros(32, np.int64)
    _count_shared(a.hashes, b.hashes, pairs_of)
    within = np.cumsum(pairs_of)
    level = max(4, int(np.searchsorted(within, MOST_VOTES, side="right")) - 1)
    room = int(within[min(level, 31)])
    votes = Votes(*(np.empty(room, np.float32) for _ in range(4)))
    count = _share(a.hashes, a.times_s, a.pitches, a.spans_s, b.hashes, b.times_s, b.pitches, b.spans_s, level, *votes)
    return Votes(*(column[:count] for column in votes))


class Ballot:
    """The votes of a pair of files, from which lines are drawn one after another."""

    def __init__(self, votes: Votes, duration_a_s: float, duration_b_s: float) -> None:
        self._votes = votes
        self._lowest = -SLOWEST * duration_a_s - 1.0
        cells = int((duration_b_s - self._lowest + 1.0) / SHIFT_CELL_S) + 3
        self._grid = np.zeros((int(2 * (HIGHEST + SPARE_SEMITONES) / PITCH_CELL) + 3, cells), np.int32)

    def line(self) -> Line | None:
        """Draw the line of most votes, and take those that it explains away; None if it has not three."""
        votes = self._votes
        if len(votes.times_a) < FEWEST_VOTES:
            return None
        most, tempo, shift, pitch = _best_cell(*votes, _TEMPI, self._grid, self._lowest)
        if most < FEWEST_VOTES:
            return None
        first = Line(tempo, shift, pitch, most)
        line = refined(votes, first)
        self._keep(~(near(votes, line, 0.5, 0.8) | near(votes, first, 0.5, 0.8)))
        return line

    def without(self, begin_a: float, end_a: float, begin_b: float, end_b: float) -> None:
        """Take the votes away that lie in these stretches of both files."""
        votes = self._votes
        inside = (votes.times_a >= begin_a) & (votes.times_a <= end_a)
        inside &= (votes.times_b >= begin_b) & (votes.times_b <= end_b)
        self._keep(~inside)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self._votes = Votes(*(column[kept] for column in self._votes))


def near(votes: Votes, line: Line, within_s: float, within_semitones: float) -> NDArray[np.bool_]:
    """Say which votes lie near a line."""
    kept: NDArray[np.bool_] = np.abs(votes.times_b - line.tempo * votes.times_a - line.shift_s) < within_s
    kept &= np.abs(votes.pitches - line.pitch) < within_semitones
    return kept


def refined(votes: Votes, line: Line) -> Line:
    """Draw a line anew by least squares through the votes near it, nearer and nearer."""
    for within in (0.3, 0.2, 0.12, 0.08, 0.06):
        close = near(votes, line, within, 0.6)
        if int(close.sum()) < FEWEST_VOTES:
            break
        line = through(votes.times_a[close], votes.times_b[close], votes.pitches[close], line)
    return line


def through(
    times_a: NDArray[np.float32], times_b: NDArray[np.float32], pitches: NDArray[np.float32], line: Line
) -> Line:
    """Draw the line of least squares; where the points tell no tempo, keep that of the line given."""
    x, y = times_a.astype(np.float64), times_b.astype(np.float64)
    middle, count = x.mean(), len(x)
    spread = float(((x - middle) ** 2).sum())
    tempo = line.tempo
    if count >= 5 and spread > 0.2 * count:
        tempo = float(((x - middle) * (y - y.mean())).sum() / spread)
        if not FASTEST - 0.01 <= tempo <= SLOWEST + 0.01:
            tempo = line.tempo
    return Line(tempo, float(y.mean() - tempo * middle), float(np.median(pitches)), line.votes)


_TEMPI = np.array(sorted(np.arange(FASTEST, SLOWEST + 0.005, 0.01), key=lambda tempo: abs(tempo - 1)), np.float32)


@compiled
def _count_shared(a: NDArray[np.uint64], b: NDArray[np.uint64], pairs_of: NDArray[np.int64]) -> None:
    """Count the pairs of equal hashes by how often a hash returns: in `a` times in `b`, as a power of two."""
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] < b[j]:
            i += 1
        elif a[i] > b[j]:
            j += 1
        else:
            i_end, j_end = i, j
            while i_end < len(a) and a[i_end] == a[i]:
                i_end += 1
            while j_end < len(b) and b[j_end] == b[j]:
                j_end += 1
            product = (i_end - i) * (j_end - j)
            pairs_of[min(31, int(np.log2(product)))] += product
            i, j = i_end, j_end


@compiled
def _share(
    a: NDArray[np.uint64],
    times_a: NDArray[np.float32],
    pitches_a: NDArray[np.float32],
    spans_a: NDArray[np.float32],
    b: NDArray[np.uint64],
    times_b: NDArray[np.float32],
    pitches_b: NDArray[np.float32],
    spans_b: NDArray[np.float32],
    level: int,
    out_a: NDArray[np.float32],
    out_b: NDArray[np.float32],
    out_pitch: NDArray[np.float32],
    out_ratio: NDArray[np.float32],
) -> int:
    made = i = j = 0
    while i < len(a) and j < len(b):
        if a[i] < b[j]:
            i += 1
        elif a[i] > b[j]:
            j += 1
        else:
            i_end, j_end = i, j
            while i_end < len(a) and a[i_end] == a[i]:
                i_end += 1
            while j_end < len(b) and b[j_end] == b[j]:
                j_end += 1
            if int(np.log2((i_end - i) * (j_end - j))) <= level:
                for x in range(i, i_end):
                    for y in range(j, j_end):
                        up = pitches_b[y] - pitches_a[x]
                        ratio = spans_b[y] / spans_a[x]
                        if abs(up) > HIGHEST + SPARE_SEMITONES:
                            continue
                        if ratio < FASTEST - SPARE_SPAN or ratio > SLOWEST + SPARE_SPAN:
                            continue
                        out_a[made] = times_a[x]
                        out_b[made] = times_b[y]
                        out_pitch[made] = up
                        out_ratio[made] = ratio
                        made += 1
            i, j = i_end, j_end
    return made


@compiled
def _best_cell(
    times_a: NDArray[np.float32],
    times_b: NDArray[np.float32],
    pitches: NDArray[np.float32],
    ratios: NDArray[np.float32],
    tempi: NDArray[np.float32],
    grid: NDArray[np.int32],
    lowest: float,
) -> tuple[int, float, float, float]:
    """Count votes in blocks of two by two cells of pitch and shift, tempo by tempo, and return the best block."""
    count = len(times_a)
    rows = np.empty(count, np.int64)
    columns = np.empty(count, np.int64)
    most = 0
    best = (0, 1.0, 0.0, 0.0)
    for i in range(count):
        rows[i] = 1 + int((pitches[i] + HIGHEST + SPARE_SEMITONES) / PITCH_CELL)
    for tempo in tempi:
        for i in range(count):
            columns[i] = -1
            if abs(ratios[i] - tempo) > RATIO_SPREAD * tempo:
                continue
            column = 1 + int((times_b[i] - tempo * times_a[i] - lowest) / SHIFT_CELL_S)
            if not 0 < column < grid.shape[1]:
                continue
            columns[i] = column
            for row in (rows[i] - 1, rows[i]):
                for start in (column - 1, column):
                    total = grid[row, start] + 1
                    grid[row, start] = total
                    if total > most:
                        most = total
                        shift = lowest + SHIFT_CELL_S * start
                        best = (total, tempo, shift, PITCH_CELL * row - HIGHEST - SPARE_SEMITONES)
        for i in range(count):
            column = columns[i]
            if column >= 0:
                row = rows[i]
                grid[row - 1, column - 1] = 0
                grid[row - 1, column] = 0
                grid[row, column - 1] = 0
                grid[row, column] = 0
    return best
