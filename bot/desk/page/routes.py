"""The page's addresses: what it shows, and what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.desk.failure import SlackFailure
from bot.desk.page.ranges import partial_content
from bot.desk.page.session import Session, Sessions
from bot.desk.page.views import channel_page, home_page
from bot.desk.store import Conversation
from bot.desk.user import DeskUser, Outcome

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["page_routes"]

_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SOUNDS = frozenset({"audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/x-wav"})
_SHOWN_INLINE = _IMAGES | _SOUNDS
_BODY_BYTES_AT_MOST = 256 * 1024


class _Gesture(BaseModel):
    """What a person did on the page; each gesture uses some of it."""

    model_config = ConfigDict(extra="forbid")

    user: str = ""
    channel: str = ""
    thread_ts: str | None = None
    ts: str = ""
    view: str = ""
    action_id: str = ""
    block_id: str | None = None
    value: str | list[str] | None = None
    state: dict[str, dict[str, str | list[str] | None]] = {}
    text: Annotated[str, Field(max_length=12_000)] = ""
    callback_id: str = ""
    everything: bool = False


def page_routes(desk: Desk) -> list[BaseRoute]:
    """Give the routes of the page."""
    sessions = Sessions(desk)

    def visible(user: DeskUser, name: str) -> Conversation | None:
        conversation = desk.store.conversations.named(name)
        if conversation is None or not desk.store.conversations.is_member(conversation.id, user.id):
            return None
        return conversation

    def answer(request: Request, session: Session, html: str | None) -> Response:
        response: Response
        if html is None:
            response = PlainTextResponse("There is nothing here, or it is not yours to see.", 404)
        else:
            response = HTMLResponse(html)
        if session.fresh:
            sessions.write(response, session)
        return response

    def front(request: Request) -> Response:
        user = sessions.user(sessions.of(request))
        for channel in desk.store.conversations.channels():
            if not channel.archived and visible(user, channel.name):
                return RedirectResponse(f"/c/{channel.name}", 303)
        return RedirectResponse("/app/home", 303)

    def channel(request: Request) -> Response:
        session = sessions.of(request)
        user = sessions.user(session)
        conversation = visible(user, request.path_params["name"])
        html = _conversation(request, session, user, conversation) if conversation else None
        return answer(request, session, html)

    def app_messages(request: Request) -> Response:
        session = sessions.of(request)
        user = sessions.user(session)
        im = desk.store.conversations.im_with(user.id)
        return answer(request, session, _conversation(request, session, user, im))

    def _conversation(request: Request, session: Session, user: DeskUser, conversation: Conversation) -> str | None:
        return channel_page(
            desk,
            session,
            user,
            conversation,
            thread_ts=request.path_params.get("ts"),
            before=request.query_params.get("before", ""),
            mark="before" not in request.query_params and request.headers.get("x-desk-hidden") != "1",
        )

    def app_home(request: Request) -> Response:
        session = sessions.of(request)
        user = sessions.user(session)
        if "x-desk-refresh" not in request.headers:
            user.open_home()
        return answer(request, session, home_page(desk, session, user))

    def archive(request: Request) -> Response:
        channel_id, digits = request.path_params["channel"], request.path_params["digits"]
        conversation = desk.store.conversations.get(channel_id)
        ts = f"{digits[:-6]}.{digits[-6:]}"
        message = desk.store.messages.get(channel_id, ts) if conversation else None
        if conversation is None or message is None:
            return PlainTextResponse("There is no such message.", 404)
        base = "/app/messages" if conversation.is_im else f"/c/{conversation.name}"
        root = message.get("thread_ts")
        thread = f"/t/{root}" if root else ""
        return RedirectResponse(f"{base}{thread}#m{'t' if thread else ''}-{ts}", 303)

    def file(request: Request) -> Response:
        session = sessions.of(request)
        bearer = request.headers.get("authorization", "") == f"Bearer {desk.config.bot_token}"
        found = desk.store.files.get(request.path_params["id"])
        if found is None or found.state == "awaited" or (session.fresh and not bearer):
            return PlainTextResponse("There is no such file.", 404)
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        if found.mimetype not in _SHOWN_INLINE:
            headers["Content-Disposition"] = "attachment"
        content = desk.store.files.content(found.id)
        if found.mimetype not in _SOUNDS:
            return Response(content, 200, headers, found.mimetype)
        return partial_content(content, request.headers.get("range"), headers, found.mimetype)

    async def live(request: Request) -> Response:
        if sessions.of(request).fresh:
            return PlainTextResponse("Open the page first.", 403)
        return StreamingResponse(_revisions(desk, request), media_type="text/event-stream")

    gestures: dict[str, Callable[[DeskUser, _Gesture], Outcome]] = {
        "action": _act,
        "submit": lambda user, done: user.submit(done.view, done.state),
        "close": lambda user, done: user.close(done.view, everything=done.everything),
        "say": _say,
        "shortcut": lambda user, done: user.shortcut(done.callback_id, done.ts),
        "dismiss": lambda user, done: Outcome(None if user.dismiss(done.ts) else "It is gone already."),
    }

    async def do(request: Request) -> Response:
        session = sessions.of(request)
        if not sessions.allows(request, session):
            return JSONResponse({"error": "This page is out of date: load it again."}, 403)
        name = request.path_params["gesture"]
        body = await request.body() if _short(request) else b""
        try:
            done = _Gesture.model_validate_json(body)
        except ValidationError:
            return JSONResponse({"error": "The desk did not understand that."}, 400)
        if name == "sit" and desk.person(done.user) is not None:
            response = JSONResponse({"error": None})
            sessions.write(response, Session(done.user, session.csrf))
            return response
        if name not in gestures:
            return JSONResponse({"error": "The desk knows no such gesture."}, 404)
        return await run_in_threadpool(_told, gestures[name], sessions.user(session), done)

    static = Path(__file__).parent.parent / "static"
    return [
        Route("/", front),
        Route("/c/{name}", channel),
        Route("/c/{name}/t/{ts}", channel),
        Route("/app/home", app_home),
        Route("/app/messages", app_messages),
        Route("/app/messages/t/{ts}", app_messages),
        Route("/archives/{channel}/p{digits}", archive),
        Route("/files/{id}", file),
        Route("/live", live),
        Route("/do/{gesture}", do, methods=["POST"]),
        Mount("/static", StaticFiles(directory=static)),
    ]


def _short(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdigit() and int(length) <= _BODY_BYTES_AT_MOST


def _told(gesture: Callable[[DeskUser, _Gesture], Outcome], user: DeskUser, done: _Gesture) -> Response:
    try:
        outcome = gesture(user, done)
    except (SlackFailure, ValueError):
        # The message or the view changed under the person's hands: the page shows it anew.
        return JSONResponse({"error": "That has changed meanwhile.", "mistakes": {}}, 409)
    return JSONResponse({"error": outcome.error, "mistakes": outcome.mistakes})


def _act(user: DeskUser, done: _Gesture) -> Outcome:
    state: dict[str, Any] = dict(done.state)
    if done.view:
        return user.act(done.action_id, done.value, view=done.view, block_id=done.block_id, values=state)
    return user.click(done.ts, done.action_id, done.value, block_id=done.block_id, state=state)


def _say(user: DeskUser, done: _Gesture) -> Outcome:
    text = done.text.strip()
    if not text:
        return Outcome()
    if not text.startswith("/"):
        user.say(text, channel=done.channel, thread_ts=done.thread_ts)
        return Outcome()
    name, _, rest = text.partition(" ")
    if done.thread_ts:
        return Outcome(f"{name} is not supported in threads. Sorry!")
    outcome = user.command(name, rest.strip(), channel=done.channel)
    return Outcome(ack=outcome.ack)  # Slackbot has told what went wrong


async def _revisions(desk: Desk, request: Request) -> AsyncIterator[str]:
    """Tell the page, as server-sent events, that something has changed."""
    told = -1
    quiet = 0.0
    while not desk.closing.is_set() and not await request.is_disconnected():
        if desk.store.db.revision != told:
            told = desk.store.db.revision
            quiet = 0.0
            yield f"data: {told}\n\n"
        elif quiet > 15:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(0.15)
        quiet += 0.15
