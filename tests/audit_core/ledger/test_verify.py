"""Whatever is altered in the ledger, or in what it vouches for, is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.chain import Head, entry_hash, head
from audit_core.ledger.policies import activate_text, retire
from audit_core.ledger.runs import LEAF_COLUMNS, leaf
from audit_core.ledger.verify import KnownHead, Verification, verify
from tests.support.catalogue import vouch
from tests.support.ledger import START, Time, audit, dataset, decided, found, key_of, request, revision, track


def lived_in(store: Store) -> None:
    """A ledger with something of everything in it."""
    clock = Time()
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        for key in "ab":
            track(connection, train, key, now, files=[("audio", {"sha256": key * 64, "md5": key * 32})])
        for name in ("release", "archive", "old"):
            activate_text(connection, name, f"policy: {name} – é\n", actor="lena", via="cli", at=clock())
        activate_text(connection, "release", "policy: release 2\n", actor="lena", via="cli", at=clock())
        retire(connection, "old", actor="lena", via="cli", at=clock())
    failing = [found(subject, bound={"alpha": 0.5, "of": [1, None, "é"]}) for subject in "abcdef"]
    audit(store, failing, clock=clock, outcomes=[{"rule": "licence-known", "share": 0.25}])
    decided(store, request("quarantine", key_of("a"), at=clock(), targets=(("train", "a"), ("train", "b"))))
    decided(store, request("waive", key_of("b"), at=clock(), reason="tolerated – é"))
    decided(store, request("approve", key_of("c"), at=clock(), evidence_url="https://a.example/x"))
    decided(store, request("quarantine", key_of("d"), at=clock(), targets=(("train", "b"),)))
    decided(store, request("release", key_of("d"), 2, at=clock()))
    audit(store, [*failing[1:4], found("e", message="Other words.")], clock=clock)
    with store.write() as connection:
        vouch(connection, now)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "original.sqlite"
    with Store(sqlite_url(path)) as store:
        lived_in(store)
        with store.write() as connection:
            connection.execute(text("ANALYZE"))
    file = sqlite3.connect(path)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    return path


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "copy.sqlite"))


def verified(path: Path, *, against: Head | None = None, known_heads: tuple[KnownHead, ...] = ()) -> Verification:
    with Store(sqlite_url(path)) as store:
        return verify(store, against=against, known_heads=known_heads)


def altered(path: Path, *statements: str) -> str:
    """What verification says first after somebody was here with sqlite3."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        assert connection.execute(statement).rowcount, statement
    connection.close()
    return str(verified(path).broken)


def head_of(path: Path) -> Head:
    with Store(sqlite_url(path)) as store, store.read() as connection:
        return head(connection)


def test_an_untouched_ledger_holds_on_both_databases(store: Store) -> None:
    lived_in(store)
    verification = verify(store)
    assert verification.broken is None
    assert (verification.holds, verification.runs, verification.decisions, verification.violations) == (True, 2, 5, 6)
    assert verification.entries == verification.head.seq == 5 + 2 + 5 + 1
    assert verification.findings == 6 + 2


def test_an_empty_ledger_holds(store: Store) -> None:
    assert verify(store).holds
    assert verify(store, against=Head(0, "0" * 64)).holds


# The columns that no entry vouches for: how far a run has been worked off.
UNVOUCHED = {("run", "settled_at"), ("run", "announced_at"), ("run", "abandoned_at")}
TABLES = (
    "ledger",
    "run",
    "finding",
    "decision",
    "quarantine",
    "quarantine_content",
    "waiver",
    "waiver_violation",
    "policy_text",
    "policy_activation",
    "violation",
)


@pytest.fixture(scope="module")
def cells(original: Path) -> list[tuple[str, str, str, int]]:
    """Every cell that is vouched for: table, column, condition for its row, and its length in bytes."""
    connection = sqlite3.connect(original)
    cells = []
    for table in TABLES:
        columns = [(row[1], row[5]) for row in connection.execute(f"PRAGMA table_info({table})")]
        keys = ", ".join(f"quote({name})" for name, part in columns if part)
        names = [name for name, part in columns if part]
        for row in connection.execute(f"SELECT {keys} FROM {table}").fetchall():
            where = " AND ".join(f"{name} = {value}" for name, value in zip(names, row, strict=True))
            for column, _ in columns:
                if (table, column) not in UNVOUCHED:
                    select = f"SELECT length(CAST({column} AS BLOB)) FROM {table} WHERE {where}"
                    cells.append((table, column, where, connection.execute(select).fetchone()[0] or 0))
    connection.close()
    return cells


