"""crossing: no artist, album, work or recording lies in more than one split.

A model that is tested on an artist whom it was trained on is tested on what it has heard: accuracy has been seen to
fall from 71 % to 27 % once the artists were kept apart (Pampalk, Flexer and Widmer, ISMIR 2005). `field` names what
must not cross: `artist`, `album`, `work`, `recording`, or a column of your own as `extra.NAME`. Each value that lies in
two or more splits of one dataset is a violation. Spellings that differ in case alone are one value; a blank is none.
Where fewer than two splits have a track of which the field is known, there is not enough evidence, which is no pass.

- `between`: the splits that are compared. If left out, all that have a name; a blank split is no split.
- `quarantine`: the split from which a quarantine takes the tracks of that value. It is needed if reviewers may
  quarantine.

An approval holds until the value comes into another split, or the number of its tracks in one split into another of
these bands: 1, 2 to 3, 4 to 7, 8 to 15, and so on.

RULE  {field: artist}
PASS  [{artist: Nina, split: train}, {artist: Nina, split: train}, {artist: Otis, split: test}]
PASS  [{artist: Nina, split: train}, {artist: Nina}, {artist: Otis, split: test}]
FAIL  [{artist: Nina, split: train}, {artist: NINA, split: test}]
RULE  {field: album, between: [train, test], quarantine: train}
PASS  [{album: Blue, split: train}, {album: Blue, split: valid}, {album: Red, split: test}]
FAIL  [{album: Blue, split: train}, {album: Blue, split: test}]
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, model_validator
from sqlalchemy import ColumnElement, Connection

from audit_core.catalogue.fields import field_named
from audit_core.catalogue.tables import tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, quoted
from rules.complaint import Complaint, Judged, TrackList, shown, too_little
from rules.grouping import Grouping, ValueCounts
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{value} lies in {splits}: {count} tracks."
COPIES_TOO: Final = False  # what lies in the other splits stays there
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field": "the field that is compared",
        "value": "the value that crosses",
        "dataset": "the dataset",
        "splits": "the splits in which it lies",
        "count": "how many tracks have it",
    }
)

_GROUPING: Final = ("artist", "album", "work", "recording")


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


SplitName = Annotated[str, AfterValidator(_split)]


class Spec(Strict):
    """The keys of this kind of rule."""

    field: Annotated[str, AfterValidator(_grouping)]
    between: Annotated[tuple[SplitName, ...], AfterValidator(_two_at_least)] | None = None
    quarantine: SplitName | None = None

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
    return f"No {title} may lie in more than one {splits}{takes}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the value's tracks in the split that is named."""
    return spec.quarantine is not None


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the values that lie in two splits or more."""
    splits = _splits(spec)
    grouping = Grouping.of(spec.field, scope)
    query = grouping.crossing(splits)
    rows = connection.execute(query).all()
    found = [value for value in grouping.values(rows) if len(value.counts) > 1]
    if not found and not grouping.two_splits(connection, splits):
        return too_little(f"fewer than two splits have a track with {_a(spec)}", query)
    return Judged.of(found, partial(_complaint, spec, scope), at_most=at_most, queries=(query,))


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the tracks of that value in the split that is named."""
    if spec.quarantine is None:
        return ()
    grouping = Grouping.of(spec.field, scope)
    found = grouping.holders(connection, subject.removeprefix(f"{spec.field}:"), tracks.c.split == spec.quarantine)
    return tuple((scope.dataset.name, key) for key in found)


def _splits(spec: Spec) -> ColumnElement[bool]:
    return tracks.c.split.in_(spec.between) if spec.between else tracks.c.split.is_not(None)


def _a(spec: Spec) -> str:
    field = field_named(spec.field)
    title = field.title if field else spec.field
    return f"an {title}" if title[0] in "aeiou" else f"a {title}"


def _complaint(spec: Spec, scope: Scope, value: ValueCounts) -> Complaint:
    field = field_named(spec.field)
    splits = dict(sorted(value.counts.items()))
    return Complaint(
        "value",
        f"{spec.field}:{value.key}",
        {
            "field": field.title if field else spec.field,
            "value": shown(value.label),
            "dataset": scope.dataset.name,
            "splits": listed([shown(split) for split in splits]),
            "count": f"{sum(splits.values()):,}",
        },
        evidence={"field": spec.field, "value": value.label, "splits": splits},
        bound={"splits": {split: _band(count) for split, count in splits.items()}},
    )


def _band(count: int) -> int:
    """Round a number of tracks so that a few more are the same matter, and twice as many are another."""
    return count.bit_length()
