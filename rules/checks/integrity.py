"""integrity: every track's audio is whole, sounds, and is what it says it is, as the scan measured it.

`forbid` lists the faults that no audio file may have:

- `unreadable`: the file is missing, lies outside of the dataset's folder, or can't be opened.
- `undecodable`: it is no audio, or its decoder gave up, crashed, or did not come to an end.
- `damaged`: some of its packets can't be decoded.
- `truncated`: it ends before its header says, by more than 1 % and by more than 100 ms; or it is an Ogg (Vorbis, Opus),
  whose length stands at its end, and its last page is not marked as the end. Of an MP3 without a Xing header, and of
  ADTS (`.aac`), nobody can know.
- `silent`: more than 90 % of its length lies below -60 dBFS. `silent_at_most` sets another share, as in `50 %`.
- `clipped`: more than 0.1 % of its samples are cut off at a flat top. `clipped_at_most` sets another share.
- `dc`: it is off centre by more than 5 % of full scale.
- `dead_channel`: a channel is silent while another sounds; of three channels and more, two of them.
- `fake_stereo`: all channels hold the same sound.
- `upsampled`: its sound ends far below what its sample rate has room for, as that of a lossy copy or of a lower rate
  does: below 90 % of it in a lossless file, below 60 % in a lossy one.

`sample_rate`, `length` and `loudness` say what each has to be, `at_least` and `at_most` or one of the two: a rate as in
`44.1 kHz`, a length as in `1 s` or `20 min`, a loudness (integrated, EBU R 128) as in `-30 LUFS`. The length is that of
the decoded sound. Of silence there is no loudness.

All that is wrong with a track is one violation; an approval holds until something else is wrong, or until it is twice
as bad. A quarantine takes out the track. If no track was scanned, there is not enough evidence; if some were not (or
were, and could not be measured for a reason that the rule does not forbid), the rule is judged in part: what fails is
told, what could not be seen is told beside it, and nothing is resolved.

RULE  {forbid: [undecodable, truncated, silent, clipped]}
PASS  [{audio: A}]
PASS  [{audio: A, silent: 40 %}]
FAIL  [{audio: A, silent: 99 %}]
FAIL  [{audio: A, problem: undecodable}]
RULE  {forbid: [damaged, dc, dead_channel, fake_stereo, upsampled]}
PASS  [{audio: A}]
FAIL  [{audio: A, faults: upsampled}]
FAIL  [{audio: A, faults: [damaged, dc]}]
RULE  {forbid: [silent], silent_at_most: 30 %}
PASS  [{audio: A, silent: 29 %}]
FAIL  [{audio: A, silent: 40 %}]
RULE  {forbid: [clipped], clipped_at_most: 1 %}
PASS  [{audio: A, clipped: 0.9 %}]
FAIL  [{audio: A, clipped: 1.1 %}]
RULE  {sample_rate: {at_least: 44.1 kHz}, length: {at_least: 1 s, at_most: 20 min}, loudness: {at_least: -30 LUFS}}
PASS  [{audio: A}]
FAIL  [{audio: A, rate: 22.05 kHz}]
FAIL  [{audio: A, loudness: -31 LUFS}]
FAIL  [{audio: A, length: 21 min}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from audit_core.audio import limits
from audit_core.audio.tables import audio_files
from audit_core.catalogue.tables import tracks
from audit_core.neighbours.recordings import heard_tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed
from rules.complaint import NAMED, SAMPLE, Complaint, Complaints, Judged, TrackList, names_of_track, too_little
from rules.faults import FAULTS, UNHEARD, FaultWord, Finding, Limits, ends_early, lossless
from rules.language.quantities import (
    Duration,
    Frequency,
    Loudness,
    Percentage,
    duration_in_words,
    frequency_in_words,
    loudness_in_words,
    percentage_in_words,
)
from rules.language.vocabulary import a_word_of
from rules.language.written import EACH_ONCE, one_needed
from rules.questions import Question
from rules.scope import Scope
from rules.sharing.coverage import unmeasured

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{track}: {reason}."
COPIES_TOO: Final = True
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "fault": "what is wrong with its audio, in the words of the rule",
        "reason": "what is wrong with it, with what was measured",
    }
)

Word = Annotated[FaultWord, BeforeValidator(a_word_of(FAULTS, "fault"))]


def _each_once(words: tuple[Word, ...]) -> tuple[Word, ...]:
    if not words or len(set(words)) != len(words):
        raise Refusal(Mistake("expected each fault once", f"Write some of [{', '.join(FAULTS)}]."))
    return words


class _Range(Strict):
    """Between two bounds, both of which still do; one may be left out."""

    model_config = ConfigDict(json_schema_extra={"anyOf": one_needed("at_least", "at_most")})

    @model_validator(mode="after")
    def _in_order(self) -> _Range:
        least, most = getattr(self, "at_least", None), getattr(self, "at_most", None)
        if least is None and most is None:
            raise Refusal(Mistake("nothing is asked for", "State at_least, at_most or both."))
        if least is not None and most is not None and least > most:
            raise Refusal(Mistake("the least is more than the most", "No value lies between them.", ("at_least",)))
        return self


class RateRange(_Range):
    """``sample_rate``: in hertz."""

    at_least: Frequency | None = Field(default=None, description="The least that will do, as in 44.1 kHz.")
    at_most: Frequency | None = Field(default=None, description="The most that will do, as in 96 kHz.")


class LengthRange(_Range):
    """``length``: in milliseconds."""

    at_least: Duration | None = Field(default=None, description="The least that will do, as in 1 s.")
    at_most: Duration | None = Field(default=None, description="The most that will do, as in 20 min.")


class LoudnessRange(_Range):
    """``loudness``: in LUFS."""

    at_least: Loudness | None = Field(default=None, description="The least that will do, as in -30 LUFS.")
    at_most: Loudness | None = Field(default=None, description="The most that will do, as in -8 LUFS.")


class Spec(Strict):
    """The keys of this kind of rule."""

    model_config = ConfigDict(json_schema_extra={"anyOf": one_needed("forbid", "sample_rate", "length", "loudness")})

    forbid: Annotated[tuple[Word, ...], AfterValidator(_each_once), EACH_ONCE] | None = Field(
        default=None, description="The faults that no audio file may have."
    )
    silent_at_most: Percentage | None = Field(
        default=None, description="How much of a file may be silence before it is silent; 90 % if left out."
    )
    clipped_at_most: Percentage | None = Field(
        default=None, description="How many of its samples may be cut off at a flat top; 0.1 % if left out."
    )
    sample_rate: RateRange | None = Field(default=None, description="What the sample rate has to be.")
    length: LengthRange | None = Field(default=None, description="How long the decoded sound has to be.")
    loudness: LoudnessRange | None = Field(default=None, description="How loud it has to be (integrated, EBU R 128).")

    @model_validator(mode="after")
    def _demands_something(self) -> Spec:
        if not (self.forbid or self.sample_rate or self.length or self.loudness):
            mend = "State forbid, sample_rate, length or loudness."
            raise Refusal(Mistake("the rule asks for nothing", mend))
        for fault in ("silent", "clipped"):
            if getattr(self, f"{fault}_at_most") is not None and fault not in (self.forbid or ()):
                mend = f"Add {fault} to `forbid`, or delete it."
                raise Refusal(Mistake("it says nothing here", mend, (f"{fault}_at_most",), at_key=True))
        return self

    @property
    def limits(self) -> Limits:
        """What is permitted."""
        silent = Fraction(str(limits.SILENT)) if self.silent_at_most is None else self.silent_at_most
        clipped = Fraction(str(limits.CLIPPED)) if self.clipped_at_most is None else self.clipped_at_most
        return Limits(silent, clipped)

    @property
    def question(self) -> Question:
        """What is asked."""
        measures = [key for key in ("sample_rate", "length", "loudness") if getattr(self, key)]
        return Question(demands=frozenset([*(self.forbid or ()), *measures]))


_ADJECTIVES: Final[Mapping[str, str]] = MappingProxyType(
    {"dc": "off centre", "dead_channel": "silent in a channel", "fake_stereo": "the same in all channels"}
)


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    parts: list[str] = []
    if spec.forbid:
        parts.append(f"must not be {listed((_adjective(word, spec) for word in spec.forbid), 'or')}")
    parts += [f"must have a {bound.title} of {bound.words}" for bound in _bounds(spec)]
    return f"The audio of every track {listed(parts)}."


def _adjective(word: FaultWord, spec: Spec) -> str:
    share = {"silent": spec.silent_at_most, "clipped": spec.clipped_at_most}.get(word)
    past = f" (more than {percentage_in_words(share)} of it)" if share is not None else ""
    return _ADJECTIVES.get(word, word) + past


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the track."""
    return True


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: the track."""
    return ((scope.dataset.name, subject),)


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the tracks whose audio has a fault, or is not what it must be."""
    if scope.heard is None:
        return too_little("no track was scanned")
    wrong = {fault: FAULTS[fault].wrong(spec.limits) for fault in spec.forbid or ()}
    past = {bound.title: bound.broken for bound in _bounds(spec)}
    flags = [condition.label(f"has_{name.replace(' ', '_')}") for name, condition in [*wrong.items(), *past.items()]]
    told = (lossless().label("lossless"), ends_early().label("ends_early"))
    # The few files that are wrong are looked for first, and their tracks then: SQLite would begin with all tracks.
    faulty = (
        select(audio_files.c.id)
        .where(audio_files.c.dataset_id == scope.dataset.id, scope.heard.holds(audio_files))
        .where(or_(*wrong.values(), *past.values()))
        .correlate(None)
    )
    query = (
        select(*NAMED, *(audio_files.c[name] for name in _MEASURES), *told, *flags)
        .select_from(heard_tracks(scope.heard))
        .where(scope.condition(), audio_files.c.id.in_(faulty))
    )
    needed = [name for name, asked in (("integrity", bool(spec.forbid)), ("loudness", spec.loudness)) if asked]
    permitted = [problem for fault in spec.forbid or () for problem in UNHEARD.get(fault, ())]
    unseen = unmeasured(connection, scope.heard, scope.condition(), needed, permitted)
    if unseen.unscanned == unseen.tracks:
        return too_little("no track was scanned", query)
    tell = partial(_complaint, spec, scope)
    rows = connection.execute(query.limit(at_most + 1)).all()
    count = _count(rows)
    if len(rows) > at_most:
        tracks_of = select(func.count(query.subquery().c.key.distinct()))
        count = connection.execute(tracks_of).scalar_one()
        some = query.order_by(tracks.c.key, audio_files.c.path).limit(SAMPLE) if count > at_most else query
        rows = connection.execute(some).all()
    ordered = sorted(rows, key=attrgetter("key", "path"))
    by_track = [tuple(held) for _, held in groupby(ordered, key=attrgetter("key"))]
    return Judged(count, Complaints(by_track, tell), (query,), unseen=unseen.reason)


