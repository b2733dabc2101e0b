"""How many pairs of wrong files are to be expected above a score that none of those at hand may reach.

The scores of wrong pairs fall off log-linearly: beyond some score each further point is as much rarer as the one
before, as with the scores of aligned sequences [1]_. So the excesses over a high score are exponential, which is the
generalized Pareto tail [2]_ of shape zero. Its scale is their mean. What lies above a ceiling counts as above it, and
no more is made of it: a pair that scores so high may well be no wrong one, and then how high it is tells nothing.

The choice of where the tail begins is part of the doubt [2]_: it is fitted from several scores on, and the interval
spans them all. Pairs share files, so files are drawn anew, not pairs [3]_.

References
----------
.. [1] S. Karlin, S. F. Altschul, "Methods for assessing the statistical significance of molecular sequence features by
   using general scoring schemes", PNAS 87, 1990.
.. [2] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer, 2001, chapter 4.
.. [3] A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_EXCEEDING", "Expectation", "Scored", "expectation"]

FEWEST_EXCEEDING: Final = 50
"""As many pairs must lie above the score at which the tail begins."""

_MOST_EXCEEDING: Final = 0.2  # share of the scored pairs: what is more is no tail
_DRAWS: Final = 400
_SPAN: Final = 2.0  # of scores, between the beginning of the tail and the ceiling


@dataclass(frozen=True, slots=True)
class Scored:
    """Wrong pairs among some files, and the scores of those that were scored.

    Attributes
    ----------
    first, second : np.ndarray, shape=(n_pairs,), dtype=int64
        The files of the pairs that were scored.
    scores : np.ndarray, shape=(n_pairs,), dtype=float64
        Their scores.
    wrong : np.ndarray, shape=(n_files, n_files), dtype=bool
        Which pairs of files are wrong ones; symmetric.
    share : float
        Share of the wrong pairs that could have a score at all that were scored.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    share: float = 1.0

    @property
    def pairs(self) -> int:
        """How many wrong pairs there are among the files."""
        return int(np.count_nonzero(self.wrong)) // 2


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be expected.

    Attributes
    ----------
    expected, low, high : float
        Wrong pairs at or above the threshold, and the interval of 95 %.
    begins : float
        The score at which the tail begins.
    exceeding : int
        How many pairs were scored above it.
    scale : float
        By how many points of score the tail falls to 1/e.
    above_ceiling : int
        How many of them lie above the ceiling.
    safe_threshold : float
        The score from which fewer than 0.1 are to be expected.
    """

    expected: float
    low: float
    high: float
    begins: float
    exceeding: int
    scale: float
    above_ceiling: int
    safe_threshold: float


def expectation(
    scored: Scored, *, threshold: float, ceiling: float, pairs: int, seed: int, at_most: float = 0.1
) -> Expectation | None:
    """Fit the tail of the scores of wrong pairs, and extend it to a threshold.

    Parameters
    ----------
    scored : Scored
    threshold : float
        The score from which a pair is believed.
    ceiling : float
        The score above which pairs count as above it only.
    pairs : int
        How many pairs the catalogue has.
    seed : int
        Chooses the draws of files.
    at_most : float
        What `safe_threshold` is for.

    Returns
    -------
    expectation : Expectation or None
        None if fewer than `FEWEST_EXCEEDING` pairs lie in what could be a tail.
    """
    starts = _starts(scored.scores, ceiling)
    if not starts:
        return None
    high_enough = scored.scores > starts[0]
    first, second = scored.first[high_enough], scored.second[high_enough]
    scores = scored.scores[high_enough]
    size = len(scored.wrong)
    wrong = scored.wrong.astype(np.float32)

    def fits(times: NDArray[np.float64]) -> list[tuple[float, float, float]]:
        """Fit from each start on, with each file taken so many times: start, pairs that exceed it, scale."""
        weights = times[first] * times[second]
        drawn = float(times @ (wrong @ times.astype(np.float32))) / 2 * scored.share
        found = []
        for start in starts:
            over = scores > start
            whole = over & (scores < ceiling)
            heavy = float(weights[over].sum())
            seen = float(weights[whole].sum())
            if drawn > 0 and seen > 0:
                excess = np.minimum(scores[over], ceiling) - start
                found.append((start, heavy / drawn * pairs, float((weights[over] * excess).sum()) / seen))
        return found

    fitted = fits(np.ones(size))
    begins, over, scale = fitted[len(fitted) // 2]
    random = np.random.default_rng(seed)
    lows, highs = [], []
    for _ in range(_DRAWS):
        times = np.bincount(random.integers(size, size=size), minlength=size).astype(np.float64)
        said = [_beyond(threshold, *fit) for fit in fits(times)]
        if said:
            lows.append(min(said))
            highs.append(max(said))
    expected = _beyond(threshold, begins, over, scale)
    return Expectation(
        expected=expected,
        low=min(expected, float(np.quantile(lows, 0.025))) if lows else 0.0,
        high=max(expected, float(np.quantile(highs, 0.975))) if highs else float(pairs),
        begins=begins,
        exceeding=int((scored.scores > begins).sum()),
        scale=scale,
        above_ceiling=int((scored.scores >= ceiling).sum()),
        safe_threshold=begins + scale * max(0.0, math.log(max(over / at_most, 1.0))),
    )


def _beyond(threshold: float, begins: float, over: float, scale: float) -> float:
    return over * math.exp(-max(0.0, threshold - begins) / scale)


def _starts(scores: NDArray[np.float64], ceiling: float) -> list[float]:
    """Give the scores at which the tail may begin, ascending: those that 50, 100, 200… pairs exceed."""
    descending = np.sort(scores)[::-1]
    found = []
    exceeding = FEWEST_EXCEEDING
    while exceeding <= max(_MOST_EXCEEDING * len(scores), FEWEST_EXCEEDING) and exceeding < len(scores):
        start = float(descending[exceeding])
        if start <= 0:
            break
        if start <= ceiling - _SPAN:
            found.append(start)
        exceeding *= 2
    return sorted(set(found))
