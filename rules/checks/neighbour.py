"""neighbour: no track of one selection holds the same as a track of another, such as a test track in training.

`of` selects the tracks that are judged, among those that the policy applies to. `to` selects the tracks that they are
compared with: among those that the policy applies to as well, or, if it names a `dataset`, in that dataset and
without regard to what the policy applies to. Both are written as fields with their values, as in `{split: train}`,
and may name datasets by patterns, as in `{dataset: "benchmark-*"}`.

`same` says what counts, and one is enough:

- `file`: a checksum of the one equals a checksum of the other, made by the same algorithm: as the catalogue states it,
  or as the scan computed it.
- `recording`: the catalogue states the same recording for both, or the same was heard in both: a re-encode, a remaster,
  a faster, slower, higher or lower copy, or the same audio under other tags.
- `excerpt`: the one holds a stretch of what the other holds. `overlap_at_least` says how long all such stretches of two
  tracks have to be together, as in `5 s`, in the time of the track that is judged; if left out, whatever was found.
- `version`: the two sound like versions of one work (live, cover, remix). That is a guess for ears: give such a rule a
  severity that suits a guess, or put it into a policy of its own that says `mode: observe`.

A blank equals nothing, and no track is its own neighbour. What a person has separated is no neighbour, and what was
found below the threshold is none: `cratecheck neighbours` lists it.

There is not enough evidence, which is no pass, where no track is selected on one side, or where nothing on one side can
be compared with anything on the other (checksums of another algorithm can't). And all tracks of both sides have to be
known well enough:

- for `excerpt` and `version`, each has to be scanned and compared.
- for `recording`, once any was scanned, each has to be scanned and compared; but one that states its recording has not,
  if every track of the other side states its own.
- for `file`, once any was scanned, each has to be scanned, or to state a checksum by an algorithm that the other side's
  have too.

If some are not, the rule is judged in part: what fails is told, what could not be seen is told beside it, and nothing
is resolved.

`quarantine` says which side a quarantine takes out: `of` (if left out) or `to`.

RULE  {of: {split: train}, to: {split: [valid, test]}, same: [file, recording]}
PASS  [{split: train, file: 1f0a}, {split: test, file: 2b7c}]
PASS  [{split: train, file: 1f0a}, {split: train, file: 1f0a}, {split: test, file: 2b7c}]
PASS  [{split: train, file: 1f0a}, {split: train}, {split: test}, {split: test, file: 2b7c}]
PASS  [{split: train, audio: A}, {split: test, audio: B}]
FAIL  [{split: train, file: 1f0a}, {split: test, file: 1f0a}]
FAIL  [{split: train, recording: R1}, {split: valid, recording: R1}]
FAIL  [{split: train, audio: A}, {split: test, audio: B, copy_of: A}]
RULE  {of: {split: train}, to: {split: test}, same: [file]}
PASS  [{split: train, recording: R1, file: 1f0a}, {split: test, recording: R1, file: 2b7c}]
FAIL  [{split: train, recording: R1, file: 1f0a}, {split: test, recording: R2, file: 1f0a}]
RULE  {of: {split: train}, to: {split: test}, same: [excerpt], overlap_at_least: 5 s}
PASS  [{split: train, audio: A, excerpt_of: B, overlap: 4.9 s}, {split: test, audio: B}]
FAIL  [{split: train, audio: A, excerpt_of: B, overlap: 5 s}, {split: test, audio: B}]
RULE  {of: {split: train}, to: {split: test}, same: [version]}
PASS  [{split: train, audio: A}, {split: test, audio: B}]
FAIL  [{split: train, audio: A, version_of: B}, {split: test, audio: B}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    or_,
    select,
)

from audit_core.catalogue.tables import datasets, tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed
from rules.complaint import SAMPLE, Complaint, Judged, TrackList, nothing_to_judge, shown, some_of, too_little
from rules.language.quantities import Duration, duration_in_words
from rules.language.selector import Pick
from rules.language.vocabulary import a_word_of
from rules.language.written import EACH_ONCE
from rules.scope import Scope
from rules.sharing.alignments import Alignments, heard_names
from rules.sharing.coverage import Need, unseen
from rules.sharing.meetings import BY_EAR, Sides, any_apart, any_heard, any_scanned, kept_apart, meetings, reached
from rules.sharing.same_files import comparable, files_of, holders
from rules.sharing.stars import HEARD, SAMENESSES, Sameness, Star, stars

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{track} holds the same {reason} as {other}{heard}."
COPIES_TOO: Final = False  # the other side is one of them
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track that is judged",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "other": "the key of the track that it is near to",
        "reason": "what they share: file, recording, stretch, or work as it seems",
        "heard": "how the first of the others was heard in it, such as “, 12.4 s from 0:31 (excerpt)”; or nothing",
        "kind": "what the first of the others is to it, such as re-encode or excerpt",
        "overlap": "how long the two agree, such as 12.4 s",
        "at": "where in the track that begins, such as 0:31",
        "score": "how sure that is, as a number; 20 is the threshold",
    }
)

_OWN_AUDIO: Final = "packets:"
_NAMED_BY: Final = ("file", "recording")
_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {"file": "file", "recording": "recording", "excerpt": "stretch", "version": "work (it seems)"}
)

Way = Annotated[Sameness, BeforeValidator(a_word_of(SAMENESSES, "way of being the same"))]


def _listed_once(words: tuple[Way, ...]) -> tuple[Way, ...]:
    if not words or len(set(words)) != len(words):
        mend = f"Write [file], or some of [{', '.join(SAMENESSES)}]."
        raise Refusal(Mistake("expected each way of being the same once", mend))
    return words


class Spec(Strict):
    """The keys of this kind of rule."""

    of: Pick = Field(description="The tracks that are judged, among those that the policy applies to.")
    to: Pick = Field(description="The tracks that they are compared with; of another dataset, if it is named.")
    same: Annotated[tuple[Way, ...], AfterValidator(_listed_once), EACH_ONCE] = Field(
        description="What they must not share: the file, the recording, an excerpt, or the work (version; a guess)."
    )
    overlap_at_least: Duration | None = Field(
        default=None, description="How long the stretches have to be together to count as an excerpt, as in 5 s."
    )
    quarantine: Annotated[Literal["of", "to"], BeforeValidator(a_word_of(("of", "to"), "side"))] = Field(
        default="of", description="Which side a quarantine takes out."
    )

    @model_validator(mode="after")
    def _two_selections(self) -> Spec:
        if self.of == self.to:
            mend = "For tracks that repeat each other inside one selection, use the kind duplicate."
            raise Refusal(Mistake("`of` and `to` select the same tracks", mend, ("to",)))
        return self

    @model_validator(mode="after")
    def _overlap_of_something(self) -> Spec:
        if self.overlap_at_least is not None and "excerpt" not in self.same:
            mend = "It is about excerpts: add excerpt to `same`, or delete it."
            raise Refusal(Mistake("`overlap_at_least` says nothing here", mend, ("overlap_at_least",), at_key=True))
        return self


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    least = f" of at least {duration_in_words(spec.overlap_at_least)}" if spec.overlap_at_least is not None else ""
    ways = [_SAID[way] + (least if way == "excerpt" else "") for way in spec.same]
    return (
        f"No track of which {spec.of} may hold the same {listed(ways, 'or')} as a track of which {spec.to}; "
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
    reach = scope.reach(spec.to)
    heard = scope.heard if scope.heard and any_scanned(connection, scope.heard, reach) else None
    whole = heard is not None and "recording" in spec.same and any_apart(connection, heard)
    sides = Sides(of, to, reach, heard, spec.overlap_at_least or 0, whole)
    apart = kept_apart(connection, sides) if "recording" in spec.same else {}
    queries = [(way, query) for way in spec.same for query in meetings(way, sides)]
    found = stars(((way, connection.execute(query).all()) for way, query in queries), apart)
    every_query = tuple(query for _, query in queries)
    unseen = _unseen(connection, spec, sides)
    if found:
        kept = found if len(found) <= at_most else found[:SAMPLE]
        tell = partial(_complaint, scope, _alignments(connection, scope, kept))
        return Judged.of(found, tell, at_most=at_most, queries=every_query, unseen=unseen)
    for side, condition in (("of", of), ("to", to)):
        if not _any_track(connection, condition):  # its fields may be blank, or its name misspelt: nobody knows
            return too_little(f"no track is selected by `{side}`", *every_query)
    if unseen:
        return Judged(queries=every_query, unseen=unseen)
    if not any(_comparable(connection, way, sides) for way in spec.same):
        known = [_SAID[way] for way in spec.same]
        return too_little(f"no {listed(known, 'and no')} is known on both sides", *every_query)
    return Judged(queries=every_query)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the track that is judged, or all that it is a neighbour of."""
    if spec.quarantine == "of":
        return ((scope.dataset.name, subject),)
    same, _, content = discriminator.partition(" ")
    to = scope.compared(spec.to)
    own = connection.scalars(select(tracks.c.id).where(scope.part(spec.of), tracks.c.key == subject)).all()
    if same == "file":
        files = files_of(connection, own, scope.heard) or {content}
        found = holders(connection, to, files, scope.heard)
    else:
        sides = Sides(tracks.c.id.in_(own), to, to, scope.heard, spec.overlap_at_least or 0)
        stated = [] if content.startswith(_OWN_AUDIO) or same != "recording" else [tracks.c.recording == content]
        met = [rows.c.track_id for rows in reached(cast(Sameness, same), sides)]
        some = or_(*stated, *(tracks.c.id.in_(select(number)) for number in met))
        query = (
            select(tracks.c.id, datasets.c.name, tracks.c.key)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(to, some)
        )
        found = {row.id: (row.name, row.key) for row in connection.execute(query)}
    return tuple(sorted(track for number, track in found.items() if number not in own))


