"""What a rule may ask of all values of a field together: how tracks or hours are spread over them.

Each measure knows what it demands, how many values it takes to say anything, and what to say if the demand is not met.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import ClassVar, Protocol

from audit_core.balance.spread import Census, effective_number, evenness, gini, largest_share, values
from rules.language.quantities import decimal_in_words, decimal_past, percentage_in_words, percentage_past

__all__ = ["EffectiveNumber", "Evenness", "Gini", "Measure", "Shortfall", "Top"]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A demand that is not met.

    Attributes
    ----------
    measured, limit : str
        As they are said.
    said : str
        A sentence without a full stop.
    band : int
        How bad it is, so rounded that another value is another matter.
    """

    measured: str
    limit: str
    said: str
    band: int


class Measure(Protocol):
    """A measure of how evenly something is spread, with its limit."""

    @property
    def word(self) -> str:
        """What it is called, in evidence and in the key of a violation."""

    @property
    def fewest(self) -> int:
        """The fewest values of which it says something."""

    def demand(self, what: str, over: str) -> str:
        """Say what it demands of `what` (tracks, hours) spread `over` values (artists, genres)."""

    def shortfall(self, census: Census, what: str, over: str) -> Shortfall | None:
        """Hold values against it: None if the demand is met."""


@dataclass(frozen=True, slots=True)
class Top:
    """The largest part of the values has no more than a share of the whole."""

    part: Fraction
    at_most: Fraction
    word: ClassVar[str] = "top"
    fewest: ClassVar[int] = 2

    def demand(self, what: str, over: str) -> str:
        """Say it."""
        part, at_most = percentage_in_words(self.part), percentage_in_words(self.at_most)
        return f"the largest {part} of the {over} may have at most {at_most} of the {what} together"

    def shortfall(self, census: Census, what: str, over: str) -> Shortfall | None:
        """Hold values against it; a part of a value counts as a whole one."""
        most = ceil(self.part * values(census))
        share = largest_share(census, most)
        if share <= self.at_most:
            return None
        measured, limit = percentage_past(share, self.at_most), percentage_in_words(self.at_most)
        largest = "largest has" if most == 1 else f"{most:,} largest together have"
        said = f"Of {values(census):,} {over}, the {largest} {measured} of the {what}, more than {limit}"
        return Shortfall(measured, f"at most {limit}", said, int(share * 1000))


@dataclass(frozen=True, slots=True)
class Gini:
    """The Gini coefficient is no more than a limit."""

    at_most: Fraction
    word: ClassVar[str] = "gini"
    fewest: ClassVar[int] = 2

    def demand(self, what: str, over: str) -> str:
        """Say it."""
        limit = decimal_in_words(self.at_most)
        return f"the {what} must be spread over the {over} with a Gini coefficient of at most {limit} ({_GINI})"

    def shortfall(self, census: Census, what: str, over: str) -> Shortfall | None:
        """Hold values against it."""
        coefficient = gini(census)
        if coefficient <= self.at_most:
            return None
        measured, limit = decimal_past(coefficient, self.at_most), decimal_in_words(self.at_most)
        said = f"{_spread(census, what, over)} with a Gini coefficient of {measured}, more than {limit} ({_GINI})"
        return Shortfall(measured, f"at most {limit}", said, int(coefficient * 100))


@dataclass(frozen=True, slots=True)
class Evenness:
    """The entropy, over the most that it could be, is no less than a limit."""

    at_least: Fraction
    word: ClassVar[str] = "evenness"
    fewest: ClassVar[int] = 2

    def demand(self, what: str, over: str) -> str:
        """Say it."""
        limit = decimal_in_words(self.at_least)
        return f"the {what} must be spread over the {over} with an evenness of at least {limit} ({_EVENNESS})"

    def shortfall(self, census: Census, what: str, over: str) -> Shortfall | None:
        """Hold values against it."""
        even = Fraction(evenness(census))
        if even >= self.at_least:
            return None
        measured, limit = decimal_past(even, self.at_least), decimal_in_words(self.at_least)
        said = f"{_spread(census, what, over)} with an evenness of {measured}, less than {limit} ({_EVENNESS})"
        return Shortfall(measured, f"at least {limit}", said, int(even * 100))


@dataclass(frozen=True, slots=True)
class EffectiveNumber:
    """There are, as it were, no fewer values of one size than a limit."""

    at_least: int
    word: ClassVar[str] = "effective number"
    fewest: ClassVar[int] = 1

    def demand(self, what: str, over: str) -> str:
        """Say it."""
        return f"the {what} must be spread over the {over} at least as evenly as over {self.at_least:,} of one size"

    def shortfall(self, census: Census, what: str, over: str) -> Shortfall | None:
        """Hold values against it."""
        number = effective_number(census)
        if number >= self.at_least:
            return None
        measured, limit = decimal_past(number, Fraction(self.at_least), 1), f"{self.at_least:,}"
        said = f"{_spread(census, what, over)} as unevenly as over {measured} of one size, fewer than {limit}"
        return Shortfall(measured, f"at least {limit}", said, int(number))


_GINI = "0: all have the same; near 1: a few have nearly all"
_EVENNESS = "1: all have the same; near 0: one has nearly all"


def _spread(census: Census, what: str, over: str) -> str:
    return f"The {what} are spread over {values(census):,} {over}"