def mutation(path: Path, cell: tuple[str, str, str, int], at: int, bits: int) -> bool:
    """Change one byte of a cell; False if the database itself does not let it be."""
    table, column, where, length = cell
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = bytes
    kind, value = connection.execute(f"SELECT typeof({column}), {column} FROM {table} WHERE {where}").fetchone()
    if kind == b"integer":
        new = f"{value ^ (1 << (at % 40))}"
    elif kind == b"null":
        new = f"{bits}"
    else:
        raw = bytearray(value)
        position = at % max(length, 1)
        raw[position : position + 1] = bytes([(raw[position] if raw else 0) ^ bits])
        new = f"CAST(x'{raw.hex()}' AS TEXT)"
    try:
        connection.execute(f"UPDATE {table} SET {column} = {new} WHERE {where}")
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.close()
    return True


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found(
    original: Path, cells: list[tuple[str, str, str, int]], tmp_path: Path, data: st.DataObject
) -> None:
    table = data.draw(st.sampled_from(TABLES), label="table")
    cell = data.draw(st.sampled_from([cell for cell in cells if cell[0] == table]), label="cell")
    path = Path(shutil.copy(original, tmp_path / "copy.sqlite"))
    for leftover in ("copy.sqlite-wal", "copy.sqlite-shm"):
        (tmp_path / leftover).unlink(missing_ok=True)
    at, bits = data.draw(st.integers(0, 2000), label="byte"), data.draw(st.integers(1, 255), label="bits")
    assume(mutation(path, cell, at, bits))
    assert not verified(path).holds


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_deleted_row_anywhere_is_found(
    original: Path, cells: list[tuple[str, str, str, int]], tmp_path: Path, data: st.DataObject
) -> None:
    table, where = data.draw(st.sampled_from(sorted({(cell[0], cell[2]) for cell in cells})))
    path = Path(shutil.copy(original, tmp_path / "copy.sqlite"))
    with sqlite3.connect(path, isolation_level=None) as connection:
        last = connection.execute("SELECT max(seq) FROM ledger").fetchone()[0]
        connection.execute(f"DELETE FROM {table} WHERE {where}")
    connection.close()
    assume((table, where) != ("ledger", f"seq = {last}"))  # a cut tail shows against a head that was given out
    assert not verified(path).holds


def test_an_altered_entry_is_named(copy: Path) -> None:
    assert altered(copy, "UPDATE ledger SET actor = 'eve' WHERE seq = 7").startswith(
        "ledger row 7 does not match its hash"
    )


def test_the_first_of_several_altered_entries_is_named(copy: Path) -> None:
    said = altered(copy, "UPDATE ledger SET actor = 'eve' WHERE seq IN (4, 9)", "DELETE FROM ledger WHERE seq = 11")
    assert said.startswith("ledger row 4 ")


def test_a_gap_is_named(copy: Path) -> None:
    assert altered(copy, "DELETE FROM ledger WHERE seq = 5") == "ledger row 5 is missing: row 6 stands in its place"


def test_an_entry_that_was_replaced_with_a_right_hash_is_named_by_the_next(copy: Path) -> None:
    connection = sqlite3.connect(copy, isolation_level=None)
    kind, actor, via, payload, previous = connection.execute(
        "SELECT kind, actor, via, payload, previous FROM ledger WHERE seq = 5"
    ).fetchone()
    at = "2026-03-02T09:35:00.000000Z"
    assert actor == "lena"
    digest = entry_hash(5, at, kind, "eve", via, payload, previous)
    connection.execute("UPDATE ledger SET actor = 'eve', hash = ? WHERE seq = 5", (digest,))
    connection.close()
    assert str(verified(copy).broken).startswith("ledger row 6 does not follow row 5")


def test_a_cut_tail_is_named_against_a_head_that_was_given_out(copy: Path) -> None:
    before = head_of(copy)
    altered(copy, "DELETE FROM ledger WHERE seq = 13")
    broken = verified(copy, against=before).broken
    assert str(broken) == "ledger row 13 is missing: the head you gave names row 13, so the tail was cut after row 12"


def test_a_rewritten_tail_is_named_against_a_head_that_was_given_out(copy: Path) -> None:
    digest = KnownHead("the digest of 2026-03-01", Head(12, "f" * 64))
    said = str(verified(copy, known_heads=(digest,)).broken)
    assert said == "ledger row 12 has another hash than in the digest of 2026-03-01: the ledger was rewritten"


