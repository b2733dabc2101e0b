"""Closed selectors: ``{split: [train, valid], year: 1999}`` chooses tracks by their fields, and can do nothing else.

Every field that is named has to hold one of its values. ``all``, ``any`` and ``not`` join such selectors into larger
ones. A track of which a field is unknown holds no value of it: it is not selected, unless by a ``not``.
"""

from __future__ import annotations

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
from rules.language.conditions import AllOf, AnyOf, Condition, NotOf, Term, Value, in_words, said
from rules.language.quantities import date_of, milliseconds_of
from rules.language.written import field_names, named, text

__all__ = [
    "EVERYTHING",
    "LARGEST",
    "DatasetPattern",
    "FieldName",
    "Pick",
    "Selector",
    "Term",
    "Value",
    "Where",
    "in_words",
    "matches_any",
    "pattern_in_words",
    "value_for",
]

T = TypeVar("T")

#: The catalogue holds no larger whole number, and PostgreSQL compares with none. Durations can't be written as long.
LARGEST: Final = 2**31 - 1

_DATASET: Final = "dataset"
_JOINED: Final = ("all", "any", "not")
#: What others call all, any and not.
_OTHER_WORDS: Final = {"and": "all", "or": "any", "none": "not", "except": "not", "all_of": "all", "any_of": "any"}
_EXAMPLES: Final = {"all": "[{{{0}: a}}, …]", "any": "[{{{0}: a}}, …]", "not": "{{{0}: a}}"}
_DEEPEST: Final = 5
#: A database compares no more than a thousand things in one breath.
_MOST: Final = 200
_THE_FIELDS: Final = f"The fields are {', '.join(FIELDS)}; a column of your own is extra.NAME."
_PATTERN_WRITTEN: Final = r"""^[^\s!"#$%&'()+,/:;<=>@\[\\\]^`{|}~]+$"""
_PATTERN: Final = re.compile(r"[\w.*?-]{1,120}")


@dataclass(frozen=True, slots=True)
class Selector:
    """Which tracks: those for which every term holds.

    Attributes
    ----------
    terms : tuple of Condition
        In the order of the policy; none at all selects every track.
    datasets : tuple of str
        Patterns of dataset names, of which one has to match; none at all: any dataset that is being judged.
    """

    terms: tuple[Condition, ...] = ()
    datasets: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = listed(map(pattern_in_words, self.datasets), "or") if self.datasets else ""
        parts = [f"the dataset's name {named}"] if named else []
        inside = bool(self.datasets) or len(self.terms) > 1
        parts += (said(term, inside=inside) for term in self.terms)
        return listed(parts) if parts else "anything"


EVERYTHING: Final = Selector()


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a dataset's name matches one of the patterns, letter case included."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def pattern_in_words(pattern: str) -> str:
    """Say what a name is like that matches a pattern: "begins with …", "is …"."""
    inside = pattern.strip("*")
    if inside and not set(inside) & set("*?"):
        stars = pattern.startswith("*"), pattern.endswith("*")
        verb = {(False, False): "is", (False, True): "begins with", (True, False): "ends in", (True, True): "has in it"}
        return f"{verb[stars]} {quoted(inside)}"
    return "is any" if not inside else f"fits {quoted(pattern)}"


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
                what = f"{field.name} is a whole number, and {quoted(value)} is not one"
                raise Refusal(Mistake(what, "Write digits alone, without quotes."))
            if abs(value) > LARGEST:
                raise Refusal(Mistake(f"no {field.title} is {value:,}", f"The largest number here is {LARGEST:,}."))
            return value
        case "duration":
            return milliseconds_of(value)
        case "date":
            return date_of(value)
        case "text" | "multi":
            if not isinstance(value, str):
                mend = "Write one value, or a list of them." if isinstance(value, list | dict) else "Put it in quotes."
                raise Refusal(Mistake(f"{field.name} is text, and this is not", mend))
            if not value.strip():
                raise Refusal(Mistake("this text is empty", "What is unknown can't be listed: leave it out."))
            return value


def _value_to_choose(field: Field, value: object) -> Value:
    if isinstance(value, str) and len(value.strip()) != len(value.strip().strip("*")):
        what = f"{quoted(value)} looks like a pattern, and patterns work in datasets alone"
        raise Refusal(Mistake(what, "List the values in full; of any value but some, write not: {…} with those."))
    return value_for(field, value)


def _field_name(name: str) -> str:
    if field_named(name) is None:
        raise Refusal(Mistake(f"unknown field {quoted(name)}", did_you_mean(name, FIELDS, _THE_FIELDS)))
    return name


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
    return Selector(_Reading().conditions(value, 0))


def _pick(value: object) -> Selector:
    reading = _Reading(with_dataset=True)
    terms = reading.conditions(value, 0)
    return Selector(terms, reading.datasets)


