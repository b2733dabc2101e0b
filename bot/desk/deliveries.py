"""Deliveries to the app: signed HTTP requests, or envelopes over Socket Mode.

Interactions have to be acknowledged within three seconds and are sent once; events are sent again at
once, after one minute and after five (https://docs.slack.dev/apis/events-api/#retries).
"""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import httpx

from bot.desk.faults import DeliveryFault
from bot.desk.signing import signed_headers
from bot.desk.store import Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["Ack", "Deliveries", "Envelope"]

logger = logging.getLogger(__name__)

Failure = Literal["http_timeout", "http_error", "connection_failed"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Something to deliver.

    ``kind`` is Socket Mode's word for it: ``interactive``, ``slash_commands`` or ``events_api``;
    ``payload`` the JSON object, ``name`` its payload type, ``attempt`` counts retries from 0.
    """

    kind: Literal["interactive", "slash_commands", "events_api"]
    name: str
    payload: Json
    attempt: int = 0
    retry_reason: str = ""

    @property
    def accepts_response(self) -> bool:
        """Whether the app may put an answer into its acknowledgement."""
        return self.kind == "slash_commands" or self.name == "view_submission"


@dataclass(frozen=True, slots=True)
class Ack:
    """What the app answered.

    ``failure`` is None for an acknowledgement in time; ``body`` is what it held: a JSON object, or text.
    """

    failure: Failure | None = None
    status: int | None = None
    body: Any = None
    no_retry: bool = False


class Deliveries:
    """Carries envelopes to the app."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="desk-delivery")
        self._client = httpx.Client(timeout=desk.config.ack_within_s, trust_env=False)
        self._lock = threading.Condition()
        self._under_way = 0
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def close(self) -> None:
        """Send nothing more, and wait for what is under way."""
        with self._lock:
            self._closed = True
            for timer in self._timers:
                timer.cancel()
        self._pool.shutdown(wait=True)
        self._client.close()

    def deliver(self, envelope: Envelope) -> Ack:
        """Send an interaction and wait for its acknowledgement, three seconds at most."""
        fault = self._desk.faults.deliveries.strike(envelope.name)
        copies = 2 if fault is not None and fault.kind == "duplicate" else 1
        try:
            attempts = [self._pool.submit(self._send, envelope, fault) for _ in range(copies)]
        except RuntimeError:  # the desk was closed in this moment
            return Ack("connection_failed")
        done, _ = wait(attempts, timeout=self._desk.config.ack_within_s)
        return attempts[0].result() if attempts[0] in done else Ack("http_timeout")

    def announce(self, event: Json) -> None:
        """Send an event in the background, and again if nobody acknowledges it."""
        config = self._desk.config
        payload = {
            "token": "",
            "team_id": config.team_id,
            "api_app_id": config.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + self._desk.store.db.stamp().replace(".", ""),
            "event_time": int(self._desk.store.db.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": config.team_id,
                    "user_id": config.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        self._launch(Envelope("events_api", "events_api", payload))

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until no event is under way (retries that are due later don't count)."""
        with self._lock:
            return self._lock.wait_for(lambda: self._under_way == 0, timeout_s)

    def _launch(self, envelope: Envelope) -> None:
        with self._lock:
            if self._closed:
                return
            self._under_way += 1
            self._pool.submit(self._attempt, envelope).add_done_callback(self._landed)

    def _landed(self, _: Future[None]) -> None:
        with self._lock:
            self._under_way -= 1
            self._lock.notify_all()

    def _attempt(self, envelope: Envelope) -> None:
        ack = self.deliver(envelope)
        if ack.failure is None:
            return
        logger.warning("event %s was not acknowledged: %s", envelope.payload["event_id"], ack.failure)
        delays = self._desk.config.retry_after_s
        if ack.no_retry or envelope.attempt >= len(delays):
            return
        again = Envelope(envelope.kind, envelope.name, envelope.payload, envelope.attempt + 1, ack.failure)
        delay = delays[envelope.attempt]
        if delay <= 0:
            self._launch(again)
            return
        timer = threading.Timer(delay, self._launch, (again,))
        timer.daemon = True
        with self._lock:
            if not self._closed:
                self._timers.add(timer)
                timer.start()

    def _send(self, envelope: Envelope, fault: DeliveryFault | None) -> Ack:
        if fault is not None and fault.kind == "lost":
            return Ack("connection_failed")
        if fault is not None and fault.kind == "late":
            self._desk.closing.wait(fault.seconds)
        if self._desk.request_url is None:
            return self._desk.sockets.deliver(envelope)
        body, content_type = _encoded(envelope)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (the desk)"}
        headers |= self._proof(body, fault)
        if envelope.attempt:
            headers["X-Slack-Retry-Num"] = str(envelope.attempt)
            headers["X-Slack-Retry-Reason"] = envelope.retry_reason
        try:
            response = self._client.post(self._desk.request_url, content=body, headers=headers)
        except httpx.TimeoutException:
            return Ack("http_timeout")
        except httpx.TransportError as error:
            logger.warning("the app does not listen at %s: %s", self._desk.request_url, error)
            return Ack("connection_failed")
        no_retry = response.headers.get("X-Slack-No-Retry") == "1"
        if not response.is_success:
            return Ack("http_error", response.status_code, response.text, no_retry)
        return Ack(None, response.status_code, _decoded(response))

    def _proof(self, body: bytes, fault: DeliveryFault | None) -> dict[str, str]:
        kind = fault.kind if fault is not None else ""
        now = int(self._desk.store.db.clock())
        if kind == "unsigned":
            return {}
        if fault is not None and kind == "old":
            now -= int(fault.seconds)
        secret = self._desk.config.signing_secret
        return signed_headers("not the secret" if kind == "forged" else secret, now, body)


def _encoded(envelope: Envelope) -> tuple[bytes, str]:
    """Encode as Slack does: events as JSON, commands as a form, interactions as JSON in a form."""
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload).encode(), "application/json"
    fields = envelope.payload
    if envelope.kind == "interactive":
        fields = {"payload": json.dumps(envelope.payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _decoded(response: httpx.Response) -> Any:
    if not response.content:
        return None
    if "json" in response.headers.get("Content-Type", ""):
        try:
            return response.json()
        except ValueError:
            return response.text
    return response.text
