"""From the text of a cell to the value of its field, as the mapping says: cut, split, replaced, read by its type."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Values
from functools import partial
from typing import Final

from audit_core.catalogue.fields import field_named
from audit_core.errors import IngestError
from audit_core.ingest.block import BETWEEN_PARTS
from audit_core.ingest.mapping import FieldMapping
from audit_core.ingest.values import BadValue, checksum, day, milliseconds, whole_number
from audit_core.wording import quoted

__all__ = ["REMEMBERED", "Cell", "Read", "checksum_reader", "constant", "reader", "size"]

#: How many texts are remembered of a column; then it begins anew.
REMEMBERED: Final = 50_000

_HIGHEST_HZ: Final = 10_000_000  # three times what any converter samples at

Cell = str | int
Read = Callable[[str], Cell | None]


def constant(mapping: FieldMapping) -> Cell | None:
    """Read the constant of a field.

    Raises
    ------
    IngestError
        If the field can't have that value.
    """
    read, text = reader(mapping), mapping.constant or ""
    try:
        return read(text) if read else text
    except BadValue as wrong:
        raise IngestError(f"the constant of {wrong}") from wrong


class _Remembered(dict[str, Cell | None]):
    """What the texts of a column mean, remembered as they are met: years and genres come again and again."""

    def __init__(self, field: str, read: Read) -> None:
        super().__init__()
        self._field = field
        self._read = read

    def __missing__(self, text: str) -> Cell | None:
        if len(self) >= REMEMBERED:
            self.clear()
        try:
            self[text] = self._read(text)
        except BadValue as wrong:
            raise BadValue(f"{self._field}: {wrong}") from wrong
        return self[text]


def reader(mapping: FieldMapping) -> Read | None:
    """Make the function that reads a field's cells; None if they are what they are."""
    field = field_named(mapping.field)
    if field is None:
        raise ValueError(f"{mapping.field!r} is no field")
    typed = _TYPED.get(field.name)
    if field.type == "multi" or mapping.split is not None:
        return _Remembered(field.title, partial(_several, mapping)).__getitem__
    if typed is None and mapping.before is None and not mapping.values:
        return None
    if field.type == "duration":  # hardly one comes twice
        return partial(_duration, mapping)
    return _Remembered(field.title, partial(_one, mapping, typed)).__getitem__


def _one(mapping: FieldMapping, typed: _Typed | None, text: str) -> Cell | None:
    if mapping.before is not None:
        text = text.partition(mapping.before)[0].strip()
    value = mapping.values.get(text, text)
    return typed(value, mapping.unit) if value and typed else value or None


def _duration(mapping: FieldMapping, text: str) -> int | None:
    try:
        return _one(mapping, _TYPED["duration"], text)  # type: ignore[return-value]  # what that gives
    except BadValue as wrong:
        raise BadValue(f"duration: {wrong}") from wrong


def _several(mapping: FieldMapping, text: str) -> str | None:
    if mapping.before is not None:
        text = text.partition(mapping.before)[0]
    parts = text.split(mapping.split if mapping.split and BETWEEN_PARTS not in text else BETWEEN_PARTS)
    values = (mapping.values.get(part, part) for part in map(str.strip, parts))
    return BETWEEN_PARTS.join(dict.fromkeys(value for value in values if value)) or None


def _sample_rate(text: str, unit: str | None) -> int:
    if unit != "kHz":
        return whole_number(text, 1, _HIGHEST_HZ)
    if ":" in text:
        raise BadValue(f"{quoted(text)} is no number of kHz")
    rate = milliseconds(text, "s")  # a thousand times, rounded: the same sum
    if not 1 <= rate <= _HIGHEST_HZ:
        raise BadValue(f"{quoted(text)} kHz is not between 1 Hz and 10 MHz")
    return rate


_Typed = Callable[[str, str | None], Cell]
_TYPED: Final[Values[str, _Typed]] = {
    "year": lambda text, _: whole_number(text, 1, 9999),
    "duration": lambda text, unit: milliseconds(text, unit or "s"),
    "sample_rate": _sample_rate,
    "channels": lambda text, _: whole_number(text, 1, 10_000),
    "acquired": lambda text, _: day(text),
}


def checksum_reader(algorithm: str) -> Read:
    """Make the function that reads checksums of an algorithm."""

    def read(text: str) -> str:
        return checksum(text, algorithm)

    return read


def size(text: str) -> int:
    """Read a number of bytes."""
    try:
        return whole_number(text, 0, 2**62)
    except BadValue as wrong:
        raise BadValue(f"size: {wrong}") from wrong
