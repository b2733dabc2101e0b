"""`apps.connections.open`: the way into Socket Mode."""

from __future__ import annotations

from bot.desk.methods.call import Call
from bot.desk.store import Json

__all__ = ["connections_open"]


def connections_open(call: Call) -> Json:
    """Give a WebSocket address (https://docs.slack.dev/reference/methods/apps.connections.open).

    The ticket in it opens one connection; Slack's address expires in the same way.
    """
    base = call.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={call.desk.sockets.ticket()}&app_id={call.desk.config.app_id}"}
