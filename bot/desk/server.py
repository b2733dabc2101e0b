"""Serving a desk, on the loopback interface."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.desk.desk import Desk
from bot.desk.guard import LOOPBACK

__all__ = ["serve"]

logger = logging.getLogger(__name__)


class _BreakableHTTP(H11Protocol):
    """HTTP whose connections a fault can break off: the transport goes along with the request."""

    def connection_made(self, transport: Any) -> None:
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


@contextmanager
def serve(desk: Desk, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve a desk from a thread of this process, for as long as the context lasts.

    Parameters
    ----------
    desk : Desk
        The desk; it isn't closed at the end.
    host : str
        A loopback address: the desk knows no passwords, and is not for other machines.
    port : int
        The port; 0 for any free one.

    Yields
    ------
    url : str
        The address, without a slash at the end. The Web API is below ``{url}/api/``.

    Raises
    ------
    ValueError
        If ``host`` isn't a loopback address.
    OSError
        If the port is taken.
    """
    if host not in LOOPBACK:
        raise ValueError(f"host={host!r}: the desk listens on this machine only, give 127.0.0.1")
    listener = socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
    )
    name = f"[{host}]" if ":" in host else host
    desk.url = f"http://{name}:{listener.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(
            desk.app,
            http=_BreakableHTTP,
            ws="wsproto",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=30,
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="desk", daemon=True)
    desk.closing.clear()
    thread.start()
    logger.info("the desk is open at %s", desk.url)
    try:
        yield desk.url
    finally:
        desk.closing.set()
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
