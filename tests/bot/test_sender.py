"""Every post once, in order, paced; whatever Slack and the network do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from audit_core.catalogue.leases import hold
from audit_core.catalogue.store import Store
from audit_core.clock import utc_now
from audit_core.errors import StoreError
from bot.desk import ApiFault, Desk
from bot.messages.kit import Message
from bot.messages.notice import notice
from bot.outbox import Pending, ask
from bot.posting import client_for
from bot.sender import Sender
from bot.status import standing
from bot.tables import outbox
from tests.support.conversation import opened_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_desk(tmp_path) as desk:
        yield desk


def render(_connection: Connection, row: Pending) -> Message | None:
    """What is asked for, to the letter."""
    if row.content.get("broken"):
        raise ValueError("broken")
    words = row.content.get("words", row.subject)
    return notice(words) if words else None


@pytest.fixture
def sender(store: Store, desk: Desk) -> Iterator[Sender]:
    with sending(store, desk) as sender:
        yield sender


class sending:  # noqa: N801 - read as a verb
    """A sender that runs, with a client that waits for a second and no longer."""

    def __init__(self, store: Store, desk: Desk, **changed: Any) -> None:
        values = {"pace_s": 0.0, "first_wait_s": 0.05, "look_up_after_s": 0.05, **changed}
        client = client_for(desk.config.bot_token, f"{desk.url}/api/", timeout_s=1.0)
        self.sender = Sender(store, client, render, **values)

    def __enter__(self) -> Sender:
        self.sender.start()
        return self.sender

    def __exit__(self, *_: object) -> None:
        self.sender.stop()


def say(store: Store, subject: str, *, channel: str = "#data-audit", parent: str | None = None, **content: Any) -> None:
    with store.write() as connection:
        ask(connection, channel=channel, subject=subject, at=utc_now(), parent=parent, content=content)


def row_of(store: Store, subject: str) -> Any:
    with store.read() as connection:
        return connection.execute(select(outbox).where(outbox.c.subject == subject)).one()


def texts(desk: Desk, channel: str = "data-audit") -> list[str]:
    return [message["text"] for message in desk.messages(channel)]


def test_what_is_asked_for_is_posted_in_order(store: Store, desk: Desk, sender: Sender) -> None:
    for number in range(5):
        say(store, f"m{number}")
    assert sender.drained()
    assert texts(desk) == ["m0", "m1", "m2", "m3", "m4"]


def test_asking_in_a_transaction_that_fails_asks_for_nothing(store: Store, desk: Desk, sender: Sender) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        ask(connection, channel="data-audit", subject="m", at=utc_now())
        raise ZeroDivisionError
    assert sender.drained()
    assert texts(desk) == []


def test_many_requests_are_one_edit(store: Store, desk: Desk) -> None:
    with sending(store, desk) as sender:
        say(store, "m", words="first")
        assert sender.drained()
    for _ in range(10):
        say(store, "m")
    with store.write() as connection:
        connection.execute(outbox.update().values(content={"words": "last"}))
    with sending(store, desk) as sender:
        assert sender.drained()
    (message,) = desk.messages("data-audit")
    assert message["text"] == "last"
    assert row_of(store, "m").asked == 11


def test_an_edit_that_changes_nothing_is_not_sent(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "m")
    assert sender.drained()
    say(store, "m")
    assert sender.drained()
    assert "edited" not in desk.messages("data-audit")[0]


def test_an_edit_asked_for_while_one_is_on_its_way_is_not_lost(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "m", words="one")
    assert sender.drained()
    desk.arm(ApiFault("late", method="chat.update", seconds=0.5))
    with store.write() as connection:
        connection.execute(outbox.update().values(content={"words": "two"}, sent_at=None, asked=2))
    sender.wake()
    time.sleep(0.2)
    with store.write() as connection:
        connection.execute(outbox.update().values(content={"words": "three"}, sent_at=None, asked=3))
    assert sender.drained()
    assert texts(desk) == ["three"]


def test_a_reply_waits_for_its_parent(store: Store, desk: Desk, sender: Sender) -> None:
    desk.arm(ApiFault("server_error", method="chat.postMessage", times=2))
    say(store, "parent")
    say(store, "reply", parent="parent")
    assert sender.drained()
    (parent,) = desk.messages("data-audit")
    assert [message["text"] for message in desk.thread("data-audit", parent["ts"])] == ["parent", "reply"]


def test_slacks_own_wait_is_honoured(store: Store, desk: Desk, sender: Sender) -> None:
    desk.arm(ApiFault("ratelimited", method="chat.postMessage", seconds=2))
    began = time.monotonic()
    say(store, "m")
    assert sender.drained()
    assert time.monotonic() - began >= 2
    assert texts(desk) == ["m"]


@pytest.mark.parametrize("kind", ["server_error", "drop", "hang"])
@pytest.mark.parametrize("accepted", [True, False])
def test_a_post_whose_fate_is_unknown_is_looked_up_before_it_is_sent_again(
    store: Store, desk: Desk, sender: Sender, kind: Any, accepted: bool
) -> None:
    desk.arm(ApiFault(kind, method="chat.postMessage", accepted=accepted, seconds=1.5))
    say(store, "m")
    assert sender.drained()
    assert texts(desk) == ["m"]


def test_a_reply_whose_fate_is_unknown_is_looked_up_in_its_thread(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "parent")
    assert sender.drained()
    desk.arm(ApiFault("drop", method="chat.postMessage", accepted=True))
    say(store, "reply", parent="parent")
    assert sender.drained()
    (parent,) = desk.messages("data-audit")
    assert [message["text"] for message in desk.thread("data-audit", parent["ts"])] == ["parent", "reply"]


def test_a_refusal_that_no_retry_mends_is_kept_and_holds_up_nothing(store: Store, desk: Desk, sender: Sender) -> None:
    desk.arm(ApiFault("error", method="chat.postMessage", error="msg_too_long"))
    say(store, "long")
    say(store, "short")
    assert sender.drained()
    assert (row_of(store, "long").failed, row_of(store, "long").not_before) == ("msg_too_long", None)
    assert texts(desk) == ["short"]


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


def test_a_channel_that_is_shut_is_tried_again_and_keeps_all_that_waits_for_it(store: Store, desk: Desk) -> None:
    clock = Clock()
    with sending(store, desk, clock=clock) as sender:
        say(store, "parent", channel="#private")
        say(store, "reply", channel="#private", parent="parent")
        say(store, "digest/1/release", channel="#private")
        say(store, "elsewhere", channel="#nowhere")
        assert sender.drained()
        assert standing(store)["posts_refused"] == [
            "#nowhere: channel_not_found; tried again every ten minutes",
            "#private: not_in_channel; tried again every ten minutes",
        ]
        desk.store.conversations.join(desk.conversation("private").id, desk.config.bot_user_id)
        clock.now += timedelta(minutes=11)
        assert desk.wait_for(lambda: len(desk.messages("private")) == 2)
        assert sender.drained()
    assert texts(desk, "private") == ["parent", "digest/1/release"]
    assert _threads(desk, "private") == [["parent", "reply"], ["digest/1/release"]]
    assert row_of(store, "reply").failed is None


def test_one_post_that_a_channel_takes_sets_free_all_that_waited_for_it(store: Store, desk: Desk) -> None:
    with sending(store, desk) as sender:
        say(store, "first", channel="#private")
        assert sender.drained()
        desk.store.conversations.join(desk.conversation("private").id, desk.config.bot_user_id)
        say(store, "second", channel="#private")
        assert sender.drained()
        assert desk.wait_for(lambda: texts(desk, "private") == ["second", "first"])


def test_a_thread_that_was_deleted_while_a_reply_waited_begins_anew(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "parent")
    assert sender.drained()
    desk.arm(ApiFault("drop", method="chat.postMessage", accepted=False))
    say(store, "reply", parent="parent")
    desk.store.messages.delete(desk.conversation("data-audit").id, desk.messages("data-audit")[0]["ts"])
    assert sender.drained()
    assert _threads(desk) == [["parent", "reply"]]


def test_a_message_that_was_tried_a_thousand_times_holds_up_no_other(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "bad", broken=True)
    with store.write() as connection:
        connection.execute(outbox.update().values(attempts=5_000))
    say(store, "good")
    sender.wake()
    assert desk.wait_for(lambda: texts(desk)) == ["good"]


def test_what_waits_in_a_thread_moves_with_its_parent(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "parent")
    assert sender.drained()
    desk.arm(ApiFault("server_error", method="chat.postMessage", seconds=1, times=None))
    say(store, "reply", parent="parent")
    assert desk.wait_for(lambda: row_of(store, "reply").attempts)
    say(store, "parent", channel="#elsewhere")
    desk.faults.clear()
    assert sender.drained()
    assert _threads(desk, "elsewhere") == [["parent", "reply"]]


def test_a_message_that_moves_while_it_is_on_its_way_is_posted_where_it_moved(
    store: Store, desk: Desk, sender: Sender
) -> None:
    desk.arm(ApiFault("late", method="chat.postMessage", seconds=0.6))
    say(store, "m")
    sender.wake()
    assert desk.wait_for(lambda: row_of(store, "m").attempted_at)
    say(store, "m", channel="#elsewhere")
    assert sender.drained()
    assert texts(desk, "elsewhere") == ["m"]


def test_slacks_own_wait_holds_for_other_processes_and_for_what_is_asked_meanwhile(store: Store, desk: Desk) -> None:
    clock = Clock()
    desk.arm(ApiFault("ratelimited", method="chat.postMessage", seconds=60))
    with sending(store, desk, clock=clock) as first:
        say(store, "m")
        first.wake()
        assert desk.wait_for(lambda: row_of(store, "m").not_before)
    with sending(store, desk, clock=clock) as second:
        say(store, "m")
        say(store, "n")
        second.wake()
        time.sleep(0.5)
        assert texts(desk) == []
        clock.now += timedelta(seconds=61)
        assert second.drained()
    assert texts(desk) == ["m", "n"]


def test_a_post_whose_fate_is_unknown_is_not_looked_up_at_once(store: Store, desk: Desk) -> None:
    clock = Clock()
    desk.arm(ApiFault("drop", method="chat.postMessage", accepted=True))
    with sending(store, desk, clock=clock, look_up_after_s=15.0) as sender:
        say(store, "m")
        sender.wake()
        assert desk.wait_for(lambda: row_of(store, "m").attempts)
        say(store, "m")
        assert (row_of(store, "m").not_before - clock.now).total_seconds() >= 15
        clock.now += timedelta(seconds=16)
        assert sender.drained()
    assert texts(desk) == ["m"]


def test_what_was_refused_is_tried_again_when_it_is_asked_for_again(store: Store, desk: Desk, sender: Sender) -> None:
    desk.arm(ApiFault("error", method="chat.postMessage", error="invalid_blocks"))
    say(store, "parent")
    say(store, "reply", parent="parent")
    assert sender.drained()
    assert texts(desk) == []
    say(store, "parent")
    assert sender.drained()
    (parent,) = desk.messages("data-audit")
    assert [message["text"] for message in desk.thread("data-audit", parent["ts"])] == ["parent", "reply"]


def test_a_message_that_was_deleted_is_posted_again(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "m", words="one")
    assert sender.drained()
    channel = desk.conversation("data-audit").id
    desk.store.messages.delete(channel, desk.messages("data-audit")[0]["ts"])
    with store.write() as connection:
        connection.execute(outbox.update().values(content={"words": "two"}, sent_at=None))
    assert sender.drained()
    assert texts(desk) == ["two"]


def test_a_token_that_slack_does_not_take_stops_the_lane_and_is_told(store: Store, desk: Desk) -> None:
    desk.arm(ApiFault("error", error="token_revoked", times=None))
    with sending(store, desk) as sender:
        say(store, "m")
        sender.wake()
        assert desk.wait_for(lambda: sender.trouble) == "Slack does not take the token: token_revoked"
    assert row_of(store, "m").failed is None


def test_a_message_that_cannot_be_made_holds_up_no_other(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "bad", broken=True)
    say(store, "good")
    sender.wake()
    assert desk.wait_for(lambda: texts(desk)) == ["good"]


def test_what_comes_before_and_fails_holds_up_neither_the_rest_nor_a_message(store: Store, desk: Desk) -> None:
    done: list[str] = []

    def fail() -> None:
        raise StoreError("the policy release can't be read")

    with sending(store, desk, before=[fail, lambda: done.append("a new day")]) as sender:
        say(store, "m")
        sender.wake()
        assert desk.wait_for(lambda: texts(desk)) == ["m"]
        assert done
        assert sender.trouble is not None
        assert "can't be read" in sender.trouble


def test_a_message_with_nothing_to_say_is_not_posted(store: Store, desk: Desk, sender: Sender) -> None:
    say(store, "m", words="")
    assert sender.drained()
    assert texts(desk) == []


def test_posts_into_a_channel_are_paced(store: Store, desk: Desk) -> None:
    with sending(store, desk, pace_s=0.3) as sender:
        began = time.monotonic()
        for number in range(4):
            say(store, f"m{number}")
        assert sender.drained()
        assert time.monotonic() - began >= 0.9


def test_a_slow_channel_holds_up_no_other(store: Store, desk: Desk, sender: Sender) -> None:
    desk.arm(ApiFault("ratelimited", method="chat.postMessage", seconds=30))
    say(store, "slow")
    sender.wake()
    desk.wait_for(lambda: row_of(store, "slow").not_before)
    say(store, "quick", channel="#elsewhere")
    sender.wake()
    assert desk.wait_for(lambda: texts(desk, "elsewhere")) == ["quick"]


def test_a_lane_that_another_process_holds_is_left_alone(store: Store, desk: Desk, sender: Sender) -> None:
    with hold(store, "lane:data-audit"):
        say(store, "m")
        sender.wake()
        time.sleep(0.5)
        assert texts(desk) == []


def test_two_senders_post_everything_once(store: Store, desk: Desk) -> None:
    with sending(store, desk) as first, sending(store, desk) as second:
        for number in range(20):
            say(store, f"m{number:02}")
            first.wake()
            second.wake()
        assert first.drained(20)
    assert texts(desk) == [f"m{number:02}" for number in range(20)]


_PROGRAM = """
import sys
from audit_core.catalogue.store import Store
from bot.messages.notice import notice
from bot.posting import client_for
from bot.sender import Sender
database, token, url = sys.argv[1:]
with Store(database) as store:
    client = client_for(token, url, timeout_s=30)
    waits = {"pace_s": 0.0, "first_wait_s": 0.05, "look_up_after_s": 0.05}
    sender = Sender(store, client, lambda _, row: notice(row.subject), **waits)
    sender.start()
    sender.drained(60)
    sender.stop()
"""


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_process_killed_in_the_middle_of_a_post_neither_loses_nor_doubles_it(
    database_url: str, store: Store, desk: Desk, accepted: bool, skip: int
) -> None:
    say(store, "parent")
    say(store, "one", parent="parent")
    say(store, "two", parent="parent")
    desk.arm(ApiFault("hang", method="chat.postMessage", accepted=accepted, skip=skip, seconds=30))
    arguments = [sys.executable, "-c", _PROGRAM, database_url, desk.config.bot_token, f"{desk.url}/api/"]
    process = subprocess.Popen(arguments)
    subject = ("parent", "one", "two")[skip]
    assert desk.wait_for(lambda: row_of(store, subject).attempted_at, 30), "nothing was tried"
    if accepted:
        assert desk.wait_for(lambda: sum(map(len, _threads(desk))) == skip + 1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with sending(store, desk) as sender:
        assert sender.drained()
    ((parent, *replies),) = _threads(desk)
    assert (parent, sorted(replies)) == ("parent", ["one", "two"])  # the second may go while the first is looked for


def _threads(desk: Desk, channel: str = "data-audit") -> list[list[str]]:
    parents = desk.messages(channel)
    return [[message["text"] for message in desk.thread(channel, parent["ts"])] for parent in parents]
