"""Channels and direct messages: who is in them, and how far each has read."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bot.desk.config import DeskConfig, slack_id
from bot.desk.store.database import Database

__all__ = ["Conversation", "Conversations"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A channel (``C…``), or a direct message between a person and the app (``D…``)."""

    id: str
    kind: str
    name: str
    topic: str
    created: int
    archived: bool

    @property
    def is_im(self) -> bool:
        """Whether it is a direct message."""
        return self.kind == "im"


class Conversations:
    """The conversations of the workspace."""

    def __init__(self, db: Database, config: DeskConfig) -> None:
        self._db = db
        self._config = config
        with db.writing():
            for place, channel in enumerate(config.channels):
                fresh = db.run(
                    "INSERT OR IGNORE INTO conversations (id, kind, name, topic, created) VALUES (?,?,?,?,?)",
                    channel.id, "channel", channel.name, channel.topic, int(db.clock()),
                )  # fmt: skip
                db.run(
                    "UPDATE conversations SET name = ?, topic = ?, archived = ?, place = ? WHERE id = ?",
                    channel.name, channel.topic, channel.is_archived, place, channel.id,
                )  # fmt: skip
                ids = {user.name: user.id for user in config.users}
                handles = ids if channel.members is None else channel.members
                members = [ids[handle] for handle in handles]
                if channel.bot_is_member and fresh:
                    members.append(config.bot_user_id)
                for member in members:
                    self.join(channel.id, member)

    def get(self, conversation_id: str) -> Conversation | None:
        """Find a conversation by id."""
        row = self._db.one("SELECT * FROM conversations WHERE id = ?", conversation_id)
        return _conversation(row) if row else None

    def named(self, name: str) -> Conversation | None:
        """Find a channel by its name, with or without ``#``."""
        row = self._db.one("SELECT * FROM conversations WHERE kind = 'channel' AND name = ?", name.removeprefix("#"))
        return _conversation(row) if row else None

    def channels(self) -> list[Conversation]:
        """List the channels in their configured order."""
        rows = self._db.all("SELECT * FROM conversations WHERE kind = 'channel' ORDER BY place, name")
        return [_conversation(row) for row in rows]

    def ims(self) -> list[Conversation]:
        """List the direct messages."""
        return [_conversation(row) for row in self._db.all("SELECT * FROM conversations WHERE kind = 'im'")]

    def im_with(self, user: str) -> Conversation:
        """Open the direct message between a person and the app, or find it open."""
        im = slack_id("D", user)
        if (found := self.get(im)) is not None:
            return found
        with self._db.writing():
            self._db.run(
                "INSERT OR IGNORE INTO conversations (id, kind, name, topic, created) VALUES (?,?,?,?,?)",
                im, "im", user, "", int(self._db.clock()),
            )  # fmt: skip
            self.join(im, user)
            self.join(im, self._config.bot_user_id)
        return Conversation(im, "im", user, "", int(self._db.clock()), archived=False)

    def join(self, conversation: str, user: str) -> bool:
        """Make someone a member; False if they already were."""
        return self._db.run("INSERT OR IGNORE INTO members VALUES (?, ?)", conversation, user) > 0

    def members(self, conversation: str) -> list[str]:
        """List the ids of those who are in a conversation."""
        rows = self._db.all("SELECT user FROM members WHERE conversation = ? ORDER BY user", conversation)
        return [str(row["user"]) for row in rows]

    def is_member(self, conversation: str, user: str) -> bool:
        """Tell whether somebody is in a conversation."""
        sql = "SELECT 1 FROM members WHERE conversation = ? AND user = ?"
        return self._db.one(sql, conversation, user) is not None

    def mark_read(self, user: str, conversation: str, ts: str) -> None:
        """Remember that someone has seen everything up to ``ts``."""
        if ts > self.read_until(user, conversation):
            self._db.run("INSERT OR REPLACE INTO reads VALUES (?, ?, ?)", user, conversation, ts)

    def read_until(self, user: str, conversation: str) -> str:
        """Give the ``ts`` up to which somebody has read."""
        row = self._db.one("SELECT ts FROM reads WHERE user = ? AND conversation = ?", user, conversation)
        return str(row["ts"]) if row else "0"

    def unread(self, user: str, conversation: str) -> int:
        """Count what others said in the channel since this person last looked."""
        row = self._db.one(
            "SELECT count(*) AS n FROM messages WHERE channel = ? AND user <> ? AND ts > ?"
            " AND (thread_ts IS NULL OR thread_ts = ts OR broadcast = 1)",
            conversation, user, self.read_until(user, conversation),
        )  # fmt: skip
        return int(row["n"]) if row else 0


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(row["id"], row["kind"], row["name"], row["topic"], row["created"], bool(row["archived"]))
