"""A desk, and a tiny Bolt app that is installed in it over signed HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.desk import Channel, Command, Desk, DeskConfig, Person, Shortcut, UserGroup, serve


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


CONFIG = DeskConfig(
    team="Crate & Co",
    bot_name="Auditor",
    users=(
        Person("nina", "Nina Álvarez", "Legal counsel", "nina@example.com"),
        Person("otis", "Otis Okafor", "Dataset owner", "otis@example.com"),
        Person("mo", "Mo Lindqvist", "Audio lead", "mo@example.com"),
    ),
    channels=(
        Channel("audit", "What the rules found"),
        Channel("random"),
        Channel("secret", members=("nina",), bot_is_member=False),
        Channel("attic", is_archived=True),
    ),
    usergroups=(UserGroup("legal", "Legal", ("nina", "mo")),),
    commands=(Command("/audit", "Ask the auditor", "[help]"),),
    shortcuts=(Shortcut("Explain this", "explain"),),
    events=("app_home_opened", "app_mention", "message.channels", "message.im"),
    retry_after_s=(0.0, 0.2, 0.4),
)


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def still(tmp_path: Path, config: DeskConfig, clock: Time) -> Iterator[Desk]:
    """A desk whose clock stands still, and that no port leads to."""
    desk = Desk.create(tmp_path / "still.sqlite", config, clock)
    yield desk
    desk.close()


class Http:
    """Raw requests to a desk that no port leads to; cookies are kept."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.cookies = httpx.Cookies()

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        return self.request("POST", url, **more)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, more))

    async def _request(self, method: str, url: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._desk.app)
        base = "http://127.0.0.1:3999"
        async with httpx.AsyncClient(transport=transport, base_url=base, cookies=self.cookies) as client:
            response = await client.request(method, url, **more)
            self.cookies.update(client.cookies)
        return response


@pytest.fixture
def http(still: Desk) -> Http:
    return Http(still)


@pytest.fixture
def ask(still: Desk, http: Http) -> Ask:
    """Call a Web API method of the still desk with a JSON body."""

    def asked(method: str, **arguments: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {still.config.bot_token}"}
        answer: dict[str, Any] = http.post(f"/api/{method}", json=arguments, headers=headers).json()
        return answer

    return asked


@pytest.fixture
def config() -> DeskConfig:
    return CONFIG


@pytest.fixture
def desk(tmp_path: Path, config: DeskConfig) -> Iterator[Desk]:
    """A desk that is served on a free port."""
    desk = Desk.create(tmp_path / "desk.sqlite", config)
    with serve(desk):
        yield desk
    desk.close()


@pytest.fixture
def client(desk: Desk) -> WebClient:
    """The app's own client; without retries, so that a test sees each answer."""
    return WebClient(token=desk.config.bot_token, base_url=f"{desk.url}/api/", timeout=5, retry_handlers=[])


@pytest.fixture
def bolt(desk: Desk, client: WebClient) -> App:
    """A real Bolt app, without listeners yet."""
    return App(client=client, signing_secret=desk.config.signing_secret, raise_error_for_unhandled_request=False)


Install = Callable[[App], None]


@pytest.fixture
def install(desk: Desk) -> Iterator[Install]:
    """Serve a Bolt app over HTTP, and tell the desk where it listens."""
    with ExitStack() as stack:

        def installed(app: App) -> None:
            desk.request_url = stack.enter_context(listening(app))

        yield installed
        desk.settle()


@pytest.fixture
def served() -> Callable[[Starlette], AbstractContextManager[str]]:
    """Serve any ASGI application on a free port."""
    return serving


@contextmanager
def listening(app: App) -> Iterator[str]:
    """Serve a Bolt app on a free port."""
    handler = SlackRequestHandler(app)

    async def events(request: Request) -> Response:
        body = await request.body()

        def dispatch() -> Response:
            return asyncio.run(handler.handle(_again(request, body)))

        return await run_in_threadpool(dispatch)

    with serving(Starlette(routes=[Route("/slack/events", events, methods=["POST"])])) as url:
        yield f"{url}/slack/events"


def _again(request: Request, body: bytes) -> Request:
    again = Request(request.scope)
    again._body = body
    return again


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve any ASGI application on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
