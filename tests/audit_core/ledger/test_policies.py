"""The text of every policy that was ever active is kept by its SHA-256, and the ledger says who activated it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, update

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import LedgerBroken
from audit_core.ledger.chain import export
from audit_core.ledger.policies import activate_text, in_force, pending, retire, text_of
from audit_core.ledger.tables import policy_texts
from audit_core.ledger.verify import verify
from tests.support.ledger import START

FIRST, SECOND = "policy: release\r\ntitle: Für alle\n", "policy: release\ntitle: changed\n"


def activate(store: Store, text: str, policy: str = "release") -> str:
    with store.write() as connection:
        return activate_text(connection, policy, text, actor="lena", via="cli", at=START)


def entries(store: Store) -> list[dict[str, str]]:
    with store.read() as connection:
        return [json.loads(line) for line in export(connection)]


def test_an_active_text_is_read_back_byte_for_byte_under_its_sha256(store: Store) -> None:
    sha256 = activate(store, FIRST)
    assert sha256 == hashlib.sha256(FIRST.encode()).hexdigest()
    with store.read() as connection:
        (one,) = in_force(connection, START).values()
        assert (one.policy, one.sha256, one.text) == ("release", sha256, FIRST)
        assert (one.person, one.via, one.at, one.effective_at) == ("lena", "cli", START, START)
        assert text_of(connection, sha256) == FIRST
        assert text_of(connection, "0" * 64) is None


def test_activating_what_is_active_writes_nothing(store: Store) -> None:
    assert activate(store, FIRST) == activate(store, FIRST)
    assert len(entries(store)) == 1


def test_a_replaced_text_stays_and_can_come_back(store: Store) -> None:
    first, second = activate(store, FIRST), activate(store, SECOND)
    assert activate(store, FIRST) == first
    payloads = [json.loads(entry["payload"]) for entry in entries(store)]
    assert [payload["replaced"] for payload in payloads] == [None, first, second]
    with store.read() as connection:
        assert text_of(connection, second) == SECOND
    assert verify(store).holds


def test_a_retired_policy_is_not_active_and_its_text_stays(store: Store) -> None:
    sha256 = activate(store, FIRST)
    for expected in (True, False):
        with store.write() as connection:
            assert retire(connection, "release", actor="lena", via="cli", at=START) is expected
    with store.read() as connection:
        assert in_force(connection, START) == {}
        assert text_of(connection, sha256) == FIRST
    assert [entry["kind"] for entry in entries(store)] == ["activation", "retirement"]
    assert verify(store).holds


def test_active_policies_come_in_the_order_of_their_names(store: Store) -> None:
    for name in ("b", "Z", "a"):
        activate(store, f"policy: {name}\n", name)
    with store.read() as connection:
        assert list(in_force(connection, START)) == ["Z", "a", "b"]


@pytest.mark.parametrize("statement", [update(policy_texts).values(text=SECOND), delete(policy_texts)])
def test_a_text_that_was_altered_or_taken_away_is_not_applied(tmp_path: Path, statement: Executable) -> None:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        activate(store, FIRST)
        with store.write() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            connection.execute(statement)
            with pytest.raises(LedgerBroken, match="of the policy release (was altered|is missing)"):
                in_force(connection, START)
            connection.rollback()


def test_a_text_that_is_yet_to_take_force_is_not_read_either_when_it_was_altered(store: Store) -> None:
    later = START + timedelta(days=30)
    with store.write() as connection:
        sha256 = activate_text(connection, "release", FIRST, actor="l", via="cli", at=START, effective_at=later)
        connection.execute(update(policy_texts).values(text=SECOND))
    with store.read() as connection:
        with pytest.raises(LedgerBroken, match="was altered"):
            pending(connection, START)
        with pytest.raises(LedgerBroken, match="was altered"):
            text_of(connection, sha256)
