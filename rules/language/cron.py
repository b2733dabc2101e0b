"""A cron line, part by part: what cron takes, written as APScheduler takes it.

APScheduler counts the days of the week from Monday where cron counts from Sunday, and it asks that day of month *and*
day of week fit where cron is content with either: so day numbers are written out as names here, and a line that limits
both is refused. So is what programs read differently, such as ``5/2`` for a day of the week.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.wording import quoted

__all__ = ["DAYS", "cron_fields", "looks_like_cron"]

DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PIECE: Final = re.compile(r"(?P<all>\*)?(?P<first>\w+)?(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,2}", re.ASCII)
_LOOKS_SO: Final = re.compile(r"[\d*?][\d*,/-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a cron line: how it is called, and between what it lies."""

    called: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    @property
    def mend(self) -> str:
        """What may be written."""
        named = f", {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"Write {self.least} to {self.most}{named}, or * for any."


_MINUTE: Final = _Part("minute", 0, 59)
_HOUR: Final = _Part("hour", 0, 23)
_DAY: Final = _Part("day of the month", 1, 31)
_MONTH: Final = _Part("month", 1, 12, _MONTHS)
_DAY_OF_WEEK: Final = _Part("day of the week", 0, 7, DAYS)


def looks_like_cron(words: list[str]) -> bool:
    """Tell whether words are meant as a cron line: its minute and hour can't be mistaken."""
    return len(words) > 2 and all(_LOOKS_SO.fullmatch(word) for word in words[:2])


def cron_fields(words: list[str]) -> dict[str, str]:
    """Read the five parts of a cron line.

    Parameters
    ----------
    words : list of str
        Minute, hour, day of the month, month, day of the week; lower case.

    Returns
    -------
    fields : dict
        For APScheduler's ``CronTrigger``.

    Raises
    ------
    Refusal
        If a part is none, or means different things to different programs.
    """
    if len(words) != 5:
        mend = "They are minute, hour, day of the month, month and day of the week, as in 0 6 * * mon."
        raise Refusal(Mistake(f"a cron line has five parts, and this one has {len(words)}", mend))
    minute, hour, day, month, day_of_week = words
    fields = {
        "month": _checked(month, _MONTH),
        "day": day if day == "last" else _checked(day, _DAY),
        "day_of_week": _day_names(day_of_week),
        "hour": _checked(hour, _HOUR),
        "minute": _checked(minute, _MINUTE),
    }
    if day != "*" and day_of_week != "*":
        raise Refusal(
            Mistake(
                "this cron line limits both the day of the month and the day of the week",
                "Programs disagree on whether one or both have to fit: put * for one of them.",
            )
        )
    return fields


def _checked(field: str, part: _Part) -> str:
    """Write the pieces of a part as numbers: APScheduler knows no steps between names."""
    if field == "*":
        return field
    pieces: list[str] = []
    for piece in field.split(","):
        first, last, step = _bounds(piece, part)
        if first > last:
            begins, _, ends = piece.partition("-")
            least, most = (part.names[0], part.names[-1]) if ends in part.names else (part.least, part.most)
            mend = f"Write it in two: {begins}-{most},{least}-{ends}."
            raise Refusal(Mistake(f"{quoted(piece)} ends before it begins", mend))
        pieces.append(str(first) if first == last else f"{first}-{last}/{step}")
    return ",".join(pieces)


def _day_names(field: str) -> str:
    """Write the days of the week out by name: ``1-5`` is mon,tue,wed,thu,fri; 0 and 7 are Sunday."""
    if field == "*":
        return field
    days: set[int] = set()
    for piece in field.split(","):
        first, last, step = _bounds(piece, _DAY_OF_WEEK)
        if "/" in piece and "-" not in piece and piece[0] != "*":
            mend = f"Programs disagree on where that ends: write {piece.partition('/')[0]}-6/{step}, say."
            raise Refusal(Mistake(f"{quoted(piece)} has steps and no end", mend))
        last = 6 if piece[0] == "*" else last + 7 if last < first else last  # sat-sun, 5-0
        days |= {number % 7 for number in range(first, last + 1, step)}
    return ",".join(DAYS[number] for number in sorted(days))


def _bounds(piece: str, part: _Part) -> tuple[int, int, int]:
    """Read where a piece begins and ends, and its step."""
    match = _PIECE.fullmatch(piece)
    if not match or not piece or (match["all"] is None) == (match["first"] is None) or (match["all"] and match["last"]):
        raise Refusal(Mistake(f"{quoted(piece)} is no {part.called} in a cron line", part.mend))
    step = int(match["step"] or 1)
    if step == 0 or step > part.most:
        raise Refusal(Mistake(f"{quoted(piece)} has no step that fits", f"Write */2 for every second {part.called}."))
    if match["all"]:
        return part.least, part.most, step
    first = _number(match["first"], part)
    if match["last"]:
        return first, _number(match["last"], part), step
    return first, part.most if match["step"] else first, step


def _number(word: str, part: _Part) -> int:
    if word in part.names:
        return part.names.index(word) + part.least
    if not _NUMBER.fullmatch(word) or not part.least <= int(word) <= part.most:
        raise Refusal(Mistake(f"{quoted(word)} is no {part.called} in a cron line", part.mend))
    return int(word)
