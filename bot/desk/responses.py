"""What an app says back: at a response URL, or in its answer to a slash command.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk.blocks import checked_blocks
from bot.desk.failure import SlackFailure
from bot.desk.store import Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["respond"]


def respond(desk: Desk, *, user: str, channel: str, source_ts: str | None, answer: Json) -> None:
    """Carry a response out.

    ``delete_original`` and ``replace_original`` speak of the message that the interaction came from;
    otherwise a new message appears, to that person alone unless ``response_type`` is ``in_channel``. It
    stands in the channel, even if the interaction was in a thread, unless ``thread_ts`` names one
    (github.com/slackapi/bolt-js#963).

    Raises
    ------
    SlackFailure
        ``no_text``, ``invalid_blocks`` and so on, as for `chat.postMessage`.
    """
    store = desk.store.messages
    whispered = store.whispered(user, source_ts) if source_ts else None
    if answer.get("delete_original") and source_ts:
        if whispered is not None:
            store.delete_whisper(user, source_ts)
        else:
            store.delete(channel, source_ts)
        return
    content = _content(answer)
    if answer.get("replace_original") and source_ts:
        original = whispered or store.get(channel, source_ts)
        if original is None:
            raise SlackFailure("message_not_found")
        original = {key: value for key, value in original.items() if key not in ("text", "blocks")} | content
        if whispered is not None:
            store.replace_whisper(source_ts, original)
        else:
            store.replace(channel, source_ts, original)
        return
    thread_ts = str(answer["thread_ts"]) if answer.get("thread_ts") else None
    body = {**desk.bot_marks(), **content}
    if answer.get("response_type") == "in_channel":
        desk.post(channel, desk.config.bot_user_id, body, thread_ts=thread_ts)
    else:
        store.whisper(channel, user, {"user": desk.config.bot_user_id, **body}, thread_ts=thread_ts)


def _content(answer: Json) -> Json:
    content: Json = {"text": str(answer.get("text") or "")}
    if answer.get("blocks"):
        content["blocks"] = checked_blocks(answer["blocks"])
    if not content["text"].strip() and "blocks" not in content:
        raise SlackFailure("no_text")
    return content
