"""What the listeners share: whom they ask, and how a person is answered after the acknowledgement."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from audit_core.catalogue.store import Store
from audit_core.errors import CratecheckError
from audit_core.ledger.chain import Via
from audit_core.ledger.runs import settle
from bot.gestures import PageMark, Spot
from bot.listening import Listening
from bot.messages.kit import View
from bot.messages.notice import notice
from bot.messages.review_modal import review_view
from bot.proposing.answering import Answering
from bot.proposing.editing import Editing
from bot.proposing.proposals import Proposals
from bot.reading import Reading
from bot.review import Review
from bot.roles import Roles

__all__ = ["BUSY", "BUSY_LISTENING", "BUSY_READING", "Room"]

logger = logging.getLogger(__name__)

BUSY_LISTENING: Final = "The database is busy or out of reach. Click Listen again in a moment."
BUSY_READING: Final = "The database is busy or out of reach. Click again in a moment."
BUSY: Final = "The database is busy or out of reach: nothing was decided. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Room:
    """Whom the listeners ask.

    Attributes
    ----------
    via : str
        Through what people act: slack, or desk.
    listening : Listening
        Notes what people wish to hear.
    proposals, editing, answering : Proposals, Editing, Answering
        Read policies and proposals, take what is written into a policy's form, and take answers.
    answers : Executor
        Calls Slack, with threads of its own: a slow Slack is to keep no listener from the next click.
    """

    store: Store
    review: Review
    reading: Reading
    roles: Roles
    via: Via
    answers: Executor
    listening: Listening
    proposals: Proposals
    editing: Editing
    answering: Answering

    def answer(self, what: str, say: Callable[[], object]) -> None:
        """Answer a person soon; the gesture has been acknowledged."""
        self.answers.submit(_answered, what, say)

    def page(self, mark: PageMark) -> View:
        """Build a page of the review modal."""
        settle(self.store)
        with self.store.read() as connection:
            page = self.reading.page(connection, mark.listing, mark.dumps())
        return review_view(page, self.roles.people)

    def whisper(self, client: WebClient, spot: Spot, person: str, words: str, url: str | None = None) -> None:
        """Tell one person something, where that person clicked."""
        said = notice(words, url)
        client.chat_postEphemeral(
            channel=spot.channel, thread_ts=spot.thread_ts, user=person, text=said.text, blocks=list(said.blocks)
        )

    def readable(self, refusal: CratecheckError) -> str:
        """Write a refusal for people: with names in place of ids, where they are known."""
        words = str(refusal)
        for person, name in self.roles.people.items():
            words = words.replace(person, name)
        return words[:1].upper() + words[1:]


def _answered(what: str, say: Callable[[], object]) -> None:
    with _answering(what):
        say()


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """Let an answer to a person fail without failing the gesture: what counts is committed already."""
    try:
        yield
    except SlackApiError as error:
        logger.warning("%s was not shown: Slack says %s", what, error.response.get("error"))
    except (SlackClientError, CratecheckError, OSError) as error:
        logger.warning("%s was not shown: %s", what, error)
    except Exception:
        logger.exception("%s was not shown", what)
