"""The form is filled in: the decision is committed, and only then is Slack answered."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import DecisionRefused
from bot.gestures import submitted
from bot.listeners.room import Room, answering
from bot.messages.notice import confirmation, notice_view
from bot.review import AnswerRefused

__all__ = ["register"]


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.view("decision")
    def submit(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        click, mark = submitted(body, room.via)
        try:
            outcome = room.review.decide(click)
        except AnswerRefused as refused:
            ack(response_action="errors", errors={refused.field: room.readable(refused)})
            return
        except DecisionRefused as refused:
            ack(response_action="update", view=notice_view("Not decided", room.readable(refused)))
            return
        ack()
        if outcome.repeated:
            return
        with answering("a confirmation"):
            decided = outcome.decision
            tracks = len(outcome.quarantined)
            room.whisper(
                client,
                mark.spot,
                click.person,
                confirmation(click.verdict, outcome.violation.message, tracks, decided.seq),
            )
        if mark.page and (below := body["view"].get("previous_view_id")):
            with answering("the review"):
                client.views_update(view_id=below, view=room.page(mark.page))
