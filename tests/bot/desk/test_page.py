"""The page over HTTP: who may ask, what is escaped, what each person sees."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import bot.desk
from bot.desk import Desk

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def token(html: str) -> str:
    found = re.search(r'name="csrf" content="([^"]+)"', html)
    assert found is not None
    return found[1]


class TestGuard:
    @pytest.mark.parametrize("path", ["/", "/c/audit", "/api/auth.test", "/live", "/static/desk.css"])
    def test_a_foreign_host_is_refused_whatever_it_asks_for(self, http: Any, path: str) -> None:
        assert http.get(path, headers={"Host": "evil.example:3999"}).status_code == 403

    @pytest.mark.parametrize("host", ["127.0.0.1:3999", "localhost:3999", "[::1]:3999"])
    def test_the_loopback_names_are_answered(self, http: Any, host: str) -> None:
        assert http.get("/c/audit", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "http://127.0.0.1:4000"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        ],
    )
    def test_a_foreign_origin_is_refused(self, http: Any, headers: dict[str, str]) -> None:
        assert http.post("/do/say", json={}, headers=headers).status_code == 403

    def test_a_request_without_the_pages_token_changes_nothing(self, still: Desk, http: Any) -> None:
        http.get("/c/audit")
        body = {"channel": "audit", "text": "forged"}
        assert http.post("/do/say", json=body).status_code == 403
        assert http.post("/do/say", json=body, headers={"X-CSRF-Token": "guess"}).status_code == 403
        assert still.messages("audit") == []

    def test_the_page_allows_no_script_but_its_own(self, http: Any) -> None:
        page = http.get("/c/audit")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*src=)|<style| on\w+=| style=", page.text)
        assert "httponly" in page.headers["set-cookie"].lower()
        assert "samesite=strict" in page.headers["set-cookie"].lower()

    def test_a_desk_is_not_served_to_other_machines(self, still: Desk) -> None:
        with pytest.raises(ValueError, match="this machine only"), bot.desk.serve(still, host="0.0.0.0"):
            pass


class TestContent:
    def test_nothing_that_anyone_says_becomes_markup(self, still: Desk, ask: Any, http: Any) -> None:
        still.user("nina").say(EVIL, channel="audit")
        plain = {"type": "plain_text", "text": EVIL[:70]}
        option = {"text": plain, "value": EVIL, "description": plain}
        confirm = {"title": plain, "text": plain, "confirm": plain | {"text": "<b>"}, "deny": plain | {"text": "<i>"}}
        button = {"type": "button", "text": plain, "value": EVIL, "action_id": EVIL, "confirm": confirm}
        blocks = [
            {"type": "header", "text": plain, "block_id": EVIL},
            {"type": "section", "text": {"type": "mrkdwn", "text": EVIL}, "fields": [plain]},
            {"type": "actions", "elements": [button, {"type": "overflow", "options": [option]}]},
            {"type": "image", "alt_text": EVIL, "image_url": f"javascript:{EVIL}", "title": plain},
            {
                "type": "input",
                "label": plain,
                "element": {"type": "plain_text_input", "initial_value": EVIL, "placeholder": plain},
            },
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                {"type": "text", "text": EVIL},
                {"type": "link", "url": f"javascript:{EVIL}", "text": EVIL},
                {"type": "user", "user_id": EVIL},
            ]}]},
        ]  # fmt: skip
        ask("chat.postMessage", channel="audit", text=EVIL, blocks=blocks)
        html = http.get("/c/audit").text
        assert "<script>alert" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html

    def test_an_uploaded_page_is_a_download_and_never_runs(self, ask: Any, http: Any) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.html", length=len(EVIL))
        http.post(reserved["upload_url"], content=EVIL.encode())
        ask("files.completeUploadExternal", files=[{"id": reserved["file_id"]}])
        http.get("/c/audit")
        file = http.get(f"/files/{reserved['file_id']}")
        assert file.headers["content-disposition"] == "attachment"
        assert "sandbox" in file.headers["content-security-policy"]
        assert file.headers["x-content-type-options"] == "nosniff"

    def test_sound_is_played_on_demand_under_its_strangers_title(self, still: Desk, ask: Any, http: Any) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.mp3", length=10)
        http.post(reserved["upload_url"], content=b"0123456789")
        files = [{"id": reserved["file_id"], "title": EVIL}]
        ask("files.completeUploadExternal", files=files, channel_id=still.conversation("audit").id)
        page = http.get("/c/audit")
        assert f'<audio controls preload="none" src="/files/{reserved["file_id"]}"' in page.text
        assert EVIL not in page.text
        assert "media-src 'self'" in page.headers["content-security-policy"]

    @pytest.mark.parametrize(
        ("asked", "status", "content"),
        [
            (None, 200, b"0123456789"),
            ("bytes=2-4", 206, b"234"),
            ("bytes=7-", 206, b"789"),
            ("bytes=7-99", 206, b"789"),
            ("bytes=-3", 206, b"789"),
            ("bytes=-99", 206, b"0123456789"),
            ("bytes=10-", 416, b""),
            ("bytes=4-2", 416, b""),
            ("bytes=0-1,4-5", 200, b"0123456789"),
            ("lines=1-2", 200, b"0123456789"),
        ],
    )
    def test_a_part_of_a_sound_can_be_asked_for(
        self, asked: str | None, status: int, content: bytes, still: Desk, ask: Any, http: Any
    ) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.mp3", length=10)
        http.post(reserved["upload_url"], content=b"0123456789")
        http.get("/c/audit")
        answer = http.get(f"/files/{reserved['file_id']}", headers={"Range": asked} if asked else {})
        assert (answer.status_code, answer.content) == (status, content)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get("content-type") == (None if status == 416 else "audio/mpeg")

    def test_a_whisper_is_on_its_own_persons_page_alone(self, still: Desk, ask: Any, http: Any) -> None:
        ask("chat.postEphemeral", channel="audit", user=still.user("nina").id, text="for Nina")
        page = http.get("/c/audit").text
        assert "for Nina" in page
        assert "Only visible to you" in page
        sit = {"user": still.user("otis").id}
        http.post("/do/sit", json=sit, headers={"X-CSRF-Token": token(page)})
        assert "for Nina" not in http.get("/c/audit").text

    def test_a_channel_is_shown_to_its_members_alone(self, still: Desk, http: Any) -> None:
        page = http.get("/c/secret")
        assert page.status_code == 200
        http.post("/do/sit", json={"user": still.user("otis").id}, headers={"X-CSRF-Token": token(page.text)})
        assert http.get("/c/secret").status_code == 404
        assert "secret" not in http.get("/c/audit").text

    def test_unread_messages_are_counted_until_the_channel_is_opened(self, ask: Any, http: Any) -> None:
        ask("chat.postMessage", channel="random", text="one")
        ask("chat.postMessage", channel="random", text="two")
        assert '2<span class="hidden"> unread' in http.get("/c/audit").text
        http.get("/c/random")
        assert "unread</span>" not in http.get("/c/audit").text

    def test_long_channels_come_in_parts(self, ask: Any, http: Any) -> None:
        for number in range(160):
            ask("chat.postMessage", channel="audit", text=f"message {number};")
        page = http.get("/c/audit").text
        assert "message 159;" in page
        assert "message 9;" not in page
        earlier = re.search(r'href="(/c/audit\?before=[\d.]+)"', page)
        assert earlier is not None
        assert "message 9;" in http.get(earlier[1]).text

    def test_what_has_changed_meanwhile_is_said_so(self, ask: Any, http: Any) -> None:
        page = http.get("/c/audit").text
        gone = {"ts": "1.000000", "action_id": "go"}
        answer = http.post("/do/action", json=gone, headers={"X-CSRF-Token": token(page)})
        assert (answer.status_code, answer.json()["error"]) == (409, "That has changed meanwhile.")

    def test_a_command_in_a_thread_is_refused_as_slack_does(self, ask: Any, http: Any) -> None:
        ts = ask("chat.postMessage", channel="audit", text="x")["ts"]
        page = http.get("/c/audit").text
        body = {"channel": "audit", "thread_ts": ts, "text": "/audit mine"}
        answer = http.post("/do/say", json=body, headers={"X-CSRF-Token": token(page)})
        assert answer.json()["error"] == "/audit is not supported in threads. Sorry!"


def test_the_desk_knows_nothing_of_the_app_that_is_installed_in_it() -> None:
    root = Path(bot.desk.__file__).parent
    for module in root.rglob("*.py"):
        tree = ast.parse(module.read_text())
        names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        ours = {name for name in names if name.split(".")[0] in ("bot", "rules", "audit_core")}
        assert {name for name in ours if not name.startswith("bot.desk")} == set(), module
    for text in root.rglob("*.*"):
        if text.suffix in (".py", ".html", ".js", ".css"):
            assert "cratecheck" not in text.read_text().casefold(), text


@pytest.mark.parametrize("header", ["host", "origin"])
def test_an_address_that_is_none_is_refused(http: Any, header: str) -> None:
    assert http.get("/", headers={header: "http://[::1" if header == "origin" else "[::1"}).status_code == 403
