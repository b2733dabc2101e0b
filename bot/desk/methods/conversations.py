"""`conversations.*` (https://docs.slack.dev/reference/methods/?family=conversations)."""

from __future__ import annotations

import base64
import re
from typing import Any

from bot.desk.failure import SlackFailure
from bot.desk.methods.call import Call
from bot.desk.store import Conversation, Json

__all__ = ["history", "info", "join", "list_", "members", "open_", "page_of", "replies"]


def list_(call: Call) -> Json:
    """List conversations (https://docs.slack.dev/reference/methods/conversations.list)."""
    kinds = {kind.strip() for kind in call.text("types", "public_channel").split(",")}
    store = call.desk.store.conversations
    found = store.channels() if "public_channel" in kinds else []
    if call.flag("exclude_archived"):
        found = [channel for channel in found if not channel.archived]
    if "im" in kinds:
        found += store.ims()
    part, cursor = page_of(call, [_described(call, each) for each in found], default=100)
    return {"channels": part, "response_metadata": {"next_cursor": cursor}}


def info(call: Call) -> Json:
    """Describe a conversation (https://docs.slack.dev/reference/methods/conversations.info)."""
    conversation = _named(call)
    described = _described(call, conversation)
    if call.flag("include_num_members"):
        described["num_members"] = len(call.desk.store.conversations.members(conversation.id))
    return {"channel": described}


def history(call: Call) -> Json:
    """Read a channel backwards (https://docs.slack.dev/reference/methods/conversations.history)."""
    conversation = _readable(call)
    page = call.desk.store.messages.history(
        conversation.id,
        **_stretch(call),
        before=_place(call),
        limit=call.number("limit", 100, least=1, most=999),
    )
    answer: Json = {"messages": [_shown(call, m) for m in page.messages], "has_more": page.has_more}
    answer["pin_count"] = 0
    if page.has_more:
        answer["response_metadata"] = {"next_cursor": _cursor(page.messages[-1]["ts"])}
    return answer


def replies(call: Call) -> Json:
    """Read a thread forwards (https://docs.slack.dev/reference/methods/conversations.replies)."""
    conversation = _readable(call)
    store = call.desk.store.messages
    asked = store.get(conversation.id, call.required("ts"))
    if asked is None:
        raise SlackFailure("thread_not_found")
    page = store.thread(
        conversation.id,
        str(asked.get("thread_ts", asked["ts"])),
        **_stretch(call),
        after=_place(call),
        limit=call.number("limit", 1000, least=1, most=1000),
    )
    answer: Json = {"messages": [_shown(call, m) for m in page.messages], "has_more": page.has_more}
    if page.has_more:
        answer["response_metadata"] = {"next_cursor": _cursor(page.messages[-1]["ts"])}
    return answer


def open_(call: Call) -> Json:
    """Open a direct message (https://docs.slack.dev/reference/methods/conversations.open)."""
    store = call.desk.store.conversations
    if call.has("channel"):
        conversation = store.get(call.text("channel"))
        if conversation is None or not conversation.is_im:
            raise SlackFailure("channel_not_found")
        return {"channel": {"id": conversation.id}, "no_op": True, "already_open": True}
    if not call.has("users"):
        raise SlackFailure("users_list_not_supplied")
    users = call.arguments["users"]
    named = users if isinstance(users, list) else [user.strip() for user in str(users).split(",")]
    if len(named) != 1:
        raise SlackFailure("method_not_supported_for_channel_type")
    if call.desk.person(named[0]) is None:
        raise SlackFailure("user_not_found")
    conversation = store.im_with(named[0])
    return {"channel": _described(call, conversation) if call.flag("return_im") else {"id": conversation.id}}


def join(call: Call) -> Json:
    """Join a channel (https://docs.slack.dev/reference/methods/conversations.join)."""
    conversation = _named(call)
    if conversation.is_im:
        raise SlackFailure("method_not_supported_for_channel_type")
    if conversation.archived:
        raise SlackFailure("is_archived")
    answer: Json = {"channel": _described(call, conversation)}
    if not call.desk.store.conversations.join(conversation.id, call.desk.config.bot_user_id):
        answer["warning"] = "already_in_channel"
        answer["response_metadata"] = {"warnings": ["already_in_channel"]}
    return answer


def members(call: Call) -> Json:
    """List a conversation's members (https://docs.slack.dev/reference/methods/conversations.members)."""
    found = call.desk.store.conversations.members(_named(call).id)
    part, cursor = page_of(call, found, default=100)
    return {"members": part, "response_metadata": {"next_cursor": cursor}}


def page_of(call: Call, found: list[Any], *, default: int) -> tuple[list[Any], str]:
    """Cut a list at ``limit``, from where ``cursor`` says."""
    start = int(_place(call) or 0)
    end = start + call.number("limit", default, least=1, most=1000)
    return found[start:end], _cursor(str(end)) if end < len(found) else ""


def _named(call: Call) -> Conversation:
    conversation = call.desk.store.conversations.get(call.required("channel"))
    if conversation is None:
        raise SlackFailure("channel_not_found")
    return conversation


def _readable(call: Call) -> Conversation:
    conversation = _named(call)
    if not call.desk.store.conversations.is_member(conversation.id, call.desk.config.bot_user_id):
        raise SlackFailure("not_in_channel")
    return conversation


def _stretch(call: Call) -> Json:
    """Read ``oldest``, ``latest`` and ``inclusive``; a bound may be given in whole seconds."""
    bounds: Json = {"inclusive": call.flag("inclusive")}
    for name, error in (("oldest", "invalid_ts_oldest"), ("latest", "invalid_ts_latest")):
        value = call.text(name)
        if value and value != "0":
            if not re.fullmatch(r"\d{1,10}(\.\d{1,6})?", value):
                raise SlackFailure(error)
            bounds[name] = value if "." in value else f"{value}.000000"
    return bounds


def _cursor(place: str) -> str:
    return base64.b64encode(f"next_ts:{place}".encode()).decode()


def _place(call: Call) -> str:
    if not call.has("cursor"):
        return ""
    try:
        kind, _, place = base64.b64decode(call.text("cursor"), validate=True).decode().partition(":")
    except ValueError:
        raise SlackFailure("invalid_cursor") from None
    if kind != "next_ts" or not re.fullmatch(r"[\d.]+", place):
        raise SlackFailure("invalid_cursor")
    return place


def _shown(call: Call, message: Json) -> Json:
    """Give a message as the API shows it: metadata only when ``include_all_metadata`` asks for it."""
    if call.flag("include_all_metadata") or "metadata" not in message:
        return message
    return {key: value for key, value in message.items() if key != "metadata"}


def _described(call: Call, conversation: Conversation) -> Json:
    shared = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.archived,
        "is_im": conversation.is_im,
        "is_org_shared": False,
        "context_team_id": call.desk.config.team_id,
    }
    if conversation.is_im:
        return {**shared, "user": conversation.name, "is_user_deleted": False, "priority": 0}
    member = call.desk.store.conversations.is_member(conversation.id, call.desk.config.bot_user_id)
    return {
        **shared,
        "name": conversation.name,
        "name_normalized": conversation.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": False,
        "is_general": False,
        "is_member": member,
        "topic": {"value": conversation.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
