"""The desk itself: a workspace with one app in it, and everything that happens there."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette

from bot.desk.config import DeskConfig, Person, UserGroup
from bot.desk.deliveries import Deliveries
from bot.desk.failure import SlackFailure
from bot.desk.faults import ApiFault, DeliveryFault, Faults, Pace
from bot.desk.routes import application
from bot.desk.sockets import Sockets
from bot.desk.store import Clock, Conversation, Json, Store
from bot.desk.user import DeskUser

__all__ = ["Desk"]

_T = TypeVar("_T")


class Desk:
    """A local stand-in for Slack.

    Made by `Desk.create`, served by `bot.desk.serve` or any ASGI server; closed by `close`.

    Attributes
    ----------
    config : DeskConfig
        The workspace.
    app : Starlette
        The ASGI application: Web API, response URLs, uploads, Socket Mode, control routes and the page.
    url : str
        The address that it is served at, without a slash at the end; `serve` sets it.
    request_url : str or None
        Where the app listens; None for Socket Mode.
    faults : Faults
        What goes wrong on purpose.
    """

    def __init__(self, store: Store, config: DeskConfig) -> None:
        self.config = config
        self.store = store
        self.url = "http://127.0.0.1"
        self.request_url = config.request_url
        self.faults = Faults()
        self.pace = Pace(config, store.db.clock)
        self.closing = threading.Event()
        self.session_secret = store.db.secret("session", secrets.token_hex(32))
        self._groups = config.usergroups
        self._people = {person.id: person for person in config.users}
        self.sockets = Sockets(self)
        self.deliveries = Deliveries(self)
        self.app: Starlette = application(self)

    @classmethod
    def create(cls, path: Path, config: DeskConfig, clock: Clock = time.time) -> Desk:
        """Open the desk whose threads are kept in the SQLite file ``path``, or set up a new one."""
        return cls(Store.open(path, config, clock), config)

    def close(self) -> None:
        """Send nothing more, and close the file."""
        self.closing.set()
        self.deliveries.close()
        self.store.db.close()

    # People ------------------------------------------------------------------------------------------

    def user(self, name: str) -> DeskUser:
        """Sit down as somebody, by handle or id."""
        for person in self.config.users:
            if name.removeprefix("@") in (person.name, person.id):
                return DeskUser(self, person)
        raise ValueError(f"nobody is called {name!r} here")

    def person(self, user_id: str) -> Person | None:
        """Find a person by id."""
        return self._people.get(user_id)

    def usergroups(self) -> tuple[UserGroup, ...]:
        """List the user groups as they are now."""
        return self._groups

    def set_usergroup(self, handle: str, members: tuple[str, ...]) -> None:
        """Change who is in a user group; ``members`` holds handles."""
        if handle not in {group.handle for group in self._groups}:
            raise ValueError(f"no user group {handle!r}")
        self._groups = tuple(
            UserGroup(group.handle, group.name, members, group.id) if group.handle == handle else group
            for group in self._groups
        )

    def ids_of(self, handles: tuple[str, ...]) -> list[str]:
        """Translate handles into ids."""
        ids = {person.name: person.id for person in self.config.users}
        return [ids[handle] for handle in handles]

    # What there is to read ---------------------------------------------------------------------------

    def conversation(self, channel: str) -> Conversation:
        """Find a conversation by id, or a channel by name."""
        found = self.store.conversations.get(channel) or self.store.conversations.named(channel)
        if found is None:
            raise SlackFailure("channel_not_found")
        return found

    def messages(self, channel: str) -> list[Json]:
        """List what stands in a channel, oldest first, without the replies."""
        page = self.store.messages.history(self.conversation(channel).id, limit=100_000)
        return page.messages[::-1]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """List a thread, its parent first."""
        return self.store.messages.thread(self.conversation(channel).id, ts, limit=100_000).messages

    def ephemerals(self, user: str) -> list[Json]:
        """List what only this person sees, oldest first."""
        return self.store.messages.whispers(self.user(user).id)

    def views(self, user: str) -> list[Json]:
        """List a person's open modals, the visible one last."""
        return self.store.views.stack(self.user(user).id)

    def home(self, user: str) -> Json | None:
        """Give what stands in a person's Home tab."""
        return self.store.views.home(self.user(user).id)

    # What happens ------------------------------------------------------------------------------------

    def arm(self, fault: ApiFault | DeliveryFault) -> None:
        """Switch a fault on."""
        self.faults.arm(fault)

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until every event has been sent; True if so in time."""
        return self.deliveries.settle(timeout_s)

    def wait_for(self, sight: Callable[[], _T], timeout_s: float = 5.0) -> _T:
        """Look until there is something to see, and give it: an app goes on after its acknowledgement.

        Gives what the last look gave, even if that is nothing.
        """
        patience = time.monotonic() + timeout_s
        while not (seen := sight()) and time.monotonic() < patience:
            time.sleep(0.01)
        return seen

    def post(
        self,
        channel: str,
        user: str,
        body: Json,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        announce: bool = True,
    ) -> Json:
        """Put a message into a conversation, and tell the app if it subscribes to such."""
        message = self.store.messages.add(channel, user, body, thread_ts=thread_ts, broadcast=broadcast)
        if announce:
            self._announce(channel, message)
        return message

    def response_url(self, user: str, channel: str, message_ts: str | None) -> str:
        """Give an address that the app may answer at."""
        return f"{self.url}/response/{self.store.response_urls.issue(user, channel, message_ts)}"

    def bot_marks(self) -> Json:
        """Give what every message of the app bears."""
        config = self.config
        return {
            "bot_id": config.bot_id,
            "app_id": config.app_id,
            "team": config.team_id,
            "bot_profile": {
                "id": config.bot_id,
                "app_id": config.app_id,
                "name": config.bot_name,
                "deleted": False,
                "team_id": config.team_id,
            },
        }

    def view_marks(self) -> Json:
        """Give what every view of the app bears."""
        config = self.config
        return {"team_id": config.team_id, "app_id": config.app_id, "bot_id": config.bot_id}

    def _announce(self, channel: str, message: Json) -> None:
        """Send the message events (https://docs.slack.dev/reference/events/message)."""
        conversation = self.conversation(channel)
        if not self.store.conversations.is_member(channel, self.config.bot_user_id):
            return
        event = {**message, "channel": channel, "event_ts": message["ts"]}
        kind = "im" if conversation.is_im else "channel"
        if f"message.{kind}{'' if conversation.is_im else 's'}" in self.config.events:
            self.deliveries.announce({**event, "channel_type": kind})
        mentioned = f"<@{self.config.bot_user_id}>" in message["text"]
        if mentioned and not conversation.is_im and "app_mention" in self.config.events:
            self.deliveries.announce({**event, "type": "app_mention"})
