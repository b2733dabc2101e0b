"""Listen: from a click to clips in the thread, whatever goes wrong in between."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, update

from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import licences, tracks
from audit_core.evidence.clips import Evidence
from audit_core.evidence.excerpt import excerpt
from audit_core.evidence.mp3 import mp3
from audit_core.evidence.order import Order, filled
from audit_core.ledger.violations import Found
from bot.clips import Clips
from bot.desk import ApiFault
from bot.posting import client_for
from bot.tables import outbox
from tests.support.conversation import House, house, settings_for
from tests.support.ledger import found

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For what no database decides."""


def near(subject: str = "a", other: str = "b", **changed: Any) -> Found:
    """A track that is near to another, as a rule of the kind neighbour says it."""
    values: dict[str, Any] = {
        "kind": "neighbour",
        "subject_kind": "pair",
        "message": f"{subject} holds the same recording as {other}.",
        "evidence": {"same": "recording", "to": [{"dataset": "train", "key": other}], "count": 1},
    }
    return found(subject, **{**values, **changed})


@pytest.fixture(scope="session")
def sound() -> bytes:
    """Twelve seconds of a falling tone."""
    t = np.arange(12 * 11_025) / 11_025
    return mp3((0.3 * np.sin(2 * np.pi * 40 * t * (30 - t)))[None].astype(np.float32), 11_025)


@pytest.fixture(name="home")
def fixture_home(store: Store, tmp_path: Path, sound: bytes) -> Iterator[House]:
    """A house whose tracks can be heard."""
    folder = tmp_path / "crate"
    folder.mkdir()
    for key in ("a", "twin", "b"):
        (folder / f"{key}.audio").write_bytes(sound)
    settings = settings_for(tmp_path, audio={"train": str(folder)})
    with house(store, tmp_path, settings=settings, evidence=filled) as home:  # not apart, to be quick
        yield home


def click(home: House, user: str = "nina", item: Found | None = None) -> None:
    reply = home.thread()[0]
    assert home.desk.user(user).click(reply["ts"], "listen", block_id=(item or near()).key).ok


def shared(home: House, least: int = 1) -> list[dict[str, Any]]:
    """The messages of the thread that bring files, as soon as there are so many."""

    def there() -> list[dict[str, Any]]:
        found = [message for message in home.thread() if message.get("files")]
        return found if len(found) >= least else []

    return home.desk.wait_for(there, timeout_s=60.0)


def told(home: House, words: str) -> str:
    """The message of the thread that begins so, as soon as it is there."""

    def there() -> list[str]:
        said = [message["text"].partition(": ")[2] for message in home.thread()]
        return [text for text in said if text.startswith(words)]

    (text,) = home.desk.wait_for(there, timeout_s=60.0)
    return text


def wait_until_idle(home: House) -> None:
    """Wait until no wish waits and nothing is to be sent."""

    def idle() -> bool:
        with home.store.read() as connection:
            waiting = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
            return connection.scalar(waiting) == 0

    assert home.desk.wait_for(idle, timeout_s=60.0)


def license_as(home: House, text: str) -> None:
    with home.store.write() as connection:
        number = connection.execute(licences.insert().values(text=text).returning(licences.c.id)).scalar_one()
        connection.execute(update(tracks).where(tracks.c.key == "b").values(licence_id=number))


def test_a_click_brings_two_clips_and_a_picture_into_the_thread(home: House) -> None:
    home.audit(near())
    click(home)
    (message,) = shared(home)
    names = [file["name"] for file in message["files"]]
    key = near().key[:8]
    assert names == [f"{key}-a.mp3", f"{key}-b.mp3", f"{key}.png"]
    assert message["files"][2]["alt_txt"].startswith("Two spectrograms, ")
    assert message["files"][0]["title"].startswith("A: train/a, from 0:")
    assert message["blocks"][0]["type"] == "rich_text"
    heard = excerpt(io.BytesIO(home.desk.store.files.content(message["files"][1]["id"])), 0.0, 30.0)
    assert heard.length_s == pytest.approx(10.0, abs=0.05)
    assert "The clips are being made, and come into this thread." in home.desk.wait_for(lambda: home.whispers("nina"))


