"""Proposals: what becomes of them, and that whatever is altered in them, in answers or in activations is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.policies import (
    activate_text,
    activated_last,
    activations,
    effective,
    in_force,
    pending,
    retire,
    text_sha256,
)
from audit_core.ledger.proposals import (
    LAPSES_AFTER,
    Proposal,
    activated,
    answered,
    examined,
    proposal,
    proposals,
    proposals_like,
    proposed,
)
from audit_core.ledger.verify import verify
from tests.support.ledger import START

FIRST, SECOND = "policy: release\n", "policy: release\ntitle: second\n"
PREVIEW: dict[str, Any] = {"rules": [{"rule": "licence-known", "opens": 3, "share": 0.25}], "loosening": []}
DAY = timedelta(days=1)


def propose(store: Store, body: str | None = FIRST, *, base: str | None = None, at: datetime = START) -> str:
    with store.write() as connection:
        return proposed(
            connection,
            "release",
            body,
            base_sha256=text_sha256(base) if base else None,
            person="ada",
            via="cli",
            at=at,
            reason="as agreed – é",
            origin="policies/release.yaml",
            commit="1f" * 20,
        )


def examine(store: Store, number: str, **said: Any) -> None:
    with store.write() as connection:
        told = {"preview": PREVIEW, "actor": "cratecheck", "via": "cli", "at": START, **said}
        examined(connection, number, **told)


def answer(store: Store, number: str, person: str, said: Any, at: datetime = START) -> None:
    with store.write() as connection:
        answered(connection, number, answer=said, person=person, via="slack", at=at, reason="because")


def activate(store: Store, number: str, body: str | None, at: datetime = START, **more: Any) -> None:
    said: dict[str, Any] = {"actor": "grace", "via": "slack", "at": at, "proposal_id": number, "commit": "1f" * 20}
    with store.write() as connection:
        if body is None:
            retire(connection, "release", **said)
        else:
            activate_text(connection, "release", body, **said, **more)
        activated(connection, number, at)


def read(store: Store, number: str, at: datetime = START) -> Proposal:
    with store.read() as connection:
        found = proposal(connection, number, at)
    assert found is not None
    return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Store]:
    """A store of which it does not matter on which database it is."""
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield store


def test_a_proposal_is_examined_confirmed_and_activated(store: Store) -> None:
    number = propose(store)
    assert (read(store, number).state, read(store, number).preview) == ("examining", None)
    examine(store, number, confirmations=2)
    found = read(store, number)
    assert (found.state, found.preview, found.confirmations, found.confirmed) == ("proposed", PREVIEW, 2, 0)
    answer(store, number, "grace", "confirm")
    activate(store, number, FIRST, effective_at=START + DAY)
    found = read(store, number)
    assert (found.state, found.decided_at, found.effective_at) == ("activated", START, START + DAY)
    assert [(one.person, one.answer, one.via, one.reason) for one in found.answers] == [
        ("grace", "confirm", "slack", "because")
    ]
    assert verify(store).broken is None


@pytest.mark.parametrize(("said", "state"), [("reject", "rejected"), ("withdraw", "withdrawn")])
def test_an_answer_may_end_it(here: Store, said: str, state: str) -> None:
    number = propose(here)
    examine(here, number)
    answer(here, number, "grace", said)
    assert (read(here, number).state, read(here, number).decided_at) == (state, START)
    assert verify(here).broken is None


def test_an_examination_may_refuse_it(here: Store) -> None:
    number = propose(here)
    examine(here, number, preview=None, refused="an example fails")
    found = read(here, number)
    assert (found.state, found.refused, found.decided_at) == ("refused", "an example fails", START)
    assert verify(here).broken is None


def test_it_lapses_after_three_days(here: Store) -> None:
    number = propose(here)
    assert read(here, number, START + LAPSES_AFTER - timedelta(seconds=1)).state == "examining"
    assert read(here, number, START + LAPSES_AFTER).state == "lapsed"
    with here.read() as connection:
        assert proposals(connection, START + LAPSES_AFTER) == []
        assert [one.id for one in proposals(connection, START + LAPSES_AFTER, is_open=False)] == [number]


def test_what_was_decided_does_not_lapse(here: Store) -> None:
    number = propose(here)
    answer(here, number, "ada", "withdraw")
    assert read(here, number, START + LAPSES_AFTER).state == "withdrawn"


def test_another_activation_overtakes_it_even_one_that_counts_later_or_leads_back(here: Store) -> None:
    for body, since in ((SECOND, START), (SECOND, START + DAY)):
        number = propose(here)
        with here.write() as connection:
            said: Any = {"actor": "otis", "via": "cli", "at": START}
            activate_text(connection, "release", body, effective_at=since, **said)
            retire(connection, "release", **said)
        assert read(here, number).state == "overtaken"


def test_a_text_that_takes_force_meanwhile_overtakes_it(here: Store) -> None:
    with here.write() as connection:
        said: Any = {"actor": "otis", "via": "cli", "at": START}
        activate_text(connection, "release", SECOND, effective_at=START + DAY, **said)
    number = propose(here)
    assert read(here, number, START + DAY - timedelta(seconds=1)).state == "examining"
    assert read(here, number, START + DAY).state == "overtaken"


def test_it_is_found_by_the_first_digits_of_its_id(store: Store) -> None:
    number = propose(store)
    with store.read() as connection:
        assert [one.id for one in proposals_like(connection, number[:8].upper(), START)] == [number]
        assert proposals_like(connection, "%", START) == []


def test_a_text_that_takes_force_later_leaves_the_one_before_in_force_until_then(store: Store) -> None:
    said: Any = {"actor": "otis", "via": "cli", "at": START}
    with store.write() as connection:
        activate_text(connection, "release", FIRST, **said)
        activate_text(connection, "release", SECOND, effective_at=START + DAY, **said)
    with store.read() as connection:
        for at, body in ((START, FIRST), (START + DAY - timedelta(microseconds=1), FIRST), (START + DAY, SECOND)):
            assert in_force(connection, at)["release"].text == body
            assert effective(connection, at)["release"].sha256 == text_sha256(body)
        assert in_force(connection, START - DAY) == {}
        assert [one.text for one in pending(connection, START)] == [SECOND]
        assert pending(connection, START + DAY) == []
    assert verify(store).broken is None


def test_what_is_activated_after_a_text_that_is_to_take_force_puts_it_aside(store: Store) -> None:
    said: Any = {"actor": "otis", "via": "cli", "at": START}
    with store.write() as connection:
        activate_text(connection, "release", FIRST, **said)
        activate_text(connection, "release", SECOND, effective_at=START + DAY, **said)
        activate_text(connection, "release", FIRST, **said)
    with store.read() as connection:
        assert pending(connection, START) == []
        assert in_force(connection, START + 2 * DAY)["release"].text == FIRST
        assert len(activations(connection, "release")) == 3


def test_a_policy_can_be_retired_before_it_takes_force(here: Store) -> None:
    said: Any = {"actor": "otis", "via": "cli", "at": START}
    with here.write() as connection:
        activate_text(connection, "release", FIRST, effective_at=START + DAY, **said)
        assert retire(connection, "release", **said)
    with here.read() as connection:
        assert pending(connection, START) == []
        assert in_force(connection, START + 2 * DAY) == {}


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 2)), st.integers(0, 4)), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_force_is_always_the_last_of_what_is_effective(
    here: Store, steps: list[tuple[str, int | None, int]]
) -> None:
    """At each hour something is activated, to count some hours later, or retired at once."""
    written: list[tuple[str, str | None, datetime]] = []
    with here.engine.connect() as connection:
        connection.begin()
        for number, (policy, body, ahead) in enumerate(steps):
            at = START + timedelta(hours=number)
            said: Any = {"actor": "otis", "via": "cli", "at": at}
            last = activated_last(connection, policy)
            if body is None:
                if retire(connection, policy, **said):
                    written.append((policy, None, at))
            elif last is None or last.sha256 != text_sha256(f"{policy}{body}"):
                since = at + timedelta(hours=ahead)
                activate_text(connection, policy, f"{policy}{body}", effective_at=since, **said)
                written.append((policy, f"{policy}{body}", since))
        for hours in range(-1, 14):
            at = START + timedelta(hours=hours)
            expected = {policy: body for policy, body, since in written if since <= at}
            found = {policy: one.text for policy, one in in_force(connection, at).items()}
            assert found == {policy: body for policy, body in expected.items() if body is not None}
            assert {policy: one.sha256 for policy, one in effective(connection, at).items()} == {
                policy: text_sha256(body) for policy, body in found.items()
            }
        end = START + timedelta(hours=len(steps))
        for one in pending(connection, end):
            assert in_force(connection, one.effective_at)[one.policy].seq == one.seq
        connection.rollback()


def lived_in(store: Store) -> None:
    """Proposals that came to everything that they can come to."""
    first = propose(store)
    examine(store, first, confirmations=2)
    answer(store, first, "grace", "confirm")
    answer(store, first, "otis", "confirm")
    activate(store, first, FIRST)
    for said in ("reject", "withdraw"):
        number = propose(store, SECOND, base=FIRST)
        examine(store, number)
        answer(store, number, "grace", said)
    examine(store, propose(store, SECOND, base=FIRST), preview=None, refused="an example fails")
    later = propose(store, SECOND, base=FIRST)
    examine(store, later)
    answer(store, later, "grace", "confirm")
    activate(store, later, SECOND, effective_at=START + DAY)
    gone = propose(store, None, base=FIRST)
    examine(store, gone)
    activate(store, gone, None)
    propose(store, "policy: release\ntitle: third\n")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, sqlite3.Connection]]:
    path = tmp_path_factory.mktemp("ledger") / "cratecheck.sqlite"
    with Store(sqlite_url(path)) as store:
        lived_in(store)
        file = sqlite3.connect(path, isolation_level=None)
        yield store, file
        file.close()


TABLES = ("policy_text", "policy_proposal", "policy_answer", "policy_activation")


def test_what_they_came_to_holds_on_both_databases(store: Store) -> None:
    lived_in(store)
    assert verify(store).broken is None
    with store.write() as connection:
        connection.execute(
            text("UPDATE policy_proposal SET preview = '{}' WHERE state = 'proposed' OR confirmations = 2")
        )
    assert "does not stand as the ledger says" in str(verify(store).broken)


@pytest.mark.parametrize("table", TABLES)
def test_each_altered_value_is_found(lived: tuple[Store, sqlite3.Connection], table: str) -> None:
    store, file = lived
    columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
    unnoticed = []
    for rowid, *_ in file.execute(f"SELECT rowid FROM {table}").fetchall():
        for column in columns:
            where = f"WHERE rowid = {rowid}"
            (before,) = file.execute(f"SELECT {column} FROM {table} {where}").fetchone()
            other = before + 1 if isinstance(before, int) else f"{before or ''}x"
            try:
                file.execute(f"UPDATE {table} SET {column} = ? {where}", (other,))
            except sqlite3.IntegrityError:
                continue  # the database itself does not let it be
            if verify(store).holds:
                unnoticed.append((rowid, column, before))
            now = other if column == "seq" and table == "policy_activation" else rowid  # its key is the row's number
            file.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = {now}", (before,))
    assert unnoticed == []
    assert verify(store).holds


@pytest.mark.parametrize("table", TABLES)
def test_each_row_that_was_taken_out_is_found(lived: tuple[Store, sqlite3.Connection], table: str) -> None:
    store, file = lived
    for row in file.execute(f"SELECT rowid, * FROM {table}").fetchall():
        file.execute(f"DELETE FROM {table} WHERE rowid = ?", row[:1])
        assert "is missing" in str(verify(store).broken)
        file.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * (len(row) - 1))})", row[1:])
    assert verify(store).holds


@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        (
            "INSERT INTO policy_answer SELECT id, 'eve', 'confirm', seq, via, at, reason FROM policy_proposal LIMIT 1",
            "DELETE FROM policy_answer WHERE person = 'eve'",
        ),
        (
            "INSERT INTO policy_activation SELECT 99, policy, sha256, at, at, person, via, NULL, NULL"
            " FROM policy_proposal LIMIT 1",
            "DELETE FROM policy_activation WHERE seq = 99",
        ),
        (
            "INSERT INTO policy_proposal SELECT 'x', seq, policy, sha256, base_sha256, person, via, at, reason, origin,"
            " git_commit, state, preview, confirmations, refused, decided_at FROM policy_proposal LIMIT 1",
            "DELETE FROM policy_proposal WHERE id = 'x'",
        ),
    ],
)
def test_each_row_that_was_put_in_is_found(lived: tuple[Store, sqlite3.Connection], statement: str, undo: str) -> None:
    store, file = lived
    file.execute(statement)
    assert "was put in" in str(verify(store).broken)
    file.execute(undo)
    assert verify(store).holds
