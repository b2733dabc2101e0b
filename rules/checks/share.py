"""share: no artist, genre or other value has too large a share of the tracks.

Counts tracks (`of: tracks`) by the value of a field, and compares each value's share with `at_most`. The share is
taken of the tracks whose value is known, so that blanks can't make a large share look small. A track with several
values (two artists, three genres) counts for each of them. Every value past the bound is a violation.

- `by`: artist, album, genre, language, region, licence, source, year, tags, split, or a column of your own as
  `extra.NAME`.
- `at_most`: the largest share that is fine, as in `1 %`.
- `unknown_at_most`: the largest share of all tracks whose value may be unknown. If left out, any; past it, there is a
  violation for the value "unknown".

There is nothing to quarantine: reviewers approve or waive.

RULE  {of: tracks, by: artist, at_most: 50 %}
PASS  [{artist: Nina}, {artist: Otis}]
PASS  [{artist: Nina}, {artist: Otis}, {title: A}, {title: B}]
FAIL  [{artist: Nina}, {artist: Nina}, {artist: Otis}]
FAIL  [{artist: Nina}, {title: B}]
RULE  {of: tracks, by: genre, at_most: 100 %, unknown_at_most: 20 %}
PASS  [{genre: Jazz}, {genre: Jazz}]
FAIL  [{genre: Jazz}, {title: B}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from sqlalchemy import Connection

from audit_core.catalogue.fields import field_named
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import did_you_mean, listed, quoted
from rules.complaint import Complaint, Judged, TrackList, shown, too_little
from rules.grouping import Grouping
from rules.quantities import Percentage, hundredths_in_words, percentage_in_words
from rules.scope import Scope
from rules.vocabulary import a_word_of
from rules.written import field_names

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{value} has {share} of the tracks ({count})."
COPIES_TOO: Final = False  # there is nothing to take out
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field": "the field that is counted by",
        "value": "the value whose share is too large",
        "dataset": "the dataset",
        "share": "its share",
        "count": "how many tracks have it",
    }
)

_COUNTED_BY: Final = (
    "artist",
    "album",
    "genre",
    "language",
    "region",
    "licence",
    "source",
    "year",
    "tags",
    "split",
)


def _counted_by(name: str) -> str:
    if name not in _COUNTED_BY and (not name.startswith("extra.") or field_named(name) is None):
        mend = did_you_mean(name, (*_COUNTED_BY, "extra.NAME"))
        raise Refusal(Mistake(f"tracks are not counted by {quoted(name)}", mend))
    return name


class Spec(Strict):
    """The keys of this kind of rule."""

    of: Annotated[Literal["tracks"], BeforeValidator(a_word_of(("tracks",), "thing to count"))] = Field(
        description="What is counted: tracks."
    )
    by: Annotated[str, AfterValidator(_counted_by), field_names(_COUNTED_BY)] = Field(
        description="The field by whose values they are counted. A column of your own is extra.NAME."
    )
    at_most: Percentage = Field(
        description="The largest share that is fine, of the tracks whose value is known, as in 1 %."
    )
    unknown_at_most: Percentage | None = Field(
        default=None, description="The largest share of all tracks whose value may be unknown, as in 20 %."
    )

    @model_validator(mode="after")
    def _demands_something(self) -> Spec:
        if self.at_most == 1 and self.unknown_at_most is None:
            mend = "Lower it, or state unknown_at_most."
            raise Refusal(Mistake("no share is more than 100 %", mend, ("at_most",)))
        return self


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    field = field_named(spec.by)
    title = field.title if field else spec.by
    parts: list[str] = []
    if spec.at_most < 1:
        parts.append(f"no {title} may have more than {percentage_in_words(spec.at_most)} of the tracks that state one")
    if spec.unknown_at_most is not None:
        parts.append(f"at most {percentage_in_words(spec.unknown_at_most)} of all tracks may state no {title}")
    sentence = listed(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: nothing, for too large a share is nobody's fault."""
    return False


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the values that have too large a share."""
    grouping = Grouping.of(spec.by, scope)
    all_tracks, known = grouping.sizes(connection)
    query = grouping.larger_than(int(spec.at_most * known))
    found = [
        Share(value.key, value.label, value.total, known)
        for value in grouping.values(connection.execute(query).all())
        if value.total > spec.at_most * known
    ]
    blanks = Share(None, "unknown", all_tracks - known, all_tracks)
    if spec.unknown_at_most is not None and blanks.count > spec.unknown_at_most * all_tracks:
        found.insert(0, blanks)
    if not found and not known:
        return too_little(f"the {grouping.field.title} of no track is known", query)
    return Judged.of(found, partial(_complaint, spec, scope), at_most=at_most, queries=(query,))


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many tracks a value has; its key is None if it is the share of the unknown."""

    key: str | None
    label: str
    count: int
    of: int


def _complaint(spec: Spec, scope: Scope, share: Share) -> Complaint:
    field = field_named(spec.by)
    known = share.key is not None
    at_most = spec.at_most if known or spec.unknown_at_most is None else spec.unknown_at_most
    exact = Fraction(share.count, share.of)
    return Complaint(
        "value",
        f"{spec.by}:{share.key if known else '?'}",
        {
            "field": field.title if field else spec.by,
            "value": shown(share.label) if known else f"Unknown {field.title if field else spec.by}",
            "dataset": scope.dataset.name,
            "share": hundredths_in_words(exact),
            "count": f"{share.count:,}",
        },
        evidence={
            "field": spec.by,
            "value": share.label if known else None,
            "tracks": share.count,
            "of": share.of,
            "share": hundredths_in_words(exact),
            "at_most": percentage_in_words(at_most),
        },
        bound={"per_mille": int(exact * 1000)},
        discriminator="" if known else "unknown",
    )
