"""Socket Mode: the app opens a WebSocket, and envelopes come to it there.

https://docs.slack.dev/apis/events-api/using-socket-mode: ``hello`` on connection, then envelopes that the
app acknowledges by their ``envelope_id`` (with a payload where one is accepted), and ``disconnect`` before
the connection is replaced. An app may hold up to ten connections; each envelope goes to one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
import threading
import uuid
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.desk.deliveries import Ack, Envelope
from bot.desk.store import Json

if TYPE_CHECKING:
    from bot.desk.desk import Desk

__all__ = ["CONNECTIONS_AT_MOST", "Sockets"]

logger = logging.getLogger(__name__)

CONNECTIONS_AT_MOST = 10


class Sockets:
    """The open connections, and the envelopes that wait for an acknowledgement."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Condition()
        self._tickets: set[str] = set()
        self._open: list[tuple[WebSocket, asyncio.AbstractEventLoop]] = []
        self._turn = itertools.count()
        self._waiting: dict[str, Future[Any]] = {}

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def ticket(self) -> str:
        """Give the secret that opens one connection."""
        ticket = str(uuid.uuid4())
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    def wait_for_connection(self, timeout_s: float = 10.0) -> bool:
        """Wait until an app is connected."""
        with self._lock:
            return self._lock.wait_for(lambda: bool(self._open), timeout_s)

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection, from ``hello`` to its end."""
        ticket = socket.query_params.get("ticket", "")
        with self._lock:
            if ticket not in self._tickets or len(self._open) >= CONNECTIONS_AT_MOST:
                known = False
            else:
                self._tickets.discard(ticket)
                known = True
        if not known:
            await socket.close(code=1008)
            return
        await socket.accept()
        entry = (socket, asyncio.get_running_loop())
        with self._lock:
            count = len(self._open) + 1
        await socket.send_json(self._hello(count))
        with self._lock:
            self._open.append(entry)
            self._lock.notify_all()
        try:
            while True:
                self._acknowledged(await socket.receive_json())
        except (WebSocketDisconnect, ValueError, KeyError) as end:
            logger.debug("a Socket Mode connection ended: %r", end)
        finally:
            with self._lock:
                if entry in self._open:
                    self._open.remove(entry)

    def deliver(self, envelope: Envelope) -> Ack:
        """Send an envelope over one connection and wait for its acknowledgement."""
        with self._lock:
            if not self._open:
                return Ack("connection_failed")
            socket, loop = self._open[next(self._turn) % len(self._open)]
            envelope_id = str(uuid.uuid4())
            waiting = self._waiting[envelope_id] = Future()
        message: Json = {
            "envelope_id": envelope_id,
            "type": envelope.kind,
            "payload": envelope.payload,
            "accepts_response_payload": envelope.accepts_response,
        }
        if envelope.kind == "events_api":
            message |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.retry_reason}
        try:
            asyncio.run_coroutine_threadsafe(socket.send_json(message), loop).result(timeout=3)
            answer = waiting.result(timeout=self._desk.config.ack_within_s)
        except TimeoutError:
            return Ack("http_timeout")
        except (RuntimeError, OSError, WebSocketDisconnect) as error:
            logger.warning("a Socket Mode connection broke off: %s", error)
            return Ack("connection_failed")
        finally:
            self._waiting.pop(envelope_id, None)
        return Ack(None, 200, answer if envelope.accepts_response else None)

    def disconnect(self, reason: Literal["refresh_requested", "warning", "link_disabled"]) -> None:
        """Tell every connection to go, and close those that are being refreshed."""
        for socket, loop in list(self._open):
            asyncio.run_coroutine_threadsafe(self._dismiss(socket, reason), loop).result(timeout=5)

    async def _dismiss(self, socket: WebSocket, reason: str) -> None:
        note = {"type": "disconnect", "reason": reason, "debug_info": {"host": "desk"}}
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_json(note)
            if reason != "warning" and socket.client_state is WebSocketState.CONNECTED:
                await socket.close()

    def _acknowledged(self, message: Json) -> None:
        waiting = self._waiting.get(str(message["envelope_id"]))
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("payload"))

    def _hello(self, count: int) -> Json:
        return {
            "type": "hello",
            "num_connections": count,
            "connection_info": {"app_id": self._desk.config.app_id},
            "debug_info": {
                "host": "desk-" + secrets.token_hex(4),
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }
