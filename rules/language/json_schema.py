"""The policy language as a JSON Schema, by which an editor completes and checks a policy as it is typed.

It is made from the models by which policies are read, so that it can't say otherwise. What the parser accepts, the
schema accepts; the parser sees more: keys that stand twice, ids across files, fields and licences that nobody knows.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from audit_core.catalogue.fields import FIELDS, Field, FieldType
from rules.checks import KINDS, Check
from rules.handbook.manual import page
from rules.language.json_schema_of_given import given_parts
from rules.language.schema import FileKeys, RuleKeys
from rules.language.selector import LARGEST
from rules.language.written import list_of, one_or_several

__all__ = ["policy_schema", "schema_text"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "urn:cratecheck:policy:1"
_PARTS: Final = "#/$defs/"
_OWN_COLUMN: Final = r"^extra\.."

_TEXT: Final = {"type": "string", "pattern": r"\S"}
_VALUES: Final[dict[FieldType, dict[str, Any]]] = {
    "text": _TEXT,
    "multi": _TEXT,
    "integer": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    "duration": {"type": "string", "pattern": r"^[0-9.]+ ?(ms|s|min|h)$", "examples": ["5 s", "3 min"]},
    "date": {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-12-01"]},
}
_COMBINED: Final = {
    "all": "Selectors, in a list, that all have to hold.",
    "any": "Selectors, in a list, of which at least one has to hold.",
    "not": "A selector that must not hold. Where a field is unknown it does not hold, so such tracks are taken in.",
}


def schema_text() -> str:
    """Write the schema as a file holds it."""
    return json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"


def policy_schema() -> dict[str, Any]:
    """Make the schema of a policy file."""
    models: list[type[BaseModel]] = [FileKeys, RuleKeys, *(check.Spec for check in KINDS.values())]
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in models]
    made, whole = models_json_schema(asked, ref_template=_PARTS + "{model}", schema_generator=_Generator)
    parts: dict[str, Any] = whole["$defs"]
    for part in parts.values():
        part.pop("title", None)
        part.pop("description", None)  # of the model, for those who read the code

    def taken(model: type[BaseModel]) -> dict[str, Any]:
        name = made[(model, "validation")]["$ref"].removeprefix(_PARTS)
        part: dict[str, Any] = parts.pop(name)
        return part

    file, rule = taken(FileKeys), taken(RuleKeys)
    kinds = {kind: _rule_of(kind, check, rule, taken(check.Spec)) for kind, check in KINDS.items()}
    parts |= {f"{kind}_rule": part for kind, part in kinds.items()}
    parts |= {"where": _selector(with_dataset=False), "pick": _selector(with_dataset=True), "rule": _rule(rule)}
    parts |= given_parts(lambda field: _VALUES[field.type])
    parts |= {_part_of(type_): one_or_several(value) for type_, value in _VALUES.items()}
    file["properties"]["rules"] |= {"items": {"$ref": f"{_PARTS}rule"}, "minItems": 1}
    schema = _referring({"$schema": _DIALECT, "$id": _ID, "title": "A policy of Cratecheck", **file, "$defs": parts})
    used = _used(schema, schema["$defs"])
    return {**schema, "$defs": {name: part for name, part in sorted(schema["$defs"].items()) if name in used}}


class _Generator(GenerateJsonSchema):
    """Leaves out what a policy can't hold (null, the defaults of the program) and titles that repeat the key."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        as_written = {str: "string", int: "integer"}.get(type(default))
        return {**inner, "default": default} if as_written and as_written == inner.get("type") else inner

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _rule(shared: dict[str, Any]) -> dict[str, Any]:
    """Make the schema of any rule: by its kind, whose keys an editor then completes."""
    kind = {**shared["properties"]["kind"], "enum": list(KINDS)}
    by_kind = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": {"$ref": f"{_PARTS}{name}_rule"},
        }
        for name in KINDS
    ]
    properties = {**shared["properties"], "kind": kind}
    return {"type": "object", "required": shared["required"], "properties": properties, "allOf": by_kind}


def _rule_of(kind: str, check: Check, shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    properties = {**shared["properties"], **own["properties"]}
    summary = page(kind).summary
    names = "; ".join(f"{{{name}}}, {what}" for name, what in check.NAMES.items())
    properties["kind"] = {"const": kind, "description": f"{summary[:1].upper()}{summary[1:]}"}
    properties["say"] = {
        **properties["say"],
        "description": f"{properties['say']['description']} It may have these names in braces: {names}.",
        "default": check.SAY,
    }
    return {
        "type": "object",
        "description": properties["kind"]["description"],
        "properties": properties,
        "required": [*shared["required"], *own.get("required", [])],
        **{key: own[key] for key in ("anyOf", "oneOf") if key in own},
        "additionalProperties": False,
    }


def _selector(*, with_dataset: bool) -> dict[str, Any]:
    where = {"$ref": f"{_PARTS}where"}
    keys: dict[str, Any] = {name: _values(field) for name, field in FIELDS.items()}
    shapes = {"all": list_of(where), "any": {**list_of(where), "minItems": 2}, "not": where}
    keys |= {word: {"description": said, **shapes[word]} for word, said in _COMBINED.items()}
    if with_dataset:
        said = "The dataset's name, or patterns of names; * stands for any letters, ? for one."
        keys["dataset"] = {"description": said, **one_or_several(_TEXT)}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": keys,
        "patternProperties": {_OWN_COLUMN: _values(Field("extra", "text", "column of your own"))},
        "additionalProperties": False,
    }


def _values(field: Field) -> dict[str, Any]:
    said = f"The {field.title}: one value, or a list of which one has to fit."
    return {"description": said, "$ref": f"{_PARTS}{_part_of(field.type)}"}


def _part_of(type_: FieldType) -> str:
    return f"{type_}_values"


def _referring(value: Any) -> Any:
    """Put references in place of the parts that `rules.language.written.named` names."""
    if isinstance(value, list):
        return [_referring(item) for item in value]
    if not isinstance(value, dict):
        return value
    rest = {key: _referring(held) for key, held in value.items() if key != "$part"}
    return {"$ref": f"{_PARTS}{value['$part']}", **rest} if "$part" in value else rest


def _used(schema: dict[str, Any], parts: dict[str, Any]) -> set[str]:
    """Name the parts to which something leads from the keys of a policy."""
    used: set[str] = set()
    ahead = [value for key, value in schema.items() if key != "$defs"]
    while ahead:
        value = ahead.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix(_PARTS)
            if name in parts and name not in used:
                used.add(name)
                ahead.append(parts[name])
            ahead += value.values()
        elif isinstance(value, list):
            ahead += value
    return used
