"""The Web API over HTTP: `/api/<method>`, response URLs, uploads and downloads.

https://docs.slack.dev/apis/web-api: GET or POST; arguments in the query, in a form or in JSON; the token
as ``Authorization: Bearer`` or, outside of JSON, as ``token``.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.desk.failure import SlackFailure
from bot.desk.faults import ApiFault
from bot.desk.methods import APP_TOKEN_METHODS, METHODS, Call
from bot.desk.responses import respond
from bot.desk.store import Json
from bot.desk.store.files import BYTES_AT_MOST

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["BODY_BYTES_AT_MOST", "api_routes"]

logger = logging.getLogger(__name__)

BODY_BYTES_AT_MOST = 1024 * 1024
_FILE_BYTES_AT_MOST = BYTES_AT_MOST + 64 * 1024


class _TooLarge(Exception):
    """A body beyond its bound."""


def api_routes(desk: Desk) -> list[Route]:
    """Give the routes that an app calls."""

    async def method(request: Request) -> Response:
        name = request.path_params["method"]

        def answer(arguments: Json, failure: SlackFailure | None) -> Response:
            return _answer(desk, request, name, arguments, failure)

        try:
            arguments, failure = await _arguments(request), None
        except SlackFailure as refused:
            arguments, failure = {}, refused
        return await _faulty(desk, request, name, lambda: answer(arguments, failure))

    async def response_url(request: Request) -> Response:
        try:
            body = await _body(request, BODY_BYTES_AT_MOST)
        except _TooLarge:
            return PlainTextResponse("payload_too_large", 413)
        key = request.path_params["key"]
        return await _faulty(desk, request, "response_url", lambda: _responded(desk, key, body))

    async def upload(request: Request) -> Response:
        try:
            content = await _uploaded(request)
        except _TooLarge:
            return PlainTextResponse("file_upload_size_restricted", 413)
        key = request.path_params["key"]

        def receive() -> Response:
            if desk.store.files.receive(key, content):
                return PlainTextResponse(f"OK - {len(content)}")
            return PlainTextResponse("invalid_upload", 400)

        return await _faulty(desk, request, "upload", receive)

    return [
        Route("/api/{method}", method, methods=["GET", "POST"]),
        Route("/response/{key}", response_url, methods=["POST"]),
        Route("/upload/{key}", upload, methods=["POST", "PUT"]),
    ]


def _answer(desk: Desk, request: Request, name: str, arguments: Json, failure: SlackFailure | None) -> Response:
    try:
        if failure is not None:
            raise failure
        _authorise(desk, request, name, arguments)
        if name not in METHODS:
            return JSONResponse({"ok": False, "error": "unknown_method", "req_method": name})
        call = Call(desk, arguments, f"http://{request.headers['host']}")
        return JSONResponse({"ok": True, **METHODS[name](call)})
    except SlackFailure as refused:
        return _refusal(refused)


def _refusal(failure: SlackFailure) -> Response:
    body: Json = {"ok": False, "error": failure.error}
    if failure.problems:
        # As chat.postMessage and views.open answer: the complaints in full, and each marked [ERROR].
        body["errors"] = [problem.removeprefix("[ERROR] ") for problem in failure.problems]
        body["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in body["errors"]]}
    headers = {} if failure.retry_after_s is None else {"Retry-After": str(failure.retry_after_s)}
    return JSONResponse(body, failure.status, headers)


def _authorise(desk: Desk, request: Request, method: str, arguments: Json) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token:
        token = "" if _is_json(request) else str(arguments.get("token") or "")
    if not token:
        raise SlackFailure("not_authed")
    config = desk.config
    is_bot, is_app = _same(token, config.bot_token), _same(token, config.app_token)
    if not is_bot and not is_app:
        raise SlackFailure("invalid_auth")
    if is_bot == (method in APP_TOKEN_METHODS):
        raise SlackFailure("not_allowed_token_type")


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().endswith("/json")


async def _arguments(request: Request) -> Json:
    arguments: Json = dict(request.query_params)
    if request.method == "GET":
        return arguments
    try:
        body = await _body(request, BODY_BYTES_AT_MOST)
    except _TooLarge:
        raise SlackFailure("request_too_large", status=413) from None
    if not body:
        return arguments
    if _is_json(request):
        try:
            parsed = json.loads(body)
        except ValueError:
            raise SlackFailure("invalid_json") from None
        if not isinstance(parsed, dict):
            raise SlackFailure("json_not_object")
        return arguments | parsed
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise SlackFailure("invalid_post_type" if kind else "missing_post_type")
    try:
        form = await request.form(max_part_size=BODY_BYTES_AT_MOST)
    except MultiPartException:
        raise SlackFailure("invalid_form_data") from None
    return arguments | {key: value for key, value in form.items() if isinstance(value, str)}


async def _body(request: Request, most: int) -> bytes:
    """Read a body, and no more of it than the bound; Starlette's form parser finds it again."""
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > most:
            raise _TooLarge
        chunks.append(chunk)
    body = b"".join(chunks)
    request._body = body
    return body


async def _uploaded(request: Request) -> bytes:
    """Read an upload: the raw bytes, or the first file of a multipart form."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > _FILE_BYTES_AT_MOST:
        raise _TooLarge
    body = await _body(request, _FILE_BYTES_AT_MOST)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return body
    async with request.form() as form:
        for value in form.values():
            if not isinstance(value, str):
                return await value.read()
    return b""


def _responded(desk: Desk, key: str, body: bytes) -> Response:
    source = desk.store.response_urls.use(key)
    if isinstance(source, str):
        return JSONResponse({"ok": False, "error": source}, 404)
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return PlainTextResponse("invalid_payload", 400)
    if not isinstance(answer, dict):
        return PlainTextResponse("invalid_payload", 400)
    try:
        respond(desk, user=source.user, channel=source.channel, source_ts=source.message_ts, answer=answer)
    except SlackFailure as failure:
        # github.com/slackapi/java-slack-sdk#1017: the name alone, and none of the detail.
        return PlainTextResponse(failure.error, 404 if failure.error == "message_not_found" else 400)
    return PlainTextResponse("ok")


async def _faulty(desk: Desk, request: Request, name: str, answer: Callable[[], Response]) -> Response:
    """Answer, unless a fault strikes."""
    fault = desk.faults.api.strike(name)
    if fault is None:
        return await run_in_threadpool(answer)
    logger.info("fault %s strikes %s", fault.kind, name)
    if fault.kind == "ratelimited":
        return _refusal(SlackFailure("ratelimited", status=429, retry_after_s=int(fault.seconds)))
    if fault.kind == "server_error":
        return _refusal(SlackFailure("internal_error", status=500))
    if fault.kind == "error":
        return _refusal(SlackFailure(fault.error))
    response = await run_in_threadpool(answer) if fault.accepted else None
    return await _withheld(desk, request, fault, response)


async def _withheld(desk: Desk, request: Request, fault: ApiFault, response: Response | None) -> Response:
    if fault.kind != "drop":
        patience = asyncio.get_running_loop().time() + fault.seconds
        while asyncio.get_running_loop().time() < patience and not desk.closing.is_set():
            if await request.is_disconnected():
                break
            await asyncio.sleep(0.02)
        if fault.kind == "late" and response is not None:
            return response
    transport = request.scope.get("state", {}).get("transport")
    if transport is not None:  # served by `serve`: the connection breaks off without a word
        transport.abort()
        await asyncio.sleep(0.05)
    return PlainTextResponse("the connection broke off", 502)
