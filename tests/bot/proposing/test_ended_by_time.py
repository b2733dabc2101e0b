"""A proposal that time ended: its message is edited once, however often the service starts after that."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from audit_core.catalogue.store import Store
from audit_core.ledger.proposals import LAPSES_AFTER
from bot.posting import client_for
from bot.proposing.examiner import Examiner
from bot.tables import outbox
from tests.bot.proposing.test_activations import House, text


def started_and_sent(house: House) -> int:
    """Start the service anew, send what it asks for, and count the proposals' messages that it sent."""
    client = client_for("xoxb-none", "http://127.0.0.1:9/api/")
    Examiner(house.store, house.at_work, client, clock=house.clock)._look()
    waiting = outbox.c.subject.startswith("proposal/"), outbox.c.sent_at.is_(None)
    with house.store.write() as connection:
        return connection.execute(update(outbox).where(*waiting).values(sent_at=house.clock())).rowcount


def test_a_message_is_edited_once_when_its_proposal_has_lapsed(store: Store) -> None:
    house = House(store)
    house.proposed()
    house.proposed(text(policy="other", rule="other"))
    assert [started_and_sent(house) for _ in range(2)] == [2, 0]
    house.clock.now += LAPSES_AFTER + timedelta(hours=1)
    assert [started_and_sent(house) for _ in range(3)] == [2, 0, 0]


def test_a_message_is_edited_once_when_the_day_of_another_text_has_come(store: Store) -> None:
    house = House(store)
    house.activated()
    day = (house.clock() + timedelta(days=1)).date().isoformat()
    house.activated(text(more=f"effective: {{from: {day}}}\n"))
    house.proposed(text() + "# one more word\n")
    started_and_sent(house)
    assert started_and_sent(house) == 0
    house.clock.now += timedelta(days=1, hours=3)
    assert [started_and_sent(house) for _ in range(3)] == [1, 0, 0]
