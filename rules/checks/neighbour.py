"""neighbour: no track of one selection holds the same as a track of another, such as a test track in training.

`of` selects the tracks that are judged, among those that the policy applies to. `to` selects the tracks that they are
compared with: among those that the policy applies to as well, or, if it names a `dataset`, in that dataset and
without regard to what the policy applies to. Both are written as fields with their values, as in `{split: train}`,
and may name datasets by patterns, as in `{dataset: "benchmark-*"}`.

`same` says what counts, and one is enough:

- `file`: a checksum of the one equals a checksum of the other, made by the same algorithm.
- `recording`: the catalogue states the same recording for both.

A blank equals nothing, and no track is its own neighbour. Where no track is selected on one side, or nothing on one
side can be compared with anything on the other (checksums of another algorithm can't), there is not enough evidence,
which is no pass.

`quarantine` says which side a quarantine takes out: `of` (if left out) or `to`.

RULE  {of: {split: train}, to: {split: [valid, test]}, same: [file, recording]}
PASS  [{split: train, file: 1f0a}, {split: test, file: 2b7c}]
PASS  [{split: train, file: 1f0a}, {split: train, file: 1f0a}, {split: test, file: 2b7c}]
PASS  [{split: train, file: 1f0a}, {split: train, file: ""}, {split: test, file: ""}, {split: test, file: 2b7c}]
FAIL  [{split: train, file: 1f0a}, {split: test, file: 1f0a}]
FAIL  [{split: train, recording: R1}, {split: valid, recording: R1}]
RULE  {of: {split: train}, to: {split: test}, same: [file]}
PASS  [{split: train, recording: R1, file: 1f0a}, {split: test, recording: R1, file: 2b7c}]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from audit_core.catalogue.tables import datasets, tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed
from rules.complaint import NAMED, Complaint, Judged, TrackList, nothing_to_judge, shown, some_of, too_little
from rules.same_files import comparable, files_in_common, files_of, holders, role_of
from rules.scope import Scope
from rules.selector import Pick
from rules.stars import Star, stars
from rules.vocabulary import a_word_of

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{track} holds the same {reason} as {other}."
COPIES_TOO: Final = False  # the other side is one of them
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track that is judged",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "other": "the key of the track that it is near to",
        "reason": "what they share: file or recording",
    }
)

Sameness = Annotated[
    Literal["file", "recording"], BeforeValidator(a_word_of(("file", "recording"), "way of being the same"))
]


def _listed_once(words: tuple[Sameness, ...]) -> tuple[Sameness, ...]:
    if not words or len(set(words)) != len(words):
        raise Refusal(Mistake("expected each way of being the same once", "Write [file], or [file, recording]."))
    return words


class Spec(Strict):
    """The keys of this kind of rule."""

    of: Pick
    to: Pick
    same: Annotated[tuple[Sameness, ...], AfterValidator(_listed_once)]
    quarantine: Annotated[Literal["of", "to"], BeforeValidator(a_word_of(("of", "to"), "side"))] = "of"

    @model_validator(mode="after")
    def _two_selections(self) -> Spec:
        if self.of == self.to:
            mend = "For tracks that repeat each other inside one selection, use the kind duplicate."
            raise Refusal(Mistake("`of` and `to` select the same tracks", mend, ("to",)))
        return self


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    return (
        f"No track of which {spec.of} may hold the same {listed(spec.same, 'or')} as a track of which {spec.to}; "
        f"a quarantine takes out the {'first' if spec.quarantine == 'of' else 'second'}."
    )


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the side that is named."""
    return True


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the tracks that share something with the other selection."""
    if not scope.has(spec.of):
        return nothing_to_judge("`of` selects tracks of other datasets")
    of, to = scope.part(spec.of), scope.compared(spec.to)
    sides = _Sides(of, to, scope.reach(spec.to))
    queries = {same: _QUERIES[same](sides) for same in spec.same}
    found = stars((same, connection.execute(query).all()) for same, query in queries.items())
    every_query = tuple(queries.values())
    if found:
        return Judged.of(found, partial(_complaint, scope), at_most=at_most, queries=every_query)
    for side, condition in (("of", of), ("to", to)):
        if not _any_track(connection, condition):  # its fields may be blank, or its name misspelt: nobody knows
            return too_little(f"no track is selected by `{side}`", *every_query)
    if not any(_comparable(connection, same, of, to) for same in spec.same):
        return too_little(f"no {listed(spec.same, 'and no')} is known on both sides", *every_query)
    return Judged(queries=every_query)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the track that is judged, or all that it is a neighbour of."""
    if spec.quarantine == "of":
        return ((scope.dataset.name, subject),)
    same, _, content = discriminator.partition(" ")
    to = scope.compared(spec.to)
    own = connection.scalars(select(tracks.c.id).where(scope.part(spec.of), tracks.c.key == subject)).all()
    if same == "file":
        found = holders(connection, to, files_of(connection, own) or {content})
    else:
        query = (
            select(tracks.c.id, datasets.c.name, tracks.c.key)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(to, tracks.c.recording == content)
        )
        found = {row.id: (row.name, row.key) for row in connection.execute(query)}
    return tuple(sorted(track for number, track in found.items() if number not in own))


