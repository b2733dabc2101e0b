"""Listen: a click asks for clips of a violation, which come into its thread."""

from __future__ import annotations

import logging
from typing import Any, Final

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import StoreError
from bot.gestures import wished
from bot.listeners.room import BUSY_LISTENING, Room
from bot.posting import Gone, Later, LockedOut, Refused, Shut, link_of
from bot.wishes import Answer

__all__ = ["register"]

logger = logging.getLogger(__name__)

_NOTED: Final = "The clips are being made, and come into this thread."
_COMING: Final = "The clips were asked for a moment ago, and come into this thread."
_THERE: Final = "The clips stand in this thread already:"
_NO_MORE: Final = "There is nothing to listen to any more: the violation is no longer there."


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.action("listen")
    def listen(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        key, spot = wished(body)
        person = body["user"]["id"]
        try:
            answer = room.listening.wish(key)
        except StoreError as error:
            ack()
            logger.warning("a wish has to wait: %s", error)
            room.answer("a refusal", lambda: room.whisper(client, spot, person, BUSY_LISTENING))
            return
        ack()

        def tell() -> None:
            words, url = _told(room, client, key, answer)
            room.whisper(client, spot, person, words, url)

        room.answer("where the clips are", tell)


def _told(room: Room, client: WebClient, key: str, answer: Answer | None) -> tuple[str, str | None]:
    if answer is None:
        return _NO_MORE, None
    if answer.word in ("there", "coming") and (why := room.listening.withdrawn(key)):
        return why, None
    if answer.word != "there" or answer.file_id is None:
        return _COMING if answer.word == "coming" else _NOTED, None
    try:
        return _THERE, link_of(client, answer.file_id)
    except Gone:  # somebody deleted them
        room.listening.wish_again(key)
        return _NOTED, None
    except (Later, LockedOut, Refused, Shut) as error:
        logger.warning("where clips are is not known: %s", error)
        return _THERE.replace(":", "."), None
