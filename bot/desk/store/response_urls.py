"""The addresses that an app may answer an interaction at, for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from bot.desk.store.database import Database

__all__ = ["RESPONSE_URL_LIVES_S", "RESPONSE_URL_USES", "Reply", "ResponseUrls"]

RESPONSE_URL_USES = 5
RESPONSE_URL_LIVES_S = 30 * 60.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#message_responses:
up to five times within thirty minutes of the interaction."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a response URL speaks of: who acted, where, and on which message."""

    user: str
    channel: str
    message_ts: str | None


class ResponseUrls:
    """The response URLs given out."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def issue(self, user: str, channel: str, message_ts: str | None) -> str:
        """Mint a key for an interaction."""
        key = secrets.token_urlsafe(24)
        now = self._db.clock()
        with self._db.writing():
            self._db.run("DELETE FROM response_urls WHERE issued < ?", now - 24 * 3600)
            self._db.run("INSERT INTO response_urls VALUES (?, ?, ?, ?, ?, 0)", key, user, channel, message_ts, now)
        return key

    def use(self, key: str) -> Reply | Literal["expired_url", "used_url"]:
        """Count a use, or say why there is none left."""
        with self._db.writing():
            row = self._db.one("SELECT * FROM response_urls WHERE id = ?", key)
            if row is None or self._db.clock() - row["issued"] > RESPONSE_URL_LIVES_S:
                return "expired_url"
            if row["uses"] >= RESPONSE_URL_USES:
                return "used_url"
            self._db.run("UPDATE response_urls SET uses = uses + 1 WHERE id = ?", key)
        return Reply(row["user"], row["channel"], row["message_ts"])
