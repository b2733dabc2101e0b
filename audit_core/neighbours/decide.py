"""Whether two files share audio, decided on all their peaks.

Under a line that was found, the peaks of `a` are laid on those of `b`, and counted where they meet (k). How many would
meet by chance (λ) is counted on the same peaks, with the line displaced by many small delays. The score is the decimal
exponent of the odds, ``(k ln(k / λ) - k + λ) / ln 10``: one scale for three seconds and for ten minutes. What meets as
well after every beat (a metronome, a tone, a drone) is no evidence, and scores nothing.

The ends of a stretch are where the rate of meetings changes from that of chance to that of a copy and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit_core.neighbours.echoes import is_news, without_echoes
from audit_core.neighbours.fit import FASTEST, HIGHEST, SLOWEST, Ballot, Line, shared_triplets, through
from audit_core.neighbours.landmarks import Triplets, triplets
from audit_core.neighbours.match import PeakList, Stretch, inverted
from audit_core.neighbours.meetings import best_run, count_delays, meet

__all__ = ["Heard", "heard", "matching_peaks", "score_of", "stretches_of"]

NEAR_S = 0.046
NEAR_SEMITONES = 0.3

LINES_WITHOUT_SUCCESS = 2  # of short files; long ones that share audio show it at once
PATIENCE_S = 75.0
MOST_LINES = 12
FURTHER_SCORE = 6.0  # that a further run on a line needs, which is known to hold
SPLIT_ODDS = 9.0  # natural logarithm of the odds of a gap
SPLIT_S = 2.0
WEAK_PASSAGE = 0.5  # how much rarer meetings may become within a stretch, as under speech

SHORTEST_DELAY_S, LONGEST_DELAY_S = 0.3, 1.55
LEANING = 0.3  # how far chance leans to the delay of most meetings
PERIODIC_PARTLY, PERIODIC_WHOLLY = 0.4, 0.9
FEWEST_MEETINGS = 4
SHORTEST_S = 0.3


class Nearness(NamedTuple):
    """How near two peaks lie that meet, and the share of peaks that are taken to meet one by chance at the least."""

    within_s: float
    within_semitones: float
    least_chance: float


LOOSE = Nearness(NEAR_S, NEAR_SEMITONES, 0.03)
TIGHT = Nearness(0.023, 0.2, 0.01)


class _Weighed(NamedTuple):
    """A stretch, and how closely its peaks lie on each other: what repeats itself lies closest where it is itself."""

    closeness: float
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Heard:
    """A file as it is compared: its peaks, its triplets, how long it is."""

    times_s: NDArray[np.float32]
    pitches: NDArray[np.float32]
    triplets: Triplets
    duration_s: float


def stretches_of(a: Heard, b: Heard, *, least: float) -> tuple[Stretch, ...]:
    """Find what two files share; the same, told the other way round, if they are exchanged.

    Parameters
    ----------
    a, b : Heard
    least : float
        The score that a line needs.

    Returns
    -------
    stretches : tuple of Stretch
        The best first; empty if there is nothing. A stretch that lies within better ones in either file is told only if
        it agrees about as well, as a clip that is used twice does.
    """
    if _order(b) < _order(a):
        return tuple(inverted(stretch) for stretch in stretches_of(b, a, least=least))
    found: list[_Weighed] = []
    if len(a.times_s) < FEWEST_MEETINGS or len(b.times_s) < FEWEST_MEETINGS:
        return ()
    ballot = Ballot(shared_triplets(a.triplets, b.triplets), a.duration_s, b.duration_s)
    patience = LINES_WITHOUT_SUCCESS if min(a.duration_s, b.duration_s) <= PATIENCE_S else 1
    failures = 0
    for _ in range(MOST_LINES):
        line = ballot.line()
        if line is None:
            break
        known = [one.stretch for one in found]
        fresh = [one for one in _on_line(a, b, line, least) if is_news(one.stretch, known)]
        failures = 0 if fresh else failures + 1
        if failures >= patience:
            break
        for _, stretch in fresh:
            end_b = stretch.offset_b + stretch.overlap_s * stretch.tempo
            ballot.without(stretch.offset_a, stretch.offset_a + stretch.overlap_s, stretch.offset_b, end_b)
        found.extend(fresh)
    found.sort(key=lambda one: -one.closeness)
    return tuple(without_echoes([one.stretch for one in found]))


def _order(one: Heard) -> tuple[int, float, bytes, bytes]:
    """Order files by what they hold, so that a pair is always compared the same way round."""
    return len(one.times_s), one.duration_s, one.times_s.tobytes(), one.pitches.tobytes()


def matching_peaks(
    peaks_a: PeakList, peaks_b: PeakList, stretch: Stretch
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the peaks that meet in a stretch, to show them.

    Returns
    -------
    indices_a, indices_b : np.ndarray, shape=(n_meetings,), dtype=int64
        The nth peak of the one meets the nth of the other.
    """
    partners = np.empty(len(peaks_a.times_s), np.int64)
    meet(
        np.asarray(peaks_a.times_s, np.float32),
        np.asarray(peaks_a.pitches, np.float32),
        np.asarray(peaks_b.times_s, np.float32),
        np.asarray(peaks_b.pitches, np.float32),
        stretch.tempo,
        stretch.shift_s,
        stretch.pitch,
        NEAR_S,
        NEAR_SEMITONES,
        partners,
    )
    end = stretch.offset_a + stretch.overlap_s
    inside = (peaks_a.times_s >= stretch.offset_a - NEAR_S) & (peaks_a.times_s <= end + NEAR_S)
    indices = np.flatnonzero((partners >= 0) & inside)
    return indices, partners[indices]


