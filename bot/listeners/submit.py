"""The form is filled in: the decision is committed, and only then is Slack answered."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import DecisionRefused, StoreError
from bot.gestures import submitted
from bot.listeners.room import BUSY, Room
from bot.messages.notice import confirmation, notice_view
from bot.review import AnswerRefused

__all__ = ["register"]

logger = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.view("decision")
    def submit(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        click, mark = submitted(body, room.via)

        def refresh() -> None:
            """Show what is so now in the review from which the form was opened."""
            page, below = mark.page, body["view"].get("previous_view_id")
            if page and below:
                room.answer("the review", lambda: client.views_update(view_id=below, view=room.page(page)))

        try:
            outcome = room.review.decide(click)
        except AnswerRefused as refused:
            ack(response_action="errors", errors={refused.field: room.readable(refused)})
            return
        except DecisionRefused as refused:
            ack(response_action="update", view=notice_view("Not decided", room.readable(refused)))
            refresh()  # it was decided or changed meanwhile
            return
        except StoreError as error:
            logger.warning("a decision has to wait: %s", error)
            ack(response_action="errors", errors={"reason": BUSY})  # what was written stays in the form
            return
        ack()
        if outcome.repeated:
            return
        told = confirmation(click.verdict, outcome.violation.message, len(outcome.quarantined), outcome.decision.seq)
        room.answer("a confirmation", lambda: room.whisper(client, mark.spot, click.person, told))
        refresh()
