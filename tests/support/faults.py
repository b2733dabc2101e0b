"""Extractors with faults, for scans that must survive them: by how loud a file is, it crashes, hangs or raises."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Mapping
from typing import Literal

import numpy as np

from audit_core.audio.decode import Audio
from audit_core.audio.extractor import Extracted, Extractor, Samples

__all__ = ["CRASHES", "HANGS", "KILLED", "RAISES", "faulty", "limited", "newer", "slow", "sound"]

# Peaks of files, in tenths of full scale, and what comes of them.
CRASHES, HANGS, RAISES, KILLED = 0.9, 0.7, 0.5, 0.3


class _Loudest:
    """Remembers the largest sample of a file."""

    name: str = "loudest"
    listens: Literal["native"] = "native"

    def __init__(self, version: str = "1", *, faults: bool = False, seconds: float = 0.0) -> None:
        self.version = version
        self._faults, self._seconds = faults, seconds

    def start(self, _audio: Audio, /) -> _Sink:
        time.sleep(self._seconds)
        return _Sink(self._faults)


class _Sink:
    def __init__(self, faults: bool) -> None:
        self._faults, self._peak = faults, 0.0

    def feed(self, block: Samples, /) -> None:
        self._peak = max(self._peak, float(np.abs(block).max(initial=0)))

    def finish(self) -> Extracted:
        if self._faults:
            here = round(self._peak, 1)
            if here == CRASHES:
                os.kill(os.getpid(), signal.SIGSEGV)
            if here == KILLED:
                os.kill(os.getpid(), signal.SIGKILL)
            if here == HANGS:
                time.sleep(600)
            if here == RAISES:
                raise ZeroDivisionError("a bug")
        return Extracted({"peak": self._peak}, b"loud")


def faulty() -> Mapping[str, Extractor]:
    """One that comes to grief by the loudness of a file."""
    return {"loudest": _Loudest(faults=True)}


def sound() -> Mapping[str, Extractor]:
    """One that comes to no grief."""
    return {"loudest": _Loudest()}


def newer() -> Mapping[str, Extractor]:
    """The same, in its next version."""
    return {"loudest": _Loudest("2")}


def slow() -> Mapping[str, Extractor]:
    """One that takes its time."""
    return {"loudest": _Loudest(seconds=0.15)}


def limited() -> Mapping[str, Extractor]:
    """One that comes to no grief, in a process that may write no file longer than three million bytes."""
    if multiprocessing.parent_process() is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return sound()
