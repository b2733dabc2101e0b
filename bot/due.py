"""When something was last due: the moments of a timing in its zone, whatever the clocks do in spring and autumn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from rules.language.schedule import Timing

__all__ = ["last_due", "trigger_for"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS_BACK: Final = tuple(timedelta(hours=hours) for hours in (2, 26, 8 * 24, 32 * 24, 367 * 24, 9 * 366 * 24))


def last_due(timing: Timing, zone: tzinfo, *, after: datetime, until: datetime) -> datetime | None:
    """Find the latest moment at which something was due.

    Parameters
    ----------
    timing : Timing
    zone : tzinfo
        In which the timing's hours are meant.
    after, until : datetime
        It is later than `after`, and not later than `until`.

    Returns
    -------
    due : datetime or None
        In UTC; None if nothing was due. An hour that the clocks run through twice counts once, unless the timing names
        no hour; one that they skip comes as much later as they skip.
    """
    if timing.every is not None:
        due = _EPOCH + (until - _EPOCH) // timing.every * timing.every
        return due if due > after else None
    trigger = CronTrigger(**dict(timing.fields), timezone=zone)
    for back in _LOOKS_BACK:
        start = max(after, until - back)
        found = _last_of(trigger, zone, timing, start, until)
        if found is not None or start == after:
            return found
    return None


def _last_of(trigger: CronTrigger, zone: tzinfo, timing: Timing, after: datetime, until: datetime) -> datetime | None:
    last: datetime | None = None
    look = after + timedelta(microseconds=1)
    while True:
        fires = trigger.get_next_fire_time(None, look.astimezone(zone))
        if fires is None or fires.astimezone(UTC) > until:
            return last
        due = fires.astimezone(UTC)
        if due > after and not _second_time(fires, timing, zone):
            last = due
        look = max(due, look) + timedelta(seconds=1)


def _second_time(fires: datetime, timing: Timing, zone: tzinfo) -> bool:
    """Tell whether the clocks show this hour for the second time, and the timing means it once a day."""
    hour = dict(timing.fields).get("hour", "*")
    local = fires.astimezone(UTC).astimezone(zone)
    return local.fold == 1 and not hour.startswith("*")


def trigger_for(timing: Timing, zone: tzinfo) -> BaseTrigger:
    """Give the alarm clock of a timing."""
    if timing.every is not None:
        return IntervalTrigger(seconds=int(timing.every.total_seconds()), start_date=_EPOCH, timezone=UTC)
    return CronTrigger(**dict(timing.fields), timezone=zone)
