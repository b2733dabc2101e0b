"""When a policy is audited, and when its digest comes: a few words, or a cron line. APScheduler is the clock."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.cron import CronTrigger
from pydantic import AfterValidator, PlainValidator

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.wording import did_you_mean, meant, quoted
from rules.language.cron import DAYS, cron_fields, looks_like_cron
from rules.language.timing_meant import timing_meant
from rules.language.written import text

__all__ = ["Schedule", "TimeZoneName", "Timing", "TimingWords", "timing_of"]

_FORMS: Final = (
    "Write daily 06:00, weekdays 06:00, weekly monday 08:00, monthly 1 06:00, monthly last 06:00, quarterly 06:00, "
    "every 30 minutes, every 2 hours, or a cron line such as 0 6 * * mon."
)
_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
#: Names of whatever zone a computer happens to be set to.
_OF_THIS_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})
_ABBREVIATION: Final = re.compile(r"[A-Z]{2,5}")
#: What cron calls some of them.
_OTHER_NAMES: Final = {
    "@hourly": "every 1 hour",
    "@daily": "daily 00:00",
    "@midnight": "daily 00:00",
    "@weekly": "weekly sunday 00:00",
    "@monthly": "monthly 1 00:00",
}
_LONGEST: Final = 100
_LATEST_CERTAIN_DAY: Final = 28
_LONGEST_INTERVAL: Final = {"minute": 24 * 60, "hour": 24}
_SOME_DAY: Final = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """When something happens, again and again.

    Attributes
    ----------
    words : str
        As the policy has it.
    fields : tuple of (str, str)
        For APScheduler's ``CronTrigger(**dict(fields), timezone=…)``. Empty if `every` is set.
    every : timedelta or None
        An interval, counted from 1970-01-01 00:00 UTC, so that every process names the same moments.
    """

    words: str
    fields: tuple[tuple[str, str], ...] = ()
    every: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a policy's audit runs and its digest is sent, in the time zone named; None: not by itself."""

    run: Timing | None
    digest: Timing | None
    timezone: str


@lru_cache(maxsize=1024)  # whether a time ever comes is asked of a clock, and most policies keep the same hours
def timing_of(words: str) -> Timing:
    """Read when something happens.

    Parameters
    ----------
    words : str
        Such as ``weekdays 06:00``, ``monthly last 18:00``, ``every 5 minutes`` or ``0 6 * * mon``.

    Raises
    ------
    Refusal
        If the words are others, or name a time that never comes.
    """
    if len(words) > _LONGEST:
        raise _refusal(f"{quoted(words)} is too long for a schedule", _FORMS)
    said = words.casefold().split()
    if looks_like_cron(said):
        return _checked(words, cron_fields(said))
    match said:
        case ["daily", time]:
            return _at(words, time)
        case ["weekdays", time]:
            return _at(words, time, day_of_week="mon,tue,wed,thu,fri")
        case ["weekly", day, time]:
            return _at(words, time, day_of_week=_day_name(day))
        case ["monthly", day, time]:
            return _at(words, time, day=_day_of_month(day))
        case ["quarterly", time]:
            return _at(words, time, month="1,4,7,10", day="1")
        case ["every", count, unit] if count.isdecimal():
            return _every(words, count, unit)
        case _:
            raise _refusal(f"{quoted(words)} is no schedule", _meant(words))


def _at(words: str, time: str, **days: str) -> Timing:
    match = _TIME.fullmatch(time)
    if not match:
        mend = _meant(words, 'Write hours and minutes, as in "06:00" or "18:30".')
        raise _refusal(f"{quoted(time)} is no time of day", mend)
    fields = {"month": "*", "day": "*", "day_of_week": "*", **days, "hour": str(int(match[1]))}
    return _checked(words, {**fields, "minute": str(int(match[2]))})


