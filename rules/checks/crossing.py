"""crossing: no artist, album, work or recording lies in more than one split.

A model that is tested on an artist whom it was trained on is tested on what it has heard: accuracy has been seen to
fall from 71 % to 27 % once the artists were kept apart (Pampalk, Flexer and Widmer, ISMIR 2005). Each value that lies
in two or more splits of one dataset is a violation. Spellings that differ in case alone are one value; a blank is none.

- `field`: what must not cross: `artist`, `album`, `work`, `recording`, or a column of your own as `extra.NAME`.
- `between`: the splits that are compared. If left out, all that have a name; a blank split is no split.
- `joined_by`: `recording`, which for `artist` is so if it is left out: a track counts under the artists of every track
  of the dataset that holds the same file or the same recording, stated or heard. So a copy that came in under another
  name does not get past the artist filter. `nothing`: a track counts under its own alone. It can be said of artist,
  album and work.
- `quarantine`: the split from which a quarantine takes the tracks of that value. It is needed if reviewers may
  quarantine.

A `recording` is what the catalogue states, and what was heard: files that the comparison found to be one recording, and
the same audio however it is tagged.

Where fewer than two splits have a track of which the field is known, there is not enough evidence, which is no pass.
Once any track of a dataset was scanned, a rule on recordings, or one that is joined by them, is judged in part as long
as others were not scanned, or not compared: what crosses is told, what could not be seen is told beside it, and nothing
is resolved. A rule on recordings needs no scan of tracks if all state their recording. What tracks of more than 100
artists hold, as one file in the place of many, joins none of them, which is told beside.

An approval holds until the value comes into another split, or the number of its tracks in one split into another of
these bands: 1, 2 to 3, 4 to 7, 8 to 15, and so on.

RULE  {field: artist}
PASS  [{artist: Nina, split: train}, {artist: Nina, split: train}, {artist: Otis, split: test}]
PASS  [{artist: Nina, split: train}, {artist: Nina}, {artist: Otis, split: test}]
FAIL  [{artist: Nina, split: train}, {artist: NINA, split: test}]
RULE  {field: album, between: [train, test], quarantine: train}
PASS  [{album: Blue, split: train}, {album: Blue, split: valid}, {album: Red, split: test}]
FAIL  [{album: Blue, split: train}, {album: Blue, split: test}]
RULE  {field: artist}
PASS  [{artist: Nina, split: train, audio: A}, {artist: Otis, split: test, audio: B}]
FAIL  [{artist: Nina, split: train, file: 1f0a}, {artist: Otis, split: test, file: 1f0a}]
FAIL  [{artist: Nina, split: train, audio: A}, {artist: Otis, split: test, audio: B, copy_of: A}]
RULE  {field: artist, joined_by: nothing}
PASS  [{artist: Nina, split: train, file: 1f0a}, {artist: Otis, split: test, file: 1f0a}]
RULE  {field: recording}
PASS  [{split: train, audio: A}, {split: test, audio: B}]
FAIL  [{split: train, recording: R1}, {split: test, recording: R1}]
FAIL  [{split: train, audio: A}, {split: test, audio: B, copy_of: A}]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.fields import field_named
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import tracks
from audit_core.neighbours.recordings import heard_tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, quoted
from rules.complaint import Complaint, Judged, TrackList, shown, too_little
from rules.grouping import Grouping, ValueCounts, spelling
from rules.language.vocabulary import a_word_of
from rules.language.written import field_names, text
from rules.questions import Question
from rules.scope import Scope
from rules.sharing.coverage import unseen
from rules.sharing.links import Link, linked, links
from rules.sharing.meetings import any_scanned
from rules.sharing.same_recordings import HEARD, heard_in_splits, recording_holders

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{value} lies in {splits}: {count} tracks{linked}."
COPIES_TOO: Final = False  # what lies in the other splits stays there
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field": "the field that is compared",
        "value": "the value that crosses",
        "dataset": "the dataset",
        "splits": "the splits in which it lies",
        "count": "how many tracks have it",
        "linked": "which of them have it only by what they hold, if any",
    }
)

_GROUPING: Final = ("artist", "album", "work", "recording")
_JOINABLE: Final = ("artist", "album", "work")
_NAMED: Final = 5


def _grouping(name: str) -> str:
    if name not in _GROUPING and (not name.startswith("extra.") or field_named(name) is None):
        mend = did_you_mean(name, (*_GROUPING, "extra.NAME"))
        raise Refusal(Mistake(f"{quoted(name)} is not a field by which tracks belong together", mend))
    return name


def _split(name: str) -> str:
    if not name.strip():
        raise Refusal(Mistake("this name is empty", "A blank split is no split."))
    return name


def _two_at_least(splits: tuple[str, ...]) -> tuple[str, ...]:
    if len(splits) < 2 or len(set(splits)) != len(splits):
        raise Refusal(Mistake("expected two splits or more, each once", "Write them as in [train, valid, test]."))
    return splits


SplitName = Annotated[str, AfterValidator(_split), text(r"\S", "train", "valid", "test")]


class Spec(Strict):
    """The keys of this kind of rule."""

    field: Annotated[str, AfterValidator(_grouping), field_names(_GROUPING)] = Field(
        description="What must not lie in two splits. A column of your own is extra.NAME."
    )
    between: Annotated[tuple[SplitName, ...], AfterValidator(_two_at_least)] | None = Field(
        default=None,
        description="The splits that are compared; if left out, all that have a name.",
        json_schema_extra={"minItems": 2, "uniqueItems": True},
    )
    quarantine: SplitName | None = Field(
        default=None, description="The split from which a quarantine takes the tracks of a value that crosses."
    )
    joined_by: (
        Annotated[Literal["recording", "nothing"], BeforeValidator(a_word_of(("recording", "nothing"), "link"))] | None
    ) = Field(
        default=None,
        description="recording: a track counts under the artists of all tracks that hold the same, which is so for "
        "artist if it is left out. nothing: under its own alone.",
    )

    @property
    def joined(self) -> bool:
        """Whether a track counts under the values of those that hold the same."""
        return self.joined_by == "recording" or (self.joined_by is None and self.field == "artist")

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question(self.field)

    @model_validator(mode="after")
    def _joins_what_belongs_to_recordings(self) -> Spec:
        if self.joined_by and self.field not in _JOINABLE:
            mend = "It can be said of artist, album and work: delete it."
            raise Refusal(Mistake("`joined_by` says nothing here", mend, ("joined_by",), at_key=True))
        return self

    @model_validator(mode="after")
    def _quarantine_is_between(self) -> Spec:
        if self.quarantine and self.between and self.quarantine not in self.between:
            mend = did_you_mean(self.quarantine, self.between)
            raise Refusal(Mistake(f"{quoted(self.quarantine)} is not under between", mend, ("quarantine",)))
        return self


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    field = field_named(spec.field)
    title = field.title if field else spec.field
    splits = f"of the splits {listed(spec.between)}" if spec.between else "split"
    takes = f"; a quarantine takes its tracks out of {spec.quarantine}" if spec.quarantine else ""
    joined = ", counting for a track those of all tracks that hold the same file or recording" if spec.joined else ""
    return f"No {title} may lie in more than one {splits}{joined}{takes}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the value's tracks in the split that is named."""
    return spec.quarantine is not None


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the values that lie in two splits or more."""
    splits = _splits(spec)
    grouping = Grouping.of(spec.field, scope)
    queries: list[Select[Any]] = []
    found_by_link: dict[str, list[Link]] = {}
    unjoined: str | None = None
    if spec.joined:
        queries.append(linked(spec.field, scope.condition(), splits, scope.heard))
        found_by_link, unjoined = links(connection, spec.field, scope.condition(), splits, scope.heard)
    queries.insert(0, grouping.crossing(splits, {of_value[0].group for of_value in found_by_link.values()}))
    values = {value.key: value for value in grouping.values(connection.execute(queries[0]).all())}
    for key, of_value in found_by_link.items():
        value = values.get(key)
        if value is None:  # no track in these splits states it
            value = values[key] = ValueCounts(key, spelling(key, of_value[0].spelled))
        for one in of_value:
            value.counts[one.split] = value.counts.get(one.split, 0) + 1
    heard = scope.heard if spec.field == "recording" and scope.heard else None
    heard = heard if heard and any_scanned(connection, heard, scope.condition()) else None
    if heard:
        queries.append(heard_in_splits(and_(scope.condition(), splits), heard))
        values |= {value.key: value for value in _heard_values(connection.execute(queries[-1]).all())}
    unknown = "; ".join(one for one in (_unheard(spec, scope, connection, splits), unjoined) if one) or None
    found = [values[key] for key in sorted(values) if len(values[key].counts) > 1]
    if not found and not unknown:
        of_two = grouping.two_splits(connection, splits)
        if not of_two and not (heard and _two_splits_heard(connection, heard, and_(scope.condition(), splits))):
            return too_little(f"fewer than two splits have a track with {_a(spec)}", *queries)
    tell = partial(_complaint, spec, scope, found_by_link)
    return Judged.of(found, tell, at_most=at_most, queries=tuple(queries), unseen=unknown)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the tracks of that value in the split that is named."""
    if spec.quarantine is None:
        return ()
    key, there = subject.removeprefix(f"{spec.field}:"), tracks.c.split == spec.quarantine
    found = set(Grouping.of(spec.field, scope).holders(connection, key, there))
    if spec.joined:
        by_link, _ = links(connection, spec.field, scope.condition(), there, scope.heard)
        found |= {one.track for one in by_link.get(key, ())}
    if spec.field == "recording" and scope.heard:
        holding = recording_holders(connection, and_(scope.condition(), there), {key}, scope.heard)
        found |= {track for _, track in holding.values()}
    return tuple((scope.dataset.name, key) for key in sorted(found))