class _Reading:
    """One selector, read from its outside inwards."""

    def __init__(self, *, with_dataset: bool = False) -> None:
        self.datasets: tuple[str, ...] = ()
        self._with_dataset = with_dataset
        self._terms = 0

    def conditions(self, stated: object, depth: int) -> tuple[Condition, ...]:
        """Read the fields of one mapping, and what it joins."""
        if not isinstance(stated, dict) or not stated:
            raise Refusal(Mistake("expected fields with their values", "Write it as in {split: [train, valid]}."))
        refusals = Refusals()
        conditions: list[Condition] = []
        for name, value in stated.items():
            with refusals.at(name):
                if name in _JOINED:
                    conditions.append(self._joined(name, value, depth + 1))
                elif name == _DATASET:
                    self._take_datasets(value, depth)
                else:
                    conditions.append(self._term(name, value))
        refusals.tell()
        return tuple(conditions)

    def _joined(self, word: str, stated: object, depth: int) -> Condition:
        if depth > _DEEPEST:
            what = f"all, any and not are nested deeper than {_DEEPEST} levels"
            raise Refusal(Mistake(what, "Nobody could read that aloud: say it more simply.", at_key=True))
        if word == "not":
            if isinstance(stated, list):
                mend = "Write it as in not: {split: test}; of several, not: {any: [{split: test}, {status: draft}]}."
                raise Refusal(Mistake("`not` is of one selector, and this is a list", mend))
            return NotOf(_as_one(self.conditions(stated, depth)))
        if not isinstance(stated, list):
            mend = f"Write it as in {word}: [{{split: train}}, {{status: released}}]."
            raise Refusal(Mistake(f"`{word}` joins the selectors of a list, and this is none", mend))
        if not stated:
            raise Refusal(Mistake(f"`{word}` of nothing", "List the selectors that it joins."))
        if word == "any" and len(stated) == 1:
            mend = "List two or more, each in braces of its own or after a dash of its own; of one, leave `any` out."
            raise Refusal(Mistake("`any` of one selector", mend))
        refusals = Refusals()
        parts: list[Condition] = []
        for index, one in enumerate(stated):
            with refusals.at(index):
                parts.append(_as_one(self.conditions(one, depth)))
        refusals.tell()
        if word == "all":
            _must_be_possible(parts)
        return AllOf(tuple(parts)) if word == "all" else AnyOf(tuple(parts))

    def _take_datasets(self, stated: object, depth: int) -> None:
        if not self._with_dataset:
            mend = "A policy chooses its datasets under applies_to, by `datasets` and `except`."
            raise Refusal(Mistake("datasets can't be chosen here", mend, at_key=True))
        if depth:
            mend = "Put it beside all, any and not, at the top of this selector."
            raise Refusal(Mistake("datasets can't be chosen inside all, any or not", mend, at_key=True))
        self.datasets = _each(stated, _dataset_pattern)

    def _term(self, name: str, stated: object) -> Term:
        field = _field(name, (_DATASET,) if self._with_dataset else ())
        self._terms += 1
        if self._terms == _MOST + 1:  # told once, at the first that is too many
            what = f"more than {_MOST} fields in one selector"
            raise Refusal(Mistake(what, "List the values of a field together: {split: [train, valid]}.", at_key=True))
        if isinstance(stated, dict):
            word = next((word for word in stated if word in _JOINED), None)
            mend = f"Write it as in {name}: [a, b]."
            if word:
                mend = f"Put {word} before the field, as in {word}: {_EXAMPLES[word].format(name)}."
            raise Refusal(Mistake(f"{name} takes a value, or a list of values", mend))
        return Term(name, _each(stated, partial(_value_to_choose, field)))


def _must_be_possible(parts: list[Condition]) -> None:
    """Refuse selectors that no track can satisfy together: a split can't be train and test."""
    asked: dict[str, Term] = {}
    for index, part in enumerate(parts):
        for term in part.parts if isinstance(part, AllOf) else (part,):
            field = field_named(term.field) if isinstance(term, Term) else None
            if not isinstance(term, Term) or field is None or field.type == "multi":
                continue
            before = asked.setdefault(term.field, term)
            if set(before.values).isdisjoint(term.values):
                what = f"no track has both: {said(before)}, and {said(term)}"
                raise Refusal(Mistake(what, "If one of them is enough, say any in place of all.", (index,)))


def _as_one(conditions: tuple[Condition, ...]) -> Condition:
    return conditions[0] if len(conditions) == 1 else AllOf(conditions)


def _field(name: str, besides: tuple[str, ...]) -> Field:
    """Find the field that a key names, or say which one, or which word, was meant."""
    if field := field_named(name):
        return field
    if word := _OTHER_WORDS.get(name.casefold()):
        raise Refusal(Mistake(f"unknown field {quoted(name)}", f"Did you mean {quoted(word)}?", at_key=True))
    mend = did_you_mean(name, (*FIELDS, *_JOINED, *besides), _THE_FIELDS)
    raise Refusal(Mistake(f"unknown field {quoted(name)}", mend, at_key=True))


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


FieldName = Annotated[str, AfterValidator(_field_name), field_names(FIELDS)]
DatasetPattern = Annotated[str, BeforeValidator(_dataset_pattern), text(_PATTERN_WRITTEN, "train-*", at_most=120)]
Where = Annotated[Selector, PlainValidator(_where), named("where")]
Pick = Annotated[Selector, PlainValidator(_pick), named("pick")]
