"""The tail of wrong pairs' scores is found again where it is known, and what it can't tell it does not tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.neighbours.tails import Scored, expectation

FILES = 400
PAIRS_OF_100_000 = 100_000 * 99_999 // 2


def made_up(seed: int, *, scale: float = 0.9, scored: int = 8000, files: int = FILES) -> Scored:
    """Pairs drawn at random, of which one in ten has a score, and these fall off log-linearly."""
    random = np.random.default_rng(seed)
    wrong = ~np.eye(files, dtype=np.bool_)
    places = random.choice(files * (files - 1) // 2, scored, replace=False)
    first, second = (side[places].astype(np.int64) for side in np.triu_indices(files, 1))
    scores = np.where(random.uniform(size=scored) < 0.5, random.exponential(scale, scored), 0.0)
    return Scored(first, second, scores, wrong)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_to_be_expected_lies_in_the_interval_even_twenty_points_beyond(seed: int) -> None:
    found = expectation(made_up(seed), threshold=20, ceiling=12, pairs=PAIRS_OF_100_000, seed=0)
    assert found is not None
    true = 4000 / (FILES * (FILES - 1) / 2) * math.exp(-20 / 0.9) * PAIRS_OF_100_000
    assert found.low < true < found.high
    assert found.low <= found.expected <= found.high
    assert found.scale == pytest.approx(0.9, rel=0.2)


def test_the_expected_number_at_a_score_within_the_data_is_that_counted() -> None:
    scored = made_up(4)
    found = expectation(scored, threshold=3, ceiling=12, pairs=scored.pairs, seed=0)
    assert found is not None
    assert found.expected == pytest.approx((scored.scores >= 3).sum(), rel=0.25)


def test_the_safe_threshold_is_the_score_of_a_tenth_of_a_pair() -> None:
    scored = made_up(5)
    first = expectation(scored, threshold=20, ceiling=12, pairs=PAIRS_OF_100_000, seed=0)
    assert first is not None
    there = expectation(scored, threshold=first.safe_threshold, ceiling=12, pairs=PAIRS_OF_100_000, seed=0)
    assert there is not None
    assert there.expected == pytest.approx(0.1)


def test_a_tail_of_too_few_pairs_is_none() -> None:
    scored = made_up(6, scored=60)
    assert expectation(scored, threshold=20, ceiling=12, pairs=10**9, seed=0) is None


def test_how_far_above_the_ceiling_a_pair_scores_makes_no_difference() -> None:
    scored = made_up(7)
    low, high = scored.scores.copy(), scored.scores.copy()
    low[:3], high[:3] = 12.5, 400.0
    answers = [
        expectation(
            Scored(scored.first, scored.second, scores, scored.wrong), threshold=20, ceiling=12, pairs=10**9, seed=0
        )
        for scores in (low, high)
    ]
    assert answers[0] == answers[1]
    assert answers[0] is not None
    assert answers[0].above_ceiling == 3


def test_pairs_above_the_ceiling_raise_the_expectation() -> None:
    scored = made_up(8)
    without = expectation(scored, threshold=20, ceiling=12, pairs=10**9, seed=0)
    scored.scores[:3] = 15.0
    with_three = expectation(scored, threshold=20, ceiling=12, pairs=10**9, seed=0)
    assert without is not None
    assert with_three is not None
    assert with_three.expected > without.expected
    assert with_three.high > without.high


@settings(max_examples=10, deadline=None)
@given(times=st.integers(2, 50), seed=st.integers(0, 100))
def test_the_expectation_grows_with_the_number_of_pairs_and_falls_with_the_threshold(times: int, seed: int) -> None:
    scored = made_up(seed, scored=2000, files=120)

    def expected(threshold: float, pairs: int) -> float:
        found = expectation(scored, threshold=threshold, ceiling=12, pairs=pairs, seed=0)
        assert found is not None
        return found.expected

    assert expected(20, 1000 * times) == pytest.approx(times * expected(20, 1000))
    assert expected(21, 1000) < expected(20, 1000)