_MEASURES: Final = (
    "path",
    "problem",
    "reason",
    "codec",
    "sample_rate_hz",
    "channels",
    "header_ms",
    "duration_ms",
    "damaged_packets",
    "clipped",
    "silent",
    "dc",
    "dead_channels",
    "bandwidth_hz",
    "loudness_lufs",
)


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a measure has to be."""

    title: str
    column: ColumnElement[Any]
    at_least: int | Decimal | None
    at_most: int | Decimal | None
    say: Any

    @property
    def words(self) -> str:
        parts = [f"at least {self.say(self.at_least)}"] if self.at_least is not None else []
        parts += [f"at most {self.say(self.at_most)}"] if self.at_most is not None else []
        return listed(parts)

    @property
    def broken(self) -> ColumnElement[bool]:
        bounds = (None if bound is None else _number(bound) for bound in (self.at_least, self.at_most))
        least, most = bounds
        past = [self.column < least] if least is not None else []
        past += [self.column > most] if most is not None else []
        return or_(*past)


def _number(bound: int | Decimal) -> int | float:
    return float(bound) if isinstance(bound, Decimal) else bound


def _bounds(spec: Spec) -> list[_Bound]:
    asked = (
        ("sample rate", audio_files.c.sample_rate_hz, spec.sample_rate, frequency_in_words),
        ("length", audio_files.c.duration_ms, spec.length, duration_in_words),
        ("loudness", audio_files.c.loudness_lufs, spec.loudness, loudness_in_words),
    )
    return [
        _Bound(title, column, bounds.at_least, bounds.at_most, say)
        for title, column, bounds, say in asked
        if bounds is not None
    ]


def _count(rows: Any) -> int:
    return len({row.key for row in rows})


def _complaint(spec: Spec, scope: Scope, rows: tuple[Row[Any], ...]) -> Complaint:
    found = [(row, finding) for row in rows for finding in _findings(spec, row)]
    several = len(rows) > 1
    faults = [
        {
            "fault": finding.fault,
            "measured": finding.measured,
            "limit": finding.limit,
            **({"path": row.path} if several else {}),
        }
        for row, finding in found
    ]
    said = list(dict.fromkeys(finding.said for _, finding in found))
    words = list(dict.fromkeys(finding.fault for _, finding in found))
    return Complaint(
        "track",
        rows[0].key,
        {**names_of_track(rows[0], scope.dataset.name), "fault": listed(words), "reason": listed(said)},
        evidence={"faults": faults},
        bound={"faults": sorted([finding.fault, finding.band] for _, finding in found)},
    )


def _findings(spec: Spec, row: Row[Any]) -> list[Finding]:
    found = [FAULTS[fault].tell(row, spec.limits) for fault in FAULTS if row._mapping.get(f"has_{fault}")]
    for bound in _bounds(spec):
        if row._mapping[f"has_{bound.title.replace(' ', '_')}"]:
            found.append(_past(bound, row._mapping[bound.column.name]))
    return found


def _past(bound: _Bound, value: float) -> Finding:
    exact: Any = Decimal(f"{value:.1f}") if bound.column is audio_files.c.loudness_lufs else value
    below = bound.at_least is not None and value < _number(bound.at_least)
    limit = bound.say(bound.at_least if below else bound.at_most)
    said = f"its {bound.title} is {bound.say(exact)}, {'less' if below else 'more'} than {limit}"
    return Finding(bound.title, bound.say(exact), f"at {'least' if below else 'most'} {limit}", said, round(value))
