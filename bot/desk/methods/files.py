"""`files.*`: an upload in three steps, and what became of it.

https://docs.slack.dev/messaging/working-with-files#upload: ask for an address
(`files.getUploadURLExternal`), POST the bytes there, share it (`files.completeUploadExternal`).
"""

from __future__ import annotations

from bot.desk.blocks import checked_blocks
from bot.desk.failure import SlackFailure
from bot.desk.methods.call import Call
from bot.desk.methods.chat import reachable
from bot.desk.store import Json, StoredFile
from bot.desk.store.files import BYTES_AT_MOST

__all__ = ["ALT_TEXT_AT_MOST", "complete_upload_external", "delete", "described", "get_upload_url_external", "info"]

ALT_TEXT_AT_MOST = 1_000


def get_upload_url_external(call: Call) -> Json:
    """Reserve a file (https://docs.slack.dev/reference/methods/files.getUploadURLExternal)."""
    name = call.required("filename")
    length = call.number("length", 0, least=1, most=10**12, error="invalid_arguments")
    if length > BYTES_AT_MOST:
        raise SlackFailure("file_upload_size_restricted")
    alt_text = call.text("alt_txt")
    if len(alt_text) > ALT_TEXT_AT_MOST:
        raise SlackFailure("alt_txt_too_large")
    file_id, key = call.desk.store.files.await_upload(name, length, alt_text)
    return {"upload_url": f"{call.base_url}/upload/{key}", "file_id": file_id}


def complete_upload_external(call: Call) -> Json:
    """Share uploaded files (https://docs.slack.dev/reference/methods/files.completeUploadExternal).

    Where there is an ``initial_comment``, ``blocks`` are not looked at. The answer does not say under which ``ts`` the
    files stand; `info` does.
    """
    wanted = call.structure("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(item, dict) for item in wanted):
        raise SlackFailure("invalid_arguments", ["[ERROR] missing required field: files"])
    store = call.desk.store
    for item in wanted:
        found = store.files.get(str(item.get("id")))
        if found is None or found.state == "awaited":
            raise SlackFailure("file_not_found")
    channel = reachable(call, call.text("channel_id")) if call.has("channel_id") else None
    thread_ts = call.text("thread_ts") or None
    if thread_ts and (channel is None or store.messages.get(channel.id, thread_ts) is None):
        raise SlackFailure("invalid_thread_ts")
    content: Json = {"text": call.text("initial_comment")}
    if not content["text"] and (blocks := call.structure("blocks", "invalid_blocks_format")):
        content["blocks"] = checked_blocks(blocks)
    if channel is not None:
        call.desk.pace.hold(channel.id)
    shared: list[Json] = []
    for item in wanted:
        store.files.share(str(item["id"]), str(item.get("title") or ""))
        file = store.files.get(str(item["id"]))
        if file is not None:
            shared.append(described(file, call.base_url))
    if channel is not None:
        body = {**call.desk.bot_marks(), **content, "files": shared}
        message = call.desk.post(channel.id, call.desk.config.bot_user_id, body, thread_ts=thread_ts)
        for item in shared:
            store.files.shown_in(item["id"], channel.id, message["ts"])
    return {"files": shared}


def delete(call: Call) -> Json:
    """Delete a file (https://docs.slack.dev/reference/methods/files.delete); a tombstone stays where it was shown."""
    store = call.desk.store
    file = store.files.get(call.required("file"))
    if file is None:
        raise SlackFailure("file_not_found")
    for channel_id, ts in store.files.shares(file.id):
        message = store.messages.get(channel_id, ts)
        if message is not None:
            stone = {"id": file.id, "mode": "tombstone"}
            message["files"] = [stone if shown["id"] == file.id else shown for shown in message.get("files", [])]
            store.messages.replace(channel_id, ts, message)
    store.files.delete(file.id)
    return {}


def info(call: Call) -> Json:
    """Describe a file, and say where it is shown (https://docs.slack.dev/reference/methods/files.info)."""
    file = call.desk.store.files.get(call.required("file"))
    if file is None or file.state == "awaited":
        raise SlackFailure("file_not_found")
    public: dict[str, list[Json]] = {}
    for channel_id, ts in call.desk.store.files.shares(file.id):
        message = call.desk.store.messages.get(channel_id, ts)
        channel = call.desk.store.conversations.get(channel_id)
        if message is not None and channel is not None:
            thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
            public.setdefault(channel_id, []).append({"ts": ts, "channel_name": channel.name, **thread})
    shares = {"public": public} if public else {}
    return {"file": {**described(file, call.base_url), "channels": list(public), "groups": [], "shares": shares}}


def described(file: StoredFile, base_url: str) -> Json:
    """Write a file object (https://docs.slack.dev/reference/objects/file-object)."""
    address = f"{base_url}/files/{file.id}"
    return {
        "id": file.id,
        "created": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].casefold(),
        "size": file.length,
        "alt_txt": file.alt_text,
        "mode": "hosted",
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
    }
