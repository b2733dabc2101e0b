"""The database of a workspace: opened, migrated, read, and written in short transactions.

SQLite in WAL mode when nothing is configured, PostgreSQL for a team. SQLite has one writer: `Store.write` waits for its
turn in small steps, so that a click gets in between two batches of an import.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from audit_core.errors import StoreError

__all__ = ["Store", "sqlite_url"]

logger = logging.getLogger(__name__)

_PATIENCE_S = 20.0
_STEP_S = 0.003
_CONNECTIONS = 96  # more than a service has threads: that the writer is taken must keep nobody from reading
_POOL_PATIENCE_S = 2.0


def sqlite_url(path: Path) -> str:
    """Name the SQLite file at a path as SQLAlchemy does."""
    return f"sqlite:///{path}"


class Store:
    """A database that is open and up to date.

    Parameters
    ----------
    url : str
        As SQLAlchemy writes it: ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``.

    Raises
    ------
    StoreError
        If the database can't be opened or migrated, or was written by a newer Cratecheck.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._name = self.engine.url.render_as_string(hide_password=True)
        from audit_core.catalogue.migrations import migrate  # here, for it is slow to import and rarely has work

        try:
            with _store_errors(self._name):
                migrate(self.engine)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def checkpoint(self) -> None:
        """Bring what was committed from SQLite's log into its file, holding up nobody.

        Long work does it between its writes. The more is in the log, the fewer pages have to be written twice; and a
        log that is kept short by long work is not left to a click to clear.

        Raises
        ------
        StoreError
            If the disk is full.
        """
        if self.is_sqlite:
            with _store_errors(self._name), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database throughout.

        Raises
        ------
        StoreError
            If the database can't be reached.
        """
        # SQLite reads one state as it is; PostgreSQL must be told.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with (
            _store_errors(self._name),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self, *, patience_s: float = _PATIENCE_S) -> Iterator[Connection]:
        """Give a connection whose work is committed at the end: all of it, or nothing.

        Parameters
        ----------
        patience_s : float
            How long to wait for one's turn: less than whoever waits for the answer does, for what is done after that
            seems not to have been done. PostgreSQL waits so long for each lock.

        Raises
        ------
        StoreError
            If others hold the database for as long as that, if it is read-only, or if the disk is full.
        """
        with (
            _store_errors(self._name),
            self.engine.connect().execution_options(begin="IMMEDIATE", patience_s=patience_s) as connection,
            connection.begin(),
        ):
            if not self.is_sqlite:  # SQLite's patience is `_begin_sqlite`
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience_s * 1000)}")
            yield connection


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            engine = create_engine(
                parsed,
                connect_args={"isolation_level": None},
                pool_size=_CONNECTIONS,
                max_overflow=0,
                pool_timeout=_POOL_PATIENCE_S,
                pool_use_lifo=True,  # a connection keeps its cache as long as no other one writes
            )
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        if backend == "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=20,
                max_overflow=_CONNECTIONS - 20,
                pool_timeout=_POOL_PATIENCE_S,
            )
    except ArgumentError as error:
        raise StoreError("DATABASE_URL is not an address", mend="Write it as postgresql://USER@HOST/NAME.") from error
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            "PostgreSQL needs a driver that is not installed", mend='Install it with `pip install "cratecheck[team]"`.'
        ) from error
    raise StoreError(
        f"a database of kind {backend!r} is not supported",
        mend="Write DATABASE_URL as sqlite:///PATH or postgresql://USER@HOST/NAME.",
    )


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # WAL: readers see the last commit while one writes. FULL: a decision that was answered survives a power cut.
    for pragma in (
        "busy_timeout = 10000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -65536",
        "temp_store = MEMORY",
        "mmap_size = 1073741824",
        "wal_autocheckpoint = 16000",  # 64 MB; `Store.checkpoint` comes before, where much is written
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin")
    if mode is None:
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own wait backs off to 100 ms and so loses its turn to a process that writes batch after batch.
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + connection.get_execution_options().get("patience_s", _PATIENCE_S)
    try:
        while True:
            try:
                connection.exec_driver_sql(f"BEGIN {mode}")
                return
            except OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() > deadline:
                    raise
                time.sleep(_STEP_S)
    finally:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10000")


@contextmanager
def _store_errors(name: str) -> Iterator[None]:
    """Say what a database's refusal means, where its user can mend it."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreError(f"{name}: all connections are in use", mend="Try again in a moment.") from error
    except DBAPIError as error:
        cause = str(error.orig)
        for sign, what, mend in _REFUSALS:
            if sign in cause:
                raise StoreError(f"{name}: {what}", mend=mend) from error
        raise


_REFUSALS: tuple[tuple[str, str, str], ...] = (
    ("database is locked", "another process holds the database", "Wait for it to end, then try again."),
    ("lock timeout", "another process holds the database", "Wait for it to end, then try again."),
    ("readonly database", "the database is read-only", "Give this user the right to write the file and its folder."),
    (
        "unable to open database file",
        "the database file can't be opened",
        "See that its folder exists and that this user may write there.",
    ),
    ("file is not a database", "the file is not a SQLite database", "Point to another file, or restore a backup."),
    ("malformed", "the database file is damaged", "Restore a backup."),
    ("disk is full", "the disk is full", "Make room, then try again: what was not committed is not there."),
    (
        "disk I/O error",
        "the disk refused the write",
        "See its space and its limits, then try again: what was not committed is not there.",
    ),
    ("No space left on device", "the disk is full", "Make room, then try again: what was not committed is not there."),
    (
        "terminating connection",
        "PostgreSQL ended the connection",
        "See that the server runs, then try again: what was not committed is not there.",
    ),
    (
        "server closed the connection",
        "PostgreSQL ended the connection",
        "See that the server runs, then try again: what was not committed is not there.",
    ),
    ("connection failed", "PostgreSQL can't be reached", "See that DATABASE_URL is right and that the server runs."),
    ("could not connect", "PostgreSQL can't be reached", "See that DATABASE_URL is right and that the server runs."),
    ("connection refused", "PostgreSQL can't be reached", "See that DATABASE_URL is right and that the server runs."),
)
