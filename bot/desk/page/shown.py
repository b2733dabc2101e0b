"""What the page shows of a conversation: messages with their day, author and thread, ready to render."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.desk.config import Person
from bot.desk.mrkdwn import Reader
from bot.desk.store import Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["Author", "Shown", "author_of", "day_name", "reader_for", "shown"]

CONTINUES_WITHIN_S = 300
"""A message soon after one by the same author is shown without its name again."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message; ``hue`` picks the picture's colour."""

    name: str
    initials: str
    hue: int
    is_app: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on the page."""

    message: Json
    author: Author
    moment: datetime
    new_day: str
    continues: bool
    new: bool

    @property
    def ts(self) -> str:
        """The message's id."""
        return str(self.message["ts"])

    @property
    def ephemeral(self) -> bool:
        """Whether only this person sees it."""
        return bool(self.message.get("is_ephemeral"))

    @property
    def broadcast_reply(self) -> bool:
        """Whether it is a reply of a thread, shown in the channel as well."""
        return bool(self.message.get("thread_ts")) and self.message["thread_ts"] != self.ts


def shown(
    desk: Desk, messages: Iterable[Json], zone: ZoneInfo, *, read_until: str = "", days: bool = True
) -> Iterator[Shown]:
    """Prepare messages, oldest first, for the page."""
    today = datetime.fromtimestamp(desk.store.db.clock(), zone).date()
    before: Shown | None = None
    marked = False
    for message in messages:
        moment = datetime.fromtimestamp(float(message["ts"]), zone)
        author = author_of(desk, message)
        new_day = ""
        if days and (before is None or before.moment.date() != moment.date()):
            new_day = day_name(moment.date(), today)
        new = not marked and bool(read_until) and message["ts"] > read_until
        marked = marked or new
        continues = (
            before is not None
            and not new_day
            and not new
            and before.author == author
            and before.ephemeral == bool(message.get("is_ephemeral"))
            and (moment - before.moment).total_seconds() < CONTINUES_WITHIN_S
        )
        before = Shown(message, author, moment, new_day, continues, new)
        yield before


def author_of(desk: Desk, message: Json) -> Author:
    """Tell who wrote a message."""
    if message.get("username") == "Slackbot":
        return Author("Slackbot", "S", 4, is_app=True)
    if message["user"] == desk.config.bot_user_id:
        return Author(desk.config.bot_name, desk.config.bot_name[:1].upper(), 0, is_app=True)
    person = desk.person(message["user"])
    if person is None:
        return Author("Someone who left", "?", 0)
    return Author(person.real_name, person.initials, hue_of(desk, person))


def hue_of(desk: Desk, person: Person) -> int:
    """Pick a colour for a person: neighbours in the configuration differ."""
    return 1 + desk.config.users.index(person) % 6


def day_name(day: date, today: date) -> str:
    """Name a day as a divider does."""
    distance = (today - day).days
    if distance in (0, 1):
        return ("Today", "Yesterday")[distance]
    return f"{day:%A}, {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def reader_for(desk: Desk, person: Person) -> Reader:
    """Tell how texts are rendered for this person."""

    def name_of(user: str) -> str | None:
        if user == desk.config.bot_user_id:
            return desk.config.bot_name
        known = desk.person(user)
        return known.real_name if known else None

    def channel_of(channel: str) -> str | None:
        known = desk.store.conversations.get(channel)
        return known.name if known is not None and not known.is_im else None

    def group_of(group: str) -> str | None:
        return next((known.handle for known in desk.usergroups() if known.id == group), None)

    now = desk.store.db.clock()
    return Reader(name_of, channel_of, group_of, ZoneInfo(person.tz), now, person.id)
