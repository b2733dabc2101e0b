"""Activate, Reject: a click on a proposal opens a form; the answer is committed, and only then is Slack answered."""

from __future__ import annotations

import logging
import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import CratecheckError, StoreError
from bot.gestures import AnswerMark, answered, answering
from bot.listeners.room import BUSY, Room
from bot.messages.kit import View
from bot.messages.notice import loading_view, notice_view
from bot.messages.policy_form import REASON
from bot.messages.proposal_form import ANSWERS, proposal_form_view, told_of
from bot.proposing.answering import Moved

__all__ = ["register"]

logger = logging.getLogger(__name__)

_NO_REASON = "Say why: whoever proposed it will ask, and an auditor."


def register(app: App, room: Room) -> None:
    """Teach an app these gestures."""

    @app.action(re.compile(r"^proposal:(confirm|reject)$"))
    def click(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        mark, person = answering(body), body["user"]["id"]
        try:
            mark = room.answering.permit(mark, person)
        except CratecheckError as error:
            ack()
            words = BUSY if isinstance(error, StoreError) else room.readable(error)
            room.answer("a refusal", lambda: room.whisper(client, mark.spot, person, words))
            return
        ack()

        def show() -> None:
            title = ANSWERS[mark.answer]
            view = client.views_open(trigger_id=body["trigger_id"], view=loading_view(title))["view"]
            client.views_update(view_id=view["id"], hash=view["hash"], view=_form(room, mark))

        room.answer("a form", show)

    @app.view("proposal")
    def submit(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        (mark, reason), person = answered(body), body["user"]["id"]
        if mark.answer != "confirm" and not reason.strip():
            ack(response_action="errors", errors={REASON: _NO_REASON})
            return
        try:
            card = room.answering.answer(mark, person, reason)
        except Moved as moved:
            ack(response_action="update", view=_form(room, moved.mark))
            return
        except StoreError as error:
            logger.warning("an answer has to wait: %s", error)
            if mark.answer == "confirm":
                ack(response_action="update", view=notice_view("Not done", BUSY))
            else:
                ack(response_action="errors", errors={REASON: BUSY})  # what was written stays in the form
            return
        except CratecheckError as refused:
            ack(response_action="update", view=notice_view("Not done", room.readable(refused)))
            return
        ack()
        told = told_of(card, mark.answer)
        room.answer("a confirmation", lambda: room.whisper(client, mark.spot, person, told))


def _form(room: Room, mark: AnswerMark) -> View:
    try:
        return proposal_form_view(room.answering.card(mark), mark.answer, mark.dumps())
    except StoreError as error:
        logger.warning("a form has to wait: %s", error)
        return notice_view(ANSWERS[mark.answer], BUSY)
    except CratecheckError as error:
        return notice_view(ANSWERS[mark.answer], room.readable(error))