def _files(sides: _Sides) -> Select[Any]:
    found = files_in_common(sides.reach, sides.is_of, sides.is_to).subquery()
    file = (found.c.algorithm, found.c.value)
    anyone = (
        func.max(found.c.is_of).over(partition_by=file).label("any_of"),
        func.max(found.c.is_to).over(partition_by=file).label("any_to"),
    )
    numbers: list[ColumnElement[Any]] = [*found.c, *anyone]
    both = select(*numbers).subquery()  # narrow, for it is sorted
    columns = (both.c.algorithm, both.c.value, both.c.asset_id, both.c.track_id, both.c.is_of, both.c.is_to)
    rows = (
        select(*columns, *NAMED, tracks.c.dataset_id)
        .join(tracks, tracks.c.id == both.c.track_id)
        .where(both.c.any_of > 0, both.c.any_to > 0)
        .subquery()
    )
    is_audio = case((role_of(rows.c.asset_id) == "audio", 1), else_=0)
    return _shared_by_both(rows, rows.c.algorithm + ":" + rows.c.value, is_audio)


def _recordings(sides: _Sides) -> Select[Any]:
    known = tracks.c.recording.is_not(None)
    columns = (tracks.c.recording, tracks.c.id.label("track_id"), *NAMED, tracks.c.dataset_id)
    yes: ColumnElement[int] = literal_column("1")
    no: ColumnElement[int] = literal_column("0")
    to_side = select(*columns, no.label("is_of"), yes.label("is_to")).where(sides.to, known).cte("to_side")
    of_side = (
        select(*columns, yes.label("is_of"), no.label("is_to"))
        .where(sides.of, known, tracks.c.recording.in_(select(to_side.c.recording)))
        .cte("of_side")
    )
    met = select(to_side).where(to_side.c.recording.in_(select(of_side.c.recording)))
    found = union_all(select(of_side), met).subquery()
    return _shared_by_both(found, found.c.recording, no)


def _shared_by_both(rows: FromClause, content: ColumnElement[str], is_audio: ColumnElement[int]) -> Select[Any]:
    """Select what `stars` reads, of the tracks that are on either side."""
    names = ("track_id", "dataset_id", "key", "title", "artist", "is_of", "is_to")
    columns: list[ColumnElement[Any]] = [content.label("content"), is_audio.label("is_audio")]
    columns += (rows.c[name] for name in names)
    return select(*columns).where(or_(rows.c.is_of > 0, rows.c.is_to > 0))


@dataclass(frozen=True, slots=True)
class _Sides:
    """Which tracks are judged, and which they are compared with, as conditions and as columns of 1 and 0.

    The columns are asked to be more than 0, not to be 1: PostgreSQL expects next to no row to equal an expression, and
    then chooses a nested loop.
    """

    of: ColumnElement[bool]
    to: ColumnElement[bool]
    reach: ColumnElement[bool]

    @property
    def is_of(self) -> ColumnElement[int]:
        return case((self.of, 1), else_=0).label("is_of")

    @property
    def is_to(self) -> ColumnElement[int]:
        return case((self.to, 1), else_=0).label("is_to")


_QUERIES: Final[Mapping[str, Callable[[_Sides], Select[Any]]]] = MappingProxyType(
    {"file": _files, "recording": _recordings}
)


def _any_track(connection: Connection, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(tracks.c.id).where(condition).limit(1)).first() is not None


def _comparable(connection: Connection, same: str, of: ColumnElement[bool], to: ColumnElement[bool]) -> bool:
    if same == "file":
        return comparable(connection, of, to)
    return all(_any_track(connection, and_(side, tracks.c.recording.is_not(None))) for side in (of, to))


def _complaint(scope: Scope, star: Star) -> Complaint:
    datasets_by_id = {dataset.id: dataset.name for dataset in scope.others}
    to = [{"dataset": datasets_by_id[number], "key": key} for number, key in star.to]
    others = [
        shown(other["key"] if other["dataset"] == scope.dataset.name else f"{other['dataset']}: {other['key']}")
        for other in to
    ]
    measured = {"same": star.same, "shared": list(star.contents), "to": to, "count": star.count}
    return Complaint(
        "pair",
        star.key,
        {
            "track": shown(star.key),
            "title": shown(star.title) if star.title else "untitled",
            "artist": shown(star.artist) if star.artist else "unknown artist",
            "dataset": scope.dataset.name,
            "other": some_of(others, star.count),
            "reason": star.same,
        },
        evidence=measured,
        bound={**measured, "shared": _of_one_algorithm(star)},
        discriminator=f"{star.same} {star.contents[0]}",
    )


def _of_one_algorithm(star: Star) -> list[str]:
    """List what is shared, each file once: one that gains a second checksum is the file that it was."""
    if star.same != "file":
        return list(star.contents)
    algorithm, _, _ = star.contents[0].partition(":")
    return [content for content in star.contents if content.startswith(f"{algorithm}:")]
