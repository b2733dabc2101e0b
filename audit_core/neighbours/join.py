"""Finds the pairs of files that share audio: a whole library against itself, what is new against all, queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from audit_core.neighbours.match import Match, PeakLibrary

__all__ = ["CANDIDATE_THRESHOLD", "THRESHOLD", "VERSION", "query", "self_join"]

VERSION = "1"
THRESHOLD = 20.0
CANDIDATE_THRESHOLD = 10.0

Progress = Callable[[str, int, int], None]  # stage, done, total


def self_join(
    library: PeakLibrary,
    *,
    new: Collection[int] | None = None,
    folder: Path,
    progress: Progress | None = None,
) -> Iterator[Match]:
    """Find all pairs of a library that share audio; those with a file that is new, if `new` numbers these."""
    raise NotImplementedError


def query(
    queries: PeakLibrary, library: PeakLibrary, *, folder: Path, progress: Progress | None = None
) -> Iterator[Match]:
    """Find what each query shares with the files of a library: `a` numbers the queries, `b` the library."""
    raise NotImplementedError
