"""Block elements: what may be clicked, chosen and filled in.

https://docs.slack.dev/reference/block-kit/block-elements, one page an element. Elements that the desk
doesn't play (multi-selects, time pickers, file inputs …) are refused as an unsupported type, so that
nothing is accepted here that wouldn't be shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.desk.blocks.check import Check
from bot.desk.blocks.composition import check_confirm, check_initial, check_options

__all__ = ["IN_ACTIONS", "IN_INPUT", "IN_SECTION", "check_element", "check_image_source"]

Element = dict[str, Any]

IN_ACTIONS = frozenset(
    ("button", "checkboxes", "conversations_select", "datepicker", "overflow", "radio_buttons",
     "static_select", "users_select")
)  # fmt: skip
IN_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = frozenset(
    ("checkboxes", "conversations_select", "datepicker", "number_input", "plain_text_input",
     "radio_buttons", "static_select", "url_text_input", "users_select")
)  # fmt: skip

_SELECT = ("placeholder", "confirm", "focus_on_load")


def check_element(check: Check, element: Element, at: str, allowed: frozenset[str]) -> None:
    """Check an element in a block that takes the ``allowed`` ones."""
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in allowed:
        check.fault(f"unsupported type: {kind}" if kind else "missing required field: type", f"{at}/type")
        return
    keys, rule = _ELEMENTS[kind]
    check.keys(element, at, ("type", *(("action_id",) if kind != "image" else ()), *keys))
    check.string(element, "action_id", at, most=255, least=1)
    check_confirm(check, element, at)
    check.boolean(element, "focus_on_load", at)
    rule(check, element, at)


def _button(check: Check, element: Element, at: str) -> None:
    check.text(element, "text", at, most=75)
    check.string(element, "url", at, most=3000)
    check.string(element, "value", at, most=2000)
    check.one_of(element, "style", at, ("primary", "danger"))
    check.string(element, "accessibility_label", at, most=75)


def _image(check: Check, element: Element, at: str) -> None:
    check_image_source(check, element, at)


def check_image_source(check: Check, element: Element, at: str) -> None:
    """Check where an image comes from and that it has an alternative text."""
    check.string(element, "alt_text", at, most=2000, required=True)
    check.string(element, "image_url", at, most=3000)
    file = check.object(element, "slack_file", at)
    if file is not None and not isinstance(file.get("id") or file.get("url"), str):
        check.fault("must define either `id` or `url`", f"{at}/slack_file")
    if (element.get("image_url") is None) == (file is None):
        check.fault("must define either `image_url` or `slack_file`", at)


def _overflow(check: Check, element: Element, at: str) -> None:
    check_options(check, element, at, most=5, url=True)


def _static_select(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    check_options(check, element, at, most=100)
    check_initial(check, element, at)


def _boxes(check: Check, element: Element, at: str) -> None:
    check_options(check, element, at, most=10, plain=False)
    check_initial(check, element, at)


def _people(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    check.string(element, "initial_user", at, most=255)
    check.string(element, "initial_conversation", at, most=255)
    check.boolean(element, "default_to_current_conversation", at)
    check.boolean(element, "response_url_enabled", at)
    check.object(element, "filter", at)


def _datepicker(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    date = check.string(element, "initial_date", at, most=10)
    if date is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        check.fault("must be a date in the format YYYY-MM-DD", f"{at}/initial_date")


def _plain_text_input(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    check.string(element, "initial_value", at, most=3000)
    check.boolean(element, "multiline", at)
    check.integer(element, "min_length", at, least=0, most=3000)
    check.integer(element, "max_length", at, least=1, most=3000)
    _dispatch(check, element, at)


def _number_input(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    check.boolean(element, "is_decimal_allowed", at, required=True)
    for key in ("initial_value", "min_value", "max_value"):
        number = check.string(element, key, at, most=255)
        if number is not None and not re.fullmatch(r"-?\d+(\.\d+)?", number):
            check.fault("must be a number in a string", f"{at}/{key}")
    _dispatch(check, element, at)


def _url_text_input(check: Check, element: Element, at: str) -> None:
    check.text(element, "placeholder", at, most=150, required=False)
    check.string(element, "initial_value", at, most=3000)
    _dispatch(check, element, at)


def _dispatch(check: Check, element: Element, at: str) -> None:
    config = check.object(element, "dispatch_action_config", at)
    if config is not None:
        triggers = config.get("trigger_actions_on") or []
        for trigger in triggers if isinstance(triggers, list) else [triggers]:
            if trigger not in ("on_enter_pressed", "on_character_entered"):
                place = f"{at}/dispatch_action_config/trigger_actions_on"
                check.fault("must be one of: on_character_entered, on_enter_pressed", place)


_TEXT_INPUT = ("placeholder", "initial_value", "dispatch_action_config", "focus_on_load")
_ELEMENTS: dict[str, tuple[tuple[str, ...], Callable[[Check, Element, str], None]]] = {
    "button": (("text", "url", "value", "style", "confirm", "accessibility_label"), _button),
    "image": (("image_url", "slack_file", "alt_text"), _image),
    "overflow": (("options", "confirm"), _overflow),
    "static_select": (("options", "option_groups", "initial_option", *_SELECT), _static_select),
    "checkboxes": (("options", "initial_options", "confirm", "focus_on_load"), _boxes),
    "radio_buttons": (("options", "initial_option", "confirm", "focus_on_load"), _boxes),
    "users_select": (("initial_user", *_SELECT), _people),
    "conversations_select": (
        ("initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter",
         *_SELECT),
        _people,
    ),
    "datepicker": (("initial_date", *_SELECT), _datepicker),
    "plain_text_input": (("multiline", "min_length", "max_length", *_TEXT_INPUT), _plain_text_input),
    "number_input": (("is_decimal_allowed", "min_value", "max_value", *_TEXT_INPUT), _number_input),
    "url_text_input": (_TEXT_INPUT, _url_text_input),
}  # fmt: skip
