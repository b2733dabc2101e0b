"""Schedules in words and in cron lines."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from audit_core.placed_yaml.mistakes import Refusal
from rules.schedule import Timing, timing_of

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def firings(timing: Timing, since: dt.datetime, count: int) -> list[str]:
    """Ask APScheduler itself when a timing comes."""
    trigger = CronTrigger(**dict(timing.fields), timezone=since.tzinfo)
    moments: list[str] = []
    moment = None
    for _ in range(count):
        moment = trigger.get_next_fire_time(moment, moment + dt.timedelta(seconds=1) if moment else since)
        assert moment is not None
        moments.append(f"{moment:%a %Y-%m-%d %H:%M}")
    return moments


@pytest.mark.parametrize(
    ("words", "first_three"),
    [
        ("daily 06:00", ["Wed 2026-07-01 06:00", "Thu 2026-07-02 06:00", "Fri 2026-07-03 06:00"]),
        ("weekdays 06:30", ["Wed 2026-07-01 06:30", "Thu 2026-07-02 06:30", "Fri 2026-07-03 06:30"]),
        ("weekly monday 08:00", ["Mon 2026-07-06 08:00", "Mon 2026-07-13 08:00", "Mon 2026-07-20 08:00"]),
        ("weekly Sun 08:05", ["Sun 2026-07-05 08:05", "Sun 2026-07-12 08:05", "Sun 2026-07-19 08:05"]),
        ("monthly 28 00:00", ["Tue 2026-07-28 00:00", "Fri 2026-08-28 00:00", "Mon 2026-09-28 00:00"]),
        ("monthly last 18:00", ["Fri 2026-07-31 18:00", "Mon 2026-08-31 18:00", "Wed 2026-09-30 18:00"]),
        ("quarterly 06:00", ["Wed 2026-07-01 06:00", "Thu 2026-10-01 06:00", "Fri 2027-01-01 06:00"]),
        ("0 3 * * 1", ["Mon 2026-07-06 03:00", "Mon 2026-07-13 03:00", "Mon 2026-07-20 03:00"]),
        ("0 3 * * 0", ["Sun 2026-07-05 03:00", "Sun 2026-07-12 03:00", "Sun 2026-07-19 03:00"]),
        ("0 3 * * 7", ["Sun 2026-07-05 03:00", "Sun 2026-07-12 03:00", "Sun 2026-07-19 03:00"]),
        ("0 3 * * mon", ["Mon 2026-07-06 03:00", "Mon 2026-07-13 03:00", "Mon 2026-07-20 03:00"]),
        ("0 3 * * fri-mon", ["Fri 2026-07-03 03:00", "Sat 2026-07-04 03:00", "Sun 2026-07-05 03:00"]),
        ("0 3 1 */2 *", ["Wed 2026-07-01 03:00", "Tue 2026-09-01 03:00", "Sun 2026-11-01 03:00"]),
        ("*/20 3 * * *", ["Wed 2026-07-01 03:00", "Wed 2026-07-01 03:20", "Wed 2026-07-01 03:40"]),
    ],
)
def test_a_schedule_comes_when_its_words_say(words: str, first_three: list[str]) -> None:
    assert firings(timing_of(words), dt.datetime(2026, 7, 1, tzinfo=dt.UTC), 3) == first_three


def test_a_schedule_comes_by_the_clock_of_its_time_zone() -> None:
    summer = dt.datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/London"))
    assert firings(timing_of("daily 06:00"), summer, 1) == ["Wed 2026-07-01 06:00"]


@pytest.mark.parametrize(
    ("words", "every"),
    [("every 30 minutes", dt.timedelta(minutes=30)), ("every 1 hour", dt.timedelta(hours=1))],
)
def test_an_interval_is_a_length_of_time(words: str, every: dt.timedelta) -> None:
    assert timing_of(words) == Timing(words, every=every)


@given(st.sets(st.integers(0, 6), min_size=1))
def test_the_days_of_a_cron_line_are_cron_s_and_not_apscheduler_s(days: set[int]) -> None:
    fields = dict(timing_of(f"0 6 * * {','.join(map(str, days))}").fields)
    assert set(fields["day_of_week"].split(",")) == {DAYS[day] for day in days}


@given(st.integers(0, 6), st.integers(0, 7), st.integers(1, 7))
def test_a_range_of_days_goes_round_the_week_in_steps(first: int, last: int, step: int) -> None:
    fields = dict(timing_of(f"0 6 * * {first}-{last}/{step}").fields)
    end = last if last >= first else last + 7
    assert set(fields["day_of_week"].split(",")) == {DAYS[day % 7] for day in range(first, end + 1, step)}


@pytest.mark.parametrize(
    "words",
    [
        "",
        "daily",
        "daily 6:00",
        "daily 24:00",
        "weekly 06:00",
        "monthly 0 06:00",
        "monthly 29 06:00",
        "every 0 minutes",
        "every 25 hours",
        "on_new_version",
        "* * * *",
        "0 6 * * 8",
        "0 6 L * *",
        "0 6 * * mon#1",
        "0 6 31 4 *",
        "@daily",
        "60 * * * *",
        "5-1 * * * *",
        "٣ 6 * * *",
    ],
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(Refusal):
        timing_of(words)


@given(st.text(alphabet="0123456789*/,-: montuefrlastdyv", max_size=25))
def test_any_words_are_a_schedule_that_comes_or_are_refused(words: str) -> None:
    try:
        timing = timing_of(words)
    except Refusal:
        return
    if not timing.every:
        assert firings(timing, dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 1)
