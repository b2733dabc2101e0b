"""The control routes: faults and settings, from another process.

Open only to who holds ``DeskConfig.control_token``, as ``Authorization: Bearer``.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.desk.faults import ApiFault, DeliveryFault

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["control_routes"]

_API_FAULT = TypeAdapter(ApiFault)
_DELIVERY_FAULT = TypeAdapter(DeliveryFault)


class _Settings(BaseModel):
    """What may be changed while the desk is open."""

    model_config = ConfigDict(extra="forbid")

    request_url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    paced: bool | None = None
    usergroups: dict[str, tuple[str, ...]] = {}
    disconnect: Literal["refresh_requested", "warning", "link_disabled"] | None = None


def control_routes(desk: Desk) -> list[Route]:
    """Give the routes under ``/control``."""

    async def faults(request: Request) -> Response:
        if not _allowed(desk, request):
            return PlainTextResponse("The control token is missing or wrong.", 403)
        if request.method == "DELETE":
            desk.faults.clear()
            return JSONResponse({"ok": True})
        kind = request.path_params["kind"]
        adapter: TypeAdapter[ApiFault] | TypeAdapter[DeliveryFault]
        adapter = _API_FAULT if kind == "api" else _DELIVERY_FAULT
        try:
            desk.arm(adapter.validate_json(await request.body()))
        except ValidationError as error:
            return PlainTextResponse(str(error), 422)
        return JSONResponse({"ok": True})

    def settings(wanted: _Settings) -> Response:
        if "request_url" in wanted.model_fields_set:
            desk.request_url = wanted.request_url
        if wanted.paced is not None:
            desk.pace.on = wanted.paced
        for handle, members in wanted.usergroups.items():
            desk.set_usergroup(handle, members)
        if wanted.disconnect is not None:
            desk.sockets.disconnect(wanted.disconnect)
        return JSONResponse({"ok": True, "connections": desk.sockets.connections})

    async def change(request: Request) -> Response:
        if not _allowed(desk, request):
            return PlainTextResponse("The control token is missing or wrong.", 403)
        try:
            wanted = _Settings.model_validate_json(await request.body())
            return await run_in_threadpool(settings, wanted)
        except ValueError as error:
            return PlainTextResponse(str(error), 422)

    return [
        Route("/control/faults/{kind:str}", faults, methods=["POST"]),
        Route("/control/faults", faults, methods=["DELETE"]),
        Route("/control/settings", change, methods=["POST"]),
    ]


def _allowed(desk: Desk, request: Request) -> bool:
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {desk.config.control_token}".encode())
