"""Messages, replies, and those that only one person sees."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from bot.desk.store.database import Database, Json

__all__ = ["TOMBSTONE", "Messages", "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of messages, and whether there are more beyond it."""

    messages: list[Json]
    has_more: bool


TOMBSTONE: Json = {
    "type": "message",
    "subtype": "tombstone",
    "user": "USLACKBOT",
    "username": "Slackbot",
    "text": "This message was deleted.",
    "hidden": True,
}
"""What stands in for a deleted message that has replies."""


class Messages:
    """What was said. A message is the JSON object that Slack's API gives for it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, channel: str, user: str, body: Json, *, thread_ts: str | None, broadcast: bool) -> Json:
        """Store a message; its ``ts`` is minted here."""
        with self._db.writing():
            ts = self._db.stamp()
            body = {"type": "message", **body, "user": user, "ts": ts}
            if thread_ts is not None:
                body["thread_ts"] = thread_ts
            self._db.run(
                "INSERT INTO messages (ts, channel, thread_ts, user, broadcast, body) VALUES (?,?,?,?,?,?)",
                ts, channel, thread_ts, user, broadcast, json.dumps(body),
            )  # fmt: skip
        return body

    def get(self, channel: str, ts: str) -> Json | None:
        """Find a message."""
        row = self._db.one("SELECT * FROM messages WHERE channel = ? AND ts = ?", channel, ts)
        return self._decorated(row) if row else None

    def channel_of(self, ts: str) -> str | None:
        """Tell where a message stands; the desk never gives out a ``ts`` twice."""
        row = self._db.one(
            "SELECT channel FROM messages WHERE ts = ? UNION ALL SELECT channel FROM ephemerals WHERE ts = ?",
            ts, ts,
        )  # fmt: skip
        return str(row["channel"]) if row else None

    def replace(self, channel: str, ts: str, body: Json, *, broadcast: bool | None = None) -> None:
        """Change a message in place."""
        for derived in ("reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked"):
            body.pop(derived, None)
        self._db.run(
            "UPDATE messages SET body = ?, broadcast = coalesce(?, broadcast) WHERE channel = ? AND ts = ?",
            json.dumps(body), broadcast, channel, ts,
        )  # fmt: skip

    def delete(self, channel: str, ts: str) -> bool:
        """Take a message away; False if it is not there. The parent of a thread leaves a tombstone."""
        with self._db.writing():
            message = self.get(channel, ts)
            if message is None:
                return False
            if message.get("reply_count"):
                stone = {**TOMBSTONE, "ts": ts}
                self._db.run("UPDATE messages SET user = ?, broadcast = 0 WHERE ts = ?", stone["user"], ts)
                self.replace(channel, ts, stone)
                return True
            return self._db.run("DELETE FROM messages WHERE channel = ? AND ts = ?", channel, ts) > 0

    def history(
        self,
        channel: str,
        *,
        oldest: str = "0",
        latest: str = "",
        inclusive: bool = False,
        before: str = "",
        limit: int = 100,
    ) -> Page:
        """List a channel's own messages (no replies, but broadcast ones), newest first."""
        above, below = (">=", "<=") if inclusive else (">", "<")
        rows = self._db.all(
            f"SELECT * FROM messages WHERE channel = ? AND ts {above} ? AND ts {below} ? AND ts < ?"
            " AND (thread_ts IS NULL OR thread_ts = ts OR broadcast = 1) ORDER BY ts DESC LIMIT ?",
            channel, oldest, latest or "9", before or "9", limit + 1,
        )  # fmt: skip
        return Page([self._decorated(row) for row in rows[:limit]], len(rows) > limit)

    def thread(
        self,
        channel: str,
        parent: str,
        *,
        oldest: str = "0",
        latest: str = "",
        inclusive: bool = False,
        after: str = "",
        limit: int = 1000,
    ) -> Page:
        """List a thread: its parent, then the replies, oldest first."""
        above, below = (">=", "<=") if inclusive else (">", "<")
        rows = self._db.all(
            "SELECT * FROM messages WHERE channel = ? AND ts > ? AND (ts = ? OR (thread_ts = ?"
            f" AND ts {above} ? AND ts {below} ?)) ORDER BY ts LIMIT ?",
            channel, after, parent, parent, oldest, latest or "9", limit + 1,
        )  # fmt: skip
        return Page([self._decorated(row) for row in rows[:limit]], len(rows) > limit)

    def whisper(self, channel: str, to_user: str, body: Json, *, thread_ts: str | None) -> str:
        """Store a message that only one person sees, and give its ``ts``."""
        with self._db.writing():
            ts = self._db.stamp()
            body = {"type": "message", **body, "ts": ts, "is_ephemeral": True}
            if thread_ts is not None:
                body["thread_ts"] = thread_ts
            self._db.run(
                "INSERT INTO ephemerals (ts, channel, thread_ts, to_user, body) VALUES (?,?,?,?,?)",
                ts, channel, thread_ts, to_user, json.dumps(body),
            )  # fmt: skip
        return ts

    def whispers(self, to_user: str, channel: str | None = None) -> list[Json]:
        """List what only this person sees, oldest first."""
        rows = self._db.all(
            "SELECT * FROM ephemerals WHERE to_user = ? AND channel = coalesce(?, channel) ORDER BY ts",
            to_user, channel,
        )  # fmt: skip
        return [{**json.loads(row["body"]), "channel": row["channel"]} for row in rows]

    def whispered(self, to_user: str, ts: str) -> Json | None:
        """Find one of the messages that only this person sees."""
        return next((body for body in self.whispers(to_user) if body["ts"] == ts), None)

    def replace_whisper(self, ts: str, body: Json) -> None:
        """Change such a message in place."""
        self._db.run("UPDATE ephemerals SET body = ? WHERE ts = ?", json.dumps(body), ts)

    def delete_whisper(self, to_user: str, ts: str) -> bool:
        """Take such a message away; False if it is not there."""
        return self._db.run("DELETE FROM ephemerals WHERE to_user = ? AND ts = ?", to_user, ts) > 0

    def _decorated(self, row: sqlite3.Row) -> Json:
        """Add what Slack derives for the parent of a thread."""
        body: Json = json.loads(row["body"])
        if row["thread_ts"] is not None and row["thread_ts"] != row["ts"]:
            return body
        replies = self._db.all(
            "SELECT user, ts FROM messages WHERE channel = ? AND thread_ts = ? AND ts <> ? ORDER BY ts",
            row["channel"], row["ts"], row["ts"],
        )  # fmt: skip
        if replies:
            users = list(dict.fromkeys(reply["user"] for reply in replies))
            body |= {
                "thread_ts": row["ts"],
                "reply_count": len(replies),
                "reply_users_count": len(users),
                "reply_users": users[:5],
                "latest_reply": replies[-1]["ts"],
                "is_locked": False,
            }
        return body
