"""Every address of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from bot.desk.api import api_routes
from bot.desk.control import control_routes
from bot.desk.guard import Guard
from bot.desk.page import page_routes

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["application"]


def application(desk: Desk) -> Starlette:
    """Build the ASGI application of a desk."""
    routes = [
        *api_routes(desk),
        *control_routes(desk),
        WebSocketRoute("/link/", desk.sockets.endpoint),
        *page_routes(desk),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])
