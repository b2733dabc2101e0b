"""Closed selectors: ``{split: [train, valid], year: 1999}`` chooses tracks by their fields, and can do nothing else.

Every field that is named has to hold one of its values. A track of which the field is unknown is not selected.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator

from audit_core.catalogue.fields import FIELDS, Field, field_named
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Refusals
from audit_core.wording import did_you_mean, listed, quoted
from rules.quantities import date_of, duration_in_words, milliseconds_of
from rules.written import field_names, named, text

__all__ = [
    "EVERYTHING",
    "DatasetPattern",
    "FieldName",
    "Pick",
    "Selector",
    "Term",
    "Value",
    "Where",
    "in_words",
    "matches_any",
    "value_for",
]

Value = str | int | dt.date
"""A value of the catalogue: text, a whole number (milliseconds for durations), or a day."""

T = TypeVar("T")

_DATASET: Final = "dataset"
_PATTERN_WRITTEN: Final = r"""^[^\s!"#$%&'()+,/:;<=>@\[\\\]^`{|}~]+$"""
_PATTERN: Final = re.compile(r"[\w.*?-]{1,120}")


@dataclass(frozen=True, slots=True)
class Term:
    """One field, and the values of which a track has to hold one."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """Which tracks: those for which every term holds.

    Attributes
    ----------
    terms : tuple of Term
        In the order of the policy; none at all selects every track.
    datasets : tuple of str
        Patterns of dataset names, of which one has to match; none at all: any dataset that is being judged.
    """

    terms: tuple[Term, ...] = ()
    datasets: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"the dataset is {listed(map(quoted, self.datasets), 'or')}"] if self.datasets else []
        for term in self.terms:
            field = field_named(term.field)
            title = field.title if field else term.field
            parts.append(f"the {title} is {listed((in_words(value, field) for value in term.values), 'or')}")
        return listed(parts) if parts else "anything"


EVERYTHING: Final = Selector()


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a dataset's name matches one of the patterns, letter case included."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def in_words(value: Value, field: Field | None) -> str:
    """Write a value of a field as a sentence says it."""
    is_duration = field is not None and field.type == "duration"
    return duration_in_words(value) if is_duration and isinstance(value, int) else str(value)


def value_for(field: Field, value: object) -> Value:
    """Read a value as the type of its field asks.

    Raises
    ------
    Refusal
        If it is of another type, or empty.
    """
    match field.type:
        case "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                raise Refusal(Mistake(f"{field.name} is a whole number, and {quoted(value)} is not one"))
            return value
        case "duration":
            return milliseconds_of(value)
        case "date":
            return date_of(value)
        case "text" | "multi":
            if not isinstance(value, str):
                raise Refusal(Mistake(f"{field.name} is text, and this is not", "Put it in quotes."))
            if not value.strip():
                raise Refusal(Mistake("this text is empty", "What is unknown can't be listed: leave it out."))
            return value


def _field_name(value: str, *, at_key: bool = False) -> str:
    if field_named(value) is None:
        mend = did_you_mean(value, FIELDS, "The fields are")
        raise Refusal(
            Mistake(f"unknown field {quoted(value)}", f"{mend} A column of your own is extra.NAME.", at_key=at_key)
        )
    return value


def _dataset_pattern(value: object) -> str:
    if not isinstance(value, str) or not _PATTERN.fullmatch(value):
        raise Refusal(
            Mistake(
                f"{quoted(value)} can't be the name of a dataset",
                "Names have letters, digits, dots, - and _; * stands for any letters, and ? for one.",
            )
        )
    return value


def _where(value: object) -> Selector:
    return _selector(value, with_dataset=False)


def _pick(value: object) -> Selector:
    return _selector(value, with_dataset=True)


def _selector(value: object, *, with_dataset: bool) -> Selector:
    if not isinstance(value, dict) or not value:
        raise Refusal(Mistake("expected fields with their values", "Write it as in {split: [train, valid]}."))
    refusals = Refusals()
    terms: list[Term] = []
    datasets: tuple[str, ...] = ()
    for name, stated in value.items():
        with refusals.at(name):
            if name == _DATASET and with_dataset:
                datasets = _each(stated, _dataset_pattern)
            elif field := field_named(_field_name(name, at_key=True)):
                terms.append(Term(name, _each(stated, partial(value_for, field))))
    refusals.tell()
    return Selector(tuple(terms), datasets)


def _each(stated: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """Read a value, or each value of a list."""
    if not isinstance(stated, list):
        return (read(stated),)
    if not stated:
        raise Refusal(Mistake("no value is listed", "List at least one."))
    refusals = Refusals()
    values: list[T] = []
    for index, item in enumerate(stated):
        with refusals.at(index):
            values.append(read(item))
    refusals.tell()
    return tuple(values)


FieldName = Annotated[str, AfterValidator(partial(_field_name, at_key=False)), field_names(FIELDS)]
DatasetPattern = Annotated[str, BeforeValidator(_dataset_pattern), text(_PATTERN_WRITTEN, "train-*", at_most=120)]
Where = Annotated[Selector, PlainValidator(_where), named("where")]
Pick = Annotated[Selector, PlainValidator(_pick), named("pick")]
