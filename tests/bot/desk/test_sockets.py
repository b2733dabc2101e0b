"""Socket Mode, with both of the handlers that an app may use."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import websocket
from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler as BuiltinHandler
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler as WebsocketClientHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import Channel, Command, Desk, DeskConfig, Person, serve

Handler = type[BuiltinHandler] | type[WebsocketClientHandler]


@dataclass(frozen=True)
class Linked:
    """A desk, and an app that is connected to it."""

    desk: Desk
    app: App
    client: WebClient


@pytest.fixture(scope="module", params=[BuiltinHandler, WebsocketClientHandler], ids=["builtin", "websocket-client"])
def linked(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Linked]:
    """Open one connection for all tests of this file: the library takes seconds to let go of it."""
    handler: Handler = request.param
    config = DeskConfig(
        "Crate & Co",
        "Auditor",
        (Person("nina"),),
        (Channel("audit"),),
        commands=(Command("/audit"),),
        ack_within_s=1.0,
    )
    desk = Desk.create(tmp_path_factory.mktemp("desk") / "desk.sqlite", config)
    with serve(desk) as url:
        client = WebClient(token=config.bot_token, base_url=f"{url}/api/", retry_handlers=[])
        app = App(client=client, signing_secret=config.signing_secret, raise_error_for_unhandled_request=False)
        connection = handler(app, config.app_token, ping_interval=1)
        connection.connect()  # type: ignore[no-untyped-call]  # Bolt's own handlers have no types here
        assert desk.sockets.wait_for_connection()
        yield Linked(desk, app, client)
        connection.close()  # type: ignore[no-untyped-call]  # as above
    desk.close()
    with warnings.catch_warnings():
        # slack_sdk leaves the socket of a connection that was replaced to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        del connection
        gc.collect()


def post_button(client: WebClient, action_id: str) -> str:
    button = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    return str(client.chat_postMessage(channel="audit", text="x", blocks=blocks)["ts"])


def test_clicks_commands_and_events_come_over_the_socket(linked: Linked) -> None:
    heard: list[str] = []

    @linked.app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        heard.append(body["user"]["name"])

    @linked.app.command("/audit")
    def audit(ack: Ack, command: dict[str, Any]) -> None:
        ack(f"You said {command['text']}")

    @linked.app.event("app_home_opened")
    def opened() -> None:
        heard.append("home")

    ts = post_button(linked.client, "go")
    assert linked.desk.user("nina").click(ts, "go").ok
    assert linked.desk.user("nina").command("/audit", "mine").ok
    assert linked.desk.ephemerals("nina")[0]["text"] == "You said mine"
    linked.desk.user("nina").open_home()
    assert linked.desk.settle()
    linked.desk.wait_for(lambda: len(heard) > 1)
    assert heard == ["nina", "home"]


def test_a_submission_is_answered_in_the_acknowledgement(linked: Linked) -> None:
    element = {"type": "plain_text_input", "action_id": "text"}
    label = {"type": "plain_text", "text": "Reason"}
    view = {
        "type": "modal",
        "callback_id": "why",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "reason", "label": label, "element": element}],
    }

    @linked.app.view("why")
    def why(ack: Ack) -> None:
        ack(response_action="errors", errors={"reason": "No"})

    nina = linked.desk.user("nina")
    linked.client.views_open(trigger_id=linked.desk.store.triggers.issue(nina.id), view=view)
    assert nina.submit(values={"reason": "x"}).mistakes == {"reason": "No"}


def test_an_app_that_does_not_acknowledge_is_a_timeout(linked: Linked) -> None:
    @linked.app.action("forget")
    def go() -> None:
        """Forget to acknowledge."""

    assert "timed out" in (linked.desk.user("nina").click(post_button(linked.client, "forget"), "forget").error or "")


def test_a_connection_that_is_being_refreshed_is_replaced(linked: Linked) -> None:
    @linked.app.action("again")
    def go(ack: Ack) -> None:
        ack()

    linked.desk.sockets.disconnect("refresh_requested")
    ts = post_button(linked.client, "again")

    def again() -> bool:
        return linked.desk.sockets.connections > 0 and linked.desk.user("nina").click(ts, "again").ok

    assert linked.desk.wait_for(again, 15)


def test_without_a_connection_nothing_is_delivered(desk: Desk, client: WebClient) -> None:
    assert "not responding" in (desk.user("nina").click(post_button(client, "go"), "go").error or "")


def test_a_ticket_opens_one_connection_and_a_made_up_one_none(desk: Desk) -> None:
    app = WebClient(token=desk.config.app_token, base_url=f"{desk.url}/api/")
    url = app.apps_connections_open(app_token=desk.config.app_token)["url"]
    socket = websocket.create_connection(url, timeout=5)
    assert json.loads(socket.recv())["type"] == "hello"
    guess = f"{desk.url.replace('http', 'ws')}/link/?ticket=guess"
    for address in (url, guess):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(address, timeout=5)
    socket.close()


def test_the_bot_token_opens_no_connection(desk: Desk, client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.apps_connections_open(app_token=desk.config.bot_token)
