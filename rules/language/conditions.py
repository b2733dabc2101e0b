"""What a selector asks of a track: fields that hold some value, joined by all, any and not.

A term holds if the field is known and holds one of the values. `NotOf` holds wherever what it negates does not hold,
and so of a track too of which the field is unknown: either a condition holds or its negation does, and never neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from audit_core.catalogue.fields import Field, field_named
from audit_core.wording import listed
from rules.language.quantities import duration_in_words

__all__ = ["AllOf", "AnyOf", "Condition", "NotOf", "Term", "Value", "each_term", "in_words", "said"]

Value = str | int | dt.date
"""A value of the catalogue: text, a whole number (milliseconds for durations), or a day."""


@dataclass(frozen=True, slots=True)
class Term:
    """One field, and the values of which a track has to hold one."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions that all have to hold: one at least."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one has to hold, or more: one at least."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """A condition that must not hold."""

    part: Condition


Condition = Term | AllOf | AnyOf | NotOf


def each_term(condition: Condition) -> Iterator[Term]:
    """Give the terms of a condition, however deep, in the order of the policy."""
    match condition:
        case Term():
            yield condition
        case NotOf(part):
            yield from each_term(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from each_term(part)


def said(condition: Condition, *, negated: bool = False, inside: bool = False) -> str:
    """Write a condition as a sentence says it.

    Parameters
    ----------
    condition : Condition
        A negation is carried down to the terms, so that a sentence never says "not" of several things at once.
    negated : bool
        Whether to say its contrary.
    inside : bool
        Whether it stands within another, where brackets say how far it goes.
    """
    match condition:
        case Term():
            return _term_negated(condition) if negated else _term(condition)
        case NotOf(part):
            return said(part, negated=not negated, inside=inside)
        case AllOf(parts) | AnyOf(parts):
            if len(parts) == 1:
                return said(parts[0], negated=negated, inside=inside)
            words = [said(part, negated=negated, inside=True) for part in parts]
            together = isinstance(condition, AllOf) != negated
            sentence = listed(words) if together else f"either {', or '.join(words)}"
            return f"({sentence})" if inside else sentence


def in_words(value: Value, field: Field | None) -> str:
    """Write a value of a field as a sentence says it."""
    is_duration = field is not None and field.type == "duration"
    return duration_in_words(value) if is_duration and isinstance(value, int) else str(value)


def _term(term: Term) -> str:
    field = field_named(term.field)
    values = listed((in_words(value, field) for value in term.values), "or")
    if term.field == "tags":
        return f"a tag is {values}"
    return f"the {field.title if field else term.field} is {values}"


def _term_negated(term: Term) -> str:
    field = field_named(term.field)
    values = [in_words(value, field) for value in term.values]
    title = field.title if field else term.field
    if field is not None and field.type == "multi":
        one = "tag" if term.field == "tags" else title
        return f"no {one} is {listed(values, 'or')} (or none is known)"
    several = f"neither {listed(values, 'nor')}" if len(values) > 1 else f"not {values[0]}"
    return f"the {title} is {several} (or is unknown)"
