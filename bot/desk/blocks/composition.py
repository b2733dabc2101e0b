"""Composition objects: confirmation dialogs and options.

https://docs.slack.dev/reference/block-kit/composition-objects
"""

from __future__ import annotations

from typing import Any

from bot.desk.blocks.check import Check

__all__ = ["check_confirm", "check_initial", "check_options"]


def check_confirm(check: Check, element: dict[str, Any], at: str) -> None:
    """Check the dialog that asks before the action counts.

    https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
    """
    confirm = check.object(element, "confirm", at)
    if confirm is None:
        return
    at = f"{at}/confirm"
    check.keys(confirm, at, ("title", "text", "confirm", "deny", "style"))
    check.text(confirm, "title", at, most=100)
    check.text(confirm, "text", at, most=300, plain=False)
    check.text(confirm, "confirm", at, most=30)
    check.text(confirm, "deny", at, most=30)
    check.one_of(confirm, "style", at, ("primary", "danger"))


def check_options(
    check: Check, element: dict[str, Any], at: str, *, most: int, plain: bool = True, url: bool = False
) -> None:
    """Check ``options``, or ``option_groups`` in their place.

    …/composition-objects/option-object: text 75, value 150, description 75 characters; the label of an
    option group 75.
    """
    if element.get("option_groups") is not None and element["type"] == "static_select":
        if element.get("options") is not None:
            check.fault("only one of options and option_groups may be given", at)
        for group, place in check.items(element, "option_groups", at, most=100):
            check.keys(group, place, ("label", "options"))
            check.text(group, "label", place, most=75)
            _check_options(check, group, place, most=100, plain=True, url=False)
        return
    _check_options(check, element, at, most=most, plain=plain, url=url)


def _check_options(check: Check, holder: dict[str, Any], at: str, *, most: int, plain: bool, url: bool) -> None:
    for option, place in check.items(holder, "options", at, most=most):
        check.keys(option, place, ("text", "value", "description", *(("url",) if url else ())))
        check.text(option, "text", place, most=75, plain=plain)
        check.string(option, "value", place, most=150, required=True)
        check.text(option, "description", place, most=75, plain=plain, required=False)
        if url:
            check.string(option, "url", place, most=3000)


def check_initial(check: Check, element: dict[str, Any], at: str) -> None:
    """Check that what is chosen at first is among the options, exactly."""
    groups = element.get("option_groups")
    holders = [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else [element]
    options = [option for holder in holders if isinstance(holder.get("options"), list) for option in holder["options"]]
    chosen = element.get("initial_options")
    if chosen is None:
        chosen = [element["initial_option"]] if element.get("initial_option") is not None else []
    if not isinstance(chosen, list) or any(option not in options for option in chosen):
        key = "initial_options" if "initial_options" in element else "initial_option"
        check.fault("must exactly match one of the options", f"{at}/{key}")
