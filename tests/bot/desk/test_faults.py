"""Faults of the Web API: each as the app's own client meets it."""

from __future__ import annotations

import dataclasses
import http.client
import time
import urllib.error
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.desk import ApiFault, Desk, DeskConfig


def test_a_rate_limit_comes_with_retry_after(desk: Desk, client: WebClient) -> None:
    desk.arm(ApiFault("ratelimited", "chat.postMessage", seconds=7))
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="audit", text="x")
    assert refused.value.response.status_code == 429
    assert refused.value.response["error"] == "ratelimited"
    assert refused.value.response.headers["Retry-After"] == "7"
    assert client.chat_postMessage(channel="audit", text="x")["ok"], "it struck once"
    assert len(desk.messages("audit")) == 1


def test_a_server_error_is_a_500(desk: Desk, client: WebClient) -> None:
    desk.arm(ApiFault("server_error"))
    with pytest.raises(SlackApiError) as refused:
        client.auth_test()
    assert refused.value.response.status_code == 500


def test_a_fault_is_limited_to_its_method_its_times_and_after_some_that_pass(desk: Desk, client: WebClient) -> None:
    desk.arm(ApiFault("error", "chat.postMessage", times=2, skip=1, error="fatal_error"))
    answers = []
    for _ in range(4):
        assert client.auth_test()["ok"]
        try:
            answers.append(client.chat_postMessage(channel="audit", text="x")["ok"])
        except SlackApiError as refused:
            answers.append(refused.response["error"])
    assert answers == [True, "fatal_error", "fatal_error", True]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_call_that_is_never_answered_may_have_been_accepted(desk: Desk, accepted: bool) -> None:
    desk.arm(ApiFault("hang", "chat.postMessage", accepted=accepted, seconds=5))
    client = WebClient(token=desk.config.bot_token, base_url=f"{desk.url}/api/", timeout=1, retry_handlers=[])
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel="audit", text="x")
    assert len(desk.messages("audit")) == accepted


def test_a_late_answer_comes_all_the_same(desk: Desk, client: WebClient) -> None:
    desk.arm(ApiFault("late", "chat.postMessage", seconds=0.3))
    started = time.monotonic()
    assert client.chat_postMessage(channel="audit", text="x")["ok"]
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("accepted", [True, False])
def test_a_connection_that_breaks_off_may_have_been_too_late(desk: Desk, client: WebClient, accepted: bool) -> None:
    desk.arm(ApiFault("drop", "chat.postMessage", accepted=accepted))
    with pytest.raises((urllib.error.URLError, http.client.HTTPException, OSError)):
        client.chat_postMessage(channel="audit", text="x")
    assert len(desk.messages("audit")) == accepted
    assert client.auth_test()["ok"], "the desk itself goes on"


class TestPace:
    @pytest.fixture
    def config(self, config: DeskConfig) -> DeskConfig:
        return dataclasses.replace(config, paced=True)

    def test_about_one_message_a_second_a_channel(self, ask: Any, clock: Any) -> None:
        def posted(channel: str) -> str:
            return str(ask("chat.postMessage", channel=channel, text="x").get("error", "ok"))

        assert [posted("audit") for _ in range(4)] == ["ok", "ok", "ratelimited", "ratelimited"]
        assert posted("random") == "ok", "each channel has its own pace"
        clock.now += 1
        assert [posted("audit") for _ in range(2)] == ["ok", "ratelimited"]


class TestControl:
    def test_another_process_arms_and_clears_faults(self, desk: Desk, client: WebClient) -> None:
        headers = {"Authorization": f"Bearer {desk.config.control_token}"}
        fault = {"kind": "error", "method": "auth.test", "error": "internal_error", "times": None}
        with httpx.Client(base_url=desk.url, headers=headers) as control:
            assert control.post("/control/faults/api", json=fault).json() == {"ok": True}
            with pytest.raises(SlackApiError, match="internal_error"):
                client.auth_test()
            assert control.delete("/control/faults").json() == {"ok": True}
            assert client.auth_test()["ok"]
            late = {"kind": "late", "payload": "block_actions", "seconds": 1}
            assert control.post("/control/faults/deliveries", json=late).status_code == 200
            assert control.post("/control/faults/api", json={"kind": "meteor"}).status_code == 422
            assert control.post("/control/faults/api", json={**fault, "colour": 1}).status_code == 422

    def test_another_process_tells_where_the_app_listens(self, desk: Desk) -> None:
        headers = {"Authorization": f"Bearer {desk.config.control_token}"}
        with httpx.Client(base_url=desk.url, headers=headers) as control:
            settings = {"request_url": "http://127.0.0.1:1/", "usergroups": {"legal": ["otis"]}}
            assert control.post("/control/settings", json=settings).json()["ok"]
            assert control.post("/control/settings", json={"usergroups": {"x": []}}).status_code == 422
        assert desk.request_url == "http://127.0.0.1:1/"
        assert desk.usergroups()[0].members == ("otis",)

    def test_nobody_else_does(self, http: Any) -> None:
        headers = {"Authorization": "Bearer guess"}
        assert http.post("/control/faults/api", json={"kind": "drop"}).status_code == 403
        assert http.post("/control/settings", json={}, headers=headers).status_code == 403
        assert http.request("DELETE", "/control/faults").status_code == 403
