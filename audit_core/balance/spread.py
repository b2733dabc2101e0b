"""How evenly something is spread over values: shares of the largest, Gini, evenness, effective number.

The sizes of the values come as a census: how many values there are of each size. A size is a count of tracks, or a time
in whole milliseconds; values of size 0 hold nothing, and don't count. Shares, the Gini coefficient and the effective
number are exact. Evenness has logarithms in it: it is worked out in decimals, whose last digit is the same on every
machine, and rounded to twelve of them, so that a limit that is met exactly is met.

References
----------
.. [1] C. Gini, "Variabilità e mutabilità", 1912; the coefficient as the mean difference of all pairs, over twice the
   mean: `A. Sen, On Economic Inequality, 1973, p. 30`.
.. [2] C. E. Shannon, "A mathematical theory of communication", 1948; E. C. Pielou, "The measurement of diversity in
   different types of biological collections", 1966: entropy over the entropy of equal shares.
.. [3] M. O. Hill, "Diversity and evenness: a unifying notation and its consequences", 1973: the number of order 2. It
   is one over the Herfindahl-Hirschman index of competition law, and the effective number of parties of M. Laakso and
   R. Taagepera, 1979.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Final

__all__ = ["Census", "effective_number", "evenness", "gini", "largest_share", "total", "values"]

Census = Mapping[int, int]
"""How many values there are of each size."""

_DIGITS: Final = Context(prec=40)
_EVENNESS: Final = Decimal("1e-12")


def values(census: Census) -> int:
    """Count the values that hold something."""
    return sum(number for _, number in _holding(census))


def total(census: Census) -> int:
    """Add up the sizes of all values."""
    return sum(size * number for size, number in _holding(census))


def largest_share(census: Census, most: int) -> Fraction:
    """Give the share that the largest values have together.

    Parameters
    ----------
    census : mapping of int to int
        At least one value that holds something.
    most : int >= 1
        How many values: if there are fewer, all of them.

    Returns
    -------
    share : Fraction
        Over 0, at most 1.
    """
    whole, left, held = _whole(census), most, 0
    for size, number in sorted(_holding(census), reverse=True):
        held += size * min(number, left)
        left -= min(number, left)
    return Fraction(held, whole)


def gini(census: Census) -> Fraction:
    """Give the Gini coefficient: 0 if all values are of one size, and the nearer to 1 the more a few of them have.

    Parameters
    ----------
    census : mapping of int to int
        At least one value that holds something.

    Returns
    -------
    coefficient : Fraction
        At least 0 and less than 1: of n values, 1 - 1/n at most. 0 of a single value, which says nothing.
    """
    whole, count = _whole(census), values(census)
    before, doubled = 0, 0
    for size, number in sorted(_holding(census)):
        ranks = number * (2 * before + number + 1)  # twice the sum of the ranks before+1 .. before+number
        doubled += size * ranks
        before += number
    return Fraction(doubled - (count + 1) * whole, count * whole)


def evenness(census: Census) -> Decimal:
    """Give the entropy of the shares over the most that it could be: 1 if all values are of one size.

    Parameters
    ----------
    census : mapping of int to int
        At least two values that hold something: of one, there is no such number.

    Returns
    -------
    evenness : Decimal
        Over 0, at most 1, with twelve decimals.

    Raises
    ------
    ValueError
        If there are fewer than two values.
    """
    whole, count = _whole(census), values(census)
    if count < 2:
        raise ValueError("the evenness of one value is no number")
    with localcontext(_DIGITS):
        logarithms = sum((size * number * Decimal(size).ln() for size, number in sorted(_holding(census))), Decimal())
        entropy = Decimal(whole).ln() - logarithms / whole
        return (entropy / Decimal(count).ln()).quantize(_EVENNESS)


def effective_number(census: Census) -> Fraction:
    """Give how many values of one size would be as diverse: the more a few have, the fewer.

    Two tracks that are drawn by chance (the first put back) are of one value as often as if there were so many values,
    all of one size.

    Parameters
    ----------
    census : mapping of int to int
        At least one value that holds something.

    Returns
    -------
    number : Fraction
        At least 1, at most the number of values.
    """
    return Fraction(_whole(census) ** 2, sum(size * size * number for size, number in _holding(census)))


def _whole(census: Census) -> int:
    whole = total(census)
    if not whole:
        raise ValueError("nothing is spread over these values")
    return whole


def _holding(census: Census) -> Iterator[tuple[int, int]]:
    return ((size, number) for size, number in census.items() if size > 0 and number > 0)
