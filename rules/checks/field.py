"""field: a field of the catalogue is stated, and holds what it should.

Judges each track by one field.

- `field`: which: `licence`, `title`, `year`, any other field of the catalogue, or a column of your own as `extra.NAME`.
- `must`: what is asked of it.
  - `be_present`: something is stated. A blank, and what the import knows to mean "unknown", is not; and of a licence
    no "n/a", "unknown", "none", "null", "?" or dash.
  - `{match: PATTERN}`: the whole text fits an RE2 pattern. `[A-Z]{2}` fits "GB" and not "GBR"; for text that only has
    to begin with something, end the pattern with `.*`.
  - `{be_one_of: [Rock, Pop]}`: it is one of the values listed, letter by letter.
  - `{be_at_least: 1950, be_at_most: 2026}`: it lies between two bounds, or on the right side of one. Years and other
    whole numbers are written plainly, durations as in `5 s` or `3 min`, dates as in `2026-12-01`.
- `unknown`: what becomes of a track of which the field is unknown: `fail` (if left out) or `skip`.

Of a field that may hold several values (artist, genre, tags), each has to fit as the track spells it; for `be_one_of`
its spelling may differ in case. `licence` is judged as its source wrote it; what it permits is for the kind `licence`.

A quarantine takes out the track.

RULE  {field: licence, must: be_present}
PASS  [{licence: CC-BY-4.0}]
FAIL  [{}]
FAIL  [{licence: n/a}]
RULE  {field: isrc, must: {match: "[A-Z]{2}[A-Z0-9]{3}[0-9]{7}"}}
PASS  [{isrc: GBAYE0601498}]
FAIL  [{isrc: "GBAYE0601498, remastered"}]
FAIL  [{}]
RULE  {field: genre, must: {be_one_of: [Jazz, Rock]}, unknown: skip}
PASS  [{genre: Jazz}]
PASS  [{}]
PASS  [{genre: jazz}]
FAIL  [{genre: Disco}]
RULE  {field: duration, must: {be_at_least: 30 s, be_at_most: 20 min}}
PASS  [{duration: 30 s}]
FAIL  [{duration: 29.999 s}]
FAIL  [{duration: 21 min}]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import re2
from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema, field_validator, model_validator
from pydantic import Field as Key
from sqlalchemy import ColumnElement, Connection, Row, Select, not_, or_, select

from audit_core.catalogue.columns_of_fields import (
    BETWEEN_VALUES,
    holds_one_of,
    stated,
    states_one_of,
    texts_stated,
    unknown,
)
from audit_core.catalogue.fields import Field, field_named
from audit_core.catalogue.spelling import folded
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Refusals
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, quoted
from rules.complaint import NAMED, Complaint, Judged, TrackList, failing_tracks, names_of_track, shown
from rules.language.selector import LARGEST, FieldName, Value, in_words, value_for
from rules.language.vocabulary import a_word_of
from rules.language.written import list_of
from rules.questions import Question
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = [
    "COPIES_TOO",
    "NAMES",
    "SAY",
    "BeOneOf",
    "BePresent",
    "LieBetween",
    "Match",
    "Must",
    "Spec",
    "explain",
    "failing",
    "judge",
    "takes_out",
    "targets",
]

_KEPT: Final = 500

SAY: Final = "{track}: {reason}."
COPIES_TOO: Final = True
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "field": "the field that is judged",
        "value": "what it holds",
        "reason": "why that is not enough",
    }
)


@dataclass(frozen=True, slots=True)
class BePresent:
    """Something is stated."""


@dataclass(frozen=True, slots=True)
class Match:
    """The whole text fits an RE2 pattern."""

    pattern: str


@dataclass(frozen=True, slots=True)
class BeOneOf:
    """It is one of some values."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class LieBetween:
    """It lies between two bounds, both of which still fit; None: no bound on that side."""

    at_least: Value | None
    at_most: Value | None


Must = BePresent | Match | BeOneOf | LieBetween

_TEXT_OR_NUMBER: Final = {"type": ["string", "integer"], "minimum": -LARGEST, "maximum": LARGEST}
_MUST_AS_WRITTEN: Final = WithJsonSchema(
    {
        "anyOf": [
            {"const": "be_present"},
            {
                "type": "object",
                "minProperties": 1,
                "anyOf": [{"maxProperties": 1}, {"properties": {"match": False, "be_one_of": False}}],
                "additionalProperties": False,
                "properties": {
                    "match": {
                        "type": "string",
                        "description": "A pattern (RE2) that the whole text has to fit. Put it in single quotes.",
                        "examples": ["[A-Z]{2}[A-Z0-9]{3}[0-9]{7}"],
                    },
                    "be_one_of": {"description": "The values that will do.", **list_of(_TEXT_OR_NUMBER)},
                    "be_at_least": {"description": "The least that will do, as in 1950 or 5 s.", **_TEXT_OR_NUMBER},
                    "be_at_most": {"description": "The most that will do, as in 2026 or 20 min.", **_TEXT_OR_NUMBER},
                },
            },
        ]
    }
)


