"""The quantities of the policy language, read from words: percentages, times, days and counts.

Each has one way to be written, with its unit, so that nobody has to guess whether 0.5 is a half or half a percent. What
has no unit, such as a Gini coefficient, is a plain number from 0 to 1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.wording import quoted
from rules.language.written import text

__all__ = [
    "Date",
    "Days",
    "Duration",
    "Frequency",
    "Loudness",
    "Messages",
    "Percentage",
    "Ratio",
    "date_in_words",
    "date_of",
    "days_in_words",
    "decimal_in_words",
    "decimal_past",
    "duration_in_words",
    "frequency_in_words",
    "hertz_of",
    "hours_in_words",
    "hundredths_in_words",
    "loudness_in_words",
    "lufs_of",
    "milliseconds_of",
    "percentage_in_words",
    "percentage_of",
    "percentage_past",
    "ratio_of",
]

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_DAYS: Final = re.compile(r"(\d{1,4}) days?", re.ASCII)
_MESSAGES: Final = re.compile(r"(\d{1,4}) messages?", re.ASCII)
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|min|h)", re.ASCII)
_FREQUENCY: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(Hz|kHz)", re.ASCII)
_LOUDNESS: Final = re.compile(r"(-?\d{1,3}(?:\.\d)?) ?LUFS", re.ASCII)
_YEARS: Final = range(1970, 3000)
_DATE_WRITTEN: Final = "^(19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}$"
_DECIMALS: Final = 18
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


def percentage_of(value: object) -> Fraction:
    """Read "20 %" as an exact share of one: nothing is rounded, so that 0.1 % of a million is 1,000."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Refusal(Mistake(f"{quoted(value)} is not a percentage", 'Write it as in "20 %" or "0.5 %".'))
    share = Fraction(Decimal(match[1])) / 100
    if share > 1:
        raise Refusal(Mistake(f"{quoted(value)} is more than all of it", "The most is 100 %."))
    return share


def ratio_of(value: object) -> Fraction:
    """Read 0.70, a number from 0 to 1, as exactly that."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return Fraction(Decimal(str(value)))
    raise Refusal(Mistake(f"{quoted(value)} is no number from 0 to 1", "Write it plainly, as in 0.70."))


def milliseconds_of(value: object) -> int:
    """Read "5 s", "1.5 min" or "500 ms" as whole milliseconds."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    ms = Fraction(Decimal(match[1])) * _MS[match[2]] if match else Fraction(1, 2)
    if ms.denominator != 1:
        raise Refusal(
            Mistake(f"{quoted(value)} is not a duration", 'Write it as in "5 s", "3 min", "1.5 h" or "500 ms".')
        )
    return int(ms)


def hertz_of(value: object) -> int:
    """Read "44.1 kHz" or "48000 Hz" as whole hertz."""
    match = _FREQUENCY.fullmatch(value) if isinstance(value, str) else None
    hertz = Fraction(Decimal(match[1])) * (1000 if match[2] == "kHz" else 1) if match else Fraction(1, 2)
    if hertz.denominator != 1:
        raise Refusal(Mistake(f"{quoted(value)} is not a rate", 'Write it as in "44.1 kHz" or "48000 Hz".'))
    return int(hertz)


def lufs_of(value: object) -> Decimal:
    """Read "-23 LUFS" exactly."""
    match = _LOUDNESS.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Refusal(Mistake(f"{quoted(value)} is not a loudness", 'Write it as in "-23 LUFS" or "-14.5 LUFS".'))
    return Decimal(match[1])


