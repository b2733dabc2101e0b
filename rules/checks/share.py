"""share: no artist, genre or other value has too large a share, and all have enough of one.

Counts `of: tracks`, or `of: hours`, `by` the value of a field. What is counted is that of which the value is known, so
that blanks can't make a large share look small. A track with several values (two artists, three genres) counts for each
of them. `by` is artist, album, work, recording, ISRC (`isrc`), genre, language, region, licence, source, year, tags,
split, or a column of your own as `extra.NAME`.

A rule asks one thing of the values. Of each by itself:

- `at_most`: the largest share that any one may have, as in `1 %`. Every value past it is a violation.

Or of all together, which is one violation at most:

- `top`: the share that the largest of them may have together, as in `{part: 1 %, at_most: 20 %}`: the largest 1 % of
  the artists, rounded up to whole ones, have at most 20 % of the tracks.
- `gini_at_most`: the Gini coefficient, as in `0.70`. It is 0 where all have the same, and near 1 where a few have
  nearly all.
- `evenness_at_least`: the entropy over the most that it could be, as in `0.80`. It is 1 where all have the same, and
  near 0 where one has nearly all.
- `effective_number_at_least`: how many values of one size would be as diverse, as in `30`. Of ten artists of whom one
  has nearly all, the effective number is near 1. It is one over the Herfindahl-Hirschman index of competition law, and
  the Hill number of order 2.

There, the whole is the sum of all values: a track with two artists counts twice.

To any of these may be added:

- `needs`: how many values there have to be for this to mean anything, as in `{values: 100}`: of fewer than a hundred
  artists, one always has more than 1 %. If there are fewer, there is not enough evidence.

And, beside one of these or alone:

- `unknown_at_most`: the largest share of the whole whose value may be unknown. If left out, any; past it, there is a
  violation for the value "unknown".

The hours of a track are those that the catalogue states, else those that the scan measured. As long as nobody knows how
long some tracks are, `of: hours` is judged in part: what fails is told, and nothing is resolved. Where no value is
known, or only one where it takes two (`top`, `gini_at_most`, `evenness_at_least`), there is not enough evidence either.

There is nothing to quarantine: reviewers approve or waive. An approval holds for a share in steps of a thousandth, for
a Gini coefficient or an evenness in steps of a hundredth, for an effective number in whole steps: past them, it is
another matter.

RULE  {of: tracks, by: artist, at_most: 50 %}
PASS  [{artist: Nina}, {artist: Otis}]
PASS  [{artist: Nina}, {artist: Otis}, {title: A}, {title: B}]
FAIL  [{artist: Nina}, {artist: Nina}, {artist: Otis}]
FAIL  [{artist: Nina}, {title: B}]
RULE  {of: tracks, by: artist, at_most: 50 %, needs: {values: 2}}
PASS  [{artist: Nina}, {artist: Otis}]
FAIL  [{artist: Nina}, {artist: Nina}, {artist: Otis}]
RULE  {of: hours, by: artist, at_most: 60 %}
PASS  [{artist: Nina, duration: 30 min}, {artist: Otis, duration: 10 min}, {artist: Otis, duration: 10 min}]
FAIL  [{artist: Nina, duration: 40 min}, {artist: Otis, duration: 10 min}, {artist: Otis, duration: 10 min}]
RULE  {of: tracks, by: artist, top: {part: 25 %, at_most: 50 %}}
PASS  [{artist: Nina}, {artist: Nina}, {artist: Otis}, {artist: Ada}]
FAIL  [{artist: Nina}, {artist: Nina}, {artist: Nina}, {artist: Otis}, {artist: Ada}]
RULE  {of: tracks, by: artist, gini_at_most: 0.20}
PASS  [{artist: Nina}, {artist: Nina}, {artist: Otis}]
FAIL  [{artist: Nina}, {artist: Nina}, {artist: Nina}, {artist: Otis}]
RULE  {of: tracks, by: genre, evenness_at_least: 0.80}
PASS  [{genre: Jazz}, {genre: Jazz}, {genre: Jazz}, {genre: Rock}]
FAIL  [{genre: Jazz}, {genre: Jazz}, {genre: Jazz}, {genre: Jazz}, {genre: Rock}]
RULE  {of: tracks, by: language, effective_number_at_least: 2}
PASS  [{language: en}, {language: fr}]
FAIL  [{language: en}, {language: en}, {language: fr}]
FAIL  [{language: en}]
RULE  {of: tracks, by: genre, unknown_at_most: 20 %}
PASS  [{genre: Jazz}, {genre: Jazz}]
FAIL  [{genre: Jazz}, {title: B}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select

from audit_core.balance.spread import Census, total, values
from audit_core.wording import listed
from rules.complaint import Complaint, Judged, TrackList, shown, too_little
from rules.grouping import Grouping, Sizes
from rules.language.quantities import hours_in_words, hundredths_in_words, percentage_in_words, percentage_past
from rules.scope import Scope
from rules.share_keys import UNKNOWN, Spec, plural, title
from rules.spreads import Measure, Shortfall

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{reason}."
COPIES_TOO: Final = False  # there is nothing to take out
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field": "the field that is counted by",
        "value": "the value whose share is too large; or all of them, such as “all artists”",
        "dataset": "the dataset",
        "share": "its share; or what was measured of all of them",
        "count": "how many tracks or hours it has; or how many values there are",
        "limit": "what is permitted, such as “at most 1 %”",
        "reason": "what was found, in a sentence",
    }
)

_ALL, _UNKNOWN = "*", "?"  # in place of a value, in the subject of a violation that is of none
_NAMED: Final = 5


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    what, whole = title(spec), "hours of the tracks" if spec.of == "hours" else "tracks"
    parts: list[str] = []
    if (each := spec.most_of_each) is not None:
        parts.append(f"no {what} may have more than {percentage_in_words(each)} of the {whole} that state one")
    if measure := spec.measure:
        parts.append(measure.demand(spec.of, plural(spec)))
    if spec.needs:
        parts[-1] += f", where at least {spec.needs.values:,} {plural(spec)} are known"
    if spec.unknown_at_most is not None:
        share = percentage_in_words(spec.unknown_at_most)
        all_of_it = "hours may be of tracks that state" if spec.of == "hours" else "tracks may state"
        parts.append(f"at most {share} of all {all_of_it} no {what}")
    sentence = listed(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: nothing, for too large a share is nobody's fault."""
    return False


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the values that have too large a share, or that all together are not spread as they should be."""
    grouping = Grouping.of(spec.by, scope, spec.of)
    sizes = grouping.sizes(connection)
    found: list[_Share | _Spread] = []
    queries: list[Select[Any]] = []
    each, measure = spec.most_of_each, spec.measure
    lacking = _nothing_known(spec, grouping, sizes) if (measure or each is not None) and not sizes.known else None
    if not lacking and (measure or spec.needs):
        census, query = grouping.census(connection)
        queries.append(query)
        lacking = _too_few(spec, values(census))
        if measure and not lacking and (shortfall := measure.shortfall(census, spec.of, plural(spec))):
            found.append(_spread(measure, shortfall, grouping, connection, census))
    if not lacking and each is not None:
        queries.append(grouping.larger_than(int(each * sizes.known)))
        found += [
            _Share(value.key, value.label, value.total, sizes.known)
            for value in grouping.values(connection.execute(queries[-1]).all())
            if value.total > each * sizes.known
        ]
    if spec.unknown_at_most is not None and sizes.every - sizes.known > spec.unknown_at_most * sizes.every:
        found.append(_Share(None, UNKNOWN, sizes.every - sizes.known, sizes.every))
    if lacking and not found:
        return too_little(lacking, *queries)
    untold = [lacking, _unmeasured(sizes)]
    found.sort(key=_subject)
    tell = partial(_complaint, spec, scope)
    unseen = "; ".join(one for one in untold if one) or None
    return Judged.of(found, tell, at_most=at_most, queries=tuple(queries), unseen=unseen)


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class _Share:
    """How much of how much a value has; its key is None if it is the share of the unknown."""

    key: str | None
    label: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class _Spread:
    """How all values together fall short."""

    word: str
    shortfall: Shortfall
    values: int
    largest: tuple[str, ...]


def _spread(
    measure: Measure, shortfall: Shortfall, grouping: Grouping, connection: Connection, census: Census
) -> _Spread:
    whole = total(census)
    largest = tuple(
        f"{shown(value.label)} {hundredths_in_words(Fraction(value.total, whole))}"
        for value in grouping.largest(connection, _NAMED)
    )
    return _Spread(measure.word, shortfall, values(census), largest)


def _too_few(spec: Spec, count: int) -> str | None:
    """Say why some values are too few to be judged; None if they are enough."""
    if spec.needs and count < spec.needs.values:
        known = f"{count:,} {plural(spec)} are known" if count > 1 else f"one {title(spec)} is known"
        return f"{known}, and the rule needs {spec.needs.values:,}"
    if spec.measure and count < spec.measure.fewest:
        return f"all {spec.of} that state one have the same {title(spec)}, and this takes two"
    return None


def _nothing_known(spec: Spec, grouping: Grouping, sizes: Sizes) -> str:
    if spec.of == "hours" and sizes.unmeasured:
        return f"the duration of no track with a known {title(spec)} is known"
    return f"the {grouping.field.title} of no track is known"


def _unmeasured(sizes: Sizes) -> str | None:
    if not sizes.unmeasured:
        return None
    return f"the duration of {sizes.unmeasured:,} of {sizes.tracks:,} tracks is unknown"


def _subject(found: _Share | _Spread) -> str:
    if isinstance(found, _Spread):
        return _ALL
    return _UNKNOWN if found.key is None else found.key


def _complaint(spec: Spec, scope: Scope, found: _Share | _Spread) -> Complaint:
    if isinstance(found, _Spread):
        return _complaint_of_all(spec, scope, found)
    at_most = spec.at_most if found.key is not None else spec.unknown_at_most
    at_most = at_most if at_most is not None else Fraction(1)
    limit = percentage_in_words(at_most)
    exact = Fraction(found.count, found.of)
    share = percentage_past(exact, at_most)
    value = shown(found.label) if found.key is not None else f"Unknown {title(spec)}"
    in_words = hours_in_words if spec.of == "hours" else _tracks
    return Complaint(
        "value",
        f"{spec.by}:{_subject(found)}",
        {
            "field": title(spec),
            "value": value,
            "dataset": scope.dataset.name,
            "share": share,
            "count": in_words(found.count),
            "limit": f"at most {limit}",
            "reason": f"{value} has {share} of the {spec.of} ({in_words(found.count)})",
        },
        evidence={
            "field": spec.by,
            "value": found.label if found.key is not None else None,
            **(
                {"hours": hours_in_words(found.count), "of hours": hours_in_words(found.of)}
                if spec.of == "hours"
                else {"tracks": found.count, "of": found.of}
            ),
            "share": share,
            "at_most": limit,
        },
        bound={"per_mille": int(exact * 1000), **_of(spec)},
        discriminator="" if found.key is not None else UNKNOWN,
    )


def _complaint_of_all(spec: Spec, scope: Scope, found: _Spread) -> Complaint:
    shortfall = found.shortfall
    return Complaint(
        "value",
        f"{spec.by}:{_ALL}",
        {
            "field": title(spec),
            "value": f"all {plural(spec)}",
            "dataset": scope.dataset.name,
            "share": shortfall.measured,
            "count": f"{found.values:,}",
            "limit": shortfall.limit,
            "reason": shortfall.said,
        },
        evidence={
            "field": spec.by,
            "measure": found.word,
            "values": found.values,
            "measured": shortfall.measured,
            "permitted": shortfall.limit,
            "largest": list(found.largest),
        },
        bound={"band": shortfall.band, **_of(spec)},
        discriminator=found.word,
    )


def _of(spec: Spec) -> dict[str, str]:
    """Say what was counted, where it is not tracks: an approval of the one is none of the other."""
    return {} if spec.of == "tracks" else {"of": spec.of}


def _tracks(count: int) -> str:
    return f"{count:,}"