def score_of(a: Heard, b: Heard) -> float:
    """Score the best line of two files after all the search that a comparison does, however low; 0 if there is none."""
    found = stretches_of(a, b, least=0.0)
    return max((stretch.score for stretch in found), default=0.0)


def _on_line(a: Heard, b: Heard, line: Line, least: float) -> list[_Weighed]:
    """Find the stretches on a line, the best first."""
    line = _drawn_by_peaks(a, b, line)
    if not (FASTEST - 0.005 <= line.tempo <= SLOWEST + 0.005 and abs(line.pitch) <= HIGHEST + 0.3):
        return []
    begin = max(0.0, -line.shift_s / line.tempo)
    end = min(a.duration_s, (b.duration_s - line.shift_s) / line.tempo)
    first, last = (int(i) for i in np.searchsorted(a.times_s, [begin - NEAR_S, end + NEAR_S]))
    if last - first < FEWEST_MEETINGS or end - begin < SHORTEST_S:
        return []
    hits = _partners(a, b, line)[first:last] >= 0
    chance, _ = _chance(a, b, line, first, last, LOOSE)
    weighed = [
        _scored(a, b, line, first + run_first, first + run_last, (begin, end), len(hits))
        for run_first, run_last in _runs(hits, a.times_s[first:last], chance)
    ]
    best = sorted((one for one in weighed if one is not None), key=lambda one: -one.stretch.score)
    if not best or best[0].stretch.score < least:
        return []
    return [best[0]] + [one for one in best[1:] if one.stretch.score >= FURTHER_SCORE]


def _drawn_by_peaks(a: Heard, b: Heard, line: Line) -> Line:
    """Draw a line anew through all peaks that meet on it."""
    for within in (0.1, 0.07, NEAR_S, 0.035):
        partners = _partners(a, b, line, within)
        met = partners >= 0
        if int(met.sum()) < 8:
            break
        of_b = partners[met]
        line = through(a.times_s[met], b.times_s[of_b], b.pitches[of_b] - a.pitches[met], line)
    return line