def _unseen(connection: Connection, spec: Spec, sides: Sides) -> str | None:
    """Say what could not be seen; None if all could, or if nobody has listened and the catalogue's word will do."""
    by_ear = [way for way in spec.same if way in BY_EAR]
    if sides.heard is None:
        return (
            f"no track was scanned, so no {listed((_SAID[way] for way in by_ear), 'and no')} can be found"
            if by_ear
            else None
        )
    need: Need = "sound" if by_ear else "recording" if "recording" in spec.same else "file"
    return unseen(connection, sides.heard, sides.of, need, sides.to).reason


def _any_track(connection: Connection, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(tracks.c.id).where(condition).limit(1)).first() is not None


def _comparable(connection: Connection, way: Sameness, sides: Sides) -> bool:
    if way == "file":
        return comparable(connection, sides.of, sides.to, sides.heard)
    if way == "recording":
        known = tracks.c.recording.is_not(None)
        if all(_any_track(connection, and_(side, known)) for side in (sides.of, sides.to)):
            return True
    return sides.heard is not None and all(any_heard(connection, sides.heard, side) for side in (sides.of, sides.to))


def _alignments(connection: Connection, scope: Scope, found: Sequence[Star]) -> Alignments | None:
    if scope.heard is None:
        return None
    numbers = {star.number for star in found} | {number for star in found for _, _, number in star.to}
    return Alignments(connection, scope.heard, numbers, versions=any(star.same == "version" for star in found))


