"""One call to Slack, and what its answer means: it has the message, it never will, or we try again.

slack_sdk's own retries are off (`client_for`): after a broken connection it would send a post again without having
looked whether Slack took the first, and it would sleep through a Retry-After while holding the lane.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Final

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.messages.kit import Message

__all__ = [
    "Gone",
    "Later",
    "LockedOut",
    "Place",
    "Refused",
    "Shut",
    "client_for",
    "edit",
    "is_shared",
    "link_of",
    "looked_up",
    "post",
    "upload",
]

EVENT_TYPE: Final = "cratecheck_post"
_MARGIN: Final = timedelta(minutes=10)  # between our clock and Slack's
_PAGE: Final = 200
_WITHOUT_A_HEADER_S: Final = 30.0

_TOKEN_TROUBLE: Final = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
# The channel's matter, not the message's: somebody invites the app, or opens the channel again.
_SHUT: Final = frozenset(
    {
        "channel_is_limited_access",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
    }
)
# After these Slack may have done what was asked all the same.
_UNSURE: Final = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


class Refused(Exception):
    """Slack will never take this message."""


class Gone(Exception):
    """The message, or the one that begins its thread, was deleted in Slack."""


class Shut(Exception):
    """The channel does not take our messages, until somebody mends that in Slack."""


class LockedOut(Exception):
    """Slack does not take our token for this."""


class Later(Exception):
    """Slack did not answer, or asks for patience.

    Parameters
    ----------
    why : str
        What happened.
    after_s : float, optional
        How long Slack asks to wait.
    unsure : bool
        Whether Slack may have taken the message.
    """

    def __init__(self, why: str, *, after_s: float | None = None, unsure: bool) -> None:
        super().__init__(why)
        self.after_s = after_s
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class Place:
    """Where Slack has a message."""

    channel_id: str
    ts: str | None


def client_for(token: str, base_url: str, *, timeout_s: float = 10.0) -> WebClient:
    """Make a client that tries once."""
    return WebClient(token=token, base_url=base_url, timeout=int(max(1, timeout_s)), retry_handlers=[])


def post(client: WebClient, channel: str, message: Message, token: str, *, thread_ts: str | None) -> Place:
    """Post a message that carries our token for it, or share the files that it brings: these carry themselves.

    Returns
    -------
    place : Place
        Of files, without a `ts`: Slack gives them one when it has looked them through.

    Raises
    ------
    Gone, Shut, Refused, LockedOut, Later
    """
    if message.files:
        _asked_of_files(
            lambda: client.files_completeUploadExternal(
                files=[{"id": file.id, "title": file.title} for file in message.files],
                channel_id=channel,
                thread_ts=thread_ts,
                blocks=json.dumps(list(message.blocks)),  # and no comment, which would be read as mrkdwn
            )
        )
        return Place(channel, None)
    answer = _asked(
        lambda: client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=list(message.blocks),
            metadata={"event_type": EVENT_TYPE, "event_payload": {"token": token}},
            thread_ts=thread_ts,
            unfurl_links=False,
            unfurl_media=False,
            link_names=False,
        )
    )
    return Place(answer["channel"], answer["ts"])


def edit(client: WebClient, place: Place, message: Message) -> None:
    """Bring a message up to date.

    Raises
    ------
    Gone, Shut, Refused, LockedOut, Later
    """
    blocks = list(message.blocks)
    _asked(
        lambda: client.chat_update(
            channel=place.channel_id, ts=place.ts or "", text=message.text, blocks=blocks, link_names=False
        )
    )


def looked_up(
    client: WebClient, channel_id: str, token: str, *, thread_ts: str | None, since: datetime
) -> Place | None:
    """Look whether Slack has the message that carries a token.

    Raises
    ------
    Gone, Shut, Refused, LockedOut, Later
    """
    oldest = f"{(since - _MARGIN).timestamp():.6f}"
    for message in _messages(client, channel_id, thread_ts, oldest):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("token") == token:
            return Place(channel_id, message["ts"])
    return None


def _messages(client: WebClient, channel_id: str, thread_ts: str | None, oldest: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        asked: dict[str, Any] = {
            "channel": channel_id,
            "oldest": oldest,
            "limit": _PAGE,
            "include_all_metadata": True,
            "cursor": cursor,
        }
        if thread_ts is None:
            answer = _asked(lambda asked=asked: client.conversations_history(**asked))  # type: ignore[misc]  # no default
        else:
            answer = _asked(lambda asked=asked: client.conversations_replies(ts=thread_ts, **asked))  # type: ignore[misc]
        yield from answer["messages"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def upload(client: WebClient, name: str, content: bytes, *, alt: str | None = None) -> str:
    """Give Slack a file, which nobody sees before it is shared.

    Parameters
    ----------
    name : str
        With an ending, by which Slack knows what it is.
    content : bytes
    alt : str, optional
        A picture in words, at most 1,000 characters.

    Returns
    -------
    file_id : str

    Raises
    ------
    Refused, LockedOut, Later
    """
    ready = _asked(lambda: client.files_getUploadURLExternal(filename=name, length=len(content), alt_txt=alt))
    try:
        answer = httpx.post(str(ready["upload_url"]), content=content, timeout=client.timeout)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Later(f"the upload broke off: {error}", unsure=False) from error
    if answer.status_code == 429:
        raise Later("ratelimited", after_s=_seconds(answer.headers.get("retry-after")), unsure=False)
    if answer.status_code != 200:
        raise Later(f"the upload was answered with status {answer.status_code}", unsure=False)
    return str(ready["file_id"])


def link_of(client: WebClient, file_id: str) -> str:
    """Find where people see a file.

    Raises
    ------
    Gone
        If it was deleted.
    Refused, LockedOut, Later
    """
    return str(_file(client, file_id)["permalink"])


def delete_file(client: WebClient, file_id: str) -> None:
    """Take a file away from all who see it; nothing happens if it is gone.

    Raises
    ------
    Refused, Later
    """
    try:
        _asked_of_files(lambda: client.files_delete(file=file_id))
    except Refused as refused:
        if not str(refused).startswith(("file_not_found", "file_deleted")):
            raise


def is_shared(client: WebClient, file_id: str, channel_id: str) -> bool:
    """Tell whether a file stands in a channel.

    Raises
    ------
    Gone, Refused, LockedOut, Later
    """
    told = _file(client, file_id)
    shares = [shared for kind in (told.get("shares") or {}).values() for shared in kind]
    return channel_id in (*shares, *told.get("channels", ()), *told.get("groups", ()))


def _file(client: WebClient, file_id: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = _asked_of_files(lambda: client.files_info(file=file_id))["file"]
    except Refused as refused:
        if str(refused).startswith(("file_not_found", "file_deleted")):
            raise Gone(str(refused)) from refused
        raise
    return told


def channel_named(client: WebClient, name: str) -> str:
    """Find the id of a channel.

    Raises
    ------
    Shut
        If there is none of that name that the app can see.
    Refused, LockedOut, Later
    """
    cursor: str | None = None
    while True:
        at = cursor
        answer = _asked(
            lambda at=at: client.conversations_list(  # type: ignore[misc]  # mypy infers no type for a bound default
                types="public_channel,private_channel", exclude_archived=True, limit=1_000, cursor=at
            )
        )
        for channel in answer["channels"]:
            if channel["name"] == name:
                return str(channel["id"])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            raise Shut("channel_not_found")


def _asked(call: Callable[[], SlackResponse]) -> SlackResponse:
    try:
        return call()
    except SlackApiError as error:
        raise _meaning(error) from error
    except (SlackClientError, HTTPException, OSError) as error:
        raise Later(f"no answer: {error}", unsure=True) from error


def _asked_of_files(call: Callable[[], SlackResponse]) -> SlackResponse:
    """Ask about files, for which an app may lack the scope: that is to hold up no message."""
    try:
        return _asked(call)
    except LockedOut as error:
        raise Refused(str(error)) from error


def _meaning(error: SlackApiError) -> Exception:
    response = error.response
    code = str(response.get("error") or "unknown_error")
    if response.status_code == 429 or code in ("ratelimited", "rate_limited"):
        return Later("ratelimited", after_s=_retry_after(response), unsure=False)
    # A body that is no JSON reaches us as a sentence in place of a code.
    if response.status_code >= 500 or code in _UNSURE or " " in code:
        return Later(f"status {response.status_code}: {code[:100]}", unsure=True)
    if code in _TOKEN_TROUBLE:
        return LockedOut(code)
    if code in ("message_not_found", "thread_not_found"):
        return Gone(code)
    if code in _SHUT:
        return Shut(code)
    details = (response.get("response_metadata") or {}).get("messages") or ()
    return Refused("; ".join((code, *map(str, details)))[:500])


def _retry_after(response: SlackResponse) -> float:
    return _seconds({name.lower(): value for name, value in response.headers.items()}.get("retry-after"))


def _seconds(stated: str | None) -> float:
    try:
        return max(0.0, float(stated)) if stated is not None else _WITHOUT_A_HEADER_S
    except ValueError:
        return _WITHOUT_A_HEADER_S
