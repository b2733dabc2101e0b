"""The service: gestures in, messages out, schedules kept, for as long as it runs.

Made for the workspace's Slack, or for a desk that is being served: the same app, the same signed calls.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import Final, Self

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackClientError

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, ServiceError, SettingsError
from audit_core.ledger.chain import Via
from audit_core.settings import Settings
from bot.announce import announce
from bot.app import create_app
from bot.clips import Clips, Make
from bot.desk import Desk
from bot.listeners import Room
from bot.listening import Listening
from bot.new_day import NewDay
from bot.policies import Policies
from bot.posting import client_for
from bot.proposing.activations import Activations
from bot.proposing.answering import Answering
from bot.proposing.editing import Editing
from bot.proposing.examiner import Examiner
from bot.proposing.proposals import Proposals
from bot.reading import Reading
from bot.review import Review
from bot.roles import Roles, groups_named, refresh_groups
from bot.said import Said
from bot.schedule import Schedule
from bot.sender import Sender
from bot.web import EVENTS_PATH, web_app

__all__ = ["Service"]

logger = logging.getLogger(__name__)

_LISTENERS: Final = 32
_PATIENCE_S: Final = 2.0  # Slack tells the person that it failed after three


class Service:
    """Runs between `start` and `stop`, or as a context.

    Parameters
    ----------
    settings : Settings
        Tokens, people, groups, and where to listen.
    store : Store
    desk : Desk, optional
        A desk that is being served: it is used in place of Slack, and told where to send its calls.
    audit : callable, optional
        What a schedule's audit is; by default, of the whole catalogue by all active policies.
    evidence : callable, optional
        How clips are made of an order; by default, in a process apart.
    pace_s : float, optional
        Between two messages into one channel; by default a second, as Slack asks, and none for a desk that does not.

    Attributes
    ----------
    url : str or None
        Where Slack's calls are taken; None in Socket Mode.

    Raises
    ------
    SettingsError
        If a token or secret is missing.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        desk: Desk | None = None,
        *,
        audit: Callable[[], object] | None = None,
        evidence: Make | None = None,
        clock: Clock = utc_now,
        pace_s: float | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._desk = desk
        self._access = _Access.to(settings, desk)
        self._clock = clock
        self._policies = Policies(clock)
        self._roles = Roles(settings.groups, settings.people, clock)
        self._client = client_for(self._access.bot_token, self._access.api_url)
        self._clips = Clips(settings, store, self._client, make=evidence, fulfilled=self._wake_sender, clock=clock)
        listening = Listening(settings, store, noted=self._clips.wake, clock=clock, patience_s=_PATIENCE_S)
        reading = Reading(self._policies, self._roles, clock, audible=listening.audible)
        activations = self._activations(_PATIENCE_S)
        self._approvers = activations.approvers
        proposals = Proposals(self._policies, self._approvers, clock)
        self._sender = Sender(
            store,
            self._client,
            Said(reading, proposals, self._roles, listening.forbidden),
            before=[self._announce, self._begin_day],
            clock=clock,
            pace_s=pace_s if pace_s is not None else 0.0 if desk and not desk.config.paced else 1.0,
        )
        self._new_day = NewDay(store, self._policies, clock)
        review = Review(
            store,
            self._roles,
            clock,
            policies=self._policies,
            patience_s=_PATIENCE_S,
            decided=self._sender.wake,
        )
        self._answers = ThreadPoolExecutor(_LISTENERS, thread_name_prefix="answers")
        via = self._access.via
        self._examiner = Examiner(store, self._activations(), self._client, clock=clock)
        self._room = Room(
            store,
            review,
            reading,
            self._roles,
            via,
            self._answers,
            listening,
            proposals,
            Editing(store, proposals, activations, via, proposed=self._examiner.wake),
            Answering(store, proposals, activations, self._roles, via, clock),
        )
        self.schedule = Schedule(
            store,
            self._policies,
            audit=audit or self._audit,
            clock=clock,
            done=self._sender.wake,
            refresh=self._refresh,
            names=settings.people,
        )
        self._running = ExitStack()
        self._ended = threading.Event()
        self.url: str | None = None

    @property
    def sender(self) -> Sender:
        """Who sends the messages."""
        return self._sender

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take calls, send what waits, and keep the schedules.

        Raises
        ------
        ServiceError
            If Slack can't be reached, does not take a token, or the port is taken.
        """
        with ExitStack() as starting:
            starting.enter_context(self._answers)
            listeners = starting.enter_context(ThreadPoolExecutor(_LISTENERS, thread_name_prefix="listener"))
            app = create_app(self._room, self._client, signing_secret=self._access.signing_secret, executor=listeners)
            if self._access.app_token is None:
                self._serve(app, starting)
            else:
                self._connect(app, starting)
            self._sender.start()
            starting.callback(self._sender.stop)
            self._clips.start()
            starting.callback(self._clips.stop)
            self._examiner.start()
            starting.callback(self._examiner.stop)
            self.schedule.start()
            starting.callback(self.schedule.stop)
            self._running = starting.pop_all()

    def stop(self) -> None:
        """Take no more calls, end what is being done, and leave the rest in the outbox."""
        self._ended.set()
        self._running.close()

    def wait(self) -> None:
        """Run until `stop`, an interrupt from the keyboard, or SIGTERM."""

        def end(_number: int, _frame: FrameType | None) -> None:
            self._ended.set()

        before = signal.signal(signal.SIGTERM, end)
        try:
            while not self._ended.wait(0.5):
                pass
        except KeyboardInterrupt:
            logger.info("ending: interrupted")
        finally:
            signal.signal(signal.SIGTERM, before)

    def _serve(self, app: App, running: ExitStack) -> None:
        host = "127.0.0.1" if self._desk else self._settings.host
        port = 0 if self._desk else self._settings.port
        try:
            listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            raise ServiceError(f"can't listen at {host}:{port}: {error}", mend="Set another port.") from error
        running.callback(listener.close)
        config = uvicorn.Config(
            web_app(app, self._access.signing_secret or "", self._trouble),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="web", daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(timeout=10)

        running.callback(stop)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{listener.getsockname()[1]}{EVENTS_PATH}"
        if self._desk:
            self._desk.request_url = self.url
        logger.info("Slack's calls are taken at %s", self.url)

    def _connect(self, app: App, running: ExitStack) -> None:
        # Bolt's own client is connected when `connect` returns; the one of websocket-client takes ten seconds.
        handler = SocketModeHandler(app, self._access.app_token, concurrency=_LISTENERS)
        running.callback(handler.close)
        try:
            handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        except (SlackClientError, OSError) as error:
            raise ServiceError(
                f"Slack does not open a connection: {error}", mend="Set SLACK_APP_TOKEN to the one of Socket Mode."
            ) from error
        logger.info("Slack's calls are taken in Socket Mode")

    def _trouble(self) -> str | None:
        try:
            with self._store.read() as connection:
                self._policies(connection)
        except CratecheckError as error:
            return str(error)
        return self._sender.trouble

    def _activations(self, patience_s: float = 20.0) -> Activations:
        return Activations(
            self._store,
            self._roles,
            self._settings,
            policies=self._policies,
            clock=self._clock,
            patience_s=patience_s,
            changed=self._wake_sender,
        )

    def _wake_sender(self) -> None:
        self._sender.wake()

    def _announce(self) -> None:
        announce(self._store, self._policies, self._clock)

    def _begin_day(self) -> None:
        self._new_day.look()

    def _audit(self) -> None:
        from audit_core.neighbours.regrouping import regroup
        from bot.workspace import licence_table
        from rules.run import audit

        regroup(self._store, actor="schedule", via="schedule", clock=self._clock)
        audit(
            self._store,
            licences=licence_table(self._settings),
            as_of=self._clock(),
            actor="schedule",
            via="schedule",
            clock=self._clock,
        )

    def _refresh(self) -> None:
        with self._store.read() as connection:
            named = groups_named(self._policies.readable(connection).values()) | self._approvers.groups(connection)
        try:
            refresh_groups(
                self._store, self._client, [handle for handle in named if not self._roles.known(handle)], self._clock
            )
        except ServiceError as error:
            logger.warning("%s", error)  # after fifteen minutes a click is refused, and says so


class _Access:
    """How Slack, or the desk, is reached."""

    def __init__(self, bot_token: str, api_url: str, signing_secret: str | None, app_token: str | None, via: Via):
        self.bot_token = bot_token
        self.api_url = api_url
        self.signing_secret = signing_secret
        self.app_token = app_token
        self.via = via

    @classmethod
    def to(cls, settings: Settings, desk: Desk | None) -> _Access:
        if desk is not None:
            return cls(desk.config.bot_token, f"{desk.url}/api/", desk.config.signing_secret, None, "desk")
        if settings.slack_bot_token is None:
            raise SettingsError(
                "no Slack token is set",
                mend="Set SLACK_BOT_TOKEN. To try it all without Slack: `cratecheck demo`.",
            )
        app_token, secret = settings.slack_app_token, settings.slack_signing_secret
        if app_token is None and secret is None:
            raise SettingsError(
                "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
                mend="Set the first for Socket Mode, or the second for calls over HTTP.",
            )
        return cls(
            settings.slack_bot_token.get_secret_value(),
            settings.slack_api_url,
            secret.get_secret_value() if secret else None,
            app_token.get_secret_value() if app_token else None,
            "slack",
        )
