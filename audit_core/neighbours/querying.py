"""Files that are in no catalogue, held against what is: which of them holds what of the catalogue's audio."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from audit_core.audio.cache import FeatureCache
from audit_core.audio.decimate import Decimator
from audit_core.audio.decode import open_audio
from audit_core.audio.files import Root
from audit_core.audio.fingerprint import FingerprintExtractor
from audit_core.audio.paths import spelled
from audit_core.audio.peaks import Peaks
from audit_core.catalogue.snapshot import Snapshot
from audit_core.errors import AudioError
from audit_core.neighbours.comparing import fingerprints, heard
from audit_core.neighbours.join import query
from audit_core.neighbours.kinds import Facts, kind
from audit_core.neighbours.pairs import FilePair, first_files
from audit_core.wording import on_one_line

__all__ = ["Listened", "Unheard", "listened", "queried"]

_AT_ONCE: Final = 1 << 20
_TOGETHER: Final = 200  # files of a page when names are looked up


@dataclass(frozen=True, slots=True)
class Listened:
    """A file that was heard: its path as it was given, what is known of it, its peaks."""

    path: str
    facts: Facts
    peaks: bytes


@dataclass(frozen=True, slots=True)
class Unheard:
    """A file that could not be heard, and why."""

    path: str
    reason: str


def listened(
    paths: Sequence[Path], *, jobs: int, progress: Callable[[int, int], None] | None = None
) -> list[Listened | Unheard]:
    """Fingerprint some files, each in a process that may crash of it.

    Parameters
    ----------
    paths : sequence of Path
    jobs : int > 0
        How many at a time.
    progress : callable, optional
        Told how many are done, of how many.

    Returns
    -------
    heard : list of Listened or Unheard
        In the order of the paths.
    """
    found: dict[Path, Listened | Unheard] = {}
    todo = list(dict.fromkeys(paths))
    alone = False
    while todo:
        broke = False
        workers = 1 if alone else max(1, min(jobs, len(todo)))
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            some = todo[:1] if alone else todo
            futures = {pool.submit(_listen, str(path)): path for path in some}
            for future in as_completed(futures):
                try:
                    found[futures[future]] = future.result()
                except BrokenProcessPool:
                    broke = True
                if progress is not None:
                    progress(len(found), len(paths))
        if broke and alone:
            found[some[0]] = Unheard(str(some[0]), "the decoder crashed on it")
        alone = broke or (alone and len(todo) > 1)  # one at a time from now on, for nobody knows which it was
        todo = [path for path in todo if path not in found]
    return [found[path] for path in paths]


def _listen(path: str) -> Listened | Unheard:
    extractor = FingerprintExtractor()
    whole = Path(path).resolve()
    try:
        with Root(whole.parent).open(spelled(whole.name)) as file:
            digest = hashlib.sha256()
            while some := file.read(_AT_ONCE):
                digest.update(some)
            file.seek(0)
            with open_audio(file, pcm=False) as audio:
                decimator, sink = Decimator(audio.sample_rate_hz), extractor.start(audio)
                for block in audio.blocks():
                    sink.feed(decimator.feed(block))
                sink.feed(decimator.finish())
                peaks = sink.finish()
                facts = Facts(
                    sha256=digest.hexdigest(),
                    packets=audio.packets,
                    pcm=None,
                    duration_s=audio.duration_s,
                    codec=audio.codec,
                    peaks=peaks.columns["peaks"],
                )
    except AudioError as error:
        return Unheard(path, error.what)
    except Exception as error:  # noqa: BLE001 - one file stops no other
        return Unheard(path, on_one_line(f"a fault of Cratecheck's own: {type(error).__name__}: {error}", 300))
    return Listened(path, facts, peaks.features or b"")


class _Queries:
    """The peaks of the files that are asked about."""

    def __init__(self, some: Sequence[Listened]) -> None:
        self._some = some
        self.durations_s: npt.NDArray[np.float64] = np.asarray([one.facts.duration_s for one in some], np.float64)

    def __len__(self) -> int:
        return len(self._some)

    def __getitem__(self, index: int, /) -> Peaks:
        return Peaks.from_bytes(self._some[index].peaks)


def queried(
    connection: Connection,
    snapshot: Snapshot,
    cache: FeatureCache,
    asked: Sequence[Listened],
    *,
    folder: Path,
    datasets: Sequence[str] = (),
    candidates: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[FilePair]:
    """Find what some files share with those of the catalogue that were scanned.

    Parameters
    ----------
    connection : Connection
    snapshot : Snapshot
    cache : FeatureCache
        With the fingerprints of the catalogue.
    asked : sequence of Listened
        The files; they need not be in the catalogue.
    folder : Path
        For what is written meanwhile.
    datasets : sequence of str, optional
        Only files of these.
    candidates : bool
        Whether matches below the threshold are wanted too.
    progress : callable, optional
        Told what is done, how much of it, and how much there is.

    Yields
    ------
    pair : FilePair
        `a` is a file that was asked about, in no dataset; `b` one of the catalogue. The best stretch of a pair first.
    """
    facts, _ = heard(connection, snapshot, datasets)
    library = fingerprints(cache, facts)
    packets = library.packets
    if not packets or not asked:
        return
    matches = sorted(
        query(_Queries(asked), library, folder=folder, progress=progress), key=lambda one: (one.a, -one.score, one.b)
    )
    for first in range(0, len(matches), _TOGETHER):
        page = matches[first : first + _TOGETHER]
        names = first_files(connection, snapshot, {packets[match.b] for match in page}, datasets)
        for match in page:
            if match.candidate and not candidates:
                continue
            dataset, path = names[packets[match.b]]
            word = kind(match, asked[match.a].facts, facts[packets[match.b]])
            for stretch in match.stretches:
                yield FilePair(
                    dataset_a="",
                    file_a=asked[match.a].path,
                    dataset_b=dataset,
                    file_b=path,
                    score=stretch.score,
                    offset_a=stretch.offset_a,
                    offset_b=stretch.offset_b,
                    overlap_s=stretch.overlap_s,
                    tempo=stretch.tempo,
                    pitch=stretch.pitch,
                    kind=word,
                    candidate=match.candidate,
                )
