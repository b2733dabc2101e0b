"""`chat.*`: say, change, take back, whisper (https://docs.slack.dev/reference/methods/?family=chat)."""

from __future__ import annotations

import json
from typing import Any

from bot.desk.blocks import checked_blocks
from bot.desk.failure import SlackFailure
from bot.desk.methods.call import Call
from bot.desk.store import Conversation, Json

__all__ = [
    "TEXT_AT_MOST",
    "content_of",
    "delete",
    "get_permalink",
    "permalink",
    "post_ephemeral",
    "post_message",
    "reachable",
    "update",
]

TEXT_AT_MOST = 40_000
"""chat.postMessage: "no more than 40,000 characters or risk truncation"."""
METADATA_BYTES_AT_MOST = 16 * 1024


def post_message(call: Call) -> Json:
    """Post a message (https://docs.slack.dev/reference/methods/chat.postMessage)."""
    conversation = reachable(call, call.required("channel"))
    content = content_of(call, truncate=True)
    thread_ts = call.text("thread_ts") or None
    if thread_ts is not None:
        thread_ts = _root(call, conversation.id, thread_ts)
    call.desk.pace.hold(conversation.id)
    message = call.desk.post(
        conversation.id,
        call.desk.config.bot_user_id,
        {**call.desk.bot_marks(), **content},
        thread_ts=thread_ts,
        broadcast=call.flag("reply_broadcast") and thread_ts is not None,
    )
    return {"channel": conversation.id, "ts": message["ts"], "message": message}


def update(call: Call) -> Json:
    """Change one of the app's own messages (https://docs.slack.dev/reference/methods/chat.update).

    What isn't given stays: blocks are kept unless an array comes, metadata unless an object comes; an
    empty one removes them.
    """
    conversation = _found(call, call.required("channel"))
    message = _own(call, conversation.id, call.required("ts"), "cant_update_message")
    if not any(call.arguments.get(name) is not None for name in ("text", "blocks", "attachments")):
        raise SlackFailure("no_text")
    text = call.text("text", message["text"])
    if len(text) > TEXT_AT_MOST:
        raise SlackFailure("msg_too_long")
    if (blocks := call.structure("blocks", "invalid_blocks_format")) is not None:
        message.pop("blocks", None)
        if blocks:
            message["blocks"] = checked_blocks(blocks)
    if not text and not message.get("blocks"):
        raise SlackFailure("no_text")
    if (metadata := call.structure("metadata", "invalid_metadata_format")) is not None:
        message.pop("metadata", None)
        if metadata:
            message["metadata"] = _metadata(metadata)
    message["text"] = text
    message["edited"] = {"user": call.desk.config.bot_user_id, "ts": call.desk.store.db.stamp()}
    broadcast = True if call.flag("reply_broadcast") and message.get("thread_ts") else None
    call.desk.store.messages.replace(conversation.id, message["ts"], message, broadcast=broadcast)
    return {"channel": conversation.id, "ts": message["ts"], "text": text, "message": message}


def delete(call: Call) -> Json:
    """Take one of the app's own messages back (https://docs.slack.dev/reference/methods/chat.delete)."""
    conversation = _found(call, call.required("channel"))
    message = _own(call, conversation.id, call.required("ts"), "cant_delete_message")
    call.desk.store.messages.delete(conversation.id, message["ts"])
    return {"channel": conversation.id, "ts": message["ts"]}


def post_ephemeral(call: Call) -> Json:
    """Say something that one person sees (https://docs.slack.dev/reference/methods/chat.postEphemeral)."""
    conversation = reachable(call, call.required("channel"))
    user = call.required("user")
    if not call.desk.store.conversations.is_member(conversation.id, user):
        raise SlackFailure("user_not_in_channel")
    content = content_of(call, truncate=True)
    body = {"user": call.desk.config.bot_user_id, **call.desk.bot_marks(), **content}
    thread_ts = call.text("thread_ts") or None
    ts = call.desk.store.messages.whisper(conversation.id, user, body, thread_ts=thread_ts)
    return {"message_ts": ts}


def get_permalink(call: Call) -> Json:
    """Give a message's address (https://docs.slack.dev/reference/methods/chat.getPermalink)."""
    conversation = _found(call, call.required("channel"))
    message = call.desk.store.messages.get(conversation.id, call.required("message_ts"))
    if message is None:
        raise SlackFailure("message_not_found")
    return {"channel": conversation.id, "permalink": permalink(call.base_url, conversation.id, message)}


def permalink(base_url: str, channel: str, message: Json) -> str:
    """Write a permalink in Slack's form: ``/archives/C…/p…``, and the thread that a reply is in."""
    link = f"{base_url}/archives/{channel}/p{message['ts'].replace('.', '')}"
    root = message.get("thread_ts")
    return f"{link}?thread_ts={root}&cid={channel}" if root and root != message["ts"] else link


def content_of(call: Call, *, truncate: bool) -> Json:
    """Check and collect what a message says: text, blocks, metadata."""
    text = call.text("text")
    if len(text) > TEXT_AT_MOST:
        if not truncate:
            raise SlackFailure("msg_too_long")
        text = text[:TEXT_AT_MOST]
    content: Json = {"text": text}
    blocks = call.structure("blocks", "invalid_blocks_format")
    if blocks is not None and blocks != []:
        content["blocks"] = checked_blocks(blocks)
    if not text.strip() and "blocks" not in content:
        raise SlackFailure("no_text")
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata:
        content["metadata"] = _metadata(metadata)
    return content


def _metadata(metadata: Any) -> Json:
    """Check message metadata (https://docs.slack.dev/messaging/message-metadata)."""
    if (
        not isinstance(metadata, dict)
        or not isinstance(metadata.get("event_type"), str)
        or not isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackFailure("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES_AT_MOST:
        raise SlackFailure("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def reachable(call: Call, channel: str) -> Conversation:
    """Find the conversation that the app may post to: a channel by id or name, or a person's id."""
    conversation = _found(call, channel)
    if conversation.archived:
        raise SlackFailure("is_archived")
    if not call.desk.store.conversations.is_member(conversation.id, call.desk.config.bot_user_id):
        raise SlackFailure("not_in_channel")
    return conversation


def _found(call: Call, channel: str) -> Conversation:
    conversations = call.desk.store.conversations
    conversation = conversations.get(channel) or conversations.named(channel)
    if conversation is None and call.desk.person(channel) is not None:
        conversation = conversations.im_with(channel)
    if conversation is None:
        raise SlackFailure("channel_not_found")
    return conversation


def _root(call: Call, channel: str, thread_ts: str) -> str:
    """Find the parent that a reply goes under; a reply's own ``ts`` leads to its parent.

    Slack's reference does not say what a reply to nothing gives. Its maintainers name ``thread_not_found``
    (github.com/slackapi/bolt-js#2307); elsewhere such a reply was accepted and never seen
    (github.com/slackapi/python-slack-sdk#840). The desk refuses, so that a mistake shows.
    """
    parent = call.desk.store.messages.get(channel, thread_ts)
    if parent is None or parent.get("subtype") == "tombstone":
        raise SlackFailure("thread_not_found")
    return str(parent.get("thread_ts", parent["ts"]))


def _own(call: Call, channel: str, ts: str, refusal: str) -> Json:
    message = call.desk.store.messages.get(channel, ts)
    if message is None or message.get("subtype") == "tombstone":
        raise SlackFailure("message_not_found")
    if message["user"] != call.desk.config.bot_user_id:
        raise SlackFailure(refusal)
    return message
