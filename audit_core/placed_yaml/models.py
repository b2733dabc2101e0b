"""Pydantic models of files: each mistake that pydantic finds gets its line, its column and plain words.

Pydantic says where by keys and positions (`loc`). Those are followed through the nodes of the file; a step that leads
nowhere is one that pydantic added, and is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from audit_core.errors import CratecheckError, Problems
from audit_core.placed_yaml.mistakes import Mistake, Refusal, Steps
from audit_core.placed_yaml.source import SourceFile
from audit_core.wording import did_you_mean, listed, meant, quoted

__all__ = ["Strict", "unknown_key", "validated", "with_places"]

M = TypeVar("M", bound=BaseModel)

_KEYS = ("keys with their values", 'Write them as "key: value".')
_LIST = ("a list", "Put it in brackets, as in [a, b].")
_WHOLE_NUMBER = ("a whole number", "Write digits alone, without quotes.")
_EXPECTED = {
    "string_type": ("text", "Put it in quotes if it is meant."),
    "int_type": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
}


class Strict(BaseModel):
    """Keys with their values: it can't be changed, and knows every key that it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def validated(source: SourceFile, model: type[M]) -> M:
    """Make a model of a whole file.

    Raises
    ------
    Problems
        All that was refused when it was read, and all that doesn't fit the model.
    """
    try:
        content = model.model_validate(source.plain())
    except ValidationError as error:
        raise Problems([*source.mistakes, *with_places(source, model, error)]) from error
    if source.mistakes:
        raise Problems(source.mistakes)
    return content


def with_places(
    source: SourceFile,
    model: type[BaseModel],
    error: ValidationError,
    *,
    path: Steps = (),
    misspelt: Collection[str] = (),
    doubtful: bool = False,
) -> Iterator[CratecheckError]:
    """Turn what pydantic found into errors with places.

    Parameters
    ----------
    source : SourceFile
        The file.
    model : type of BaseModel
        What was validated.
    error : ValidationError
        What was found.
    path : tuple of (str or int)
        Where in the file the validated value is.
    misspelt : collection of str
        Keys that are there in another spelling, about which the user is told already.
    doubtful : bool
        Whether there are keys besides that nobody knows: what seems to be left out may be said by them.
    """
    mistakes: list[Mistake] = []
    meant_keys: set[Steps] = {(key,) for key in misspelt}
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "extra_forbidden":
            *above, key = detail["loc"]
            known = _keys_at(model, tuple(above))
            mistakes.append(unknown_key(str(key), known, tuple(above)))
            if found := meant(str(key), known):
                meant_keys.add((*above, found))
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "literal_error":
            source.offer((*path, *loc), _choices(detail))
        of_all_keys = detail["type"] == "value_error" and isinstance(detail["input"], dict)
        if of_all_keys and ((doubtful and not loc) or source.any_broken_in((*path, *loc))):
            continue  # while one of them is not understood
        if detail["type"] != "extra_forbidden" and not (detail["type"] == "missing" and detail["loc"] in meant_keys):
            mistakes += [_missing(model, detail["loc"])] if detail["type"] == "missing" else _in_plain_words(detail)
    return source.told(mistakes, path)


def unknown_key(key: str, known: Collection[str], above: Steps = ()) -> Mistake:
    """Make the mistake for a key that doesn't belong where it stands."""
    mend = did_you_mean(key, known, f"The keys here are: {', '.join(known)}.")
    return Mistake(f"unknown key {quoted(key)}", mend, (*above, key), at_key=True)


def _missing(model: type[BaseModel], loc: Steps) -> Mistake:
    *above, key = loc
    field = dict(_fields_at(model, tuple(above))).get(str(key))
    annotation, description = (field.annotation, field.description) if field else (None, None)
    words = [word for part in _parts(annotation) if get_origin(part) is Literal for word in get_args(part)]
    means, _, _ = (description or "").partition(". ")
    means = f"{means[:1].lower()}{means[1:].rstrip('.')}" if means else ""
    mend = ": ".join(said for said in (f'Add "{key}: …"', means) if said)
    which = f" ({listed(words, 'or')})" if words and words[0] not in means else ""
    return Mistake(f"the key {quoted(key)} is missing", f"{mend}{which}.", tuple(above))


def _in_plain_words(detail: ErrorDetails) -> Iterator[Mistake]:
    loc, kind, found = detail["loc"], detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if isinstance(refusal := context.get("error"), Refusal):
        for mistake in refusal.mistakes:
            yield Mistake(mistake.what, mistake.mend, loc + mistake.path, mistake.at_key)
    elif kind in _EXPECTED:
        expected, mend = _EXPECTED[kind]
        if kind == "string_type" and isinstance(found, list | dict):
            mend = "Write one text."
        yield Mistake(f"expected {expected}, and found {_found(found)}", mend, loc)
    elif kind == "literal_error":
        mend = did_you_mean(str(found), _choices(detail))
        yield Mistake(f"{quoted(found)} is no answer to {quoted(loc[-1])}", mend, loc)
    elif kind in ("string_too_short", "too_short"):
        yield Mistake("nothing is written here", "Write a value, or delete the key.", loc)
    else:
        yield Mistake(f"{detail['msg'][:1].lower()}{detail['msg'][1:]}", None, loc)


def _choices(detail: ErrorDetails) -> list[str]:
    return re.findall("'([^']*)'", detail["ctx"]["expected"])


def _found(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {quoted(value)}"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "keys with values"


def _keys_at(model: type[BaseModel], loc: Steps) -> list[str]:
    """Name the keys that a mapping inside a model may have."""
    return [name for name, _ in _fields_at(model, loc)]


def _fields_at(model: type[BaseModel], loc: Steps) -> list[tuple[str, FieldInfo]]:
    """Give the keys that a mapping inside a model may have, with what is known of each."""
    current: Any = model
    for step in loc:
        current = next(_below(current, step), current)
    return [field for part in _parts(current) for field in _fields(part)]


def _below(annotation: Any, step: str | int) -> Iterator[Any]:
    """Give the type of what stands under a key, or in a list; nothing, if that leads nowhere."""
    for part in _parts(annotation):
        yield from (field.annotation for name, field in _fields(part) if name == step)
        if get_origin(part) in (dict, list, tuple):
            yield get_args(part)[1 if get_origin(part) is dict else 0]


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _fields(model: Any) -> list[tuple[str, FieldInfo]]:
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    return [(f.alias or name, f) for name, f in model.model_fields.items()] if is_model else []