def _unheard(spec: Spec, scope: Scope, connection: Connection, splits: ColumnElement[bool]) -> str | None:
    """Say what could not be seen, of the tracks that may cross or link; None if all was, or if nobody listens."""
    condition = scope.condition() if spec.joined else and_(scope.condition(), splits)
    heard = scope.heard if spec.joined or spec.field == "recording" else None
    if heard is None or not any_scanned(connection, heard, scope.condition()):
        return None
    return unseen(connection, heard, condition, "recording").reason


def _heard_values(rows: Iterable[Row[Any]]) -> list[ValueCounts]:
    """Collect recordings that were heard: named after the first track that holds each."""
    found: dict[str, ValueCounts] = {}
    for value, split, count, first in rows:  # type: ignore[misc]  # a row is a tuple
        key = f"{HEARD}:{value}"
        held = found.setdefault(key, ValueCounts(key, first))
        held.label = min(held.label, first)
        held.counts[split] = count
    for held in found.values():
        held.label = f"Recording of {held.label}"
    return list(found.values())


def _two_splits_heard(connection: Connection, heard: Snapshot, condition: ColumnElement[bool]) -> bool:
    known = and_(condition, audio_files.c.packets.is_not(None))
    query = select(tracks.c.split).select_from(heard_tracks(heard)).where(known).distinct().limit(2)
    return len(connection.execute(query).all()) == 2


