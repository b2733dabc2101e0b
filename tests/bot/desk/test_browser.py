"""The page in a real browser: by mouse, by keyboard, live, and in both schemes of colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.desk import Desk

pytestmark = pytest.mark.browser

Install = Callable[[App], None]
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "waive",
    "title": plain("Waive"),
    "submit": plain("Waive it"),
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        }
    ],
}
CONFIRM: dict[str, Any] = {
    "title": plain("Quarantine this track?"),
    "text": plain("It leaves every split."),
    "confirm": plain("Yes, quarantine"),
    "deny": plain("Not now"),
    "style": "danger",
}
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Loop 014*"}},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "waive", "text": plain("Waive…")},
            {"type": "button", "action_id": "quarantine", "text": plain("Quarantine"), "confirm": CONFIRM},
        ],
    },
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """A page that fails the test on any error or complaint in the console."""
    page = browser.new_page(reduced_motion="reduce")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.set_default_timeout(10_000)
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def app(bolt: App, install: Install) -> App:
    @bolt.action("waive")
    def waive(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bolt.view("waive")
    def waived(ack: Ack, view: dict[str, Any], client: WebClient) -> None:
        ack()
        reason = view["state"]["values"]["reason"]["text"]["value"]
        client.chat_postMessage(channel="audit", text=f"Waived: {reason}")

    @bolt.action("quarantine")
    def quarantine(ack: Ack, respond: Respond) -> None:
        ack()
        respond(text="*Quarantined*", replace_original=True)

    @bolt.command("/audit")
    def audit(ack: Ack, command: dict[str, Any]) -> None:
        ack(f"You have *4* to decide ({command['text']})")

    @bolt.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        blocks = [{"type": "header", "text": plain("Your queue")}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @bolt.event("message")
    def heard() -> None:
        """Let it pass."""

    install(bolt)
    return bolt


def test_a_modal_is_opened_filled_in_and_submitted_by_keyboard_alone(
    desk: Desk, client: WebClient, app: App, page: Page
) -> None:
    client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)
    page.goto(f"{desk.url}/c/audit")
    page.get_by_role("button", name="Waive…").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Waive")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert").filter(has_text="required")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("under <b>contract</b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(".message", has_text="Waived: under <b>contract</b>")).to_be_visible()


def test_escape_closes_the_modal_and_gives_the_focus_back(desk: Desk, client: WebClient, app: App, page: Page) -> None:
    client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)
    page.goto(f"{desk.url}/c/audit")
    page.get_by_role("button", name="Waive…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert desk.views("nina") == []
    expect(page.get_by_role("button", name="Waive…")).to_be_focused()


def test_a_confirmation_stands_between_the_click_and_the_app(
    desk: Desk, client: WebClient, app: App, page: Page
) -> None:
    client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)
    page.goto(f"{desk.url}/c/audit")
    page.get_by_role("button", name="Quarantine").click()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Quarantine").click()
    page.get_by_role("button", name="Yes, quarantine").click()
    expect(page.get_by_text("Quarantined", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Waive…")).to_be_hidden()


def test_news_appear_by_themselves_and_are_announced(desk: Desk, client: WebClient, app: App, page: Page) -> None:
    page.goto(f"{desk.url}/c/audit")
    expect(page.get_by_text("Nothing has been said here yet.")).to_be_visible()
    ts = client.chat_postMessage(channel="audit", text="3 open")["ts"]
    expect(page.locator(".message", has_text="3 open")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("New message. Auditor: 3 open")
    client.chat_update(channel=desk.conversation("audit").id, ts=ts, text="2 open")
    expect(page.locator(".message", has_text="2 open")).to_be_visible()
    client.chat_postMessage(channel="random", text="elsewhere")
    expect(page.get_by_role("link", name="random 1 unread")).to_be_visible()


def test_arrow_keys_walk_through_messages_and_enter_opens_the_thread(
    desk: Desk, client: WebClient, app: App, page: Page
) -> None:
    for text in ("first", "second", "third"):
        client.chat_postMessage(channel="audit", text=text)
    page.goto(f"{desk.url}/c/audit")
    messages = page.locator(".message")
    messages.nth(2).focus()
    page.keyboard.press("ArrowUp")
    expect(messages.nth(1)).to_be_focused()
    page.keyboard.press("Home")
    expect(messages.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_label("Reply…")).to_be_focused()
    page.keyboard.type("my reply")
    page.keyboard.press("Enter")
    expect(thread.locator(".message", has_text="my reply")).to_be_visible()
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()
    expect(page.get_by_role("link", name="1 reply")).to_be_visible()


def test_a_command_is_offered_completed_and_answered_in_private(desk: Desk, app: App, page: Page) -> None:
    page.goto(f"{desk.url}/c/audit")
    page.get_by_label("Message #audit").focus()
    page.keyboard.type("/a")
    expect(page.get_by_role("option", name="/audit")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("mine")
    page.keyboard.press("Enter")
    whisper = page.locator(".message.ephemeral")
    expect(whisper).to_contain_text("Only visible to you")
    expect(whisper).to_contain_text("You have 4 to decide (mine)")
    whisper.get_by_role("button", name="Dismiss message").click()
    expect(whisper).to_be_hidden()


def test_another_person_sits_down_and_the_home_tab_fills_itself(desk: Desk, app: App, page: Page) -> None:
    page.goto(desk.url)
    page.get_by_role("button", name="Otis Okafor").click()
    expect(page.get_by_role("button", name="Otis Okafor")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Auditor").click()
    expect(page.get_by_role("heading", name="Your queue")).to_be_visible()
    assert desk.home("otis") is not None
    assert desk.home("nina") is None


def test_an_app_that_does_not_answer_is_told_below_the_message(desk: Desk, client: WebClient, page: Page) -> None:
    client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)
    page.goto(f"{desk.url}/c/audit")
    page.get_by_role("button", name="Waive…").click()
    expect(page.get_by_role("alert").filter(has_text="not responding")).to_be_visible()


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba("Canvas");
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility({ opacityProperty: true }) || node.closest(".hidden, .skip")) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([node.className || node.tagName, ratio.toFixed(2), node.textContent.trim()]);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(
    desk: Desk, client: WebClient, app: App, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"`code` <@{desk.user('nina').id}> <!here>"}]}
    ts = client.chat_postMessage(channel="audit", text="Loop 014", blocks=[*BLOCKS, context])["ts"]
    client.chat_postMessage(channel="audit", text="> quoted <https://a.b|link>", thread_ts=ts)
    client.chat_postEphemeral(channel="audit", user=desk.user("nina").id, text="psst")
    client.chat_postMessage(channel="random", text="unread")
    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{desk.url}/c/audit/t/{ts}")
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name="Waive…").first.click()
    page.get_by_role("button", name="Waive it").click()
    expect(page.get_by_role("alert").filter(has_text="required")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.close()


def test_on_a_narrow_screen_nothing_scrolls_sideways_and_the_channels_are_a_button_away(
    desk: Desk, client: WebClient, app: App, browser: Browser
) -> None:
    ts = client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)["ts"]
    page = browser.new_page(viewport={"width": 360, "height": 700}, reduced_motion="reduce")
    page.goto(f"{desk.url}/c/audit")
    page.get_by_role("button", name="Channels").click()
    expect(page.get_by_role("link", name="random")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="random")).to_be_hidden()
    for path in ("/c/audit", f"/c/audit/t/{ts}", "/app/home"):
        page.goto(f"{desk.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_the_answer_to_ones_own_click_comes_into_view_at_the_end_of_a_long_thread(
    desk: Desk, client: WebClient, bolt: App, install: Install, page: Page
) -> None:
    parent = client.chat_postMessage(channel="audit", text="Loop 014", blocks=BLOCKS)["ts"]

    @bolt.action("waive")
    def refuse(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        user = body["user"]["id"]
        client.chat_postEphemeral(channel="audit", thread_ts=parent, user=user, text="You have no say in this")

    install(bolt)
    for number in range(40):
        client.chat_postMessage(channel="audit", thread_ts=parent, text=f"finding {number}")
    page.goto(f"{desk.url}/c/audit/t/{parent}")
    thread = page.get_by_role("complementary", name="Thread")
    thread.get_by_role("button", name="Waive…").click()
    expect(thread.get_by_text("You have no say in this")).to_be_in_viewport()
