"""The desk's SQLite file: one connection behind a lock, and the desk's time.

Everything that the desk has accepted is committed before it answers, so that threads survive both a
restart of the desk and the violent end of the app.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Clock", "Database", "Json"]

Json = dict[str, Any]
Clock = Callable[[], float]

SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, topic TEXT NOT NULL,
    created INTEGER NOT NULL, archived INTEGER NOT NULL DEFAULT 0, place INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS members (
    conversation TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (conversation, user)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reads (
    user TEXT NOT NULL, conversation TEXT NOT NULL, ts TEXT NOT NULL,
    PRIMARY KEY (user, conversation)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    ts TEXT PRIMARY KEY, channel TEXT NOT NULL, thread_ts TEXT, user TEXT NOT NULL,
    broadcast INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_of_channel ON messages (channel, ts);
CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (channel, thread_ts, ts);
CREATE TABLE IF NOT EXISTS ephemerals (
    ts TEXT PRIMARY KEY, channel TEXT NOT NULL, thread_ts TEXT, to_user TEXT NOT NULL,
    body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS views (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, user TEXT NOT NULL, external_id TEXT NOT NULL,
    root_id TEXT NOT NULL, depth INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS triggers (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, view_id TEXT, issued REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS response_urls (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, channel TEXT NOT NULL, message_ts TEXT,
    issued REAL NOT NULL, uses INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, alt_text TEXT NOT NULL,
    mimetype TEXT NOT NULL, length INTEGER NOT NULL, upload_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL, created INTEGER NOT NULL, content BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shares (
    file TEXT NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL, PRIMARY KEY (file, channel, ts)) WITHOUT ROWID;
"""


class Database:
    """The file, and what keeps its writers in order.

    Attributes
    ----------
    revision : int
        Grows with every change; a page that has seen this number has seen everything.
    """

    def __init__(self, path: Path, clock: Clock = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.revision = 0
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        latest = self.one(
            "SELECT max(ts) AS ts FROM (SELECT max(ts) AS ts FROM messages UNION ALL SELECT max(ts) FROM ephemerals)"
        )
        self._last_us = int(latest["ts"].replace(".", "")) if latest and latest["ts"] else 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def stamp(self) -> str:
        """Mint the next ``ts``: a message's id in its channel, and its time (seconds, six decimals)."""
        with self._lock:
            self._last_us = max(int(self.clock() * 1_000_000), self._last_us + 1)
            return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock and one transaction; nests."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            self.revision += 1

    def run(self, sql: str, *values: object) -> int:
        """Write, and tell how many rows were touched."""
        with self.writing():
            return self._db.execute(sql, values).rowcount

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Read all rows of an answer."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Read the first row of an answer, or None."""
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return row

    def secret(self, name: str, fresh: str) -> str:
        """Give the secret of this name, keeping ``fresh`` if there is none yet."""
        with self.writing():
            self._db.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, fresh))
        row = self.one("SELECT value FROM secrets WHERE name = ?", name)
        return str(row["value"]) if row else fresh
