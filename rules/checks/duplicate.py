"""duplicate: no file, and no recording, is held by more than a few tracks.

`same` says what counts, `[file]`, `[recording]` or both:

- `file`: a checksum of the one equals a checksum of the other, made by the same algorithm: as the catalogue states it,
  or as the scan computed it.
- `recording`: the catalogue states the same recording for both, or the same was heard in both, however it was encoded,
  tagged, mastered, sped up or pitched.

A blank equals nothing. All tracks that hold the same are one group, also through a third.

- `group_at_most`: how many tracks a group may have; 1 if left out, which means that no two tracks hold the same. Each
  group that has more is a violation.
- `share_at_most`: the share of tracks that may be in groups at all, as in `1 %`, whatever their size: of those tracks
  whose file or recording is known. Past it, there is one violation, with the figures. It stands instead of
  `group_at_most`.
- `within`: `dataset` (if left out), where the whole dataset is searched; or `split`, where tracks count together only
  if they are in the same split. Tracks without a split are then left out.

A quarantine takes out all tracks of the group but the first by key; of a share, there is nothing to quarantine. An
approval holds for the tracks that the group has, or for the share in steps of a thousandth: with others, it is another
matter.

Once any of its tracks was scanned, a dataset is judged in part as long as others were not, or were not compared: what
fails is told, what could not be seen is told beside it, and nothing is resolved. Stated recordings will do if all are
stated, and for `[file]` a stated checksum by an algorithm that the others have too.

RULE  {same: [file]}
PASS  [{file: 1f0a}, {file: 2b7c}]
PASS  [{file: 1f0a}, {}, {}]
FAIL  [{file: 1f0a}, {file: 1f0a}]
RULE  {same: [file], within: split}
PASS  [{file: 1f0a, split: train}, {file: 1f0a, split: test}]
FAIL  [{file: 1f0a, split: train}, {file: 1f0a, split: train}]
RULE  {same: [file], group_at_most: 2}
PASS  [{file: 1f0a}, {file: 1f0a}]
FAIL  [{file: 1f0a}, {file: 1f0a}, {file: 1f0a}]
RULE  {same: [file, recording]}
PASS  [{audio: A}, {audio: B}]
FAIL  [{audio: A}, {audio: A}]
FAIL  [{audio: A}, {audio: B, copy_of: A}]
FAIL  [{recording: R1}, {recording: R1}]
RULE  {same: [file], share_at_most: 50 %}
PASS  [{file: 1f0a}, {file: 1f0a}, {file: 2b7c}, {file: 3d91}]
FAIL  [{file: 1f0a}, {file: 1f0a}, {file: 2b7c}]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, model_validator
from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, select, union

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import tracks
from audit_core.ledger.violations import SubjectKind
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed
from rules.complaint import NAMED, SAMPLE, Complaint, Judged, TrackList, shown, some_of, too_little
from rules.language.quantities import Percentage, percentage_in_words, percentage_past
from rules.language.vocabulary import a_word_of
from rules.language.written import EACH_ONCE
from rules.questions import Question
from rules.scope import Scope
from rules.sharing.alignments import Alignments
from rules.sharing.coverage import Need, unseen
from rules.sharing.groups_of_files import Group, groups
from rules.sharing.meetings import any_scanned
from rules.sharing.same_files import any_file, files_in_common, files_of, holders, known_files, role_of
from rules.sharing.same_recordings import (
    HEARD,
    STATED,
    any_recording,
    known_recordings,
    recording_holders,
    recordings_in_common,
    recordings_of,
)

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{reason}."
COPIES_TOO: Final = False  # the copy that is kept is one of them
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the first track of the group",
        "title": "its title",
        "artist": "its artist",
        "dataset": "the dataset",
        "count": "how many tracks the group has, or how many are in groups",
        "other": "the keys of some other tracks of the group",
        "share": "the share of tracks that are in groups",
        "reason": "what was found, in a sentence",
    }
)

Way = Annotated[
    Literal["file", "recording"], BeforeValidator(a_word_of(("file", "recording"), "way of being the same"))
]

Range = Annotated[Literal["dataset", "split"], BeforeValidator(a_word_of(("dataset", "split"), "range"))]


def _listed_once(words: tuple[Way, ...]) -> tuple[Way, ...]:
    if not words or len(set(words)) != len(words):
        raise Refusal(Mistake("expected each way of being the same once", "Write [file], or [file, recording]."))
    return words


def _at_least_one(number: int) -> int:
    if number < 1:
        raise Refusal(Mistake(f"a group of {number} can't be", "The least is 1: no two tracks hold the same."))
    return number


_OF_ALL: Final = "share"
_OF_A_SPLIT: Final = "share of a split"


class Spec(Strict):
    """The keys of this kind of rule."""

    same: Annotated[tuple[Way, ...], AfterValidator(_listed_once), EACH_ONCE] = Field(
        description="What counts as the same: file (its checksum), recording (stated or heard), or both."
    )
    within: Range = Field(
        default="dataset", description="Where tracks count together: in a dataset, or in a split of it."
    )
    group_at_most: Annotated[StrictInt, AfterValidator(_at_least_one)] = Field(
        default=1,
        description="How many tracks may hold the same. 1: no two.",
        json_schema_extra={"minimum": 1},
    )
    share_at_most: Percentage | None = Field(
        default=None, description="Instead of it: the share of tracks that may hold the same as another, as in 1 %."
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Spec:
        if self.share_at_most is not None and "group_at_most" in self.model_fields_set:
            mistake = Mistake("group_at_most and share_at_most don't go together", "Make it two rules.")
            raise Refusal(mistake)
        if self.share_at_most == 1:
            raise Refusal(Mistake("no share is more than 100 %", "Lower it.", ("share_at_most",)))
        return self

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question("groups" if self.share_at_most is None else "share")

    def asks(self, subject_kind: SubjectKind, discriminator: str) -> bool:
        """Tell whether a violation, by its subject's kind and its discriminator, is of what the rule asks."""
        in_splits = self.within == "split"
        if self.share_at_most is None:
            return subject_kind == "group" and bool(discriminator) == in_splits
        return subject_kind == "value" and discriminator == (_OF_A_SPLIT if in_splits else _OF_ALL)


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    within = "dataset" if spec.within == "dataset" else "split of a dataset"
    what = f"the same {listed(spec.same, 'or')}" + (", by its checksum" if spec.same == ("file",) else "")
    if spec.share_at_most is not None:
        share = percentage_in_words(spec.share_at_most)
        what += "," if spec.same == ("file",) else ""
        return f"No more than {share} of the tracks of one {within} may hold {what} as another track of it."
    how_many = "No two" if spec.group_at_most == 1 else f"No more than {spec.group_at_most}"
    return f"{how_many} tracks of one {within} may hold {what}."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: all tracks of the group but the first; of a share, none."""
    return spec.share_at_most is None


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the groups that have too many tracks, or how many tracks are in groups."""
    condition = _condition(spec, scope)
    heard = scope.heard if scope.heard and any_scanned(connection, scope.heard, condition) else None
    queries = [_QUERIES[way](condition, heard) for way in spec.same]
    rows = [row for query in queries for row in connection.execute(query)]
    every = groups(rows, by_split=spec.within == "split")
    need: Need = "recording" if "recording" in spec.same else "file"
    unknown = unseen(connection, heard, condition, need).reason if heard else None
    if spec.share_at_most is None:
        found = [group for group in every if group.size > spec.group_at_most]
        kept = found if len(found) <= at_most else found[:SAMPLE]
        tell = partial(_complaint, spec, scope, _alignments(connection, heard, kept))
        judged = Judged.of(found, tell, at_most=at_most, queries=tuple(queries), unseen=unknown)
    else:
        shares = _shares(spec, scope, connection, heard, every)
        past = [share for share in shares if share.count > spec.share_at_most * share.of]
        told = partial(_complaint_of_share, spec, scope)
        judged = Judged.of(past, told, at_most=at_most, queries=tuple(queries), unseen=unknown)
    if judged.count or unknown:
        return judged
    known = {
        "file": partial(any_file, connection, condition, heard),
        "recording": partial(any_recording, connection, condition, heard),
    }
    if not any(known[way]() for way in spec.same):
        return too_little(f"no track has a {listed((_KNOWN_BY[way] for way in spec.same), 'or a')}", *queries)
    return judged


