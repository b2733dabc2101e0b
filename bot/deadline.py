"""The respond-by clock: working days, Monday to Friday, from the day on which something came up."""

from __future__ import annotations

from datetime import date, timedelta

__all__ = ["working_days_after"]

_SATURDAY = 5


def working_days_after(start: date, days: int) -> date:
    """Count working days on from a day; what comes up on a weekend counts from the Monday after it.

    Parameters
    ----------
    start : date
        The day on which it came up; not counted itself.
    days : int
        How many, at least 0.
    """
    day = start
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    weeks, rest = divmod(days, 5)
    day += timedelta(weeks=weeks)
    while rest:
        day += timedelta(days=1)
        rest -= day.weekday() < _SATURDAY
    return day
