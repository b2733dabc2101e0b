"""The desk: a local stand-in for Slack, for trying, for showing and for tests.

It plays the Web API methods that an app like ours calls, delivers interactions and events over signed
HTTP or Socket Mode, and shows it all on a page for the browser. It follows Slack's documentation, which
is cited where a behaviour comes from, and knows nothing of the app that is installed in it.

    config = DeskConfig("Crate & Co", "Auditor", users=(Person("nina"),), channels=(Channel("audit"),))
    desk = Desk.create(path, config)
    with serve(desk) as url:
        desk.request_url = "http://127.0.0.1:3000/slack/events"   # where the app listens
        desk.user("nina").command("/audit", "help")
"""

from __future__ import annotations

from bot.desk.config import Channel, Command, DeskConfig, Person, Shortcut, UserGroup
from bot.desk.desk import Desk
from bot.desk.faults import ApiFault, DeliveryFault
from bot.desk.server import serve
from bot.desk.user import DeskUser, Outcome

__all__ = [
    "ApiFault",
    "Channel",
    "Command",
    "DeliveryFault",
    "Desk",
    "DeskConfig",
    "DeskUser",
    "Outcome",
    "Person",
    "Shortcut",
    "UserGroup",
    "serve",
]
