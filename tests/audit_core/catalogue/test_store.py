"""The database is opened, migrated once, and written in short transactions that take turns."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text
from sqlmodel import SQLModel

import audit_core.audio.tables
import audit_core.ledger.tables
import audit_core.neighbours.tables
import bot.tables
from audit_core.catalogue.migrations import HEAD
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import datasets
from audit_core.errors import StoreError

assert audit_core.audio.tables
assert audit_core.ledger.tables
assert audit_core.neighbours.tables
assert bot.tables


def test_the_migrations_make_the_tables_that_the_program_speaks_of(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_many_processes_that_open_an_empty_database_migrate_it_once(database_url: str) -> None:
    def open_it(_: int) -> str:
        with Store(database_url) as store, store.read() as connection:
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_it, range(8))) == {HEAD}


def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    with Store(database_url) as store, store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="written by a newer Cratecheck"):
        Store(database_url)


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        connection.execute(insert(datasets).values(name="half"))
        _ = 1 / 0
    with store.read() as connection:
        assert connection.execute(select(datasets.c.name)).all() == []


def test_a_waiting_writer_gets_in_between_two_batches(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "c.sqlite")) as store:
        stop = threading.Event()

        def write_batches() -> None:
            while not stop.is_set():
                with store.write():
                    time.sleep(0.1)
                time.sleep(0.01)

        batches = threading.Thread(target=write_batches)
        batches.start()
        waits = []
        for _ in range(10):
            started = time.monotonic()
            with store.write():
                waits.append(time.monotonic() - started)
        stop.set()
        batches.join()
    assert max(waits) < 1.5


def test_a_writer_waits_no_longer_than_it_was_told_to(store: Store) -> None:
    began, gate = threading.Event(), threading.Event()

    def hold() -> None:
        with store.write() as connection:
            connection.execute(text("DELETE FROM lease" if store.is_sqlite else "LOCK TABLE lease"))
            began.set()
            gate.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert began.wait(5)
        started = time.monotonic()
        with pytest.raises(StoreError, match="another process holds"), store.write(patience_s=0.3) as connection:
            connection.execute(text("DELETE FROM lease"))
        assert 0.2 < time.monotonic() - started < 3
    finally:
        gate.set()
        holder.join()


def test_seventy_can_read_at_a_time(store: Store) -> None:
    with ExitStack() as reading:
        connections = [reading.enter_context(store.read()) for _ in range(70 if store.is_sqlite else 40)]
        assert {connection.scalar(select(1)) for connection in connections} == {1}


def test_that_every_connection_is_in_use_is_an_error_that_says_so(tmp_path: Path) -> None:
    with (
        Store(sqlite_url(tmp_path / "c.sqlite")) as store,
        ExitStack() as reading,
        pytest.raises(StoreError, match="all connections are in use. Try again"),
    ):
        for _ in range(1_000):
            reading.enter_context(store.read())


def test_a_checkpoint_brings_what_was_committed_into_the_file_itself(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "c.sqlite")) as store:
        with store.write() as connection:
            connection.execute(insert(datasets).values(name="crate"))
        store.checkpoint()
        (tmp_path / "copy.sqlite").write_bytes((tmp_path / "c.sqlite").read_bytes())
    with Store(sqlite_url(tmp_path / "copy.sqlite")) as store, store.read() as connection:
        assert connection.execute(select(datasets.c.name)).scalar_one() == "crate"


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("these are my notes, and they are much longer than a header" * 20)
    with pytest.raises(StoreError, match="not a SQLite database"):
        Store(sqlite_url(path))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be opened"):
        Store(sqlite_url(tmp_path / "missing" / "c.sqlite"))


def test_a_database_that_another_process_keeps_locked_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Store(sqlite_url(path)) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        refused = pytest.raises(StoreError, match="another process holds the database")
        with refused, store.write(patience_s=0.1):
            pass
        other.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "not an address"])
def test_an_address_that_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="DATABASE_URL|not supported"):
        Store(url)


@pytest.mark.postgres
def test_a_connection_that_the_server_ended_is_said(postgresql_url: str) -> None:
    ended = pytest.raises(StoreError, match="PostgreSQL ended the connection")
    with Store(postgresql_url) as store, ended, store.write() as connection:
        number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        connection.execute(text("SELECT 1"))


@pytest.mark.postgres
def test_a_row_that_another_process_keeps_locked_is_said(postgresql_url: str) -> None:
    with Store(postgresql_url) as store, store.write() as holding:
        holding.execute(text("LOCK TABLE lease"))
        refused = pytest.raises(StoreError, match="another process holds the database")
        with refused, store.write(patience_s=0.1) as connection:
            connection.execute(text("DELETE FROM lease"))
