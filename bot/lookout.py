"""A thread that looks for work, again and again: what it finds is in the database, so that nothing is lost with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from audit_core.errors import StoreError

__all__ = ["Lookout"]

logger = logging.getLogger(__name__)

_EVERY_S: Final = 1.0


class Lookout:
    """Looks for work between `start` and `stop`.

    Parameters
    ----------
    name : str
        Of the work, as the log says it.
    look : callable
        Does what there is to do. A `StoreError` means that another process is at it, or that the database is busy.
    rests_s : float
        How long to wait after what went wrong.
    ends_within_s : float, optional
        How long `stop` waits for what is being done; None: to its end.
    """

    def __init__(
        self, name: str, look: Callable[[], object], *, rests_s: float, ends_within_s: float | None = None
    ) -> None:
        self._name = name
        self._look = look
        self._rests_s = rests_s
        self._ends_within_s = ends_within_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether whoever is at work should come to an end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End: what is left undone is done after the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(self._ends_within_s)

    def wake(self) -> None:
        """Look now: there is something to do."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            rest = _EVERY_S
            try:
                self._look()
            except StoreError as error:
                logger.info("%s: has to wait: %s", self._name, error)
                rest = self._rests_s
            except Exception:
                logger.exception("%s: has to wait", self._name)
                rest = self._rests_s
            self._wake.wait(rest)
