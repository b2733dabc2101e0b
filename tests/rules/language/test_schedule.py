"""Schedules in words and in cron lines."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from audit_core.placed_yaml.mistakes import Refusal
from rules.language.schedule import TimeZoneName, Timing, timing_of

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
        ("Weekly MONDAY 8:00", ["Mon 2026-07-06 08:00", "Mon 2026-07-13 08:00", "Mon 2026-07-20 08:00"]),
        ("weekly Sun 08:05", ["Sun 2026-07-05 08:05", "Sun 2026-07-12 08:05", "Sun 2026-07-19 08:05"]),
        ("monthly 28 00:00", ["Tue 2026-07-28 00:00", "Fri 2026-08-28 00:00", "Mon 2026-09-28 00:00"]),
        ("monthly last 18:00", ["Fri 2026-07-31 18:00", "Mon 2026-08-31 18:00", "Wed 2026-09-30 18:00"]),
        ("quarterly 06:00", ["Wed 2026-07-01 06:00", "Thu 2026-10-01 06:00", "Fri 2027-01-01 06:00"]),
        ("0 3 * * 1", ["Mon 2026-07-06 03:00", "Mon 2026-07-13 03:00", "Mon 2026-07-20 03:00"]),
        ("0 3 * * 0", ["Sun 2026-07-05 03:00", "Sun 2026-07-12 03:00", "Sun 2026-07-19 03:00"]),
        ("0 3 * * 7", ["Sun 2026-07-05 03:00", "Sun 2026-07-12 03:00", "Sun 2026-07-19 03:00"]),
        ("0 3 * * mon", ["Mon 2026-07-06 03:00", "Mon 2026-07-13 03:00", "Mon 2026-07-20 03:00"]),
        ("0 3 * * fri-mon", ["Fri 2026-07-03 03:00", "Sat 2026-07-04 03:00", "Sun 2026-07-05 03:00"]),
        ("0 3 * * 0-7/7", ["Sun 2026-07-05 03:00", "Sun 2026-07-12 03:00", "Sun 2026-07-19 03:00"]),
        ("0 3 * * 6-0", ["Sat 2026-07-04 03:00", "Sun 2026-07-05 03:00", "Sat 2026-07-11 03:00"]),
        ("0 3 * * */3", ["Wed 2026-07-01 03:00", "Sat 2026-07-04 03:00", "Sun 2026-07-05 03:00"]),
        ("0 3 * jul,Oct-dec/2 1,WED", ["Wed 2026-07-01 03:00", "Mon 2026-07-06 03:00", "Wed 2026-07-08 03:00"]),
        ("10/25 3 * * *", ["Wed 2026-07-01 03:10", "Wed 2026-07-01 03:35", "Thu 2026-07-02 03:10"]),
        ("0 3 last * *", ["Fri 2026-07-31 03:00", "Mon 2026-08-31 03:00", "Wed 2026-09-30 03:00"]),
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
        "0 6 * * 1/2",
        "0 6 * * *-3",
        "0 6 1 nov-feb *",
        "*/0 * * * *",
        "0 6 ? * mon",
        "0 0 6 * * mon",
    ],
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(Refusal):
        timing_of(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("every Monday at 8", "weekly monday 08:00"),
        ("weekly on Tuesday at 08.30", "weekly tuesday 08:30"),
        ("Every day, 6:00 pm", "daily 18:00"),
        ("daily at noon", "daily 12:00"),
        ("working days at 7:30", "weekdays 07:30"),
        ("on the 15th of each month, 06:00", "monthly 15 06:00"),
        ("last day of the month 18:00", "monthly last 18:00"),
        ("weekly monday, thursday 08:00", "0 8 * * mon,thu"),
        ("hourly", "every 1 hour"),
        ("every 30 mins", "every 30 minutes"),
        ("@weekly", "weekly sunday 00:00"),
    ],
)
def test_words_that_a_person_would_write_are_refused_with_those_that_are_understood(words: str, meant: str) -> None:
    with pytest.raises(Refusal) as refused:
        timing_of(words)
    assert [mistake.mend for mistake in refused.value.mistakes] == [f'Did you mean "{meant}"?']


@pytest.mark.parametrize("words", ["every 3 days", "daily 25:00", "whenever", "on_new_version", "monthly 31st 06:00"])
def test_nothing_is_suggested_that_nobody_said(words: str) -> None:
    with pytest.raises(Refusal) as refused:
        timing_of(words)
    assert "Did you mean" not in str([mistake.mend for mistake in refused.value.mistakes])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("london", "Europe/London"),
        ("New York", "America/New_York"),
        ("Europe/Londn", "Europe/London"),
        ("europe/berlin", "Europe/Berlin"),
    ],
)
def test_a_zone_is_found_by_its_city(written: str, meant: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(TimeZoneName).validate_python(written)
    error = refused.value.errors()[0]["ctx"]["error"]
    assert error.mistakes[0].mend == f'Did you mean "{meant}"?'


def test_a_policy_keeps_no_hours_that_depend_on_the_machine() -> None:
    with pytest.raises(ValidationError, match="unknown time zone"):
        TypeAdapter(TimeZoneName).validate_python("localtime")


@given(st.text(alphabet="0123456789*/,-: montuefrlastdyv", max_size=25))
def test_any_words_are_a_schedule_that_comes_or_are_refused(words: str) -> None:
    try:
        timing = timing_of(words)
    except Refusal:
        return
    if not timing.every:
        assert firings(timing, dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 1)
