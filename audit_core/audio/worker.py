"""A process that hears: files come through a pipe, what came of them goes back one by one.

A decoder may crash on what a file holds, or never come to an end; then this process goes, and nothing else. Between a
file's hash and its decoding it asks whether another process is at the same sound already.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from audit_core.audio import kernels
from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.extractor import Extractor
from audit_core.audio.files import Root
from audit_core.audio.hear import Heard, hear, troubled
from audit_core.audio.lifeline import tie
from audit_core.errors import AudioError

__all__ = ["CLAIM", "DONE", "FULL", "HEARD", "LATER", "READY", "Registry", "Task", "work"]

Registry = Callable[[], Mapping[str, Extractor]]
"""Gives the extractors by name; a function of a module, which a process finds by its name."""

READY, CLAIM, LATER, HEARD, DONE, FULL = "ready", "claim", "later", "heard", "done", "full"

_MOST_MEMORY: Final = 4 << 30  # bytes; a file that takes more than that is broken


@dataclass(frozen=True, slots=True)
class Task:
    """A file that is to be heard: its number in this scan, where it lies, and what is wanted of it."""

    number: int
    root: str
    path: str


def work(
    connection: Connection, line: Connection, features: Path, registry: Registry, wanted: Mapping[str, str]
) -> None:
    """Hear the files that come through a pipe, until None does, or whoever sent them, and holds the line, is gone."""
    tie(line)
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever started us says when to end
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    extractors = registry()
    kernels.warm()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError), FeatureCache(features) as cache:
        connection.send((READY, None, time.process_time()))
        _Ear(connection, cache, extractors, wanted).listen()


class _Ear:
    def __init__(
        self,
        connection: Connection,
        cache: FeatureCache,
        extractors: Mapping[str, Extractor],
        wanted: Mapping[str, str],
    ) -> None:
        self._connection, self._cache, self._extractors, self._wanted = connection, cache, extractors, wanted
        self._roots: dict[str, Root] = {}
        self._ending = False

    def listen(self) -> None:
        while not self._ending:
            tasks: list[Task] | None = self._connection.recv()
            if tasks is None:
                return
            for task in tasks:
                if self._connection.poll():  # nothing comes in the middle but the word to end
                    self._ending = self._connection.recv() is None
                if self._ending:
                    break
                self._take(task)
            self._connection.send((DONE, None, time.process_time()))

    def _take(self, task: Task) -> None:
        try:
            heard = self._hear(task)
        except CacheUnwritable as error:
            self._connection.send((FULL, task.number, (error.what, error.at, error.mend)))
            self._ending = True
            return
        self._connection.send((LATER if heard is None else HEARD, task.number, heard))

    def _hear(self, task: Task) -> Heard | None:
        if task.root not in self._roots:
            try:
                self._roots[task.root] = Root(task.root)
            except AudioError as error:
                return troubled(error)
        root = self._roots[task.root]
        return hear(root, task.path, self._wanted, self._extractors, self._cache, self._mine)

    def _mine(self, packets: str) -> bool:
        self._connection.send((CLAIM, None, packets))
        answer = self._connection.recv()
        if answer is None:  # the word to end came first
            self._ending = True
            answer = self._connection.recv()
        return bool(answer)
