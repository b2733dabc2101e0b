"""Clips in a real browser: they load, last as long as they should, and play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from audit_core.catalogue.store import Store
from audit_core.evidence.mp3 import mp3
from audit_core.evidence.order import filled
from tests.bot.test_listen import near, on_sqlite
from tests.support.conversation import house, settings_for

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
PLAYED = """async (player) => {
    player.muted = true;
    player.load();
    await player.play();
    const begun = player.currentTime;
    await new Promise(done => setTimeout(done, 700));
    player.pause();
    player.currentTime = 6;
    await new Promise(done => player.addEventListener('seeked', done, {once: true}));
    return [player.duration, player.currentTime, begun, player.error];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@on_sqlite
def test_two_clips_are_asked_for_and_heard(store: Store, tmp_path: Path, browser: Browser) -> None:
    t = np.arange(12 * 11_025) / 11_025
    sound = mp3((0.3 * np.sin(2 * np.pi * 40 * t * (30 - t)))[None].astype(np.float32), 11_025)
    for key in ("a", "b"):
        (tmp_path / f"{key}.audio").write_bytes(sound)
    line = {"offset_a": 0.0, "offset_b": 0.0, "overlap_s": 12.0, "tempo": 1.0, "pitch": 0.0, "score": 80.0}
    evidence = {"same": "recording", "to": [{"dataset": "train", "key": "b", "stretches": [line]}]}
    settings = settings_for(tmp_path, audio={"train": str(tmp_path)})
    with house(store, tmp_path, settings=settings, evidence=filled) as home:
        home.audit(near(evidence=evidence))
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.goto(f"{home.desk.url}/c/data-audit/t/{home.parents()[0]['ts']}")
        page.get_by_role("button", name="Listen").click()
        players = page.locator("audio")
        expect(players).to_have_count(2, timeout=60_000)
        for number in range(2):
            duration, at, begun, error = players.nth(number).evaluate(PLAYED)
            assert duration == pytest.approx(10.0, abs=0.06)
            assert at == pytest.approx(6.0, abs=0.01)
            assert begun < 1.0
            assert error is None
        picture = page.get_by_alt_text("Two spectrograms")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") == 1_000
        expect(page.get_by_text("The clips are being made, and come into this thread.")).to_be_visible()
        page.close()
        assert complaints == []
