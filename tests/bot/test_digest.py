"""A digest tells what changed since the last one, once, with the ledger's head."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.ledger.chain import head
from audit_core.ledger.verify import verify
from bot.desk.blocks import checked_blocks
from bot.digest import Digest, compose, give_out, given_out, lines, markdown, stored
from bot.messages.digest import digest_message
from bot.tables import outbox
from tests.support.conversation import activate, failing, policy_text
from tests.support.ledger import Time, audit, decided, key_of, request

QUIET = Digest(
    policy="release",
    title="Audio",
    since="2026-03-02T08:00:00+00:00",
    until="2026-03-09T08:00:00+00:00",
    opened=0,
    reopened=0,
    by_evidence=0,
    open_now={"high": 3},
    decided={},
    ending={},
    head_seq=41,
    head_hash="9f" * 32,
)


class Past:
    """A store in which things happen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Time()
        activate(store, policy_text(), self.clock())

    def digest(self, since: datetime | None = None, **changed: Any) -> Digest:
        with self.store.read() as connection:
            return compose(connection, "release", "Audio", since=since, until=self.clock(), **changed)

    def give_out(self, due: datetime, late: bool = False) -> Digest | None:
        with self.store.write() as connection:
            return give_out(connection, "release", "Audio", channel="#data-audit", due=due, now=self.clock(), late=late)


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store)


def test_a_digest_counts_what_opened_closed_and_reopened(past: Past) -> None:
    audit(past.store, failing("a", "b", "c", "d"), clock=past.clock)
    audit(past.store, failing("b", "c", "d"), clock=past.clock)
    audit(past.store, failing("a", "b", "c", "d"), clock=past.clock)
    decided(past.store, request("approve", key_of("b"), person="U1", at=past.clock()))
    decided(past.store, request("quarantine", key_of("c"), person="U1", at=past.clock()))
    decided(past.store, request("waive", key_of("d"), person="U2", at=past.clock(), days=10))
    digest = past.digest(names={"U1": "Nina"})
    assert (digest.opened, digest.reopened, digest.by_evidence, digest.by_decision) == (4, 1, 1, 3)
    assert digest.open_now == {"high": 1}
    assert digest.decided == {"Nina": {"approve": 1, "quarantine": 1}, "U2": {"waive": 1}}
    assert list(digest.ending.values()) == [1]


def test_a_digest_begins_where_the_last_one_ended(past: Past) -> None:
    audit(past.store, failing("a"), clock=past.clock)
    between = past.clock()
    audit(past.store, failing("a", "b"), clock=past.clock)
    assert past.digest().opened == 2
    assert past.digest(since=between).opened == 1


def test_a_digest_has_five_lines(past: Past) -> None:
    audit(past.store, failing("a"), clock=past.clock)
    with past.store.read() as connection:
        newest = head(connection)
    assert lines(past.digest()) == [
        "So far: 1 opened, 0 closed (0 by decision), 0 reopened",
        "Open now: 1 high",
        "Decisions: none",
        "Waivers that end within 14 days: none",
        f"Ledger {newest.seq}:{newest.hash}",
    ]


def test_a_silent_week_says_so_in_one_line() -> None:
    assert lines(QUIET) == [
        f"Since 2 Mar 2026, 08:00 UTC: nothing happened; open: 3 high; ledger 41:{'9f' * 32}",
    ]


def test_a_late_digest_says_when_it_was_due() -> None:
    late = Digest(**{**{name: getattr(QUIET, name) for name in QUIET.__slots__}, "due": "2026-03-09T08:00:00+00:00"})
    assert "(late: due 9 Mar 2026, 08:00 UTC)" in lines(late)[0]


def test_a_digest_is_given_out_once(past: Past) -> None:
    due = past.clock()
    assert past.give_out(due) is not None
    assert past.give_out(due) is None
    assert past.give_out(due - timedelta(days=1)) is None
    assert len(given_out(past.store)) == 1


def test_a_digest_that_was_given_out_reads_the_same_later(past: Past) -> None:
    audit(past.store, failing("a"), clock=past.clock)
    digest = past.give_out(past.clock())
    audit(past.store, failing("a", "b"), clock=past.clock)
    with past.store.read() as connection:
        subject = connection.scalar(select(outbox.c.subject))
        assert subject is not None
        assert stored(connection, subject) == digest


def test_the_ledger_is_verified_against_the_heads_that_digests_gave_out(past: Past) -> None:
    audit(past.store, failing("a"), clock=past.clock)
    past.give_out(past.clock())
    (known,) = given_out(past.store)
    with past.store.read() as connection:
        assert known.head == head(connection)
    assert known.label.startswith("the digest of release of 2026-03-02")
    assert verify(past.store, known_heads=[known]).holds


def test_a_digest_goes_to_slack_and_to_markdown_alike() -> None:
    message = digest_message(QUIET)
    checked_blocks(list(message.blocks))
    assert message.text.startswith("Digest: Audio. Since 2 Mar 2026")
    assert markdown(QUIET).startswith("# Digest: Audio\n\n- Since 2 Mar 2026, 08:00 UTC: nothing happened")


def test_a_name_can_do_nothing_in_markdown() -> None:
    nasty = Digest(**{**{name: getattr(QUIET, name) for name in QUIET.__slots__}, "title": "[x](http://evil) <b>*y*"})
    assert markdown(nasty).startswith("# Digest: \\[x\\](http://evil) \\<b\\>\\*y\\*")


def test_a_digest_of_many_people_fits_into_a_message() -> None:
    crowd = {f"person {number} {'x' * 60}": {"waive": 3, "approve": 1_000} for number in range(500)}
    big = Digest(**{**{name: getattr(QUIET, name) for name in QUIET.__slots__}, "decided": crowd})
    checked_blocks(list(digest_message(big).blocks))
