"""What each message of the outbox says now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.digest import stored
from bot.messages.clips import clips_message, no_clips_message
from bot.messages.digest import digest_message
from bot.messages.items import items_message
from bot.messages.kit import Message
from bot.messages.overdue import overdue_message
from bot.messages.parent import parent_message
from bot.messages.proposal import proposal_message
from bot.outbox import Pending, rule_of
from bot.posting import Refused
from bot.proposing.proposals import Proposals
from bot.proposing.proposed import proposal_of
from bot.reading import Reading
from bot.roles import Roles

__all__ = ["Said"]

Forbidden = Callable[[Connection, Mapping[str, Any]], str | None]


class Said:
    """Makes the message of a row of the outbox, from what is so when it is called.

    Parameters
    ----------
    reading : Reading
    proposals : Proposals
    roles : Roles
        Names people.
    forbidden : callable
        Says why the clips of a row, of its content, may not be heard now; None if they may.
    """

    def __init__(
        self,
        reading: Reading,
        proposals: Proposals,
        roles: Roles,
        forbidden: Forbidden = lambda connection, content: None,
    ) -> None:
        self._reading = reading
        self._proposals = proposals
        self._forbidden = forbidden
        self._people = roles.people

    def __call__(self, connection: Connection, row: Pending) -> Message | None:
        """Make the message; None if there is nothing to say.

        Raises
        ------
        Refused
            If it is of clips that may not be heard any more.
        """
        match row.subject.split("/", 1)[0]:
            case "rule":
                return parent_message(self._reading.parent(connection, *rule_of(row.subject)))
            case "items":
                listed = self._reading.items(connection, row.id, row.content.get("more", 0))
                return items_message(listed, self._people) if listed.items else None
            case "proposal":
                card = self._proposals.card(connection, proposal_of(row.subject))
                return proposal_message(card, self._people) if card else None
            case "difference":
                return self._proposals.difference(connection, proposal_of(row.subject))
            case "digest":
                digest = stored(connection, row.subject)
                return digest_message(digest) if digest else None
            case "overdue":
                return overdue_message(row.content, self._people)
            case "clips":
                if why := self._forbidden(connection, row.content):
                    raise Refused(why)
                return clips_message(_key(row.subject), row.content["says"], row.content["files"])
            case "no-clips":
                return no_clips_message(_key(row.subject), row.content["says"])
            case _:
                raise ValueError(f"{row.subject!r} names no message")


def _key(subject: str) -> str:
    """Read the violation's key from the name of a message about its clips."""
    return subject.split("/")[1]
