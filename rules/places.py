"""Gives each mistake that pydantic found its line, its column and plain words.

Pydantic says where by keys and positions (`loc`). Those are followed through the nodes of the file; a step that leads
nowhere is one that pydantic added, and is skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from audit_core.errors import PolicyError
from rules.source import SourceFile
from rules.vocabulary import Mistake, Refusal, did_you_mean, meant, quoted

__all__ = ["placed", "unknown_key", "with_places"]

_EXPECTED = {
    "string_type": ("text", "Put it in quotes if it is meant."),
    "int_type": ("a whole number", None),
    "int_from_float": ("a whole number", None),
    "int_parsing": ("a whole number", None),
    "tuple_type": ("a list", "Put it in brackets, as in [a, b]."),
    "dict_type": ("keys with their values", 'Write them as "key: value".'),
    "model_type": ("keys with their values", 'Write them as "key: value".'),
    "model_attributes_type": ("keys with their values", 'Write them as "key: value".'),
}


def placed(source: SourceFile, mistake: Mistake, path: tuple[str | int, ...] = ()) -> Iterator[PolicyError]:
    """Give a mistake its place; nothing, if that place was refused already."""
    mark, broken = source.find(path + mistake.path, at_key=mistake.at_key)
    if not broken:
        yield source.mistake(mistake.what, mark, mistake.mend)


def with_places(
    source: SourceFile,
    model: type[BaseModel],
    error: ValidationError,
    *,
    path: tuple[str | int, ...] = (),
    misspelt: Collection[str] = (),
) -> list[PolicyError]:
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
    """
    mistakes: list[Mistake] = []
    meant_keys: set[tuple[str | int, ...]] = {(key,) for key in misspelt}
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "extra_forbidden":
            *above, key = detail["loc"]
            known = _keys_at(model, tuple(above))
            mistakes.append(unknown_key(str(key), known, tuple(above)))
            if found := meant(str(key), known):
                meant_keys.add((*above, found))
    for detail in details:
        if detail["type"] != "extra_forbidden" and not (detail["type"] == "missing" and detail["loc"] in meant_keys):
            mistakes += _in_plain_words(detail)
    return [told for mistake in mistakes for told in placed(source, mistake, path)]


def unknown_key(key: str, known: Collection[str], above: tuple[str | int, ...] = ()) -> Mistake:
    """Make the mistake for a key that doesn't belong where it stands."""
    mend = did_you_mean(key, known, "The keys here are")
    return Mistake(f"unknown key {quoted(key)}", mend, (*above, key), at_key=True)


def _in_plain_words(detail: ErrorDetails) -> Iterator[Mistake]:
    loc, kind = detail["loc"], detail["type"]
    refusal = detail.get("ctx", {}).get("error")
    if isinstance(refusal, Refusal):
        for mistake in refusal.mistakes:
            yield Mistake(mistake.what, mistake.mend, loc + mistake.path, mistake.at_key)
    elif kind == "missing":
        yield Mistake(f"the key {quoted(loc[-1])} is missing", f'Add "{loc[-1]}: …".', loc[:-1])
    elif kind in _EXPECTED:
        expected, mend = _EXPECTED[kind]
        yield Mistake(f"expected {expected}, and found {_found(detail['input'])}", mend, loc)
    else:
        yield Mistake(f"{detail['msg'][:1].lower()}{detail['msg'][1:]}", None, loc)


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
        case _:
            return "keys with values"


def _keys_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Name the keys that a mapping inside a model may have."""
    current: Any = model
    for step in loc:
        field = next((f for name, f in _fields(current) if name == step), None)
        if field is not None:
            current = _model_in(field.annotation)
    return [name for name, _ in _fields(current)]


def _fields(model: Any) -> list[tuple[str, Any]]:
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    return [(f.alias or name, f) for name, f in model.model_fields.items()] if is_model else []


def _model_in(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
