"""The HTTP end: Slack's signed calls, each dispatched on a thread of its own, and a sign of health.

A call is checked before any of it is parsed: its size, then the signature over the raw body. Bolt checks again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from slack_bolt import App, BoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

__all__ = ["EVENTS_PATH", "web_app"]

logger = logging.getLogger(__name__)

EVENTS_PATH: Final = "/slack/events"
_LARGEST_BODY: Final = 1_000_000  # a view submission with every field full has a tenth of it


def web_app(app: App, signing_secret: str, health: Callable[[], str | None]) -> Starlette:
    """Make the ASGI application.

    Parameters
    ----------
    app : App
    signing_secret : str
    health : callable
        Gives what is wrong; None if nothing is.
    """
    verifier = SignatureVerifier(signing_secret)

    async def events(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        if body is None:
            return PlainTextResponse("too large", 413)
        if not _signed(verifier, body, request):
            logger.warning("a call with a wrong or old signature was refused")
            return PlainTextResponse("the signature is wrong or too old", 401)
        return await run_in_threadpool(_dispatch, app, body.decode(), dict(request.headers))

    async def healthz(_: Request) -> Response:
        trouble = await run_in_threadpool(health)
        return JSONResponse({"ok": trouble is None, "trouble": trouble}, 200 if trouble is None else 503)

    return Starlette(routes=[Route(EVENTS_PATH, events, methods=["POST"]), Route("/healthz", healthz)])


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _signed(verifier: SignatureVerifier, body: bytes, request: Request) -> bool:
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    # The verifier takes these for granted, and raises where they are missing.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20 and signature.isascii()):
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False


def _dispatch(app: App, body: str, headers: dict[str, str]) -> Response:
    answer = app.dispatch(BoltRequest(body=body, headers=dict(headers)))
    return Response(answer.body, answer.status, headers=answer.first_headers_without_set_cookie())
