"""The time, handed in, so that an audit can be replayed and a test can wait a month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock", "utc_now"]

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the present moment, in UTC."""
    return datetime.now(UTC)