def test_a_second_click_makes_no_second_upload_and_says_where_the_first_is(home: House) -> None:
    home.audit(near())
    click(home)
    click(home, "otis")
    (message,) = shared(home)
    wait_until_idle(home)
    click(home, "mallory")
    (whisper,) = home.desk.wait_for(lambda: home.whispers("mallory"))
    assert whisper == "The clips stand in this thread already:"
    links = [part for part in home.desk.ephemerals("mallory")[0]["blocks"][0]["elements"][0]["elements"]
             if part["type"] == "link"]  # fmt: skip
    assert links[0]["url"] == f"{home.desk.url}/files/{message['files'][0]['id']}"
    wait_until_idle(home)
    assert len(shared(home)) == 1


@on_sqlite
def test_a_review_has_the_button_too(home: House) -> None:
    home.audit(near())
    (parent,) = home.parents()
    nina = home.desk.user("nina")
    assert nina.click(parent["ts"], "review").ok
    home.opened("nina", "review")
    view = nina.view
    assert view is not None
    assert nina.act("listen", view=view["id"], block_id=near().key).ok
    assert shared(home)


@on_sqlite
def test_a_click_is_answered_before_anything_is_made(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("hang", method="chat.postEphemeral", seconds=3))
    began = time.monotonic()
    click(home)
    assert time.monotonic() - began < 1.5


@on_sqlite
def test_what_a_licence_forbids_is_not_heard_and_the_thread_says_why(home: House) -> None:
    license_as(home, "All rights reserved")
    home.audit(near())
    click(home)
    assert told(home, "No clip: ") == (
        "No clip: of train/b, the licence LicenseRef-All-Rights-Reserved does not allow copies to be passed on."
    )
    wait_until_idle(home)
    assert not [message for message in home.thread() if message.get("files")]


@pytest.mark.parametrize(
    "faults", [[], [ApiFault("server_error", method="upload")]], ids=["at once", "at the second attempt"]
)
@on_sqlite
def test_what_a_licence_forbids_by_the_time_slack_takes_it_is_not_heard(
    store: Store, tmp_path: Path, sound: bytes, faults: list[ApiFault]
) -> None:
    for key in ("a", "b"):
        (tmp_path / f"{key}.audio").write_bytes(sound)

    def made_while_the_licence_changes(ordered: Order) -> Evidence:
        license_as(home, "All rights reserved")
        return filled(ordered)

    settings = settings_for(tmp_path, audio={"train": str(tmp_path)})
    with house(store, tmp_path, settings=settings, evidence=made_while_the_licence_changes) as home:
        home.audit(near())
        for fault in faults:
            home.desk.arm(fault)
        click(home)
        assert told(home, "No clip: ").startswith("No clip: of train/b, the licence ")
        wait_until_idle(home)
        assert not [message for message in home.thread() if message.get("files")]


@on_sqlite
def test_clips_are_taken_back_at_a_click_after_a_licence_came_to_forbid_them(home: House) -> None:
    home.audit(near())
    click(home)
    (message,) = shared(home)
    wait_until_idle(home)
    license_as(home, "All rights reserved")
    click(home, "otis")
    (whisper,) = home.desk.wait_for(lambda: home.whispers("otis"))
    assert whisper.startswith("No clip: of train/b, the licence ")
    assert told(home, "No clip: ") == whisper
    assert [home.desk.store.files.get(file["id"]) for file in message["files"]] == [None, None, None]
    assert {file["mode"] for file in shared(home)[0]["files"]} == {"tombstone"}


