"""Quantities in words."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.placed_yaml.mistakes import Refusal
from rules.language.quantities import (
    date_of,
    decimal_past,
    duration_in_words,
    milliseconds_of,
    percentage_in_words,
    percentage_of,
    percentage_past,
)
from rules.spreads import Top


@given(st.decimals(0, 100, places=4))
def test_a_percentage_is_exact_and_comes_back_as_it_was(percent: Decimal) -> None:
    share = percentage_of(f"{percent} %")
    assert share == Fraction(percent) / 100
    assert percentage_of(percentage_in_words(share)) == share


@given(share=st.fractions(0, 1, max_denominator=10**6), limit=st.decimals(0, 100, places=6))
def test_what_is_measured_reads_as_past_a_limit_or_within_it_as_it_is(share: Fraction, limit: Decimal) -> None:
    shown = Fraction(percentage_past(share, Fraction(limit) / 100).removesuffix(" %"))
    assert (shown > limit) == (share * 100 > limit)
    assert (Fraction(decimal_past(share, Fraction(limit) / 100)) < Fraction(limit) / 100) == (share * 100 < limit)


@pytest.mark.parametrize(
    ("share", "limit", "said"),
    [
        (Fraction(2, 11), "18 %", "18.18 %"),
        (Fraction(200_001, 10**6), "20 %", "20.0001 %"),
        (Fraction(333_334, 10**6), "33.3333 %", "33.3334 %"),
        (Fraction(1), "99.999999 %", "100.00 %"),
    ],
)
def test_a_share_has_as_many_digits_as_show_that_a_limit_is_passed(share: Fraction, limit: str, said: str) -> None:
    assert percentage_past(share, percentage_of(limit)) == said


def test_a_spread_that_is_just_past_its_limit_reads_as_past_it() -> None:
    census = {200_001: 1, 10: 79_999, 9: 1}
    told = Top(Fraction(1, 10**6), Fraction("0.2")).shortfall(census, "tracks", "artists")
    assert told is not None
    assert told.said == "Of 80,001 artists, the largest has 20.0001 % of the tracks, more than 20 %"


@given(st.integers(0, 10**9))
def test_a_duration_in_words_is_exact(ms: int) -> None:
    parts = re.findall(r"\S+ \S+", duration_in_words(ms))
    assert sum(map(milliseconds_of, parts)) == ms


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 ms"),
        (989, "989 ms"),
        (27_000, "27 s"),
        (27_432, "27.432 s"),
        (60_000, "1 min"),
        (60_005, "1 min 0.005 s"),
        (5_107_000, "85 min 7 s"),
        (7_200_000, "2 h"),
    ],
)
def test_a_duration_in_words_is_as_people_say_it(ms: int, words: str) -> None:
    assert duration_in_words(ms) == words


@pytest.mark.parametrize(
    ("words", "ms"), [("5 s", 5_000), ("5s", 5_000), ("3 min", 180_000), ("1.5 h", 5_400_000), ("29.999 s", 29_999)]
)
def test_a_duration_is_whole_milliseconds(words: str, ms: int) -> None:
    assert milliseconds_of(words) == ms


@pytest.mark.parametrize("value", [5, "5", "5 m", "-5 s", "0.5 ms", "5  s", "٥ s", None, ["5 s"]])
def test_a_duration_has_a_number_and_a_unit(value: object) -> None:
    with pytest.raises(Refusal, match="is not a duration"):
        milliseconds_of(value)


@pytest.mark.parametrize("value", [0.2, 20, "20", "-1 %", "1e1 %", "101 %", "%", None])
def test_a_percentage_has_a_sign_and_is_a_part_of_the_whole(value: object) -> None:
    with pytest.raises(Refusal):
        percentage_of(value)


@given(st.dates(dt.date(1000, 1, 1)))
def test_a_date_is_year_month_and_day(day: dt.date) -> None:
    assert date_of(day.isoformat()) == day


@pytest.mark.parametrize("value", ["2026-02-30", "2026-1-1", "01/02/2026", "20260101", "2026-W01-1", 2026, None])
def test_other_ways_to_write_a_date_are_refused(value: object) -> None:
    with pytest.raises(Refusal, match="is not a date|there is no day"):
        date_of(value)
