"""A policy that should have been looked at again: its owner is told every week, and it stays in force."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.ledger.policies import in_force, retire
from bot.messages.overdue import overdue_message
from bot.policies import Policies
from bot.schedule import Schedule
from bot.tables import outbox
from tests.support.conversation import House, activate, policy_text

MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ZONE = "schedule: {digest: quarterly 06:00, timezone: America/New_York}"


class Watched:
    """A schedule, and what it asks the outbox to say of policies that are due."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = MONDAY

    def activate(self, review_by: str, schedule: str = "") -> None:
        activate(self.store, policy_text(schedule=f"effective: {{review_by: {review_by}}}\n{schedule}"), self.now)

    def schedule(self) -> Schedule:
        return Schedule(self.store, Policies(self.clock), audit=lambda: None, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def at(self, **later: float) -> list[Any]:
        self.now = MONDAY + timedelta(**later)
        self.schedule().look()
        return self.asked()

    def asked(self) -> list[Any]:
        with self.store.read() as connection:
            return list(
                connection.execute(select(outbox).where(outbox.c.subject.like("overdue/%")).order_by(outbox.c.id))
            )


@pytest.fixture
def watched(store: Store) -> Watched:
    return Watched(store)


def test_nothing_is_said_up_to_the_last_day_itself(watched: Watched) -> None:
    watched.activate("2026-11-30")
    assert watched.at(days=7, hours=18) == []


def test_past_its_day_the_owner_is_told_each_monday_at_nine_and_once(watched: Watched) -> None:
    watched.activate("2026-11-25")
    assert watched.at(days=7, hours=3.9) == []
    for hours in (4, 4.1, 9):
        (asked,) = watched.at(days=7, hours=hours)
    assert (asked.channel, asked.asked) == ("data-audit", 1)
    assert asked.content == {
        "policy": "release",
        "title": "Audio that may train a model",
        "owner": "legal@label.example",
        "review_by": "2026-11-25",
        "due": None,
        "opens": "rule/release/licence-known/",
    }
    assert len(watched.at(days=13)) == 1
    assert len(watched.at(days=14, hours=4)) == 2


def test_it_is_said_by_the_clock_of_the_policy(watched: Watched) -> None:
    watched.activate("2026-11-25", ZONE)
    assert watched.at(days=7, hours=8.9) == []
    assert len(watched.at(days=7, hours=9)) == 1  # nine in New York


def test_the_policy_stays_in_force(watched: Watched) -> None:
    watched.activate("2026-11-25")
    watched.at(days=7, hours=4)
    with watched.store.read() as connection:
        assert list(in_force(connection, watched.now)) == ["release"]


def test_what_was_missed_is_said_once_and_marked_late(watched: Watched) -> None:
    watched.activate("2026-11-25")
    (asked,) = watched.at(days=25)
    assert asked.content["due"] == "2026-12-14T09:00:00+00:00"


def test_two_processes_say_it_once(watched: Watched) -> None:
    watched.activate("2026-11-25")
    watched.now = MONDAY + timedelta(days=7, hours=4)
    threads = [threading.Thread(target=watched.schedule().look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [asked.asked for asked in watched.asked()] == [1]


def looked_at_again(watched: Watched) -> None:
    watched.activate("2027-11-25")


def retired(watched: Watched) -> None:
    with watched.store.write() as connection:
        assert retire(connection, "release", actor="ada", via="cli", at=watched.now)


@pytest.mark.parametrize("mended", [looked_at_again, retired])
def test_nothing_is_said_of_a_policy_that_was_looked_at_since_or_retired(
    watched: Watched, mended: Callable[[Watched], None]
) -> None:
    watched.activate("2026-11-25")
    watched.at(days=7, hours=4)
    mended(watched)
    assert len(watched.at(days=21, hours=4)) == 1


def test_it_stands_in_the_channel_of_the_policy(house: House) -> None:
    yesterday = (house.clock() - timedelta(days=1)).date()
    activate(house.store, policy_text(schedule=f"effective: {{review_by: {yesterday}}}"), house.clock())
    house.clock.now += timedelta(days=7)
    until = time.monotonic() + 20
    while not house.parents() and time.monotonic() < until:  # the service may be at the same look
        house.service.schedule.look()
        house.sent()
    (posted,) = house.parents()
    assert posted["text"].startswith(
        "To be looked at again: Audio that may train a model. The policy release was due by "
    )
    assert house.desk.user("nina").click(posted["ts"], "policy").ok
    assert "review_by" in str(house.opened("nina", "policy"))


@pytest.mark.parametrize(
    ("owner", "called"),
    [
        ("legal@label.example", {"type": "text", "text": "legal@label.example"}),
        ("@data-legal", {"type": "text", "text": "@data-legal"}),
        ("U012AB3CD", {"type": "user", "user_id": "U012AB3CD"}),
        ("nina simon", {"type": "user", "user_id": "U0NINA000"}),
        ("S012AB3CD", {"type": "usergroup", "usergroup_id": "S012AB3CD"}),
    ],
)
def test_an_owner_whom_slack_knows_is_called(owner: str, called: dict[str, str]) -> None:
    content = {"policy": "release", "title": "Audio", "owner": owner, "review_by": "2026-11-25"}
    message = overdue_message({**content, "due": None, "opens": "rule/release/a/"}, {"U0NINA000": "Nina Simon"})
    spans = message.blocks[1]["elements"][0]["elements"]
    first = {key: spans[0][key] for key in called}
    assert first | {"text": first.get("text", "").partition(",")[0]} == {"text": "", **called}


def test_the_message_says_by_when_and_what_to_do() -> None:
    content = {
        "policy": "release", "title": "<!channel> Audio", "owner": "legal@label.example", "review_by": "2026-11-25",
        "due": "2026-12-14T09:00:00+00:00", "opens": "rule/release/a/",
    }  # fmt: skip
    message = overdue_message(content, {})
    said = str(message.blocks)
    for words in ("Wed 25 Nov 2026", "still in force", "write a new day under review_by", "14 Dec 2026, 09:00 UTC"):
        assert words in said
    assert message.text.startswith("To be looked at again: &lt;!channel&gt; Audio.")
