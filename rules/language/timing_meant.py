"""Which timing was meant by words that are none: "every Monday at 8" is said as "weekly monday 08:00"."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["timing_meant"]

_CLOCK: Final = re.compile(r"\b(\d{1,2})(?:[:.h](\d\d))? ?(am|pm)?\b", re.ASCII)
_NAMED_HOURS: Final = {"midnight": "00:00", "noon": "12:00", "midday": "12:00"}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:\b|s\b|day|sday|nesday|rsday|urday)", re.ASCII)
_ORDINAL: Final = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b", re.ASCII)
_INTERVAL: Final = re.compile(r"\b(\d{1,3}) (?:min(?:ute)?|hour)s?\b", re.ASCII)
_LONG_INTERVAL: Final = re.compile(r"\b\d+ (?:day|week|month)s?\b", re.ASCII)
_EXAMPLE_TIME: Final = "06:00"


def timing_meant(words: str) -> str | None:
    """Find the timing that somebody probably meant.

    Parameters
    ----------
    words : str
        Lower case, and no timing.

    Returns
    -------
    words : str or None
        In the words that are understood; None if it can't be guessed.
    """
    days = list(dict.fromkeys(_DAY.findall(words)))
    ordinal = _ORDINAL.search(words)
    time = _time_of_day(_ORDINAL.sub(" ", words))
    if every := _INTERVAL.search(words):
        return f"every {every[1]} {'minutes' if 'min' in every[0] else 'hours'}"
    if time is None or _LONG_INTERVAL.search(words):
        return None
    if "hour" in words:
        return "every 1 hour"
    if any(said in words for said in ("weekday", "workday", "working day", "business day")):
        return f"weekdays {time}"
    if len(days) == 1:
        return f"weekly {next(day for day in _DAYS if day.startswith(days[0]))} {time}"
    if days:
        hour, minute = map(int, time.split(":"))
        return f"{minute} {hour} * * {','.join(days)}"
    if "week" in words:
        return f"weekly monday {time}"
    if "month" in words:
        return f"monthly {'last' if 'last' in words or 'end' in words else ordinal[1] if ordinal else '1'} {time}"
    if "quarter" in words:
        return f"quarterly {time}"
    if any(said in words for said in ("daily", "day", "night", "morning", "evening")):
        return f"daily {time}"
    return None


def _time_of_day(words: str) -> str | None:
    """Read a time of day as people write it; the example's if there is none, and None if there is no such time."""
    for said, time in _NAMED_HOURS.items():
        if said in words:
            return time
    stated = _CLOCK.findall(words)
    for hour, minute, half in stated:
        number = int(hour) % 12 + (12 if half == "pm" else 0) if half else int(hour)
        if number < 24 and int(minute or 0) < 60:
            return f"{number:02d}:{minute or '00'}"
    return None if stated else _EXAMPLE_TIME
