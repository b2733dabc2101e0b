"""Policy: a click opens the policy of a rule to read and to edit; what is written there is proposed."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import CratecheckError, StoreError
from bot.gestures import edited, policy_opened
from bot.listeners.room import BUSY, BUSY_READING, Room
from bot.messages.notice import loading_view, notice_view
from bot.messages.policy_form import REASON, policy_view
from bot.messages.text import plain
from bot.proposing.editing import Mistaken

__all__ = ["register"]

logger = logging.getLogger(__name__)

_PROPOSED = "Your proposal for {} is being examined. It is posted in the policy's channel in a moment."


def register(app: App, room: Room) -> None:
    """Teach an app these gestures."""

    @app.action("policy")
    def open_policy(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        mark = policy_opened(body)
        ack()

        def show() -> None:
            view = client.views_open(trigger_id=body["trigger_id"], view=loading_view("Policy"))["view"]
            try:
                with room.store.read() as connection:
                    shown = policy_view(room.proposals.form(connection, mark))
            except CratecheckError as error:
                logger.warning("a policy has to wait: %s", error)
                busy = isinstance(error, StoreError)
                shown = notice_view("Policy", BUSY_READING if busy else room.readable(error))
            client.views_update(view_id=view["id"], hash=view["hash"], view=shown)

        room.answer("a policy", show)

    @app.view("policy")
    def propose(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        (mark, answers), person = edited(body), body["user"]["id"]
        try:
            room.editing.propose(mark, answers, person)
        except Mistaken as mistaken:
            ack(response_action="errors", errors=mistaken.errors)
            return
        except StoreError as error:
            logger.warning("a proposal has to wait: %s", error)
            ack(response_action="errors", errors={REASON: BUSY})  # what was written stays in the form
            return
        except CratecheckError as error:
            ack(response_action="errors", errors={REASON: room.readable(error)})
            return
        ack()
        words = _PROPOSED.format(plain(mark.policy, 80))
        room.answer("a confirmation", lambda: room.whisper(client, mark.spot, person, words))