class Spec(Strict):
    """The keys of this kind of rule."""

    field: FieldName = Key(description="The field that is judged. A column of your own is extra.NAME.")
    must: Annotated[Must, _MUST_AS_WRITTEN] = Key(
        description="What it must be: be_present, or one of match, be_one_of, be_at_least and be_at_most."
    )
    unknown: Annotated[Literal["fail", "skip"], BeforeValidator(a_word_of(("fail", "skip"), "choice"))] = Key(
        default="fail",
        description="What becomes of a track of which the field is unknown: it fails, or is passed over.",
    )

    @field_validator("must", mode="plain")
    @classmethod
    def _read_must(cls, value: object, info: ValidationInfo) -> Must:
        return _must(value, field_named(info.data["field"]) if "field" in info.data else None)

    @model_validator(mode="after")
    def _unknown_has_a_meaning(self) -> Spec:
        if isinstance(self.must, BePresent) and "unknown" in self.model_fields_set:
            mend = "`be_present` is about just that: delete `unknown`."
            raise Refusal(Mistake("`unknown` says nothing here", mend, ("unknown",), at_key=True))
        return self

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question(self.field)


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    field = field_named(spec.field)
    title = field.title if field else spec.field
    match spec.must:
        case BePresent():
            return f"Every track must state its {title}."
        case Match(pattern):
            must = f"must as a whole fit the pattern {pattern}"
        case BeOneOf(values):
            must = f"must be {listed((in_words(value, field) for value in values), 'or')}"
        case LieBetween(at_least, at_most):
            bounds = [f"at least {in_words(at_least, field)}"] if at_least is not None else []
            bounds += [f"at most {in_words(at_most, field)}"] if at_most is not None else []
            must = f"must be {listed(bounds)}"
    unknown = "and must be known" if spec.unknown == "fail" else "unless it is unknown"
    return f"The {title} of every track {must}, {unknown}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the track."""
    return True


_KEYS: Final = ("match", "be_one_of", "be_at_least", "be_at_most")


def _must(value: object, field: Field | None) -> Must:
    if value == "be_present":
        return BePresent()
    if isinstance(value, str):
        raise Refusal(Mistake(f"unknown demand {quoted(value)}", did_you_mean(value, ("be_present", *_KEYS))))
    if not isinstance(value, dict) or not value:
        raise Refusal(Mistake("expected what the field must be", f"Write be_present, or one of {', '.join(_KEYS)}."))
    refusals = Refusals()
    for key in value:
        with refusals.at(key):
            if key == "be_present":
                raise Refusal(Mistake("`be_present` stands alone", "Write `must: be_present`.", at_key=True))
            if key not in _KEYS:
                raise Refusal(Mistake(f"unknown key {quoted(key)}", did_you_mean(key, _KEYS), at_key=True))
    refusals.tell()
    if len(value) > 1 and set(value) != {"be_at_least", "be_at_most"}:
        raise Refusal(Mistake(f"{listed(value)} don't go together", "Make it two rules."))
    if field is None:
        raise Refusal()  # the field is refused already, and without it there is nothing to compare with
    with refusals.at(next(iter(value))):
        if "match" in value:
            return _match(value["match"], field)
        if "be_one_of" in value:
            return _be_one_of(value["be_one_of"], field)
    refusals.tell()
    return _lie_between(value, field)


def _match(pattern: object, field: Field) -> Match:
    if field.type not in ("text", "multi"):
        raise Refusal(Mistake(f"{field.name} is not text", "Use be_one_of, be_at_least or be_at_most.", at_key=True))
    if not isinstance(pattern, str):
        raise Refusal(Mistake("a pattern is text", "Put it in quotes."))
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        mend = "Patterns are RE2's: no look-around, no back-references."
        raise Refusal(Mistake(f"{quoted(pattern)} is no pattern: {why}", mend)) from error
    return Match(pattern)


def _be_one_of(values: object, field: Field) -> BeOneOf:
    if not isinstance(values, list) or not values:
        raise Refusal(Mistake("expected a list of values", "Write it as in [rock, pop]."))
    refusals = Refusals()
    found: list[Value] = []
    for index, value in enumerate(values):
        with refusals.at(index):
            found.append(value_for(field, value))
    refusals.tell()
    return BeOneOf(tuple(found))


def _lie_between(bounds: dict[str, Any], field: Field) -> LieBetween:
    refusals = Refusals()
    found: dict[str, Value] = {}
    for key, bound in bounds.items():
        with refusals.at(key):
            if field.type not in ("integer", "duration", "date"):
                what = f"{field.name} is text, which has no least and no most"
                raise Refusal(Mistake(what, "Use match or be_one_of.", at_key=True))
            found[key] = value_for(field, bound)
    refusals.tell()
    least, most = found.get("be_at_least"), found.get("be_at_most")
    if least is not None and most is not None and least > most:  # type: ignore[operator]  # both of the field's type
        raise Refusal(Mistake("the least is more than the most", "No value lies between them.", ("be_at_least",)))
    return LieBetween(least, most)


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the tracks of which the field is not as it must be."""
    field = _field(spec)
    query = failing(spec, scope, connection, licences)
    return failing_tracks(connection, query, partial(_complaint, spec, field, scope), at_most=at_most)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the track."""
    return ((scope.dataset.name, subject),)