def test_heads_that_were_given_out_before_still_hold(copy: Path) -> None:
    before = head_of(copy)
    with Store(sqlite_url(copy)) as store:
        audit(store, [], clock=Time(START + timedelta(days=1)))
    assert verified(copy, against=before, known_heads=(KnownHead("the start", Head(0, "0" * 64)),)).holds


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE finding SET message = 'x' WHERE run_id = 1", "finding of run 1, violation "),
        ("DELETE FROM finding WHERE run_id = 2", "run 2 has 0 findings, but ledger row 12 vouches for 2"),
        ("UPDATE run SET seed = 8 WHERE id = 2", "run 2 does not match ledger row 12"),
        ("DELETE FROM run WHERE id = 2", "run 2 is missing: ledger row 12 vouches for it"),
        ("UPDATE decision SET reason = 'x' WHERE verdict = 'waive'", "decision "),
        ("DELETE FROM decision WHERE verdict = 'waive'", "decision "),
        ("UPDATE quarantine SET released_at = NULL", "quarantine of decision "),
        ("DELETE FROM quarantine_content", "quarantine of decision "),
        ("UPDATE waiver SET ends_at = ends_at + 1", "waiver of decision "),
        ("UPDATE policy_text SET text = text || ' '", "policy text "),
        ("UPDATE policy_activation SET person = 'eve' WHERE seq = 4", "activation 4 of policy release does not match"),
        ("DELETE FROM policy_activation WHERE seq = 4", "activation 4 of policy release is missing: ledger row 4"),
        ("UPDATE violation SET state = 'approved' WHERE state = 'open'", "violation "),
        ("DELETE FROM violation WHERE state = 'resolved'", "violation "),
        ("UPDATE violation SET evidence = replace(evidence, ' ', '  ')", "violation "),
    ],
)
def test_what_was_altered_is_named(copy: Path, statement: str, said: str) -> None:
    assert altered(copy, statement).startswith(said)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO quarantine SELECT 99, 'eve', dataset, 'z', since, NULL, NULL FROM quarantine LIMIT 1", "put in"),
        ("INSERT INTO quarantine_content VALUES (99, 'md5', 'x')", "put in"),
        ("INSERT INTO waiver_violation SELECT decision_id, 'z' FROM waiver LIMIT 1", "does not match"),
        ("INSERT INTO waiver SELECT 'eve', rule, since, until, ends_at FROM waiver LIMIT 1", "put in"),
        ("INSERT INTO policy_text VALUES ('0', 'release', 'x')", "put in"),
        (
            "INSERT INTO policy_activation SELECT 9, policy, sha256, effective_at, at, person, via, NULL, NULL"
            " FROM policy_activation LIMIT 1",
            "activation 9 of policy release was put in",
        ),
    ],
)
def test_what_was_put_in_is_named(copy: Path, statement: str, said: str) -> None:
    assert said in altered(copy, statement)


def test_a_finding_altered_together_with_its_leaf_shows_in_the_root(copy: Path) -> None:
    said = altered(copy, "UPDATE finding SET key = 'f', leaf = leaf WHERE run_id = 2 AND transition = 'changed'")
    assert said.startswith("finding of run 2, violation f does not match its leaf")
    connection = sqlite3.connect(copy, isolation_level=None)
    names = ", ".join(LEAF_COLUMNS)
    row = list(connection.execute(f"SELECT {names} FROM finding WHERE key = 'f'").fetchone())
    row[LEAF_COLUMNS.index("evidence")] = json.loads(row[LEAF_COLUMNS.index("evidence")])
    connection.execute("UPDATE finding SET leaf = ? WHERE key = 'f'", (leaf(row),))
    connection.close()
    assert str(verified(copy).broken).startswith("run 2 has 2 findings, but ledger row 12 vouches for 2 others")


def test_verifying_writes_nothing_and_needs_no_settling(store: Store) -> None:
    audit(store, [found("a"), found("b")], clock=Time(), settle=False)
    assert verify(store).violations == 0
    assert verify(store).holds


def test_an_altered_row_is_named_on_postgresql_too(store: Store) -> None:
    lived_in(store)
    with store.write() as connection:
        connection.execute(text("UPDATE violation SET evidence = '{}' WHERE state = 'approved'"))
    assert str(verify(store).broken).startswith(f"violation {key_of('c')} is not what")
    with store.write() as connection:
        connection.execute(text("UPDATE finding SET evidence = '{\"alpha\": 0.51}' WHERE run_id = 1"))
    assert str(verify(store).broken).startswith("finding of run 1, violation ")
    with store.write() as connection:
        connection.execute(text("UPDATE ledger SET payload = payload || ' ' WHERE seq = 3"))
    assert str(verify(store).broken).startswith("ledger row 3 ")
