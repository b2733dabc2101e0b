"""The processes that hear, and who has which file: replaced when one dies or takes too long, with no file lost."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any, Final

from audit_core.audio.cache import CacheUnwritable
from audit_core.audio.hear import OWN, Heard
from audit_core.audio.worker import CLAIM, DONE, FULL, HEARD, LATER, READY, Registry, Task, work
from audit_core.errors import ServiceError

__all__ = ["Crew"]

logger = logging.getLogger(__name__)

_BATCH_S: Final = 1.0  # of work in a batch
_LARGEST_BATCH: Final = 32
_STILLBORN: Final = 3  # processes that died before they began, until the scan gives up
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(slots=True)
class _Worker:
    process: ForkServerProcess
    connection: Connection
    line: Connection  # open as long as we are
    ready: bool = False
    at_work: bool = False  # until it says that a batch is done
    tasks: deque[Task] = field(default_factory=deque)
    claimed: str | None = None
    since: float = 0.0
    cpu_s: float = 0.0

    def close(self) -> None:
        """Let go of the pipes to a process that has ended."""
        self.connection.close()
        self.line.close()


class Crew:
    """The processes of one scan. The first makes sure that all is compiled before the others begin.

    Parameters
    ----------
    jobs : int
        How many.
    features : Path
        The feature cache's folder.
    registry : Registry
        The extractors.
    wanted : mapping
        As `versions_of` gives it.
    timeout_s : float
        How long a file may take.

    Attributes
    ----------
    cpu_s : float
        How long processors worked, as far as processes told it.
    """

    def __init__(
        self, *, jobs: int, features: Path, registry: Registry, wanted: Mapping[str, str], timeout_s: float
    ) -> None:
        self._jobs, self._timeout_s = jobs, timeout_s
        self._arguments = features, registry, wanted
        self._context: ForkServerContext = get_context("forkserver")
        self._workers: list[_Worker] = []
        self._waiting: deque[Task] = deque()
        self._parked: dict[str, list[Task]] = defaultdict(list)
        self._stillborn = 0
        self._per_file_s = 0.5
        self._stopping = False
        self.cpu_s = 0.0

    @property
    def hungry(self) -> bool:
        """Whether there is room for more files."""
        return len(self._waiting) < 2 * _LARGEST_BATCH * self._jobs

    @property
    def busy(self) -> bool:
        """Whether any file is not done."""
        left = not self._stopping and (self._waiting or self._parked)
        return bool(left or any(worker.tasks for worker in self._workers))

    def add(self, task: Task) -> None:
        """Take in a file."""
        self._waiting.append(task)

    def heard(self, patience_s: float) -> Iterator[tuple[Task, Heard]]:
        """Give what came of files, waiting a little if nothing has.

        Raises
        ------
        CacheUnwritable
            If one could not keep what it found. What others are at still comes, when this is called again.
        ServiceError
            If no process begins.
        """
        self._hand_out()
        connections = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(connections), patience_s):
            worker = connections[connection]  # type: ignore[index]  # wait is typed for sockets too
            try:
                while worker.connection.poll():
                    yield from self._message(worker, *worker.connection.recv())
            except (EOFError, OSError):
                yield from self._died(worker)
        yield from self._too_slow()
        self._hand_out()

    def stop(self) -> None:
        """Let each process finish the file that it is at, and hand out no more."""
        self._stopping = True
        self._waiting.clear()
        self._parked.clear()
        for worker in self._workers:
            with suppress(OSError):
                worker.connection.send(None)

    def close(self) -> None:
        """End all processes: at once if they are at something, which is then lost."""
        for worker in self._workers:
            with suppress(OSError):
                worker.connection.send(None)
            if worker.tasks or not worker.ready:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join(10)
            worker.process.kill()
            worker.process.join()
            worker.close()
        self._workers.clear()

    def _hand_out(self) -> None:
        if self._stopping:
            return
        size = max(1, min(_LARGEST_BATCH, int(_BATCH_S / self._per_file_s), len(self._waiting) // (2 * self._jobs)))
        for worker in self._workers:
            if worker.ready and not worker.at_work and self._waiting:
                worker.at_work = True
                worker.tasks.extend(self._waiting.popleft() for _ in range(min(size, len(self._waiting))))
                worker.since = time.monotonic()
                with suppress(OSError):  # it died: the pipe says so when it is read
                    worker.connection.send(list(worker.tasks))
        compiled = any(worker.ready for worker in self._workers)
        starting = sum(not worker.ready for worker in self._workers)
        room = self._jobs if compiled else 1
        for _ in range(min(room - len(self._workers), len(self._waiting) - starting)):
            self._start()

    def _start(self) -> None:
        ours, its = self._context.Pipe()
        end, line = self._context.Pipe(duplex=False)
        process = self._context.Process(target=work, args=(its, end, *self._arguments), daemon=True)
        with _one_thread_each():
            self._context.set_forkserver_preload(["audit_core.audio.worker"])
            resource_tracker.ensure_running()  # which would lift what `_uninterrupted` lays on
            with _uninterrupted():
                ensure_running()
            process.start()
        its.close()
        end.close()
        self._workers.append(_Worker(process, ours, line, since=time.monotonic()))

    def _message(self, worker: _Worker, kind: str, number: int | None, said: Any) -> Iterator[tuple[Task, Heard]]:
        if kind == READY:
            worker.ready, self._stillborn = True, 0
            self._worked(worker, said)
        elif kind == CLAIM:
            taken = any(other.claimed == said for other in self._workers)
            if not taken:
                worker.claimed = said
            else:
                self._parked[said].append(worker.tasks[0])
            worker.connection.send(not taken)
        elif kind == DONE:
            worker.at_work = False
            self._worked(worker, said)
            worker.tasks.clear()  # it was told to end before the last of them
        elif kind in (HEARD, LATER, FULL):
            task = worker.tasks.popleft()
            now = time.monotonic()
            self._per_file_s += 0.1 * (now - worker.since - self._per_file_s)
            worker.since = now
            self._release(worker)
            if kind == HEARD:
                yield task, said
            elif kind == FULL:
                worker.tasks.clear()
                what, at, mend = said
                raise CacheUnwritable(what, at=at, mend=mend)

    def _worked(self, worker: _Worker, cpu_s: float) -> None:
        self.cpu_s += cpu_s - worker.cpu_s
        worker.cpu_s = cpu_s

    def _release(self, worker: _Worker) -> None:
        """Let those go on that waited for the sound that a process was at."""
        if worker.claimed is not None:
            self._waiting.extendleft(self._parked.pop(worker.claimed, []))
            worker.claimed = None

    def _died(self, worker: _Worker) -> Iterator[tuple[Task, Heard]]:
        worker.process.join()
        code = worker.process.exitcode or 0
        self._workers.remove(worker)
        worker.close()
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:
                raise ServiceError(
                    f"the processes that hear die before they begin (exit status {code})",
                    mend="Look at what they wrote on stderr, and at the memory of this machine.",
                )
        yield from self._gone(worker, Heard(problem="crashed", reason=_death(code), versions={"hear": OWN["hear"]}))

    def _too_slow(self) -> Iterator[tuple[Task, Heard]]:
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.ready and worker.tasks and now - worker.since > self._timeout_s:
                logger.info("%s takes too long", worker.tasks[0].path)
                worker.process.kill()
                worker.process.join()
                self._workers.remove(worker)
                worker.close()
                reason = f"it was not heard within {self._timeout_s:g} s"
                yield from self._gone(worker, Heard(problem="timeout", reason=reason))

    def _gone(self, worker: _Worker, came_of_it: Heard) -> Iterator[tuple[Task, Heard]]:
        """Say what came of the file that a process was at, and do the others of its batch again."""
        if not worker.tasks:
            return
        task = worker.tasks.popleft()
        if not self._stopping:
            self._waiting.extendleft(reversed(worker.tasks))
        self._release(worker)
        yield task, came_of_it


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "the process that heard it was killed, perhaps because memory ran out"
    if code < 0:
        return f"the decoder crashed ({signal.Signals(-code).name})"
    return f"the process that heard it ended with status {code}"


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let what is started meanwhile hear no Ctrl-C, which the terminal sends to all: whoever started it says so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that begin meanwhile compute with one thread: there is one for each core."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
