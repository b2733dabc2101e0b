"""Layout blocks: section, header, context, actions, divider, image, input and rich text.

https://docs.slack.dev/reference/block-kit/blocks, one page a block. Blocks that the desk doesn't play
(video, file, markdown, table …) are refused as an unsupported type.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from bot.desk.blocks.check import Check
from bot.desk.blocks.elements import (
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    check_element,
    check_image_source,
)

__all__ = ["check_list", "elements_of", "filled_in"]

Block = dict[str, Any]


def check_list(check: Check, blocks: list[Any], at: str, *, most: int) -> None:
    """Check a list of blocks, and that no ``block_id`` stands twice."""
    holder, name = at.rsplit("/", 1)
    seen: set[str] = set()
    for block, place in check.items({name: blocks}, name, holder, most=most, least=0):
        _check_block(check, block, place)
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                check.fault(f'`block_id` "{block_id}" already exists', f"{place}/block_id")
            seen.add(block_id)


def _check_block(check: Check, block: Block, at: str) -> None:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _BLOCKS:
        check.fault(f"unsupported type: {kind}" if kind else "missing required field: type", f"{at}/type")
        return
    keys, rule = _BLOCKS[kind]
    check.keys(block, at, ("type", "block_id", *keys))
    check.string(block, "block_id", at, most=255)
    rule(check, block, at)
    seen: set[str] = set()
    for element in elements_of(block):
        action_id = element.get("action_id")
        if isinstance(action_id, str):
            if action_id in seen:
                check.fault(f'`action_id` "{action_id}" already exists in this block', f"{at}/elements")
            seen.add(action_id)


def elements_of(block: Block) -> list[dict[str, Any]]:
    """List a block's interactive elements, wherever its kind keeps them."""
    if block.get("type") == "actions":
        found = block.get("elements")
    elif block.get("type") == "input":
        found = [block.get("element")]
    elif block.get("type") == "section":
        found = [block.get("accessory")]
    else:
        found = None
    listed = found if isinstance(found, list) else []
    return [element for element in listed if isinstance(element, dict) and element.get("type") != "image"]


def _section(check: Check, block: Block, at: str) -> None:
    if block.get("text") is None and block.get("fields") is None:
        check.fault("must define either `text` or `fields`", at)
    check.text(block, "text", at, most=3000, plain=False, required=False)
    for field, place in check.items(block, "fields", at, most=10, required=False):
        check.text_object(field, place, most=2000, plain=False)
    check.boolean(block, "expand", at)
    accessory = check.object(block, "accessory", at)
    if accessory is not None:
        check_element(check, accessory, f"{at}/accessory", IN_SECTION)


def _header(check: Check, block: Block, at: str) -> None:
    check.text(block, "text", at, most=150)


def _context(check: Check, block: Block, at: str) -> None:
    for element, place in check.items(block, "elements", at, most=10):
        if element.get("type") == "image":
            check_element(check, element, place, IN_SECTION)
        else:
            check.text_object(element, place, most=3000, plain=False)


def _actions(check: Check, block: Block, at: str) -> None:
    for element, place in check.items(block, "elements", at, most=25):
        check_element(check, element, place, IN_ACTIONS)


def _divider(check: Check, block: Block, at: str) -> None:
    """Check nothing: a divider has no fields of its own."""


def _image(check: Check, block: Block, at: str) -> None:
    check_image_source(check, block, at)
    check.text(block, "title", at, most=2000, required=False)


def _input(check: Check, block: Block, at: str) -> None:
    check.text(block, "label", at, most=2000)
    check.text(block, "hint", at, most=2000, required=False)
    check.boolean(block, "optional", at)
    check.boolean(block, "dispatch_action", at)
    element = check.object(block, "element", at, required=True)
    if element is not None:
        check_element(check, element, f"{at}/element", IN_INPUT)


def _rich_text(check: Check, block: Block, at: str) -> None:
    kinds = ("rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text_list")
    for element, place in check.items(block, "elements", at, most=100):
        check.one_of(element, "type", place, kinds)
        check.items(element, "elements", place, most=1000, least=0)


_BLOCKS: dict[str, tuple[tuple[str, ...], Callable[[Check, Block, str], None]]] = {
    "section": (("text", "fields", "accessory", "expand"), _section),
    "header": (("text",), _header),
    "context": (("elements",), _context),
    "actions": (("elements",), _actions),
    "divider": ((), _divider),
    "image": (("image_url", "slack_file", "alt_text", "title"), _image),
    "input": (("label", "element", "hint", "optional", "dispatch_action"), _input),
    "rich_text": (("elements",), _rich_text),
}


def filled_in(blocks: list[Block]) -> list[Block]:
    """Give the blocks as Slack stores them: each with a ``block_id``, each element with an ``action_id``."""
    stored = [deepcopy(block) for block in blocks]  # one by one: two may be the same object
    for block in stored:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        for element in elements_of(block):
            element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
    return stored
