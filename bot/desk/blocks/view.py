"""Views: modals and Home tabs.

https://docs.slack.dev/reference/views/modal-views and https://docs.slack.dev/reference/views/home-tab-views
"""

from __future__ import annotations

import json
from typing import Any

from bot.desk.blocks.check import Check
from bot.desk.blocks.layout import check_list, filled_in
from bot.desk.failure import SlackFailure

__all__ = ["BLOCKS_AT_MOST", "BYTES_AT_MOST", "checked_view"]

BLOCKS_AT_MOST = 100
BYTES_AT_MOST = 250 * 1024

_SHARED = ("type", "blocks", "private_metadata", "callback_id", "external_id")
_MODAL = ("title", "close", "submit", "clear_on_close", "notify_on_close", "submit_disabled")
# What a view object returned by the API carries: an app may send it back changed, as Slack allows.
_RETURNED = ("id", "team_id", "app_id", "app_installed_team_id", "bot_id", "state", "hash",
             "root_view_id", "previous_view_id")  # fmt: skip


def checked_view(view: object, *, kinds: tuple[str, ...] = ("modal",)) -> dict[str, Any]:
    """Check a ``view`` argument, and give it as Slack stores it.

    Parameters
    ----------
    view : object
        The parsed JSON.
    kinds : tuple of str
        The types that the method takes: ``modal``, ``home`` or both.

    Raises
    ------
    SlackFailure
        ``invalid_arguments`` with every complaint, or ``view_too_large``.
    """
    if not isinstance(view, dict):
        raise SlackFailure("invalid_arguments", ["must provide an object [json-pointer:/view]"])
    if len(json.dumps(view).encode()) > BYTES_AT_MOST:
        raise SlackFailure("view_too_large")
    check = Check()
    at = "/view"
    kind = view.get("type")
    if kind not in kinds:
        check.fault(f"unsupported type: {kind}" if kind else "missing required field: type", f"{at}/type")
    check.keys(view, at, (*_SHARED, *_RETURNED, *(_MODAL if kind == "modal" else ())))
    check.string(view, "private_metadata", at, most=3000)
    check.string(view, "callback_id", at, most=255)
    check.string(view, "external_id", at, most=255)
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        check.fault("missing required field: blocks", at)
        blocks = []
    check_list(check, blocks, f"{at}/blocks", most=BLOCKS_AT_MOST)
    if kind == "modal":
        _check_modal(check, view, blocks, at)
    if check.problems:
        raise SlackFailure("invalid_arguments", check.problems)
    return _stored(view, filled_in(blocks))


def _check_modal(check: Check, view: dict[str, Any], blocks: list[Any], at: str) -> None:
    check.text(view, "title", at, most=24)
    check.text(view, "submit", at, most=24, required=False)
    check.text(view, "close", at, most=24, required=False)
    check.boolean(view, "clear_on_close", at)
    check.boolean(view, "notify_on_close", at)
    inputs = [block for block in blocks if isinstance(block, dict) and block.get("type") == "input"]
    if inputs and view.get("submit") is None:
        check.fault("`submit` is required when an input block is within the blocks array", f"{at}/submit")


def _stored(view: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": view["type"],
        "blocks": blocks,
        "private_metadata": view.get("private_metadata") or "",
        "callback_id": view.get("callback_id") or "",
        "external_id": view.get("external_id") or "",
        "state": {"values": {}},
        "title": view.get("title"),
        "submit": view.get("submit"),
        "close": view.get("close"),
        "clear_on_close": bool(view.get("clear_on_close")),
        "notify_on_close": bool(view.get("notify_on_close")),
    }
