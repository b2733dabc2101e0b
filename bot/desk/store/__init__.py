"""What the desk remembers, in a SQLite file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.desk.config import DeskConfig
from bot.desk.store.conversations import Conversation, Conversations
from bot.desk.store.database import Clock, Database, Json
from bot.desk.store.files import Files, StoredFile
from bot.desk.store.messages import Messages, Page
from bot.desk.store.response_urls import ResponseUrls
from bot.desk.store.views import Triggers, Views

__all__ = ["Clock", "Conversation", "Database", "Json", "Page", "Store", "StoredFile"]


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept, by kind."""

    db: Database
    conversations: Conversations
    messages: Messages
    views: Views
    triggers: Triggers
    response_urls: ResponseUrls
    files: Files

    @classmethod
    def open(cls, path: Path, config: DeskConfig, clock: Clock) -> Store:
        """Open the file, making the tables and the configured channels where they are missing."""
        db = Database(path, clock)
        return cls(db, Conversations(db, config), Messages(db), Views(db), Triggers(db), ResponseUrls(db), Files(db))