def _every(words: str, count: str, unit: str) -> Timing:
    unit = unit.removesuffix("s")
    if unit not in _LONGEST_INTERVAL or not re.fullmatch(r"[1-9]\d{0,3}", count, re.ASCII):
        mend = _meant(words, "Write it as in every 30 minutes, or every 2 hours.")
        raise _refusal(f"{quoted(words)} is no interval", mend)
    if int(count) > _LONGEST_INTERVAL[unit]:
        raise _refusal(f"{quoted(words)} is more than a day", "Write daily, weekly or monthly, with a time of day.")
    every = dt.timedelta(minutes=int(count)) if unit == "minute" else dt.timedelta(hours=int(count))
    return Timing(words, every=every)


def _day_name(day: str) -> str:
    if day not in _DAYS and day not in DAYS:
        raise _refusal(f"{quoted(day)} is no day of the week", did_you_mean(day, (*_DAYS[1:], _DAYS[0])))
    return day[:3]


def _day_of_month(day: str) -> str:
    if day == "last":
        return day
    if not re.fullmatch(r"\d{1,2}", day, re.ASCII) or int(day) == 0:
        raise _refusal(f"{quoted(day)} is no day of the month", "Write 1 to 28, or last.")
    if int(day) > _LATEST_CERTAIN_DAY:
        raise _refusal(f"not every month has a day {day}", "Write 1 to 28, or last.")
    return str(int(day))


def _checked(words: str, fields: Mapping[str, str]) -> Timing:
    try:
        trigger = CronTrigger(**fields, timezone=dt.UTC)
        comes = trigger.get_next_fire_time(None, _SOME_DAY) is not None
    except ValueError as error:
        why = f"{str(error)[:1].lower()}{str(error)[1:]}"
        raise Refusal(Mistake(f"{quoted(words)} is no schedule: {why}", _FORMS)) from error
    if not comes:
        raise _refusal(f"{quoted(words)} never comes", "No month has such a day.")
    return Timing(words, tuple(fields.items()))


def _meant(words: str, otherwise: str = _FORMS) -> str:
    """Say which timing was probably meant; if it can't be guessed, or would be refused too, say something else."""
    found = _OTHER_NAMES.get(words.strip().casefold()) or timing_meant(" ".join(words.casefold().split()))
    if found is None or found == words.casefold():
        return otherwise
    try:
        timing_of(found)
    except Refusal:
        return otherwise
    return f"Did you mean {quoted(found)}?"


def _refusal(what: str, mend: str) -> Refusal:
    return Refusal(Mistake(what, mend))


def _timing(value: object) -> Timing:
    if not isinstance(value, str):
        raise _refusal(f"{quoted(value)} is no schedule", _FORMS)
    return timing_of(value)


def _zone_name(name: str) -> str:
    try:
        if name not in _OF_THIS_MACHINE:
            ZoneInfo(name)
            return name
    except (ValueError, OSError, KeyError):
        pass
    mend = "Write a region and a city, as in Europe/London, or UTC."
    if _ABBREVIATION.fullmatch(name):
        mend = f"Such letters stand for several zones. {mend}"
    elif found := _zone_meant(name):
        mend = f"Did you mean {quoted(found)}?"
    raise _refusal(f"unknown time zone {quoted(name)}", mend)


def _zone_meant(name: str) -> str | None:
    """Find the zone that was meant: by its city alone, or by a name that is nearly it."""
    zones = sorted(available_timezones() - _OF_THIS_MACHINE)
    city = name.strip().replace(" ", "_").casefold()
    return next((zone for zone in zones if zone.rpartition("/")[2].casefold() == city), None) or meant(name, zones)


TimeZoneName = Annotated[str, AfterValidator(_zone_name), text(None, "Europe/London", "UTC")]
TimingWords = Annotated[
    Timing,
    PlainValidator(_timing),
    text(r"^\s*\S+(\s+\S+){1,4}\s*$", "daily 06:00", "weekdays 06:00", "weekly monday 08:00", "monthly last 06:00"),
]
