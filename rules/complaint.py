"""What the check of a rule says of a dataset: how many subjects fail, which, and what there is to know about each.

A check reads; it names no policy and writes no row. `rules.evaluate` makes violations of its complaints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Row, Select, func, select

from audit_core.catalogue.tables import tracks
from audit_core.ledger.violations import SubjectKind
from audit_core.wording import listed, on_one_line

__all__ = [
    "NAMED",
    "SAMPLE",
    "Complaint",
    "Complaints",
    "Judged",
    "TrackList",
    "failing_tracks",
    "names_of_track",
    "nothing_to_judge",
    "shown",
    "some_of",
    "too_little",
]

T = TypeVar("T")

TrackList = tuple[tuple[str, str], ...]
"""Tracks, each as its dataset and its key."""

#: How many violations a run shows of a rule that was stopped by its circuit-breaker.
SAMPLE: Final = 25

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Complaint:
    """One subject that fails.

    Attributes
    ----------
    subject_kind, subject, discriminator : str
        What fails, by its natural key, and what sets this apart from another failing of the same subject.
    names : mapping
        A value for each name that the rule's sentence may have.
    evidence, bound : dict
        JSON: what was measured, and the part of it, rounded, that an approval is bound to.
    """

    subject_kind: SubjectKind
    subject: str
    names: Mapping[str, str]
    evidence: dict[str, Any]
    bound: dict[str, Any]
    discriminator: str = ""


@dataclass(frozen=True, slots=True)
class Complaints(Generic[T]):
    """Complaints that are told one by one, from rows that take less room than they do."""

    rows: Sequence[T]
    tell: Callable[[T], Complaint]

    def __iter__(self) -> Iterator[Complaint]:
        return map(self.tell, self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check came to.

    Attributes
    ----------
    count : int
        How many subjects fail.
    complaints : Complaints
        Sorted by subject and discriminator; the first `SAMPLE` alone if there are more than were asked for.
    queries : tuple of Select
        The statements that give the rows that the complaints are made of.
    lacking : str or None
        Why there is not enough evidence to judge: a sentence.
    skipped : str or None
        Why there was nothing to judge: a sentence.
    unseen : str or None
        Why only a part could be judged: a sentence. What fails is in `complaints` all the same; of what was found
        before and not now, nobody knows whether it passes.
    """

    count: int = 0
    complaints: Complaints[Any] = field(default_factory=lambda: Complaints((), _untold))
    queries: tuple[Select[Any], ...] = ()
    lacking: str | None = None
    skipped: str | None = None
    unseen: str | None = None

    @classmethod
    def of(
        cls,
        rows: Sequence[T],
        tell: Callable[[T], Complaint],
        *,
        at_most: int,
        queries: tuple[Select[Any], ...],
        unseen: str | None = None,
    ) -> Judged:
        """Make the result of rows that are all there, sorted: of more than `at_most` the first are kept."""
        kept = rows if len(rows) <= at_most else rows[:SAMPLE]
        return cls(len(rows), Complaints(kept, tell), queries, unseen=unseen)


def _untold(row: object) -> Complaint:
    raise ValueError(f"{row!r}: there are no complaints to tell")


def too_little(why: str, *queries: Select[Any]) -> Judged:
    """Say that there is not enough evidence."""
    return Judged(queries=queries, lacking=why)


def nothing_to_judge(why: str) -> Judged:
    """Say that no track is in question."""
    return Judged(skipped=why)


def failing_tracks(
    connection: Connection, query: Select[Any], tell: Callable[[Row[Any]], Complaint], *, at_most: int
) -> Judged:
    """Read the tracks that fail; if they are too many, count them and read the first.

    Parameters
    ----------
    query : Select
        Without an order; its first column is the track's key.
    tell : callable
        Makes the complaint of a row.
    at_most : int
        How many are wanted.
    """
    rows = connection.execute(query.limit(at_most + 1)).all()
    if len(rows) <= at_most:
        return Judged(len(rows), Complaints(sorted(rows, key=itemgetter(0)), tell), (query,))
    count = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    first = connection.execute(query.order_by(tracks.c.key).limit(SAMPLE)).all()
    return Judged(count, Complaints(first, tell), (query,))


def shown(text: object) -> str:
    """Put a stranger's text on one line, not too long, without letters that can't be seen."""
    return on_one_line(str(text), _SHOWN)


def names_of_track(row: Row[Any], dataset: str) -> dict[str, str]:
    """Give the names that the sentence about a track may have, from a row with its key, title and artist."""
    return {
        "track": shown(row.key),
        "title": shown(row.title) if row.title else "untitled",
        "artist": shown(row.artist) if row.artist else "unknown artist",
        "dataset": dataset,
    }


def some_of(words: Sequence[str], count: int) -> str:
    """List the first words of `count`: "a, b and 3 more"."""
    rest = count - len(words)
    return listed([*words, f"{rest:,} more"] if rest else words)


#: The columns of a track that `names_of_track` needs.
NAMED: Final = (tracks.c.key, tracks.c.title, tracks.c.artist)