def _splits(spec: Spec) -> ColumnElement[bool]:
    return tracks.c.split.in_(spec.between) if spec.between else tracks.c.split.is_not(None)


def _a(spec: Spec) -> str:
    field = field_named(spec.field)
    title = field.title if field else spec.field
    return f"an {title}" if title[0] in "aeiou" else f"a {title}"


def _complaint(spec: Spec, scope: Scope, by_link: Mapping[str, list[Link]], value: ValueCounts) -> Complaint:
    field = field_named(spec.field)
    splits = dict(sorted(value.counts.items()))
    some = by_link.get(value.key, [])
    return Complaint(
        "value",
        f"{spec.field}:{value.key}",
        {
            "field": field.title if field else spec.field,
            "value": shown(value.label),
            "dataset": scope.dataset.name,
            "splits": listed([shown(split) for split in splits]),
            "count": f"{sum(splits.values()):,}",
            "linked": _linked_in_words(some),
        },
        evidence={
            "field": spec.field,
            "value": value.label,
            "splits": splits,
            **({"linked": _told(some)} if some else {}),
        },
        bound={"splits": {split: _band(count) for split, count in splits.items()}},
    )


def _told(some: list[Link]) -> dict[str, Any]:
    """Tell the tracks that count under a value by what they hold, and through which track."""
    first = [
        {"track": one.track, "split": one.split, "by": one.by, "through": one.through, "spelled": one.spelled}
        for one in some[:_NAMED]
    ]
    return {"count": len(some), "first": first}


def _linked_in_words(some: list[Link]) -> str:
    if not some:
        return ""
    one = some[0]
    said = f", of which {shown(one.track)} holds the same {one.by} as {shown(one.through)}"
    rest = len(some) - 1
    return f"{said}, and {rest:,} more hold the same as others" if rest else said


def _band(count: int) -> int:
    """Round a number of tracks so that a few more are the same matter, and twice as many are another."""
    return count.bit_length()