def date_of(value: object) -> dt.date:
    """Read "2026-12-01" as a day."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return dt.date.fromisoformat(value)
    except ValueError:
        raise Refusal(Mistake(f"there is no day {quoted(value)}", "See how many days the month has.")) from None
    if isinstance(value, str) and (dash := re.search("[\u2010-\u2015\u2212]", value)):
        what = f"{quoted(value)} is not a date: {dash[0]} is a dash of word processors"
        raise Refusal(Mistake(what, "Type - between the numbers."))
    raise Refusal(Mistake(f"{quoted(value)} is not a date", 'Write year, month, day, as in "2026-12-01".'))


def _date_in_time(value: object) -> dt.date:
    """Read a day on which something is to happen: the first and the last years have days without a midnight in UTC."""
    date = date_of(value)
    if date.year not in _YEARS:
        what = f"the year {date.year} is none in which this could happen"
        raise Refusal(Mistake(what, f"Write a year from {_YEARS.start} to {_YEARS.stop - 1}."))
    return date


def _counted(pattern: re.Pattern[str], unit: str, example: str) -> Callable[[object], int]:
    def count(value: object) -> int:
        match = pattern.fullmatch(value) if isinstance(value, str) else None
        if not match or int(match[1]) == 0:
            raise Refusal(Mistake(f"{quoted(value)} is not a number of {unit}", f'Write it as in "{example}".'))
        return int(match[1])

    return count


def _as_written(pattern: re.Pattern[str]) -> str:
    """Write a pattern for editors, which look for it anywhere in a text, and whose digits may be of any script."""
    return f"^{pattern.pattern}$".replace("\\d", "[0-9]")


Date = Annotated[dt.date, BeforeValidator(_date_in_time), text(_DATE_WRITTEN, "2026-12-01")]
Duration = Annotated[
    int, BeforeValidator(milliseconds_of), text(_as_written(_DURATION), "5 s", "3 min", "1.5 h", "500 ms")
]
Frequency = Annotated[int, BeforeValidator(hertz_of), text(_as_written(_FREQUENCY), "44.1 kHz", "48000 Hz")]
Loudness = Annotated[Decimal, BeforeValidator(lufs_of), text(_as_written(_LOUDNESS), "-23 LUFS")]
Percentage = Annotated[Fraction, BeforeValidator(percentage_of), text(_as_written(_PERCENT), "20 %", "0.5 %")]
Ratio = Annotated[Fraction, BeforeValidator(ratio_of), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Days = Annotated[int, BeforeValidator(_counted(_DAYS, "days", "90 days")), text(_as_written(_DAYS), "90 days")]
Messages = Annotated[
    int, BeforeValidator(_counted(_MESSAGES, "messages", "25 messages")), text(_as_written(_MESSAGES), "25 messages")
]


def percentage_in_words(share: Fraction) -> str:
    """Write a share as a percentage: "0.5 %"."""
    percent = Decimal((share * 100).numerator) / Decimal((share * 100).denominator)
    return f"{percent.normalize():f} %"


def hundredths_in_words(share: Fraction) -> str:
    """Write a measured share with two decimals, rounded half up: the same everywhere."""
    hundredths = int(share * 10_000 + Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def decimal_in_words(number: Fraction) -> str:
    """Write a number that was read from a policy, exactly: "0.7"."""
    return f"{(Decimal(number.numerator) / Decimal(number.denominator)).normalize():f}"


def decimal_past(number: Fraction, limit: Fraction, decimals: int = 3) -> str:
    """Write a measured number, rounded half up, with as many decimals as show on which side of a limit it lies."""
    return f"{_rounded_past(number, limit, decimals):,f}"


def percentage_past(share: Fraction, limit: Fraction) -> str:
    """Write a measured share with two decimals, or with as many as show on which side of a limit it lies."""
    return f"{_rounded_past(share * 100, limit * 100, 2):f} %"


def _rounded_past(number: Fraction, limit: Fraction, decimals: int) -> Decimal:
    while True:
        scaled = int(number * 10**decimals + Fraction(1, 2))
        shown = Fraction(scaled, 10**decimals)
        if decimals >= _DECIMALS or number == limit or (shown != limit and (shown > limit) == (number > limit)):
            return Decimal(scaled).scaleb(-decimals)
        decimals += 1


def hours_in_words(ms: int) -> str:
    """Write milliseconds as hours with two decimals, rounded half up: "1,204.50 h"."""
    hundredths = (ms + 18_000) // 36_000
    return f"{hundredths // 100:,}.{hundredths % 100:02d} h"


def frequency_in_words(hertz: int) -> str:
    """Write hertz as they are said, and exactly: "44.1 kHz", "500 Hz"."""
    return f"{hertz} Hz" if hertz < 1000 else f"{(Decimal(hertz) / 1000).normalize():f} kHz"


def loudness_in_words(lufs: Decimal) -> str:
    """Write a loudness: "-23 LUFS"."""
    return f"{lufs.normalize():f} LUFS"


def date_in_words(date: dt.date) -> str:
    """Write a day: "1 December 2026", in any locale."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def days_in_words(days: int) -> str:
    """Write a number of days: "1 day", "90 days"."""
    return f"{days} day" if days == 1 else f"{days} days"


def duration_in_words(ms: int) -> str:
    """Write milliseconds as they are said, and exactly: "2 h", "85 min 7 s", "27.5 s", "989 ms"."""
    if ms and ms % _MS["h"] == 0:
        return f"{ms // _MS['h']} h"
    if 0 <= ms < _MS["s"]:
        return f"{ms} ms"
    minutes, rest = divmod(ms, _MS["min"])
    seconds = f"{(Decimal(rest) / _MS['s']).normalize():f} s"
    return " ".join(part for part, said in ((f"{minutes} min", minutes), (seconds, rest)) if said)
