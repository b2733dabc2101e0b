"""What people do in Slack: one gesture a file. A listener names no table and builds no blocks."""

from __future__ import annotations

from slack_bolt import App

from bot.listeners import answer, decide, edit, listen, page, review, submit
from bot.listeners.room import Room

__all__ = ["Room", "register"]


def register(app: App, room: Room) -> None:
    """Teach an app all gestures."""
    for gesture in (answer, decide, edit, listen, page, review, submit):
        gesture.register(app, room)
