"""What a cell says, read strictly: a number, a day, a length of time, a checksum. What can't be read is no value."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from audit_core.wording import quoted

__all__ = ["ALGORITHMS", "BadValue", "checksum", "day", "milliseconds", "whole_number"]

#: The checksums that identify content, with their length in hexadecimal digits. CRC-32 is none: it collides by chance.
ALGORITHMS: Final = {
    "md5": 32,
    "sha1": 40,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "blake2b": 128,
    "blake3": 64,
    "xxh128": 32,
}

_WHOLE: Final = re.compile(r"([0-9]{1,18})(?:\.0*)?")
_DECIMAL: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{0,18}))?")
_WITH_UNIT: Final = re.compile(r"([0-9.]+) ?(ms|s|min|h)")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]{1,18})?[eE][+-]?[0-9]{1,2}")
_CLOCK: Final = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-5][0-9](?:\.[0-9]{1,18})?)")
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}.*)?")
_HEX: Final = re.compile(r"[0-9a-f]+")
_MS_PER: Final = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_LONGEST_MS: Final = 2**53


class BadValue(ValueError):
    """A cell that can't be what its column should be; the message says what it is instead."""


def whole_number(text: str, lowest: int, highest: int) -> int:
    """Read ``2011`` or ``2011.0``.

    Raises
    ------
    BadValue
        If it is no whole number, or not between `lowest` and `highest`.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise BadValue(f"{quoted(text)} is no whole number")
    number = int(found[1])
    if not lowest <= number <= highest:
        raise BadValue(f"{quoted(text)} is not between {lowest} and {highest}")
    return number


def milliseconds(text: str, unit: str) -> int:
    """Read a length of time: a number of `unit`, or what says its own: ``1.5 min``, or a clock's ``3:25``, ``1:02:03``.

    Parameters
    ----------
    text : str
        What stands in the cell.
    unit : {"ms", "s", "min"}
        What a plain number counts.

    Returns
    -------
    duration : int
        Whole milliseconds; a half is rounded up.

    Raises
    ------
    BadValue
        If it is none of these.
    """
    if found := _DECIMAL.fullmatch(text):
        whole, fraction = found.groups("")
        scale = 10 ** len(fraction)
        duration: int = (2 * int(whole + fraction) * _MS_PER[unit] + scale) // (2 * scale)
    elif found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = found.groups("0")
        duration = int(hours) * 3_600_000 + int(minutes) * 60_000 + milliseconds(seconds, "s")
    elif (found := _WITH_UNIT.fullmatch(text)) and _DECIMAL.fullmatch(found[1]):
        duration = milliseconds(found[1], found[2])
    elif _SCIENTIFIC.fullmatch(text):
        duration = milliseconds(f"{Decimal(text):f}", unit)
    else:
        raise BadValue(f"{quoted(text)} is no length of time")
    if duration > _LONGEST_MS:
        raise BadValue(f"{quoted(text)} is longer than any recording")
    return duration


def day(text: str) -> str:
    """Read ``2024-02-29``, also where a time of day follows; give it in that form.

    Raises
    ------
    BadValue
        If there is no such day, or it is written otherwise: ``03/04/2024`` is one day here and another there.
    """
    found = _DAY.fullmatch(text)
    if found is None:
        raise BadValue(f"{quoted(text)} is no day written as 2024-02-29")
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError as error:
        raise BadValue(f"{quoted(text)} is no day of the calendar") from error


def checksum(text: str, algorithm: str) -> str:
    """Read a checksum in hexadecimal; give it in lower case.

    Raises
    ------
    BadValue
        If it is not hexadecimal, or not as long as `algorithm` makes it.
    """
    value = text.lower()
    if len(value) != ALGORITHMS[algorithm] or not _HEX.fullmatch(value):
        raise BadValue(f"{quoted(text)} is no {algorithm} of {ALGORITHMS[algorithm]} hexadecimal digits")
    return value
