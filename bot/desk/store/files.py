"""Uploaded files, bytes included."""

from __future__ import annotations

import mimetypes
import secrets
import sqlite3
from dataclasses import dataclass

from bot.desk.store.database import Database

__all__ = ["BYTES_AT_MOST", "Files", "StoredFile"]

BYTES_AT_MOST = 50 * 1024 * 1024
"""The desk's own bound; Slack takes a gigabyte."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file; ``state`` is awaited, uploaded or shared."""

    id: str
    name: str
    title: str
    alt_text: str
    mimetype: str
    length: int
    state: str
    created: int


class Files:
    """The files of the workspace."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def await_upload(self, name: str, length: int, alt_text: str) -> tuple[str, str]:
        """Reserve a file, and give its id and the key of its upload URL."""
        file_id, key = "F" + secrets.token_hex(5).upper(), secrets.token_urlsafe(24)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._db.run(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, 'awaited', ?, NULL)",
            file_id, name, name, alt_text, mimetype, length, key, int(self._db.clock()),
        )  # fmt: skip
        return file_id, key

    def receive(self, key: str, content: bytes) -> bool:
        """Take the bytes of an awaited file; False if none is awaited there, or of another length."""
        sql = "UPDATE files SET content = ?, state = 'uploaded' WHERE upload_key = ? AND length = ?"
        return self._db.run(sql + " AND state = 'awaited'", content, key, len(content)) > 0

    def share(self, file_id: str, title: str) -> None:
        """Mark a file as shared, under a title."""
        self._db.run(
            "UPDATE files SET state = 'shared', title = coalesce(?, title) WHERE id = ?",
            title or None, file_id,
        )  # fmt: skip

    def shown_in(self, file_id: str, channel: str, ts: str) -> None:
        """Note the message that a file is part of."""
        self._db.run("INSERT INTO shares VALUES (?, ?, ?)", file_id, channel, ts)

    def shares(self, file_id: str) -> list[tuple[str, str]]:
        """List the messages that a file is part of, each as its channel and its ``ts``."""
        rows = self._db.all("SELECT channel, ts FROM shares WHERE file = ? ORDER BY ts", file_id)
        return [(row["channel"], row["ts"]) for row in rows]

    def get(self, file_id: str) -> StoredFile | None:
        """Describe a file."""
        row = self._db.one(
            "SELECT id, name, title, alt_text, mimetype, length, state, created FROM files WHERE id = ?",
            file_id,
        )
        return _file(row) if row else None

    def delete(self, file_id: str) -> None:
        """Forget a file, and its bytes."""
        with self._db.writing():
            self._db.run("DELETE FROM shares WHERE file = ?", file_id)
            self._db.run("DELETE FROM files WHERE id = ?", file_id)

    def content(self, file_id: str) -> bytes:
        """Give the bytes of a file."""
        row = self._db.one("SELECT content FROM files WHERE id = ?", file_id)
        return bytes(row["content"]) if row and row["content"] is not None else b""


def _file(row: sqlite3.Row) -> StoredFile:
    return StoredFile(**{key: row[key] for key in row.keys()})  # noqa: SIM118  a Row iterates its values
