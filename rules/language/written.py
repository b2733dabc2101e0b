"""How values of a policy are written, for editors: the JSON Schema of what a validator takes.

What a validator takes, its schema takes too. A schema may take more: it can't look a name up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import Field, JsonValue, WithJsonSchema

__all__ = ["EACH_ONCE", "field_names", "list_of", "named", "one_needed", "one_or_several", "text"]

EACH_ONCE: Final = Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
"""A list that isn't empty, and has nothing twice."""


def text(pattern: str | None = None, *examples: str, at_most: int | None = None) -> WithJsonSchema:
    """Describe a text.

    Parameters
    ----------
    pattern : str, optional
        What it looks like, in the part of regular expressions on which Python and JavaScript agree.
    *examples : str
        As people write it.
    at_most : int, optional
        The most letters.
    """
    said = {"pattern": pattern, "maxLength": at_most, "examples": list(examples) or None}
    return WithJsonSchema({"type": "string", **{key: value for key, value in said.items() if value is not None}})


def field_names(names: Iterable[str]) -> WithJsonSchema:
    """Describe the name of a field: one of some, or a column of the workspace's own."""
    return WithJsonSchema({"anyOf": [{"enum": list(names)}, {"type": "string", "pattern": r"^extra\.."}]})


def named(name: str) -> WithJsonSchema:
    """Refer to a part of the schema that `rules.language.json_schema` defines once, because it may hold itself."""
    return WithJsonSchema({"$part": name})


def one_needed(*keys: str) -> list[JsonValue]:
    """Demand one of some keys, or several."""
    return [{"required": [key]} for key in keys]


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    """Describe a list that isn't empty."""
    return {"type": "array", "items": item, "minItems": 1}


def one_or_several(item: dict[str, Any]) -> dict[str, Any]:
    """Describe a value, or a list of such."""
    return {"anyOf": [item, list_of(item)]}