def _complaint(scope: Scope, alignments: Alignments | None, star: Star) -> Complaint:
    datasets_by_id = {dataset.id: dataset.name for dataset in scope.others}
    to = [{"dataset": datasets_by_id[number], "key": key} for number, key, _ in star.to]
    others = [
        shown(other["key"] if other["dataset"] == scope.dataset.name else f"{other['dataset']}: {other['key']}")
        for other in to
    ]
    lying = [alignments.between(star.number, number) if alignments else None for _, _, number in star.to]
    own = alignments.packets(star.number) if alignments else None
    stated = [content for content in star.contents if not content.startswith(HEARD)] if star.same in _NAMED_BY else []
    named = stated or [f"{_OWN_AUDIO}{own}"]
    by_file = star.same == "file"
    return Complaint(
        "pair",
        star.key,
        {
            "track": shown(star.key),
            "title": shown(star.title) if star.title else "untitled",
            "artist": shown(star.artist) if star.artist else "unknown artist",
            "dataset": scope.dataset.name,
            "other": some_of(others, star.count),
            "reason": _SAID[star.same],
            **heard_names(lying[0], star.count, told=star.same in ("file", "version")),
        },
        evidence={
            "same": star.same,
            **({"shared": list(star.contents)} if star.same in _NAMED_BY else {}),
            **({"packets": own} if own else {}),
            "to": [{**other, **(one.evidence if one else {})} for other, one in zip(to, lying, strict=True)],
            "count": star.count,
        },
        bound={
            "same": star.same,
            "shared": _of_one_algorithm(star) if by_file else named,
            "to": [
                {**other, **(one.bound if one and not by_file else {})} for other, one in zip(to, lying, strict=True)
            ],
            "count": star.count,
        },
        discriminator=f"{star.same} {named[0]}",
    )


def _of_one_algorithm(star: Star) -> list[str]:
    """List what is shared, each file once: one that gains a second checksum is the file that it was."""
    algorithm, _, _ = star.contents[0].partition(":")
    return [content for content in star.contents if content.startswith(f"{algorithm}:")]