def _partners(a: Heard, b: Heard, line: Line, within: float = NEAR_S) -> NDArray[np.int64]:
    partners = np.empty(len(a.times_s), np.int64)
    meet(
        a.times_s,
        a.pitches,
        b.times_s,
        b.pitches,
        line.tempo,
        line.shift_s,
        line.pitch,
        within,
        NEAR_SEMITONES,
        partners,
    )
    return partners


def _chance(a: Heard, b: Heard, line: Line, first: int, last: int, how: Nearness) -> tuple[float, float]:
    """Tell how many of the peaks of `a` from `first` to `last` meet one of `b` by chance: on lines of some delay.

    Returns
    -------
    rate, highest : float
        The share of the peaks that meet one, over all delays, and at the delay of most meetings, less what this many
        delays stand out by themselves.
    """
    cells = 2 * (int(LONGEST_DELAY_S / how.within_s) + 1)
    counts = np.zeros(cells, np.int64)
    times = a.times_s[first:last]
    count_delays(
        times,
        a.pitches[first:last],
        b.times_s,
        b.pitches,
        line.tempo,
        line.shift_s,
        line.pitch,
        how.within_s,
        how.within_semitones,
        counts,
    )
    met = (counts[:-1] + counts[1:]).astype(np.float64)  # cells are as wide as the window is to either side
    delays = (np.arange(1, cells) - cells // 2) * how.within_s
    earliest, latest = -line.shift_s, b.duration_s - line.shift_s
    exposed = np.searchsorted(times, (latest - delays) / line.tempo) - np.searchsorted(
        times, (earliest - delays) / line.tempo
    )
    used = (np.abs(delays) >= SHORTEST_DELAY_S) & (exposed * 3 >= len(times))
    if not used.any():
        return how.least_chance, how.least_chance
    rates = met[used] / exposed[used]
    mean = max(float(met[used].sum() / exposed[used].sum()), how.least_chance, 0.5 / len(times))
    stands_out = float(rates.max()) - 2.3 * math.sqrt(mean / len(times))
    return min(1.0, mean), min(1.0, max(mean, stands_out))


def _scored(
    a: Heard, b: Heard, line: Line, first: int, last: int, bounds: tuple[float, float], considered: int
) -> _Weighed | None:
    """Score the peaks of `a` from `first` to `last`, and tell where the stretch begins and ends."""
    partners = _partners(a, b, line)[first:last]
    met = np.flatnonzero(partners >= 0)
    if len(met) < FEWEST_MEETINGS:
        return None
    begin, end = _ends(a, first, last, len(met), bounds)
    if end - begin < SHORTEST_S:
        return None
    of_a, of_b = met + first, partners[met]
    late = np.abs(b.times_s[of_b] - line.tempo * a.times_s[of_a] - line.shift_s)
    high = np.abs(b.pitches[of_b] - a.pitches[of_a] - line.pitch)
    score = 0.0
    for how in (LOOSE, TIGHT):
        count = int(((late <= how.within_s) & (high <= how.within_semitones)).sum())
        rate, highest = _chance(a, b, line, first, last, how)
        score = max(score, odds(count, rate * (last - first), highest * (last - first)))
    score -= 2 * math.log10(considered / (last - first))  # for where it might have been
    if score <= 0:
        return None
    back = Line(1 / line.tempo, -line.shift_s / line.tempo, -line.pitch)
    begin_b, end_b = line.tempo * begin + line.shift_s, line.tempo * end + line.shift_s
    low, after = np.searchsorted(b.times_s, [begin_b, end_b])
    met_b = int((_partners(b, a, back)[low:after] >= 0).sum())
    stretch = Stretch(
        offset_a=begin,
        offset_b=begin_b,
        overlap_s=end - begin,
        tempo=line.tempo,
        pitch=line.pitch,
        score=score,
        agreement_a=len(met) / (last - first),
        agreement_b=met_b / max(1, int(after - low)),
    )
    closeness = ((1 - (late / LOOSE.within_s) ** 2) * (1 - (high / LOOSE.within_semitones) ** 2)).sum()
    return _Weighed(float(closeness), stretch)


def odds(count: int, expected: float, delayed: float) -> float:
    """Return the decimal exponent of the odds against so many meetings.

    Parameters
    ----------
    count : int
        Peaks that meet.
    expected : float > 0
        As many as meet by chance.
    delayed : float
        As many as meet at the delay of most meetings. Where nearly as many do, as with every beat of a metronome,
        where they meet is no evidence: the odds are taken back to nothing.
    """
    if count <= expected:
        return 0.0
    periodic = (delayed - expected) / (count - expected)
    against = expected + LEANING * (delayed - expected)
    if count <= against:
        return 0.0
    exponent = (count * math.log(count / against) - count + against) / math.log(10)
    return exponent * min(1.0, max(0.0, (PERIODIC_WHOLLY - periodic) / (PERIODIC_WHOLLY - PERIODIC_PARTLY)))


def _ends(a: Heard, first: int, last: int, count: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """Set the ends of a run: at an end of a file, where it comes as near as chance allows; else half a gap out."""
    begin, end = float(a.times_s[first]), float(a.times_s[last - 1])
    gap = max(end - begin, 0.5) / count
    reach = min(2.0, 5 * gap + 0.15)
    begin = bounds[0] if begin - bounds[0] <= reach else begin - gap / 2
    end = bounds[1] if bounds[1] - end <= reach else end + gap / 2
    return begin, end


def _runs(hits: NDArray[np.bool_], times: NDArray[np.float32], chance: float) -> list[tuple[int, int]]:
    """Find where meetings are more frequent than chance: numbers of the first peak, and of that after the last."""
    best: tuple[float, float, tuple[int, int]] = (0.0, 0.0, (0, 0))
    for rate in (0.12, 0.2, 0.3, 0.45, 0.6, 0.8):
        if rate > 1.3 * chance:
            gained, first, last = best_run(hits, *_weights(rate, chance))
            if gained > best[0]:
                best = (gained, rate, (first, last))
    if best[0] <= 0:
        return []
    first, last = best[2]
    rate = min(0.97, max(float(hits[first:last].mean()), 1.3 * chance))
    if rate >= 1 or chance >= 0.95:
        return [best[2]]
    chance = min(chance, 0.9)
    hit, miss = _weights(max(WEAK_PASSAGE * rate, min(rate, 1.3 * chance)), chance)
    runs: list[tuple[int, int]] = []
    waiting = [(0, len(hits))]
    while waiting and len(runs) < 64:
        low, high = waiting.pop()
        gained, first, last = best_run(hits[low:high], hit, miss)
        if gained < 10:
            continue
        runs.extend(_split(hits, times, low + first, low + last, hit, miss))
        waiting += [(low, low + first), (low + last, high)]
    return runs or [best[2]]


def _split(
    hits: NDArray[np.bool_], times: NDArray[np.float32], first: int, last: int, hit: float, miss: float
) -> list[tuple[int, int]]:
    """Cut a run at its gaps."""
    lost, gap_first, gap_last = best_run(hits[first:last], -hit, -miss)
    gap_first, gap_last = gap_first + first, gap_last + first
    if lost < SPLIT_ODDS or gap_first <= first or gap_last >= last or times[gap_last] - times[gap_first - 1] < SPLIT_S:
        return [(first, last)]
    return [
        *_split(hits, times, first, gap_first, hit, miss),
        *_split(hits, times, gap_last, last, hit, miss),
    ]


def _weights(rate: float, chance: float) -> tuple[float, float]:
    """Weigh a hit and a miss: logarithms of the odds for a copy."""
    return math.log(rate / chance), math.log((1 - rate) / (1 - chance))


def heard(peaks: PeakList, duration_s: float) -> Heard:
    """Make ready what is compared."""
    times = np.ascontiguousarray(peaks.times_s, np.float32)
    pitches = np.ascontiguousarray(peaks.pitches, np.float32)
    return Heard(times, pitches, triplets(peaks), max(float(duration_s), float(times[-1]) if len(times) else 0.0))
