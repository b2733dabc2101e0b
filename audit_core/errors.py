"""The mistakes that Cratecheck tells a user about, each with its place and its mend.

::

    CratecheckError              what is wrong, where, how to mend it
    ├── SettingsError            cratecheck.toml or the environment
    ├── IngestError              a file or a mapping that can't be imported
    ├── AudioError               a file of audio, or where audio lies, that can't be used; `audio` has its kinds
    ├── StoreError               the database: locked, read-only, newer than this program
    ├── PolicyError              a policy file
    ├── DecisionRefused          a reviewer may not decide so, or no longer
    ├── LedgerBroken             a record does not match its hash (exit code 1)
    └── ServiceError             Slack or another service failed us (exit code 3)

    Problems                     several of them, reported at once

A caller's mistake in code is a `ValueError`, and no part of this family.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = [
    "AudioError",
    "CratecheckError",
    "DecisionRefused",
    "IngestError",
    "LedgerBroken",
    "Location",
    "PolicyError",
    "Problems",
    "ServiceError",
    "SettingsError",
    "StoreError",
]


_OF_ONE_SORT: Final = 20
_PARTICULARS: Final = re.compile(r"""(["'`]).*?\1|[0-9]+""")


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = (self.file, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)


class CratecheckError(Exception):
    """A mistake that its maker can mend.

    Parameters
    ----------
    what : str
        What is wrong, without a full stop.
    at : Location, optional
        Where it is wrong.
    mend : str, optional
        How to put it right: a sentence or two.
    excerpt : str, optional
        The offending source line with a caret under the place, shown below the message.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, at: Location | None = None, mend: str | None = None, excerpt: str | None = None
    ) -> None:
        self.what = what
        self.at = at
        self.mend = mend
        self.excerpt = excerpt
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.at}: " if self.at else ""
        mend = f". {self.mend}" if self.mend else ""
        below = f"\n{self.excerpt}" if self.excerpt else ""
        return f"{place}{self.what}{mend}{below}"


class SettingsError(CratecheckError):
    """Settings that are missing or contradict each other."""


class IngestError(CratecheckError):
    """A file or a mapping that can't be imported."""


class AudioError(CratecheckError):
    """A file of audio, or the place where audio lies, that can't be used."""


class StoreError(CratecheckError):
    """A database that can't be used as it is."""


class PolicyError(CratecheckError):
    """A mistake in a policy file."""


class DecisionRefused(CratecheckError):
    """A decision that this person can't take, or that came too late."""


class LedgerBroken(CratecheckError):
    """A ledger row that does not match its hash, or is missing."""

    exit_code = 1


class ServiceError(CratecheckError):
    """A service that we depend on failed."""

    exit_code = 3


class Problems(CratecheckError):
    """Several mistakes, told in one go, in the order of their places.

    Of one sort, a file's first twenty are told, and how many more there are.
    """

    def __init__(self, problems: Iterable[CratecheckError]) -> None:
        in_order = sorted(
            problems,
            key=lambda problem: (
                problem.at is not None,
                str(problem.at and problem.at.file),
                *_place(problem),
            ),
        )
        self.problems = list(_first_of_each_sort(in_order))
        super().__init__(f"{len(self.problems)} problems")

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def _first_of_each_sort(problems: list[CratecheckError]) -> Iterator[CratecheckError]:
    """Leave out what a file repeats; at the place of the first that is left out, say how many there are."""
    sorts = [_sort(problem) for problem in problems]
    numbers, met = Counter(sorts), Counter[tuple[str, str]]()
    for problem, sort in zip(problems, sorts, strict=True):
        met[sort] += 1
        if problem.at is None or problem.at.line is None or met[sort] <= _OF_ONE_SORT:
            yield problem
        elif met[sort] == _OF_ONE_SORT + 1:
            more = numbers[sort] - met[sort]
            what = f"{problem.what} (and {more:,} more of this sort)" if more else problem.what
            yield type(problem)(what, at=problem.at, mend=problem.mend, excerpt=problem.excerpt)


def _sort(problem: CratecheckError) -> tuple[str, str]:
    """Name the file of a mistake, and what is wrong but for what it is about."""
    return problem.at.file if problem.at else "", _PARTICULARS.sub("", problem.what)


def _place(problem: CratecheckError) -> tuple[int, int]:
    if problem.at is None:
        return (0, 0)
    return (problem.at.line or 0, problem.at.column or 0)