def test_a_file_that_is_missing_is_said_and_can_be_tried_again(home: House, tmp_path: Path, sound: bytes) -> None:
    home.audit(near("a", "c"))
    click(home, item=near("a", "c"))
    assert told(home, "No clips: ") == "No clips: c.audio: there is no such file."
    wait_until_idle(home)
    (tmp_path / "crate" / "c.audio").write_bytes(sound)
    click(home, item=near("a", "c"))
    assert shared(home)
    wait_until_idle(home)
    assert told(home, "There are clips after all")


@on_sqlite
def test_a_file_that_can_not_be_decoded_is_said(home: House, tmp_path: Path) -> None:
    (tmp_path / "crate" / "b.audio").write_bytes(b"\xff\xd8\xff a picture, and no sound" * 40)
    home.audit(near())
    click(home)
    assert told(home, "No clips: ").startswith("No clips: b.audio: it ")


@on_sqlite
def test_an_upload_that_breaks_off_is_tried_again(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("server_error", method="upload"))
    home.desk.arm(ApiFault("ratelimited", method="files.getUploadURLExternal", seconds=1, skip=1))
    click(home)
    assert len(shared(home)) == 1


@on_sqlite
def test_files_whose_sharing_was_not_answered_are_shared_once(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("drop", method="files.completeUploadExternal", accepted=True))
    click(home)
    assert shared(home)
    with home.store.write() as connection:  # not to wait for as long as Slack may still be taking it
        connection.execute(update(outbox).where(outbox.c.subject.startswith("clips/")).values(not_before=None))
    wait_until_idle(home)
    assert len(shared(home)) == 1


@on_sqlite
def test_an_app_that_may_not_upload_says_which_scopes_it_needs(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("error", method="files.getUploadURLExternal", error="missing_scope", times=None))
    click(home)
    assert told(home, "No clips: ") == (
        "No clips: Slack does not let Cratecheck upload files (missing_scope). "
        "The app needs the scopes files:write and files:read."
    )


@on_sqlite
def test_an_app_that_may_not_share_files_still_posts_messages(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("error", method="files.completeUploadExternal", error="missing_scope", times=None))
    click(home)
    assert "missing_scope" in told(home, "Slack did not take the clips")
    assert home.service.sender.trouble is None


@on_sqlite
def test_files_that_slack_has_thrown_away_are_made_anew_at_a_click(home: House) -> None:
    home.audit(near())
    home.desk.arm(ApiFault("error", method="files.completeUploadExternal", error="file_not_found"))
    click(home)
    assert "file_not_found" in told(home, "Slack did not take the clips")
    wait_until_idle(home)
    click(home)
    assert shared(home)


@on_sqlite
def test_a_wish_outlives_the_service(home: House, tmp_path: Path) -> None:
    home.audit(near())
    home.service._clips.stop()
    click(home)
    settings = settings_for(tmp_path, audio={"train": str(tmp_path / "crate")})
    client = client_for(home.desk.config.bot_token, f"{home.desk.url}/api/")
    again = Clips(settings, home.store, client, make=filled, clock=home.clock)
    again.start()
    try:
        assert shared(home)
    finally:
        again.stop()


@on_sqlite
def test_clips_are_made_in_a_process_apart(store: Store, tmp_path: Path, sound: bytes) -> None:
    (tmp_path / "a.audio").write_bytes(sound)
    (tmp_path / "b.audio").write_bytes(sound)
    with house(store, tmp_path, settings=settings_for(tmp_path, audio={"train": str(tmp_path)})) as home:
        home.audit(near())
        click(home)
        assert shared(home)


@pytest.mark.parametrize("unheard", [found("a"), near(evidence={}, subject_kind="rule")])
@on_sqlite
def test_what_has_nothing_to_hear_has_no_button(home: House, unheard: Found) -> None:
    home.audit(unheard)
    (reply,) = home.thread()
    assert "listen" not in str(reply["blocks"])


@on_sqlite
def test_the_settings_can_forbid_all_clips(store: Store, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, audio={"train": str(tmp_path)}, clips="never")
    with house(store, tmp_path, settings=settings) as home:
        home.audit(near())
        assert "listen" not in str(home.thread()[0]["blocks"])
