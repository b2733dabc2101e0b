"""The parts of the JSON Schema that say what an example gives: see `rules.examples.given`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from audit_core.catalogue.fields import FIELDS, Field
from rules.examples.given import MOST_TRACKS
from rules.examples.words import WORDS
from rules.language.written import list_of, one_or_several

__all__ = ["given_parts"]

_TEXT: Final = {"type": "string", "pattern": r"\S"}
_REPEATED: Final = "How often all of them are there, under keys of their own; {n} in a text is the number of the time."
_REPEAT: Final = {"type": "integer", "minimum": 1, "maximum": MOST_TRACKS}


def given_parts(value_of: Callable[[Field], dict[str, Any]]) -> dict[str, Any]:
    """Make the parts, by their names: `given`, and the track of which it has some.

    Parameters
    ----------
    value_of : callable
        Gives the schema of one value of a field.
    """
    keys = {name: _stated(field, value_of(field)) for name, field in FIELDS.items()}
    for name, word in WORDS.items():
        keys[name] = {"description": word.means, **(one_or_several(_TEXT) if word.several else _TEXT)}
    own = Field("extra", "text", "column of your own")
    track = {
        "type": "object",
        "properties": keys,
        "patternProperties": {r"^extra\..": _stated(own, value_of(own))},
        "additionalProperties": False,
    }
    one = {"$ref": "#/$defs/given_track"}
    pair = {
        "of": {"description": "What is known of the track that is judged.", **one},
        "to": {"description": "What is known of the track that it is compared with.", **one},
    }
    several = {
        "tracks": {"description": "What is known of each of several tracks.", **list_of(one)},
        "repeat": {"description": _REPEATED, **_REPEAT},
    }
    forms = [one, _of_keys(pair, ["of", "to"]), _of_keys(several, ["tracks"])]
    return {"given": {"anyOf": forms}, "given_track": track}


def _of_keys(keys: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": keys, "required": required, "additionalProperties": False}


def _stated(field: Field, value: dict[str, Any]) -> dict[str, Any]:
    if field.type == "multi":
        return {"description": f"Its {field.title}: one, or a list.", **one_or_several(value)}
    return {"description": f"Its {field.title}.", **value}
