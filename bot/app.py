"""The Bolt app: tokens in, all gestures registered; served over HTTP or Socket Mode alike."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Final

from slack_bolt import App
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from audit_core.errors import ServiceError
from bot.listeners import Room, register

__all__ = ["create_app"]

logger = logging.getLogger(__name__)

# What Bolt takes from there, though it is given a client: with the first two it would ask for an installation by OAuth.
_BOLT_READS: Final = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN")


def create_app(room: Room, client: WebClient, *, signing_secret: str | None, executor: Executor) -> App:
    """Make the app.

    Parameters
    ----------
    room : Room
        Whom the listeners ask.
    client : WebClient
        With the bot's token.
    signing_secret : str or None
        By which requests over HTTP are checked; Socket Mode needs none.
    executor : Executor
        Runs the listeners: as many at a time as it has threads.

    Raises
    ------
    ServiceError
        If Slack can't be reached, or does not take the token.
    """
    try:
        with _out_of_the_environment(*_BOLT_READS):
            app = App(  # asks Slack who we are now, so that no click has to wait for it
                client=client,
                signing_secret=signing_secret or "",
                listener_executor=executor,
                request_verification_enabled=signing_secret is not None,
                ssl_check_enabled=False,  # it answers before the signature is checked, and is for commands alone
                name="cratecheck",
            )
    except BoltError as error:
        raise ServiceError(
            f"Slack does not take the bot's token: {error}",
            mend="Set SLACK_BOT_TOKEN to the one that begins with xoxb-.",
        ) from error
    except (SlackClientError, OSError) as error:
        raise ServiceError(f"Slack can't be reached: {error}") from error

    @app.error
    def failed(error: Exception, body: dict[str, Any]) -> None:
        logger.error("a gesture of kind %s failed", body.get("type"), exc_info=error)

    register(app, room)
    return app


@contextmanager
def _out_of_the_environment(*names: str) -> Iterator[None]:
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)
