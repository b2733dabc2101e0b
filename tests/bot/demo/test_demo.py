"""A newcomer's first minutes: real catalogues, audited, reviewed in a real browser, and a clean manifest."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import utc_now
from audit_core.ledger.runs import settle
from audit_core.ledger.verify import verify
from audit_core.ledger.violations import counts, listed
from audit_core.report.manifest import manifest
from audit_core.settings import Settings
from bot.demo.crate import CRATE, fill, prepare
from bot.demo.desk import Showing, showing
from bot.workspace import licence_table
from rules.run import audit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("demo")]

CHROMIUM = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update")


HEARD = """clip => new Promise((done, failed) => {
    clip.onloadedmetadata = () => done(clip.duration);
    clip.onerror = failed;
    clip.preload = "metadata";
    clip.load();
})"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, crate: Path) -> Iterator[tuple[Settings, Store]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        settings = prepare(tmp_path_factory.mktemp("demo"))
        shutil.copytree(crate, settings.workspace / CRATE, copy_function=os.link)
        with Store(settings.database) as store:
            fill(store, settings, lambda line: None)
            audit(store, licences=licence_table(settings), as_of=utc_now(), actor="demo", via="cli")
            yield settings, store


@pytest.fixture(scope="module")
def store(workspace: tuple[Settings, Store]) -> Store:
    return workspace[1]


@pytest.fixture(scope="module")
def here(workspace: tuple[Settings, Store]) -> Iterator[Showing]:
    with showing(*workspace) as here:
        assert here.service.sender.drained(60)
        yield here


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def page(here: Showing, browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(here.url)
    yield page
    page.close()


def sit_as(page: Page, name: str) -> None:
    seat = page.get_by_role("button", name=name)
    if seat.get_attribute("aria-current") != "true":
        with page.expect_navigation():
            seat.click()
    expect(seat).to_have_attribute("aria-current", "true")


def thread(page: Page, channel: str, rule: str) -> Locator:
    """Open the thread of a rule, and give its pane."""
    page.get_by_role("link", name=channel).click()
    header = page.get_by_role("main").get_by_text(f"{rule} in ").first
    header.locator("xpath=following::a[contains(@class, 'replies')][1]").click()
    pane = page.get_by_role("complementary", name="Thread")
    expect(pane).to_contain_text(rule)
    page.wait_for_load_state()
    return pane


def button_of(pane: Locator, item: str, button: str) -> Locator:
    """Find the button of an item, the text of which is said."""
    return pane.get_by_text(item).first.locator(f"xpath=following::button[normalize-space()='{button}'][1]")


@contextmanager
def form(page: Page, pane: Locator, button: str, item: str | None = None) -> Iterator[Locator]:
    """Click a button of an item, or of the first that has it, fill in the form that opens, and send it off."""
    first = pane.get_by_role("button", name=button, exact=True).first
    (button_of(pane, item, button) if item else first).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    yield dialog
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def tracks(store: Store, dataset: str) -> set[str]:
    with store.read() as connection:
        return {row.key for row in manifest(connection, dataset, Snapshot(latest_revision(connection), utc_now()))}


def test_the_catalogues_give_something_to_decide(store: Store) -> None:
    with store.read() as connection:
        open_now = listed(connection, states=["open"])
    assert 100 < len(open_now) < 1000
    kinds = {"field", "licence", "duplicate", "neighbour", "crossing", "share", "integrity"}
    assert {violation.kind for violation in open_now} == kinds


def test_a_quarantine_in_the_browser_counts_down_the_parent_and_leaves_the_manifest(page: Page, store: Store) -> None:
    sit_as(page, "Otis")
    pane = thread(page, "data-splits", "gtzan-no-duplicate-files")
    expect(pane).to_contain_text("14 open")
    with form(page, pane, "Quarantine") as dialog:
        dialog.get_by_label("Why is it taken out?").fill("the same excerpt twice")
        gone = re.search(r"Takes out 1 track: (\S+)", dialog.inner_text())
    expect(pane).to_contain_text("13 open · 1 quarantined")
    expect(pane).to_contain_text("Quarantined by Otis Lindqvist")
    assert gone is not None
    assert gone[1] not in tracks(store, "gtzan")
    assert len(tracks(store, "gtzan")) == 999


def test_a_bad_track_takes_its_byte_identical_twin_with_it(page: Page, store: Store) -> None:
    sit_as(page, "Otis")
    before = tracks(store, "gtzan")
    pane = thread(page, "data-splits", "gtzan-split-known")
    with form(page, pane, "Quarantine", "hiphop.00039 belongs to no split") as dialog:
        expect(dialog).to_contain_text("1 byte-identical copy: gtzan/hiphop.00045")
        dialog.get_by_label("Why is it taken out?").fill("left out of the fault-filtered split")
    expect(pane).to_contain_text("1 quarantined")
    assert before - tracks(store, "gtzan") == {"hiphop.00039", "hiphop.00045"}


def test_a_waiver_in_the_browser_asks_for_evidence_and_an_end(page: Page, store: Store) -> None:
    sit_as(page, "Nadia")
    pane = thread(page, "data-audit", "freemusi-title-known")
    with form(page, pane, "Waive") as dialog:
        dialog.get_by_label("Why is it tolerated?").fill("the artist leaves tracks untitled")
        dialog.get_by_label("Link to the evidence").fill("https://label.example/mail/17")
    expect(pane).to_contain_text("2 open · 1 waived")
    expect(pane).to_contain_text(re.compile(r"Waived until .+ by Nadia Mensah"))


def test_an_approval_in_the_browser_is_kept_with_its_reason(page: Page, store: Store) -> None:
    sit_as(page, "Mira")
    pane = thread(page, "data-audit", "freemusi-genre-share")
    with form(page, pane, "Approve") as dialog:
        dialog.get_by_label("Why is this compliant?").fill("electronic music is what this model is for")
    expect(pane).to_contain_text("1 approved")
    with store.read() as connection:
        assert counts(connection, "freemusi", "freemusi-genre-share", "freemusi-cc")["approved"] == 1


def test_what_two_files_share_can_be_heard_in_the_thread(page: Page) -> None:
    sit_as(page, "Otis")
    pane = thread(page, "data-crate", "crate-no-test-audio-in-training")
    expect(pane).to_contain_text("2 open")
    button_of(pane, "train/ohmfctry-cold-storage-rip.mp3 is in training", "Listen").click()
    expect(pane.locator("audio")).to_have_count(2, timeout=60_000)
    expect(pane.get_by_alt_text("Spectrograms")).to_be_visible()
    lengths = [clip.evaluate(HEARD) for clip in pane.locator("audio").all()]
    assert all(9 < length < 11 for length in lengths)


def test_who_has_no_say_is_told_so_privately(page: Page, store: Store) -> None:
    sit_as(page, "Otis")
    pane = thread(page, "data-audit", "freemusi-year-plausible")
    pane.get_by_role("button", name="Quarantine", exact=True).first.click()
    expect(pane).to_contain_text("Otis Lindqvist has no say in this")
    expect(pane).to_contain_text("Only visible to you")
    with store.read() as connection:
        assert counts(connection, "freemusi", "freemusi-year-plausible", "freemusi-cc")["open"] == 5


def test_the_ledger_holds_after_all_this(here: Showing, store: Store) -> None:
    settle(store)
    assert verify(store).holds
