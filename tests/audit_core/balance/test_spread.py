"""How evenly something is spread over values: published figures, and what must hold of any."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.balance.spread import Census, effective_number, evenness, gini, largest_share, total, values

SIZES = st.lists(st.integers(1, 60), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("sizes", "published"),
    [
        ([1, 3, 2, 1, 1, 1, 4], 0.3076923),  # the example of gini() in the R package phylotools
        ([10] * 9 + [100], 0.4263158),  # the example of ineq() in "Statistics Slam Dunk", section 12.5
        ([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], 0.4620911),  # of ineq() in the R package ineq
    ],
)
def test_the_gini_coefficient_is_the_one_that_is_published(sizes: list[int], published: float) -> None:
    assert float(gini(Counter(sizes))) == pytest.approx(published, abs=5e-8)


@pytest.mark.parametrize(
    ("sizes", "published"),
    [([1, 1, 4, 2, 5, 2, 4, 1, 2], 0.92485490560)],  # of pielou_e() in scikit-bio
)
def test_the_evenness_is_the_one_that_is_published(sizes: list[int], published: float) -> None:
    assert float(evenness(Counter(sizes))) == pytest.approx(published, abs=5e-11)


@pytest.mark.parametrize(
    ("sizes", "published"),
    [
        ([1, 1, 1, 1, 1, 1], 6),  # these two of enspie() in scikit-bio
        ([1, 41, 12, 13], Fraction(67**2, 1 + 1681 + 144 + 169)),
        (
            [75] + [1] * 25,
            Fraction(10_000, 5_650),
        ),  # Laakso and Taagepera, 1979: one party of 75 %, and tiny ones: 1.77
    ],
)
def test_the_effective_number_is_the_one_that_is_published(sizes: list[int], published: Fraction) -> None:
    assert effective_number(Counter(sizes)) == published


def test_a_limit_that_is_met_exactly_is_met() -> None:
    assert evenness(Counter([8, 4, 2, 2])) == Decimal("0.875")


@given(SIZES)
def test_each_measure_agrees_with_its_definition_over_the_list_of_sizes(sizes: list[int]) -> None:
    census, whole = Counter(sizes), sum(sizes)
    shares = [size / whole for size in sizes]
    differences = sum(abs(one - other) for one in sizes for other in sizes)
    assert gini(census) == Fraction(differences, 2 * len(sizes) * whole)
    assert float(evenness(census)) == pytest.approx(-sum(p * math.log(p) for p in shares) / math.log(len(sizes)))
    assert float(effective_number(census)) == pytest.approx(1 / sum(p * p for p in shares))
    assert largest_share(census, 2) == Fraction(sum(sorted(sizes)[-2:]), whole)


@given(SIZES)
def test_each_measure_keeps_its_bounds(sizes: list[int]) -> None:
    census, count = Counter(sizes), len(sizes)
    assert 0 <= gini(census) <= 1 - Fraction(1, count)
    assert 0 < evenness(census) <= 1
    assert 1 <= effective_number(census) <= count
    assert largest_share(census, count) == 1


@given(SIZES, st.integers(2, 1_000))
def test_no_measure_depends_on_the_unit(sizes: list[int], factor: int) -> None:
    census, scaled = Counter(sizes), Counter(size * factor for size in sizes)
    assert (gini(census), effective_number(census)) == (gini(scaled), effective_number(scaled))
    assert (evenness(census), largest_share(census, 1)) == (evenness(scaled), largest_share(scaled, 1))


@given(SIZES)
def test_twice_the_population_has_the_same_gini_and_twice_the_effective_number(sizes: list[int]) -> None:
    once, twice = Counter(sizes), Counter(sizes * 2)
    assert gini(once) == gini(twice)
    assert effective_number(twice) == 2 * effective_number(once)
    assert largest_share(twice, 2) == largest_share(once, 1)


@given(SIZES)
def test_a_track_that_goes_from_the_smallest_to_the_largest_makes_it_less_even(sizes: list[int]) -> None:
    smallest, *others, largest = sorted(size + 1 for size in sizes)
    before, after = Counter([smallest, *others, largest]), Counter([smallest - 1, *others, largest + 1])
    assert gini(after) > gini(before)
    assert evenness(after) < evenness(before)
    assert effective_number(after) < effective_number(before)


def test_values_that_hold_nothing_do_not_count() -> None:
    census = {0: 5, 3: 2}
    assert (values(census), total(census)) == (2, 6)


@pytest.mark.parametrize("measure", [gini, effective_number, lambda census: largest_share(census, 1)])
def test_what_is_spread_over_nothing_has_no_measure(measure: Callable[[Census], Fraction]) -> None:
    with pytest.raises(ValueError, match="nothing is spread"):
        measure({0: 2})


def test_one_value_has_no_evenness() -> None:
    with pytest.raises(ValueError, match="evenness of one value"):
        evenness({7: 1})
