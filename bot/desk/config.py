"""The workspace that the desk plays: its people, its channels, and the one app installed in it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field

__all__ = ["Channel", "Command", "DeskConfig", "Person", "Shortcut", "UserGroup", "slack_id"]


def slack_id(prefix: str, name: str) -> str:
    """Give the id that stands for a name: the same name always gets the same one.

    Slack's ids are upper-case letters and digits after a letter for the kind: ``U`` a person,
    ``C`` a channel, ``D`` a direct message, ``S`` a user group, ``T`` a team, ``A`` an app, ``B`` a bot.
    """
    digest = hashlib.sha256(f"{prefix}:{name}".encode()).digest()
    return "".join((prefix, "0", base64.b32encode(digest).decode("ascii")[:9]))


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may sit at the desk.

    Parameters
    ----------
    name : str
        The handle, without ``@``.
    real_name : str
        The name that others see.
    title : str
        What the person does, shown beside the name.
    email : str
        For ``users.lookupByEmail``.
    id : str
        Slack's user id; derived from the handle when left out.
    tz : str
        The person's time zone.
    """

    name: str
    real_name: str = ""
    title: str = ""
    email: str = ""
    id: str = ""
    tz: str = "Etc/UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id or slack_id("U", self.name))
        object.__setattr__(self, "real_name", self.real_name or self.name)

    @property
    def initials(self) -> str:
        """First letters of the first and the last name, shown as the person's picture."""
        words = self.real_name.split() or [self.name]
        return "".join(word[0] for word in (words[0], words[-1])[: min(len(words), 2)]).upper()


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, named without ``#``.

    ``members`` holds handles; None means everyone. ``bot_is_member`` says whether the app was invited:
    `chat.postMessage` into another channel answers ``not_in_channel``.
    """

    name: str
    topic: str = ""
    members: tuple[str, ...] | None = None
    bot_is_member: bool = True
    is_archived: bool = False
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id or slack_id("C", self.name))


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group such as ``@legal``; ``members`` holds handles."""

    handle: str
    name: str = ""
    members: tuple[str, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id or slack_id("S", self.handle))
        object.__setattr__(self, "name", self.name or self.handle)


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command that the app has registered, with what the composer shows about it."""

    name: str
    description: str = ""
    usage: str = ""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A message shortcut that the app has registered."""

    name: str
    callback_id: str


def _token(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(24)}"


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """The workspace, and the app in it.

    Parameters
    ----------
    team : str
        The workspace's name.
    bot_name : str
        The app's name, and its bot user's.
    users, channels, usergroups : tuples
        Who and what is there.
    request_url : str, optional
        Where the app listens. None means that Socket Mode is enabled, as in Slack's app settings.
    signing_secret, bot_token, app_token : str
        The app's credentials; random when left out.
    commands, shortcuts : tuples
        What the app has registered. A command that isn't here is unknown to the composer, as in Slack.
    events : tuple of str
        The bot events that the app subscribes to: ``app_home_opened``, ``app_mention``,
        ``message.channels``, ``message.im``.
    paced : bool
        Whether `chat.postMessage` is held to about one message a second a channel.
    retry_after_s : tuple of float
        When an event that found no ears is sent again, in seconds after the attempt before.
    ack_within_s : float
        How long the app has to acknowledge a delivery.
    control_token : str
        Opens the control routes to another process; random when left out.
    """

    team: str
    bot_name: str
    users: tuple[Person, ...]
    channels: tuple[Channel, ...]
    usergroups: tuple[UserGroup, ...] = ()
    request_url: str | None = None
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    bot_token: str = field(default_factory=lambda: _token("xoxb"), repr=False)
    app_token: str = field(default_factory=lambda: _token("xapp"), repr=False)
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    events: tuple[str, ...] = ("app_home_opened",)
    paced: bool = False
    retry_after_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    ack_within_s: float = 3.0
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def __post_init__(self) -> None:
        if not self.users:
            raise ValueError("users is empty: give at least one Person")
        if not self.channels:
            raise ValueError("channels is empty: give at least one Channel")
        for channel in self.channels:
            if channel.name.startswith("#"):
                raise ValueError(f"channel {channel.name!r}: channels are named without '#'")
        handles = {user.name for user in self.users}
        for group in self.usergroups:
            if unknown := set(group.members) - handles:
                raise ValueError(f"user group {group.handle!r} names strangers: {sorted(unknown)}")

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return slack_id("T", self.team)

    @property
    def team_domain(self) -> str:
        """The workspace's name as it would stand in an address."""
        return "".join(c if c.isalnum() else "-" for c in self.team.casefold()).strip("-")

    @property
    def app_id(self) -> str:
        """The app's id."""
        return slack_id("A", self.bot_name)

    @property
    def bot_id(self) -> str:
        """The bot's id, as messages bear it."""
        return slack_id("B", self.bot_name)

    @property
    def bot_user_id(self) -> str:
        """The id of the bot's user, as mentions bear it."""
        return slack_id("U", f"bot:{self.bot_name}")
