"""The pages: a channel with its thread pane, the app's Home tab, its direct messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.desk.page.render import Renderer
from bot.desk.page.session import Session
from bot.desk.page.shown import shown
from bot.desk.store import Conversation, Json
from bot.desk.user import DeskUser

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["MESSAGES_AT_ONCE", "channel_page", "home_page"]

MESSAGES_AT_ONCE = 150


@dataclass(frozen=True, slots=True)
class _Entry:
    """A channel in the list at the side."""

    conversation: Conversation
    unread: int
    current: bool


def channel_page(
    desk: Desk,
    session: Session,
    user: DeskUser,
    conversation: Conversation,
    *,
    thread_ts: str | None = None,
    before: str = "",
    mark: bool = True,
) -> str | None:
    """Render a conversation, and a thread beside it; None if there is no such thread."""
    page = desk.store.messages.history(conversation.id, before=before, limit=MESSAGES_AT_ONCE)
    messages = page.messages[::-1]
    read_until = desk.store.conversations.read_until(user.id, conversation.id)
    whispers = desk.store.messages.whispers(user.id, conversation.id)
    thread: list[Json] | None = None
    if thread_ts is not None:
        thread = desk.store.messages.thread(conversation.id, thread_ts).messages
        if not thread or thread[0]["ts"] != thread_ts:
            return None
    if mark and (seen := [*messages, *whispers]):
        latest = max(str(message["ts"]) for message in seen)
        desk.store.conversations.mark_read(user.id, conversation.id, latest)
    zone = ZoneInfo(user.person.tz)
    in_channel = _merged(messages, [w for w in whispers if not w.get("thread_ts")], since=page.has_more)
    first_visit = read_until == "0"
    values: dict[str, Any] = {
        "conversation": conversation,
        "messages": list(shown(desk, in_channel, zone, read_until="" if first_visit else read_until)),
        "earlier": messages[0]["ts"] if page.has_more and messages else "",
        "thread_ts": thread_ts,
        "thread": None,
    }
    if thread is not None:
        told = [w for w in whispers if w.get("thread_ts") == thread_ts]
        values["thread"] = list(shown(desk, _merged(thread, told), zone, days=False))
    return _page(desk, session, user, "channel.html", conversation.id, values)


def home_page(desk: Desk, session: Session, user: DeskUser) -> str:
    """Render the app's Home tab."""
    home = desk.store.views.home(user.id)
    return _page(desk, session, user, "home.html", "home", {"home": home, "conversation": None})


def _merged(messages: list[Json], whispers: list[Json], *, since: bool = False) -> list[Json]:
    """Put what only this person sees among the rest; of older ones, none before the first message."""
    first = messages[0]["ts"] if since and messages else ""
    return sorted([*messages, *(w for w in whispers if w["ts"] > first)], key=lambda m: str(m["ts"]))


def _page(desk: Desk, session: Session, user: DeskUser, template: str, current: str, values: dict[str, Any]) -> str:
    store = desk.store.conversations
    im = store.im_with(user.id)
    visible = [channel for channel in store.channels() if not channel.archived and store.is_member(channel.id, user.id)]
    stack = desk.store.views.stack(user.id)
    return Renderer(desk, user.person)(
        template,
        **values,
        config=desk.config,
        me=user.person,
        csrf=session.csrf,
        entries=[_Entry(c, store.unread(user.id, c.id), c.id == current) for c in visible],
        im=_Entry(im, store.unread(user.id, im.id), current in (im.id, "home")),
        on_home=current == "home",
        modal=stack[-1] if stack else None,
        modal_depth=len(stack),
        revision=desk.store.db.revision,
    )
