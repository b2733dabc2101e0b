"""A timing as a sentence says it: "on weekdays at 06:00"."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from audit_core.wording import listed, quoted
from rules.language.cron import DAYS
from rules.language.schedule import Timing

__all__ = ["timing_in_words"]

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WORKING: Final = "mon,tue,wed,thu,fri"
_QUARTERS: Final = "1,4,7,10"
_NUMBER: Final = re.compile(r"\d{1,2}", re.ASCII)


def timing_in_words(timing: Timing) -> str:
    """Say when something comes; of a cron line that no plain words fit, give the line."""
    if timing.every is not None:
        return _every(timing.every)
    fields = dict(timing.fields)
    hour, minute, day, month = (fields[name] for name in ("hour", "minute", "day", "month"))
    if not (_NUMBER.fullmatch(hour) and _NUMBER.fullmatch(minute)):
        return f"by the cron line {quoted(timing.words)}"
    on = _on(day, month, fields["day_of_week"])
    return f"{on} at {int(hour):02d}:{int(minute):02d}" if on else f"by the cron line {quoted(timing.words)}"


def _every(every: dt.timedelta) -> str:
    minutes = every // dt.timedelta(minutes=1)
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _on(day: str, month: str, day_of_week: str) -> str | None:
    """Say on which days; None where that takes more than plain words."""
    if month == _QUARTERS and day == "1":
        return "on the first day of each quarter"
    if month != "*":
        return None
    if day == "last":
        return "on the last day of each month"
    if _NUMBER.fullmatch(day):
        return f"on the {_ordinal(int(day))} of each month"
    if day != "*":
        return None
    if day_of_week in ("*", ",".join(DAYS)):
        return "every day"
    if day_of_week == _WORKING:
        return "on weekdays"
    named = [_DAYS[DAYS.index(name)] for name in day_of_week.split(",")]
    return f"every {listed(named)}"


def _ordinal(number: int) -> str:
    suffix = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
