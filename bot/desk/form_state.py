"""What stands in the fields of a message or a view: ``state.values`` as Slack sends it.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload: by block, then by
action, an object whose key depends on the element (``value``, ``selected_option``, ``selected_date`` …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from bot.desk.blocks.layout import elements_of
from bot.desk.store import Json

__all__ = ["Filled", "Raw", "chosen", "options_of", "read_state", "spread"]

Raw = str | list[str] | None
"""What a person put into a field: a text or an option's value, several, or nothing."""

REQUIRED = "Please complete this required field."
_INPUTS = frozenset(
    ("plain_text_input", "number_input", "url_text_input", "static_select", "radio_buttons", "checkboxes",
     "datepicker", "users_select", "conversations_select")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filled:
    """The state of all fields, and what Slack's own client would complain of, by block."""

    values: Json
    mistakes: dict[str, str]


def spread(blocks: list[Json], given: Mapping[str, Any]) -> dict[tuple[str, str], Raw]:
    """Assign what was given by ``block_id``, by ``action_id``, or by both nested, to the fields."""
    spread_out: dict[tuple[str, str], Raw] = {}
    unused = set(given)
    for block, element in _fields(blocks):
        place = (block["block_id"], element["action_id"])
        nested = given.get(place[0])
        if isinstance(nested, Mapping):
            unused.discard(place[0])
            if place[1] in nested:
                spread_out[place] = nested[place[1]]
        elif place[0] in given:
            unused.discard(place[0])
            spread_out[place] = nested
        elif place[1] in given:
            unused.discard(place[1])
            spread_out[place] = given[place[1]]
    if unused:
        raise ValueError(f"no such field: {sorted(unused)}")
    return spread_out


def read_state(blocks: list[Json], given: Mapping[tuple[str, str], Raw]) -> Filled:
    """Read all fields: what was given, else what they hold at first."""
    values: Json = {}
    mistakes: dict[str, str] = {}
    for block, element in _fields(blocks):
        place = (block["block_id"], element["action_id"])
        value = chosen(element, given[place]) if place in given else _initial(element)
        values.setdefault(place[0], {})[place[1]] = {"type": element["type"], **value}
        if block["type"] == "input":
            mistake = _mistake(block, element, next(iter(value.values())))
            if mistake:
                mistakes[place[0]] = mistake
    return Filled(values, mistakes)


def options_of(element: Json) -> list[Json]:
    """List an element's options, whether in groups or not."""
    groups = element.get("option_groups") or [element]
    return [option for group in groups for option in group.get("options") or []]


def chosen(element: Json, raw: Raw) -> Json:
    """Write what a person chose under the key that this element uses.

    Raises
    ------
    ValueError
        If an option is named that the element doesn't have.
    """
    kind = element["type"]
    if kind == "checkboxes":
        wanted = [raw] if isinstance(raw, str) else list(raw or ())
        return {"selected_options": [_option(element, value) for value in wanted if value]}
    text = raw[0] if isinstance(raw, list) and raw else raw
    if not isinstance(text, str) or not text:
        return {_KEYS.get(kind, "value"): None}
    if kind in ("static_select", "radio_buttons", "overflow"):
        return {"selected_option": _option(element, text)}
    return {_KEYS.get(kind, "value"): text}


_KEYS = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "datepicker": "selected_date",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
}


def _option(element: Json, value: str) -> Json:
    for option in options_of(element):
        if option.get("value") == value:
            return dict(option)
    raise ValueError(f"{element['action_id']!r} has no option {value!r}")


def _fields(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in _INPUTS:
                yield block, element


def _initial(element: Json) -> Json:
    kind = element["type"]
    if kind == "checkboxes":
        return {"selected_options": list(element.get("initial_options") or ())}
    key = _KEYS.get(kind, "value")
    return {key: element.get(key.replace("selected_", "initial_").replace("value", "initial_value"))}


def _mistake(block: Json, element: Json, value: Any) -> str | None:
    """Say what Slack's client refuses before it sends anything."""
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    kind = element["type"]
    if kind == "plain_text_input":
        return _length_mistake(element, str(value))
    if kind == "number_input":
        return _number_mistake(element, str(value))
    if kind == "url_text_input" and not (
        urlsplit(str(value)).scheme in ("http", "https") and urlsplit(str(value)).netloc
    ):
        return "Please enter a valid URL, such as https://example.com."
    if kind == "datepicker" and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        return "Please enter a date."
    return None


def _length_mistake(element: Json, text: str) -> str | None:
    least, most = element.get("min_length") or 0, element.get("max_length") or 3000
    if len(text) < least:
        return f"Please enter at least {least} characters."
    if len(text) > most:
        return f"Please enter no more than {most} characters."
    return None


def _number_mistake(element: Json, text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "Please enter a number."
    if not number.is_finite():
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and number < Decimal(least):
        return f"Please enter a number of at least {least}."
    if most is not None and number > Decimal(most):
        return f"Please enter a number of at most {most}."
    return None
