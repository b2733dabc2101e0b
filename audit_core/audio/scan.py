"""The scan: every file that the catalogue's tracks name is heard once, and what is known of it is not asked again.

Files whose size and time are as before, and of which all that is wanted is known, cost a question to the file system
and one to the feature cache: what that has lost is heard again.
The others go to processes of their own (`crew`). What came of them is published in batches, each a revision, so that a
scan that ends anywhere, however it ends, goes on from there when it is started again; what was heard and not published
yet is in the feature cache.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row

from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.crew import Crew
from audit_core.audio.extractors import extractors
from audit_core.audio.files import FileState, Root
from audit_core.audio.hear import OWN, Heard, troubled, versions_of
from audit_core.audio.publishing import Pending, publish_heard
from audit_core.audio.wanted import counted, pages
from audit_core.audio.worker import Registry, Task
from audit_core.catalogue.leases import Lease, LeaseHeld, hold
from audit_core.catalogue.revisions import dataset_id
from audit_core.catalogue.snapshot import latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import AudioError
from audit_core.ledger.chain import Via

__all__ = ["Options", "Progress", "ScanReport", "Trouble", "scan"]

logger = logging.getLogger(__name__)

_TOLD: Final = 100  # problems of a kind that the report names


@dataclass(frozen=True, slots=True)
class Options:
    """How a scan is done.

    Attributes
    ----------
    only : sequence of str
        What is wanted: names of extractors, and ``pcm``. None of them: everything.
    jobs : int
        How many processes; 0: one for each core that this process may use.
    timeout_s : float
        How long a file may take.
    again : bool
        Whether files that seem unchanged are read again, and those that could not be heard tried again.
    batch, batch_s : int and float
        After so many files, or so many seconds, what was heard is published.
    """

    only: Sequence[str] = ()
    jobs: int = 0
    timeout_s: float = 300.0
    again: bool = False
    batch: int = 1000
    batch_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is; `note` says why it waits, or what comes first."""

    done: int = 0
    total: int = 0
    audio_s: float = 0.0
    elapsed_s: float = 0.0
    problems: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that was not heard: of which dataset, why in a word, and in a sentence."""

    dataset: str
    path: str
    problem: str
    reason: str


@dataclass(slots=True)
class ScanReport:
    """What came of a scan.

    Attributes
    ----------
    heard, reused, unchanged : int
        Files that were decoded; whose sound was known already; that were not read at all.
    problems : Counter of str
        How many files were not heard, by the word for why.
    troubles : list of Trouble
        The first of each kind.
    audio_s, elapsed_s, cpu_s : float
        How much sound was heard, in what time, and how long the processes that heard it worked, in seconds.
    revisions : list of int
        What was published.
    interrupted : bool
        Whether files are left.
    """

    heard: int = 0
    reused: int = 0
    unchanged: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    audio_s: float = 0.0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    revisions: list[int] = field(default_factory=list)
    interrupted: bool = False

    @property
    def done(self) -> int:
        """How many files there is an answer for."""
        return self.heard + self.reused + self.unchanged + self.problems.total()


def scan(
    store: Store,
    roots: Mapping[str, Root],
    features: Path,
    options: Options,
    *,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    registry: Registry = extractors,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> ScanReport:
    """Hear the audio of datasets.

    Parameters
    ----------
    store : Store
        The database. Readers and other writers get on meanwhile.
    roots : mapping of str to Root
        The datasets, each with where its audio lies.
    features : Path
        The feature cache's folder.
    options : Options
        What is wanted, and how.
    actor, via : str
        Who scans, and through what.
    clock : Clock
        What time it is.
    registry : Registry
        Gives the extractors: a function of a module.
    stop : callable
        Asked now and then whether to end: what is being heard is finished and published.
    tell : callable
        Told how far it is.

    Returns
    -------
    report : ScanReport
        What was done.

    Raises
    ------
    LeaseHeld
        If another scan is running.
    CacheUnwritable
        If what is heard can't be kept. What was heard before is published.
    """
    known = registry()
    only = [*options.only, *["pcm"] * ("integrity" in options.only)] or ["pcm", *known]
    wanted = versions_of(only, known)
    with hold(store, "scan", clock=clock) as lease, FeatureCache(features) as cache:
        running = _Scan(store, lease, options, cache, wanted, actor, via, clock, stop, tell)
        jobs = options.jobs or len(os.sched_getaffinity(0))
        crew = Crew(jobs=jobs, features=features, registry=registry, wanted=wanted, timeout_s=options.timeout_s)
        try:
            running.run(roots, crew)
        finally:
            crew.close()
        return running.report


class _Scan:
    def __init__(
        self,
        store: Store,
        lease: Lease,
        options: Options,
        cache: FeatureCache,
        wanted: Mapping[str, str],
        actor: str,
        via: Via,
        clock: Clock,
        stop: Callable[[], bool],
        tell: Callable[[Progress], None],
    ) -> None:
        self.report = ScanReport()
        self._store, self._lease, self._options, self._wanted = store, lease, options, wanted
        self._actor, self._via, self._clock, self._stop, self._tell = actor, via, clock, stop, tell
        self._cache = cache
        self._started = time.monotonic()
        self._out: dict[int, tuple[int, str, int | None]] = {}  # number → dataset, path, row: with the crew
        self._held: set[tuple[int, str]] = set()  # of files with the crew, or heard and not published
        self._pending: dict[int, list[Pending]] = defaultdict(list)
        self._names: dict[int, str] = {}
        self._since = self._started
        self._number = self._total = 0
        self._noted: str | None = None
        with store.read() as connection:
            self._first_revision = latest_revision(connection)

    def run(self, roots: Mapping[str, Root], crew: Crew) -> None:
        """Go through all files, then publish what is left."""
        with self._store.read() as connection:
            numbers = {name: dataset_id(connection, name) for name in roots}
            self._names = {number: name for name, number in numbers.items() if number is not None}
            self._total = sum(counted(connection, number, self._clock) for number in self._names)
        files = self._files(roots, crew)
        left = True
        full: CacheUnwritable | None = None
        while (left or crew.busy) and full is None:
            if not self.report.interrupted and self._stop():
                self.report.interrupted, left = True, False
                self._say("finishing the files that are being heard, then ending")
                crew.stop()
            while left and crew.hungry and self._waiting() < 4 * self._options.batch:
                left = next(files, None) is not None
            try:
                for task, heard in crew.heard(0.2 if crew.busy else 0):
                    self._take(task, heard)
            except CacheUnwritable as error:
                full = error
            self._publish_if_due()
            self._tell(self._progress())
        self._publish_all(patient=full is None)
        self.report.elapsed_s, self.report.cpu_s = time.monotonic() - self._started, crew.cpu_s
        if full is not None:
            raise full

    def _files(self, roots: Mapping[str, Root], crew: Crew) -> Iterator[bool]:
        """Look at every file; give what is not known to the crew, and let go after each page."""
        for number, name in self._names.items():
            root = roots[name]
            for page in pages(self._store, number, self._clock):
                lost = self._lost(row.packets for _, row in page if row is not None and row.packets is not None)
                for path, row in page:
                    self._look(number, root, path, row, crew, lost)
                yield True

    def _lost(self, packets: Iterable[str]) -> set[str]:
        """Tell of which files the feature cache has lost what was found in them."""
        some = list(packets)
        lost: set[str] = set()
        for name, version in self._wanted.items():
            if name not in OWN and some:
                kept = self._cache.kept(name, version, some)
                lost.update(one for one, there in zip(some, kept, strict=True) if not there)
        return lost

    def _look(
        self, dataset: int, root: Root, path: str, row: Row[Any] | None, crew: Crew, lost: Collection[str]
    ) -> None:
        if (dataset, path) in self._held or (row is not None and row.from_rev > self._first_revision):
            self._total -= 1  # another track names it as well
            return
        try:
            state = root.state(path)
        except AudioError as error:
            self._came(dataset, path, row.id if row is not None else None, troubled(error))
            return
        if row is not None and not self._options.again and self._is_known(state, row, lost):
            if row.problem is None:
                self.report.unchanged += 1
            else:
                self._count(dataset, path, row.problem, row.reason)
            return
        self._number += 1
        self._out[self._number] = dataset, path, row.id if row is not None else None
        self._held.add((dataset, path))
        crew.add(Task(self._number, root.url, path))
        self._compile_first()

    def _is_known(self, state: FileState, row: Row[Any], lost: Collection[str]) -> bool:
        if state.modified_ns is None or (state.size_bytes, state.modified_ns) != (row.size_bytes, row.modified_ns):
            return False
        if row.problem is None:
            return row.packets not in lost and all(
                row.versions.get(name) == version for name, version in self._wanted.items()
            )
        # What can't be decoded won't be another time; what took too long may not.
        return row.problem in ("undecodable", "crashed") and row.versions.get("hear") == self._wanted["hear"]

    def _compile_first(self) -> None:
        if self._number == 1:
            from audit_core.audio.kernels import compiled

            if not compiled():
                self._say("compiling what listens: once on this machine, for half a minute or so")

    def _take(self, task: Task, heard: Heard) -> None:
        dataset, path, before = self._out.pop(task.number, (0, "", None))
        if dataset:
            self._came(dataset, path, before, heard)

    def _came(self, dataset: int, path: str, before: int | None, heard: Heard) -> None:
        self._held.add((dataset, path))
        if not self._waiting():
            self._since = time.monotonic()
        self._pending[dataset].append(Pending(path, heard, before))
        if heard.problem is not None:
            self._count(dataset, path, heard.problem, heard.reason)
        elif heard.reused:
            self.report.reused += 1
        else:
            self.report.heard += 1
            self.report.audio_s += heard.audio_s

    def _count(self, dataset: int, path: str, problem: str, reason: str | None) -> None:
        self.report.problems[problem] += 1
        if self.report.problems[problem] <= _TOLD:
            self.report.troubles.append(Trouble(self._names[dataset], path, problem, reason or ""))

    def _waiting(self) -> int:
        return sum(map(len, self._pending.values()))

    def _publish_if_due(self) -> None:
        waiting, late = self._waiting(), time.monotonic() - self._since
        if waiting >= self._options.batch or (waiting and late > self._options.batch_s):
            self._publish()

    def _publish_all(self, *, patient: bool) -> None:
        while self._waiting():
            self._publish()
            if self._waiting():
                if not patient:
                    return
                time.sleep(0.2)

    def _publish(self) -> None:
        """Publish a batch of each dataset, unless an import is running: then later."""
        self._cache.sync()
        for dataset, pending in list(self._pending.items()):
            batch = pending[: self._options.batch]
            try:
                revision = publish_heard(
                    self._store,
                    self._lease,
                    (dataset, self._names[dataset]),
                    batch,
                    actor=self._actor,
                    via=self._via,
                    clock=self._clock,
                    wanted=self._wanted,
                )
            except LeaseHeld as held:
                self._say(f"waiting to publish what was heard: {held.what}")
                self._since = time.monotonic() - self._options.batch_s + 1  # again in a second
                return
            if revision is not None:
                self.report.revisions.append(revision)
            del pending[: len(batch)]
            if not pending:
                del self._pending[dataset]
            self._held.difference_update((dataset, one.path) for one in batch)
        self._since = time.monotonic()
        self._noted = None

    def _say(self, note: str) -> None:
        if note != self._noted:
            self._noted = note
            self._tell(self._progress(note))

    def _progress(self, note: str | None = None) -> Progress:
        report, elapsed = self.report, time.monotonic() - self._started
        return Progress(report.done, self._total, report.audio_s, elapsed, report.problems.total(), note)
