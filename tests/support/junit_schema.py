"""The schema of the Jenkins xUnit plugin (junit-10.xsd), as far as our files need it, without a library for schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

__all__ = ["breaches"]

_NUMBER = r"\d+"
_DECIMAL = r"\d+(\.\d+)?"
_ANY = r"(?s:.*)"
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@dataclass(frozen=True)
class _Rule:
    required: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    text: bool = False


_NUMBERS = {"failures": _NUMBER, "errors": _NUMBER, "time": _DECIMAL}
_SCHEMA = {
    "testsuites": _Rule(
        optional={**_NUMBERS, "name": _ANY, "tests": _NUMBER, "disabled": _NUMBER}, children=("testsuite",)
    ),
    "testsuite": _Rule(
        required={"name": _ANY, "tests": _NUMBER},
        optional={**_NUMBERS, "skipped": _NUMBER, "timestamp": _MOMENT, "hostname": _ANY, "id": _ANY, "package": _ANY},
        children=("properties", "testcase", "system-out", "system-err"),
    ),
    "properties": _Rule(children=("property",)),
    "property": _Rule(required={"name": _ANY, "value": _ANY}),
    "testcase": _Rule(
        required={"name": _ANY},
        optional={"time": _DECIMAL, "classname": _ANY},
        children=("skipped", "error", "failure", "system-out", "system-err"),
    ),
    "skipped": _Rule(optional={"type": _ANY, "message": _ANY}, text=True),
    "error": _Rule(optional={"type": _ANY, "message": _ANY}, text=True),
    "failure": _Rule(optional={"type": _ANY, "message": _ANY}, text=True),
    "system-out": _Rule(text=True),
    "system-err": _Rule(text=True),
}


def breaches(element: Element) -> list[str]:
    """Tell where a JUnit file breaks the schema: nowhere, if nothing is returned."""
    return [] if element.tag == "testsuites" and not list(_of(element)) else ["/", *_of(element)]


def _of(element: Element) -> Iterator[str]:
    rule = _SCHEMA[element.tag]
    for name, pattern in rule.required.items():
        if not re.fullmatch(pattern, element.get(name, "\x00")):
            yield f"{element.tag}: {name} is {element.get(name)!r}"
    for name, value in element.attrib.items():
        if name not in rule.required and not re.fullmatch(rule.optional.get(name, "(?!)"), value):
            yield f"{element.tag}: {name} is {value!r}"
    if not rule.text and (element.text or "").strip():
        yield f"{element.tag}: it holds text"
    verdicts = [child.tag for child in element if child.tag in ("skipped", "error", "failure")]
    if len(verdicts) > 1:
        yield f"{element.tag}: it ends in {verdicts}"
    for child in element:
        if child.tag in rule.children:
            yield from _of(child)
        else:
            yield f"{element.tag}: it holds {child.tag}"