def failing(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable) -> Select[Any]:
    """Select the tracks that fail, with the value of the field."""
    field = _field(spec)
    value = stated(field, scope.snapshot)
    blank = unknown(field, scope.snapshot)
    match spec.must:
        case BePresent():
            silent = _silent(_texts(field, scope, connection), licences) if field.name == "licence" else []
            wrong: ColumnElement[bool] = states_one_of(field, silent, scope.snapshot)
        case LieBetween(at_least, at_most):
            past = [value < at_least] if at_least is not None else []
            past += [value > at_most] if at_most is not None else []
            wrong = or_(*past)
        case BeOneOf(values) if field.type not in ("text", "multi"):
            wrong = not_(holds_one_of(field, values, scope.snapshot))
        case must:
            texts = _texts(field, scope, connection)
            for fits in _sieves(must, field):
                texts = [text for text in texts if not fits(text)]
            if spec.unknown == "skip" and field.name == "licence":
                passed_over = set(_silent(texts, licences))
                texts = [text for text in texts if text not in passed_over]
            wrong = states_one_of(field, texts, scope.snapshot)
    if spec.unknown == "fail":
        wrong = or_(blank, wrong)
    return select(*NAMED, value.label("value")).where(scope.condition(), wrong)


def _texts(field: Field, scope: Scope, connection: Connection) -> list[str]:
    found: Iterable[str] = connection.scalars(texts_stated(field, scope.snapshot, scope.condition()))
    return list(found)


def _silent(texts: Iterable[str], licences: LicenceTable) -> list[str]:
    """Find the texts that stand where a licence should be and state none."""
    from audit_core.rights import says_nothing

    return [text for text in texts if says_nothing(text, licences)]


def _field(spec: Spec) -> Field:
    field = field_named(spec.field)
    if field is None:
        raise ValueError(f"no field is called {spec.field!r}: a policy that names it is refused before")
    return field


def _sieves(must: Match | BeOneOf, field: Field) -> list[Callable[[str], object]]:
    """Give what tells whether a text fits, one after the other: what no earlier one lets pass, the next is asked."""
    sieves = _sieves_of_one(must, field)
    if field.type != "multi":
        return sieves
    return [lambda text: all(any(fits(one) for fits in sieves) for one in text.split(BETWEEN_VALUES))]


def _sieves_of_one(must: Match | BeOneOf, field: Field) -> list[Callable[[str], object]]:
    if isinstance(must, BeOneOf):
        listed_keys = {_key(field, str(value)) for value in must.values}
        return [lambda text: _key(field, text) in listed_keys]
    quick = _fitting_quickly(must.pattern)
    return [*([quick.Match] if quick else []), re2.compile(must.pattern).fullmatch]


def _fitting_quickly(pattern: str) -> re2.Set | None:
    """Give what says ten times as fast that a text fits; that it doesn't, the pattern itself has to say."""
    options = re2.Options()
    options.log_errors = False
    quick = re2.Set.FullMatchSet(options)
    try:
        quick.Add(pattern)
        quick.Compile()
    except re2.error:  # it asks for more memory
        return None
    return quick


def _key(field: Field, text: str) -> str:
    return folded(text) if field.type == "multi" else text


def _complaint(spec: Spec, field: Field, scope: Scope, row: Row[Any]) -> Complaint:
    value = row.value.isoformat() if isinstance(row.value, dt.date) else row.value
    measured = value[:_KEPT] if isinstance(value, str) else value
    names = {"field": field.title, "value": "unknown" if value is None else shown(in_words(row.value, field))}
    return Complaint(
        "track",
        row.key,
        {**names_of_track(row, scope.dataset.name), **names, "reason": _reason(spec.must, field, row.value)},
        evidence={"field": field.name, "value": measured, "must": _asked(spec.must, field)},
        bound={"field": field.name, "value": value},
    )


def _reason(must: Must, field: Field, value: Value | None) -> str:
    if value is None:
        return f"its {field.title} is not known"
    said = f"its {field.title} is {shown(in_words(value, field))}"
    match must:
        case BePresent():
            return f"{said}, which states none"
        case Match(pattern):
            return f"{said}, which does not fit {shown(pattern)}"
        case LieBetween(at_least, _) if at_least is not None and value < at_least:  # type: ignore[operator]  # both of the field's type
            return f"{said}, less than {in_words(at_least, field)}"
        case LieBetween(_, at_most) if at_most is not None:
            return f"{said}, more than {in_words(at_most, field)}"
    return f"{said}, which is not on the list"


def _asked(must: Must, field: Field) -> dict[str, Any]:
    match must:
        case BePresent():
            return {"be_present": True}
        case Match(pattern):
            return {"match": pattern}
        case BeOneOf(values):
            return {"be_one_of": [in_words(value, field) for value in values]}
        case LieBetween(at_least, at_most):
            bounds = {"be_at_least": at_least, "be_at_most": at_most}
            return {key: in_words(bound, field) for key, bound in bounds.items() if bound is not None}
