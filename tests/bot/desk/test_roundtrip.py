"""The whole way: a real Bolt app, its messages, clicks, modals and commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.desk import Desk

Install = Callable[[App], None]


def button(action_id: str, value: str = "1", text: str = "Press") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain(text)}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "why",
    "title": plain("Waive"),
    "submit": plain("Waive"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 5},
        }
    ],
}


def test_a_click_reaches_the_app_signed_and_its_answer_is_whispered(
    desk: Desk, client: WebClient, bolt: App, install: Install
) -> None:
    clicks: list[dict[str, Any]] = []

    @bolt.action("decide")
    def decide(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        clicks.append(body)
        ack()
        respond(text="Noted", replace_original=False)

    install(bolt)
    ts = client.chat_postMessage(
        channel="audit", text="A track", blocks=[actions(button("decide", "a"), button("skip"))]
    )["ts"]
    outcome = desk.user("nina").click(ts, "decide")

    assert outcome.ok
    assert clicks[0]["actions"][0]["value"] == "a"
    assert clicks[0]["user"]["id"] == desk.user("nina").id
    assert clicks[0]["message"]["ts"] == ts
    assert [whisper["text"] for whisper in desk.wait_for(lambda: desk.ephemerals("nina"))] == ["Noted"]
    assert desk.ephemerals("otis") == []


def test_a_modal_is_opened_filled_in_and_answered_with_errors_then_closed(
    desk: Desk, client: WebClient, bolt: App, install: Install
) -> None:
    @bolt.action("waive")
    def waive(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bolt.view("why")
    def why(ack: Ack, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["reason"]["text"]["value"]
        if "because" in text:
            ack()
        else:
            ack(response_action="errors", errors={"reason": "Say because"})

    install(bolt)
    ts = client.chat_postMessage(channel="audit", text="x", blocks=[actions(button("waive"))])["ts"]
    nina = desk.user("nina")
    assert nina.click(ts, "waive").ok
    assert desk.wait_for(lambda: nina.view) is not None

    assert nina.submit(values={"reason": ""}).mistakes == {"reason": "Please complete this required field."}
    assert nina.submit(values={"text": "hm"}).ack is None, "too short: the client keeps it"
    assert nina.submit(values={"reason": "no idea"}).mistakes == {"reason": "Say because"}
    assert nina.view is not None
    assert nina.submit(values={"reason": {"text": "because of the contract"}}).ok
    assert nina.view is None


def test_a_slash_command_is_answered_to_its_author_alone(desk: Desk, bolt: App, install: Install) -> None:
    @bolt.command("/audit")
    def audit(ack: Ack, command: dict[str, Any]) -> None:
        ack(f"You said {command['text']} in {command['channel_name']}")

    install(bolt)
    assert desk.user("otis").command("/audit", "mine", channel="random").ok
    assert [whisper["text"] for whisper in desk.ephemerals("otis")] == ["You said mine in random"]
    assert desk.messages("random") == []


def test_a_slash_command_may_be_answered_to_everyone(desk: Desk, bolt: App, install: Install) -> None:
    @bolt.command("/audit")
    def audit(ack: Ack) -> None:
        ack(text="All clear", response_type="in_channel")

    install(bolt)
    desk.user("otis").command("/audit", "run", channel="audit")
    assert [message["text"] for message in desk.messages("audit")] == ["/audit run", "All clear"]


def test_an_unknown_command_never_leaves_the_desk(desk: Desk) -> None:
    outcome = desk.user("otis").command("/nothing")
    assert outcome.ack is None
    assert "is not a valid command" in (outcome.error or "")


def test_the_home_tab_is_published_when_it_is_opened(desk: Desk, bolt: App, install: Install) -> None:
    @bolt.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        blocks = [{"type": "section", "text": plain("Your queue")}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    install(bolt)
    desk.user("mo").open_home()
    assert desk.settle()
    home = desk.wait_for(lambda: desk.home("mo"))
    assert home is not None
    assert home["blocks"][0]["text"]["text"] == "Your queue"


def test_an_app_hears_what_people_say_and_mentions_of_it(desk: Desk, bolt: App, install: Install) -> None:
    heard: list[str] = []

    @bolt.event("app_mention")
    def mentioned(event: dict[str, Any]) -> None:
        heard.append("mention")

    @bolt.event("message")
    def said(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    install(bolt)
    desk.user("nina").say("is 1 < 2, @auditor?", channel="audit")
    assert desk.settle()
    desk.wait_for(lambda: len(heard) > 1)
    assert sorted(heard) == [f"is 1 &lt; 2, <@{desk.config.bot_user_id}>?", "mention"]


def test_a_message_shortcut_carries_its_message(desk: Desk, client: WebClient, bolt: App, install: Install) -> None:
    seen: list[str] = []

    @bolt.shortcut("explain")
    def explain(ack: Ack, shortcut: dict[str, Any]) -> None:
        ack()
        seen.append(shortcut["message"]["text"])

    install(bolt)
    ts = client.chat_postMessage(channel="audit", text="Odd")["ts"]
    assert desk.user("nina").shortcut("explain", ts).ok
    assert desk.wait_for(lambda: seen) == ["Odd"]


def test_closing_a_modal_tells_the_app_if_it_asked_to_know(
    desk: Desk, client: WebClient, bolt: App, install: Install
) -> None:
    closed: list[bool] = []

    @bolt.action("waive")
    def waive(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bolt.view_closed("why")
    def gone(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        closed.append(body["is_cleared"])

    install(bolt)
    ts = client.chat_postMessage(channel="audit", text="x", blocks=[actions(button("waive"))])["ts"]
    nina = desk.user("nina")
    nina.click(ts, "waive")
    desk.wait_for(lambda: nina.view)
    nina.close()
    nina.click(ts, "waive")
    desk.wait_for(lambda: nina.view)
    nina.close(everything=True)
    desk.wait_for(lambda: len(closed) > 1)
    assert closed == [False, True]
    assert nina.view is None


def test_a_menu_sends_the_option_that_was_chosen(desk: Desk, client: WebClient, bolt: App, install: Install) -> None:
    chosen: list[str] = []

    @bolt.action("pick")
    def pick(ack: Ack, action: dict[str, Any]) -> None:
        ack()
        chosen.append(action["selected_option"]["value"])

    install(bolt)
    options = [{"text": plain(text), "value": text} for text in ("one", "two")]
    select = {"type": "static_select", "action_id": "pick", "options": options}
    more = {"type": "overflow", "action_id": "pick", "options": options}
    ts = client.chat_postMessage(channel="audit", text="x", blocks=[actions(select)])["ts"]
    desk.user("mo").click(ts, "pick", "two")
    ts = client.chat_postMessage(channel="audit", text="x", blocks=[actions(more)])["ts"]
    desk.user("mo").click(ts, "pick", "one")
    desk.wait_for(lambda: len(chosen) > 1)
    assert chosen == ["two", "one"]
    with pytest.raises(ValueError, match="has no option 'three'"):
        desk.user("mo").click(ts, "pick", "three")