_KNOWN_BY: Final = {"file": "checksum", "recording": "known recording"}


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: all tracks of the group but the first by key."""
    if spec.share_at_most is not None:
        return ()
    condition = scope.condition()
    if spec.within == "split":
        condition = and_(condition, tracks.c.split == discriminator)
    members: dict[int, tuple[str, str]] = {}
    names, seen = {subject}, {subject}
    while names:
        found: dict[int, tuple[str, str]] = {}
        if "file" in spec.same:
            found |= holders(connection, condition, names, scope.heard)
        if "recording" in spec.same:
            found |= recording_holders(connection, condition, names, scope.heard)
        new = found.keys() - members.keys()
        names = files_of(connection, new, scope.heard) if "file" in spec.same else set()
        names |= recordings_of(connection, new, scope.heard) if "recording" in spec.same else set()
        names -= seen
        members |= found
        seen |= names
    return tuple(sorted(members.values())[1:])


def _condition(spec: Spec, scope: Scope) -> ColumnElement[bool]:
    condition = scope.condition()
    return and_(condition, tracks.c.split.is_not(None)) if spec.within == "split" else condition


def _files(condition: ColumnElement[bool], heard: Snapshot | None) -> Select[Any]:
    rows = files_in_common(condition, *NAMED, tracks.c.split, scanned=heard).subquery()
    names = ("track_id", "key", "title", "artist", "split")
    role = role_of(rows.c.asset_id).label("role")
    return select(rows.c.algorithm, rows.c.value, role, *(rows.c[name] for name in names))


def _recordings(condition: ColumnElement[bool], heard: Snapshot | None) -> Select[Any]:
    return recordings_in_common(condition, *NAMED, tracks.c.split, heard=heard)


_QUERIES: Final[Mapping[str, Callable[[ColumnElement[bool], Snapshot | None], Select[Any]]]] = MappingProxyType(
    {"file": _files, "recording": _recordings}
)


@dataclass(frozen=True, slots=True)
class _Share:
    """How many tracks are in groups, of how many whose file or recording is known; in which split, if in one."""

    place: str
    count: int
    of: int


def _shares(
    spec: Spec, scope: Scope, connection: Connection, heard: Snapshot | None, every: Sequence[Group]
) -> list[_Share]:
    condition = _condition(spec, scope)
    known = [*(known_files(condition, heard) if "file" in spec.same else [])]
    known += known_recordings(condition, heard) if "recording" in spec.same else []
    numbers = union(*known).subquery()
    by_split = spec.within == "split"
    place = tracks.c.split if by_split else literal_column("''")
    joined = tracks.join(numbers, numbers.c.track_id == tracks.c.id)
    counted = select(place.label("place"), func.count()).select_from(joined)
    of = connection.execute(counted.group_by(tracks.c.split) if by_split else counted)
    grouped: dict[str, int] = defaultdict(int)
    for group in every:
        grouped[group.place] += group.size
    return sorted(
        (_Share(name or "", grouped[name or ""], count) for name, count in of if count), key=attrgetter("place")
    )


def _complaint_of_share(spec: Spec, scope: Scope, share: _Share) -> Complaint:
    limit = spec.share_at_most or Fraction(0)
    at_most = percentage_in_words(limit)
    exact = Fraction(share.count, share.of)
    percent = percentage_past(exact, limit)
    where = f" of {shown(share.place)}" if share.place else ""
    of = f"{share.count:,} of {share.of:,}"
    what = f"the same {listed(spec.same, 'or')}"
    return Complaint(
        "value",
        share.place or scope.dataset.name,
        {
            "track": "no single track",
            "title": "no title",
            "artist": "no artist",
            "dataset": scope.dataset.name,
            "count": f"{share.count:,}",
            "other": "others",
            "share": percent,
            "reason": f"{percent} of the tracks{where} ({of}) hold {what} as others, more than {at_most}",
        },
        evidence={
            "tracks": share.count,
            "of": share.of,
            "share": percent,
            "split": share.place or None,
            "at_most": at_most,
        },
        bound={"per_mille": int(exact * 1000)},
        discriminator=_OF_A_SPLIT if share.place else _OF_ALL,
    )


def _alignments(connection: Connection, heard: Snapshot | None, found: Sequence[Group]) -> Alignments | None:
    if heard is None:
        return None
    return Alignments(connection, heard, {number for group in found for *_, number in group.first})


def _complaint(spec: Spec, scope: Scope, alignments: Alignments | None, group: Group) -> Complaint:
    (key, title, artist, number), *rest = group.first
    others = [other for other, *_ in rest]
    algorithm, _, value = group.file.partition(":")
    named = {"recording": value} if algorithm in (STATED, HEARD) else {"file": group.file}
    some = some_of([shown(other) for other in others], group.size - 1)
    same = next(iter(named))
    return Complaint(
        "group",
        group.file,
        {
            "track": shown(key),
            "title": shown(title) if title else "untitled",
            "artist": shown(artist) if artist else "unknown artist",
            "dataset": scope.dataset.name,
            "count": f"{group.size:,}",
            "other": some,
            "share": "unknown",
            "reason": f"{group.size:,} tracks hold the same {same}: {shown(key)}, {some}",
        },
        evidence={
            **named,
            "role": group.role,
            "split": group.place or None,
            "count": group.size,
            "at_most": spec.group_at_most,
            "first": key,
            "others": others,
            **(_heard(alignments, scope, number, rest) if alignments else {}),
        },
        bound={"count": group.size, "members": group.members},
        discriminator=group.place,
    )


def _heard(
    alignments: Alignments, scope: Scope, first: int, rest: Sequence[tuple[str, str | None, str | None, int]]
) -> dict[str, Any]:
    """Tell how the first track lies in the others, as `rules.sharing.alignments` has it."""
    packets = alignments.packets(first)
    if packets is None:
        return {}
    lying = [(key, alignments.between(first, number)) for key, _, _, number in rest]
    to = [{"dataset": scope.dataset.name, "key": key, **one.evidence} for key, one in lying if one]
    return {"packets": packets, "to": to}
