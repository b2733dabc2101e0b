"""Deliveries over HTTP: signatures, the deadline, retries, and faults on the way."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.desk import DeliveryFault, Desk, DeskConfig, serve
from bot.desk.signing import signature

Serving = Callable[[Starlette], Any]


def test_a_signature_is_that_of_the_documentation() -> None:
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    assert (
        signature("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, body)
        == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )


class Ear:
    """An app that writes down what it gets, and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.delay_s = 0.0

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append((dict(request.headers), body))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        status = self.statuses.pop(0) if self.statuses else 200
        return PlainTextResponse("", status, self.headers)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/", self.hear, methods=["POST"])])


@pytest.fixture
def config(config: DeskConfig) -> DeskConfig:
    return dataclasses.replace(config, ack_within_s=0.4, retry_after_s=(0.0, 0.05, 0.1), events=("app_home_opened",))


@pytest.fixture
def ear(desk: Desk, served: Serving) -> Iterator[Ear]:
    ear = Ear()
    with served(ear.app) as url:
        desk.request_url = f"{url}/"
        yield ear


@pytest.fixture
def ts(client: WebClient) -> str:
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    return str(client.chat_postMessage(channel="audit", text="x", blocks=blocks)["ts"])


def test_every_request_is_signed_over_its_very_bytes(desk: Desk, ear: Ear, ts: str) -> None:
    desk.user("nina").click(ts, "go")
    desk.user("nina").command("/audit", "ünïcode & more")
    desk.user("nina").open_home()
    assert desk.settle()
    desk.wait_for(lambda: len(ear.requests) > 2)
    verifier = SignatureVerifier(desk.config.signing_secret)
    kinds = [headers["content-type"] for headers, _ in ear.requests if verifier.is_valid_request(_, headers)]
    form = "application/x-www-form-urlencoded"
    assert sorted(set(kinds)) == ["application/json", form]


def test_a_late_answer_is_a_timeout_for_the_person(desk: Desk, ear: Ear, ts: str) -> None:
    ear.delay_s = 0.8
    outcome = desk.user("nina").click(ts, "go")
    assert outcome.error == "Operation timed out. Apps need to respond within 3 seconds."
    outcome = desk.user("nina").command("/audit")
    assert outcome.error == "/audit failed with the error “operation_timeout”"
    assert desk.ephemerals("nina")[-1]["text"] == outcome.error, "Slackbot tells the person"


def test_an_interaction_is_never_sent_again(desk: Desk, ear: Ear, ts: str) -> None:
    ear.statuses = [500]
    outcome = desk.user("nina").click(ts, "go")
    assert outcome.error == "This app responded with Status Code 500."
    time.sleep(0.2)
    clicks = [body for _, body in ear.requests if b"block_actions" in body]
    assert len(clicks) == 1


def test_nobody_listening_is_told_too(desk: Desk, ts: str) -> None:
    desk.request_url = "http://127.0.0.1:9/"
    assert "not responding" in (desk.user("nina").click(ts, "go").error or "")
    assert "dispatch_failed" in (desk.user("nina").command("/audit").error or "")


def test_an_event_is_sent_again_thrice_and_says_why(desk: Desk, ear: Ear) -> None:
    ear.statuses = [500, 503, 404, 500, 500]
    desk.user("nina").open_home()
    assert desk.wait_for(lambda: len(ear.requests) >= 4)
    time.sleep(0.2)
    told = [(headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")) for headers, _ in ear.requests]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    bodies = {body for _, body in ear.requests}
    assert len(bodies) == 1, "each retry carries the same event"


def test_an_app_may_ask_for_no_retry(desk: Desk, ear: Ear) -> None:
    ear.statuses, ear.headers = [500], {"X-Slack-No-Retry": "1"}
    desk.user("nina").open_home()
    assert desk.settle()
    time.sleep(0.2)
    assert len(ear.requests) == 1


@pytest.mark.parametrize("kind", ["forged", "old", "unsigned"])
def test_a_bolt_app_refuses_what_is_not_slacks(
    desk: Desk, client: WebClient, bolt: App, install: Callable[[App], None], ts: str, kind: Any
) -> None:
    clicks: list[str] = []

    @bolt.action("go")
    def go(ack: Ack) -> None:
        clicks.append("go")
        ack()

    install(bolt)
    desk.arm(DeliveryFault(kind, payload="block_actions"))
    outcome = desk.user("nina").click(ts, "go")
    assert outcome.error == "This app responded with Status Code 401."
    assert clicks == []
    assert desk.user("nina").click(ts, "go").ok, "the fault struck once"


def test_a_duplicate_arrives_twice_with_the_same_trigger(desk: Desk, ear: Ear, ts: str) -> None:
    desk.arm(DeliveryFault("duplicate", payload="block_actions"))
    assert desk.user("nina").click(ts, "go").ok
    clicks = [body for _, body in ear.requests if b"block_actions" in body]
    assert len(clicks) == 2
    assert clicks[0] == clicks[1]


def test_a_late_delivery_arrives_after_the_person_was_told_of_a_timeout(desk: Desk, ear: Ear, ts: str) -> None:
    desk.arm(DeliveryFault("late", payload="block_actions", seconds=0.6))
    assert "timed out" in (desk.user("nina").click(ts, "go").error or "")
    assert not [body for _, body in ear.requests if b"block_actions" in body]
    assert desk.wait_for(lambda: [body for _, body in ear.requests if b"block_actions" in body])


def test_a_lost_delivery_never_arrives(desk: Desk, ear: Ear, ts: str) -> None:
    desk.arm(DeliveryFault("lost", payload="block_actions"))
    assert not desk.user("nina").click(ts, "go").ok
    assert ear.requests == []


def test_threads_survive_a_restart_of_the_desk(tmp_path: Path, config: DeskConfig) -> None:
    for _ in range(2):
        desk = Desk.create(tmp_path / "kept.sqlite", config)
        with serve(desk) as url:
            client = WebClient(token=config.bot_token, base_url=f"{url}/api/")
            parent = desk.messages("audit")[0]["ts"] if desk.messages("audit") else None
            client.chat_postMessage(channel="audit", text="again", thread_ts=parent)
            session = desk.session_secret
        desk.close()
    desk = Desk.create(tmp_path / "kept.sqlite", config)
    assert len(desk.thread("audit", desk.messages("audit")[0]["ts"])) == 2
    assert desk.session_secret == session
    desk.close()


def test_two_people_may_click_at_the_same_time(desk: Desk, ear: Ear, ts: str) -> None:
    ear.delay_s = 0.2
    outcomes: list[bool] = []
    people = [desk.user(name) for name in ("nina", "otis", "mo")]
    threads = [threading.Thread(target=lambda who=who: outcomes.append(who.click(ts, "go").ok)) for who in people]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 3
    assert time.monotonic() - started < 0.55
