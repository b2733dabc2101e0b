"""The policy conversation in a real browser: one edits a threshold, another activates it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from audit_core.catalogue.store import Store
from tests.bot.proposing.test_policy_conversation import POLICY, on_sqlite, text_in_force
from tests.bot.test_listen_browser import FLAGS
from tests.support.conversation import failing, house

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@on_sqlite
def test_a_threshold_is_edited_and_activated_by_somebody_else(store: Store, tmp_path: Path, browser: Browser) -> None:
    with house(store, tmp_path, policy=POLICY) as home:
        home.audit(*failing("a"))
        page = browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(10_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.goto(f"{home.desk.url}/c/data-audit")
        page.get_by_role("button", name="Policy").click()
        form = page.get_by_role("dialog", name="Policy")
        rule = form.get_by_label("Rule long-enough")
        text = rule.input_value()
        rule.fill(text.replace("30 s", "30 parsecs"))
        form.get_by_label("Why is it changed?").fill("counsel asks for it")
        form.get_by_role("button", name="Propose").click()
        expect(form.get_by_role("alert").filter(has_text="Line 6")).to_be_visible()
        rule.fill(text.replace("30 s", "35 s"))
        form.get_by_role("button", name="Propose").click()
        messages = page.get_by_role("region", name="Messages in data-audit")
        expect(messages.get_by_text("Your proposal for release is being examined.")).to_be_visible()
        proposal = messages.get_by_role("listitem").filter(has_text="Edit of the policy release")
        expect(proposal.get_by_text("Waits for @data-legal to confirm it.")).to_be_visible()
        page.get_by_role("button", name="Otis Grand").click()
        proposal.get_by_role("button", name="Activate").click()
        sure = page.get_by_role("dialog", name="Activate")
        expect(sure.get_by_text("Audits apply it at once")).to_be_visible()
        sure.get_by_role("button", name="Activate").click()
        expect(proposal.get_by_text("Confirmed by Otis Grand")).to_be_visible()
        expect(proposal.get_by_role("button", name="Activate")).to_have_count(0)
        proposal.get_by_role("link", name="1 reply").click()
        expect(page.get_by_text("+    must: {be_at_least: 35 s}")).to_be_visible()
        assert text_in_force(home) == POLICY.replace("30 s", "35 s")
        page.close()
        assert complaints == []
