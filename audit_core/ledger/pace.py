"""Long work in short writes: batches sized by how long they take, with a pause between, so that a click gets in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from audit_core.catalogue.store import Store

__all__ = ["Pace"]

_TARGET_S: Final = 0.06  # a batch may run late fourfold, on a busy disk, and still be under 250 ms
_PAUSE_S: Final = 0.01
_CHECKPOINT_EVERY_S: Final = 1.0
_SMALLEST: Final = 50
_LARGEST: Final = 2000


class Pace:
    """How many rows the next batch may have.

    Attributes
    ----------
    size : int
        Rows.
    longest_s : float
        The longest transaction so far.
    """

    def __init__(self, size: int = 500) -> None:
        self.size = size
        self.longest_s = 0.0
        self._checkpoint_at = time.monotonic() + _CHECKPOINT_EVERY_S

    @contextmanager
    def write(self, store: Store) -> Iterator[Connection]:
        """Give a write transaction for one batch; after it, wait a little and set the size of the next."""
        with store.write() as connection:
            started = time.monotonic()
            yield connection
        elapsed = time.monotonic() - started
        self.longest_s = max(self.longest_s, elapsed)
        factor = min(1.5, max(0.25, _TARGET_S / max(elapsed, 1e-6)))
        self.size = max(_SMALLEST, min(_LARGEST, int(self.size * factor)))
        time.sleep(_PAUSE_S)
        if time.monotonic() > self._checkpoint_at:
            store.checkpoint()
            self._checkpoint_at = time.monotonic() + _CHECKPOINT_EVERY_S
