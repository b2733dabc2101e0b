"""Review: opens one's own view of all violations of a rule in a dataset."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.gestures import opened
from bot.listeners.room import Room
from bot.messages.notice import loading_view

__all__ = ["register"]


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.action("review")
    def review(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        mark = opened(body)
        ack()

        def show() -> None:
            view = client.views_open(trigger_id=body["trigger_id"], view=loading_view("Review"))["view"]
            client.views_update(view_id=view["id"], hash=view["hash"], view=room.page(mark))

        room.answer("the review", show)
