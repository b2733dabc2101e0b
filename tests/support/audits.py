"""Audits from end to end: a clock, rules and rows that many tests share, and what the fixtures of `tests/rules` are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from audit_core.ledger.violations import Violation
from rules.run import AuditReport

__all__ = ["MANY_FAULTS", "NO_TITLE", "ONE_OF_EACH_KIND", "START", "TITLED", "Audited", "Decide", "States", "Time"]

Audited = Callable[..., AuditReport]
"""Audits the store under some policies, or under those that are active already."""

States = Callable[[], dict[str, str]]
"""Tells the state of each violation, by subject."""

Decide = Callable[..., Violation]
"""Decides about the violation of a subject."""

START = datetime(2026, 11, 20, 9, tzinfo=UTC)

TITLED = {"kind": "field", "field": "title", "must": "be_present", "say": "{track} has no title."}
ONE_OF_EACH_KIND: list[dict[str, Any]] = [
    TITLED,
    {"kind": "licence", "require": ["commercial"]},
    {"kind": "duplicate", "same": ["file"]},
    {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file", "recording"]},
    {"kind": "crossing", "field": "artist"},
    {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"},
]
MANY_FAULTS: list[dict[str, Any]] = [
    {"key": "a", "title": "A", "licence": "CC-BY-NC-4.0", "artist": "Nina", "split": "train", "md5": "1"},
    {"key": "b", "artist": ["NINA", "Otis"], "split": "test", "md5": "1", "licence": "CC0-1.0"},
    {"key": "c", "title": "C", "split": "train", "recording": "R", "licence": "whatever"},
    {"key": "d", "title": "D", "split": "test", "recording": "R"},
]
NO_TITLE: list[dict[str, Any]] = [{"key": "a", "title": "A"}, {"key": "b"}]


class Time:
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now
