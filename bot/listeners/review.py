"""Review: opens one's own view of all violations of a rule in a dataset."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from audit_core.errors import CratecheckError, StoreError
from bot.gestures import opened
from bot.listeners.room import BUSY, Room
from bot.messages.notice import loading_view, notice_view

__all__ = ["register"]

logger = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.action("review")
    def review(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        mark = opened(body)
        ack()

        def show() -> None:
            view = client.views_open(trigger_id=body["trigger_id"], view=loading_view("Review"))["view"]
            try:
                page = room.page(mark)
            except CratecheckError as error:
                logger.warning("the review has to wait: %s", error)
                page = notice_view("Review", BUSY if isinstance(error, StoreError) else room.readable(error))
            client.views_update(view_id=view["id"], hash=view["hash"], view=page)

        room.answer("the review", show)
