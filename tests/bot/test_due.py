"""When things are due, through the nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deadline import working_days_after
from bot.due import last_due, trigger_for
from rules.language.schedule import timing_of

BERLIN = ZoneInfo("Europe/Berlin")


def dues(words: str, start: str, end: str, zone: ZoneInfo = BERLIN) -> list[str]:
    """All moments that are found by looking every ten minutes."""
    after, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
    found: list[str] = []
    now = after
    while now <= until:
        due = last_due(timing_of(words), zone, after=after, until=now)
        if due is not None:
            found.append(f"{due:%m-%dT%H:%M}")
            after = due
        now += timedelta(minutes=10)
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("daily 02:30", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),  # 25 October has two 02:30
        ("0 */12 * * *", ["10-24T10:00", "10-24T22:00", "10-25T11:00", "10-25T23:00", "10-26T11:00"]),
    ],
)
def test_the_hour_that_comes_twice_counts_once(words: str, expected: list[str]) -> None:
    assert dues(words, "2026-10-24T00:00+00:00", "2026-10-26T12:00+00:00") == expected


def test_every_hour_means_each_of_the_twenty_five() -> None:
    assert len(dues("15 * * * *", "2026-10-24T22:00+00:00", "2026-10-25T22:59+00:00")) == 25


def test_the_hour_that_is_skipped_comes_an_hour_later() -> None:
    assert dues("daily 02:30", "2026-03-28T00:00+00:00", "2026-03-30T12:00+00:00") == [
        "03-28T01:30",
        "03-29T01:30",  # 03:30 by the clocks
        "03-30T00:30",
    ]


def test_weekdays_are_those_of_the_policys_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert dues("weekdays 06:00", "2026-11-20T00:00+00:00", "2026-11-24T00:00+00:00", tokyo) == [
        "11-22T21:00",
        "11-23T21:00",
    ]  # Monday and Tuesday there


def test_day_numbers_of_a_cron_line_count_from_sunday() -> None:
    assert dues("0 3 * * 1", "2026-11-20T00:00+00:00", "2026-11-27T00:00+00:00") == ["11-23T02:00"]  # a Monday


def test_of_many_that_were_missed_the_last_is_due() -> None:
    after, until = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 14, tzinfo=UTC)
    for words, expected in (
        ("every 5 minutes", datetime(2026, 11, 22, 14, tzinfo=UTC)),
        ("quarterly 06:00", datetime(2026, 10, 1, 4, tzinfo=UTC)),
        ("* * * * *", datetime(2026, 11, 22, 14, tzinfo=UTC)),
    ):
        assert last_due(timing_of(words), BERLIN, after=after, until=until) == expected


def test_nothing_is_due_twice() -> None:
    due = datetime(2026, 11, 23, 5, tzinfo=UTC)
    timing = timing_of("weekdays 06:00")
    assert last_due(timing, BERLIN, after=due - timedelta(hours=1), until=due) == due
    assert last_due(timing, BERLIN, after=due, until=due + timedelta(hours=1)) is None


def test_the_alarm_rings_at_the_moments_that_are_due() -> None:
    now = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
    for words in ("every 5 minutes", "weekdays 06:00", "0 3 * * 1"):
        rings = trigger_for(timing_of(words), BERLIN).get_next_fire_time(None, now)
        moment = rings.astimezone(UTC)
        assert last_due(timing_of(words), BERLIN, after=now, until=moment) == moment


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-20", 1, "2026-11-23"),  # Friday → Monday
        ("2026-11-21", 1, "2026-11-24"),  # Saturday counts from Monday
        ("2026-11-23", 3, "2026-11-26"),
        ("2026-11-23", 10, "2026-12-07"),
        ("2026-11-23", 0, "2026-11-23"),
    ],
)
def test_working_days_skip_weekends(start: str, days: int, end: str) -> None:
    assert working_days_after(date.fromisoformat(start), days) == date.fromisoformat(end)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_one_working_day_more_is_the_next_day_that_is_no_weekend(start: date, days: int) -> None:
    day, later = working_days_after(start, days), working_days_after(start, days + 1)
    assert later.weekday() < 5
    assert later - day == timedelta(days=3 if day.weekday() == 4 else 1)
