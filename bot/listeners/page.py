"""Turns the pages of the review modal, and filters it by state."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.gestures import page_of
from bot.listeners.room import Room

__all__ = ["register"]


def register(app: App, room: Room) -> None:
    """Teach an app this gesture."""

    @app.action(re.compile(r"^review:(state|back|next)$"))
    def page(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        mark = page_of(body)
        ack()
        view = body["view"]
        room.answer("a page", lambda: client.views_update(view_id=view["id"], hash=view["hash"], view=room.page(mark)))
