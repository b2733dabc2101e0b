"""The payloads of interactions, as their reference gives them.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.desk.config import Person
from bot.desk.store import Conversation, Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["action_of", "block_actions", "command", "message_action", "view_closed", "view_submission"]


def action_of(block: Json, element: Json, chosen: Json, ts: str) -> Json:
    """Write the entry of ``actions`` for one element."""
    action: Json = {"type": element["type"], "action_id": element["action_id"]}
    action["block_id"] = block["block_id"]
    if element["type"] == "button":
        for key in ("text", "value", "style", "url"):
            if element.get(key) is not None:
                action[key] = element[key]
    else:
        action |= chosen
        if element.get("placeholder") is not None:
            action["placeholder"] = element["placeholder"]
    return {**action, "action_ts": ts}


def block_actions(
    desk: Desk,
    person: Person,
    action: Json,
    *,
    trigger_id: str,
    values: Json,
    message: Json | None = None,
    channel: Conversation | None = None,
    view: Json | None = None,
    response_url: str = "",
) -> Json:
    """Write a ``block_actions`` payload (…/reference/interaction-payloads/block_actions-payload)."""
    payload = _head(desk, "block_actions", person) | {"trigger_id": trigger_id, "actions": [action]}
    if view is not None:
        payload["container"] = {"type": "view", "view_id": view["id"]}
        payload["view"] = {**view, "state": {"values": values}}
        return payload
    if message is None or channel is None:
        raise ValueError("an action happens in a message and its channel, or in a view")
    ephemeral = bool(message.get("is_ephemeral"))
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload |= {
        "container": container,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "state": {"values": values},
        "response_url": response_url,
    }
    if not ephemeral:  # the source of an ephemeral message is not part of the payload
        payload["message"] = message
    return payload


def view_submission(desk: Desk, person: Person, view: Json, values: Json, trigger_id: str) -> Json:
    """Write a ``view_submission`` payload (…/reference/interaction-payloads/view-interactions-payload)."""
    return _head(desk, "view_submission", person) | {
        "trigger_id": trigger_id,
        "view": {**view, "state": {"values": values}},
        "response_urls": [],
    }


def view_closed(desk: Desk, person: Person, view: Json, *, is_cleared: bool) -> Json:
    """Write a ``view_closed`` payload."""
    return _head(desk, "view_closed", person) | {"view": view, "is_cleared": is_cleared}


def message_action(
    desk: Desk,
    person: Person,
    callback_id: str,
    message: Json,
    channel: Conversation,
    *,
    trigger_id: str,
    response_url: str,
) -> Json:
    """Write a message shortcut's payload (…/reference/interaction-payloads/shortcuts-interaction-payload)."""
    return _head(desk, "message_action", person) | {
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "message_ts": message["ts"],
        "message": message,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "action_ts": desk.store.db.stamp(),
    }


def command(
    desk: Desk,
    person: Person,
    name: str,
    text: str,
    channel: Conversation,
    *,
    trigger_id: str,
    response_url: str,
) -> dict[str, Any]:
    """Write a slash command's form (https://docs.slack.dev/interactivity/implementing-slash-commands)."""
    return {
        "token": "",
        "team_id": desk.config.team_id,
        "team_domain": desk.config.team_domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_im else channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": desk.config.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _head(desk: Desk, kind: str, person: Person) -> Json:
    config = desk.config
    return {
        "type": kind,
        "team": {"id": config.team_id, "domain": config.team_domain},
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": config.team_id,
        },
        "api_app_id": config.app_id,
        "token": "",
        "enterprise": None,
        "is_enterprise_install": False,
    }
