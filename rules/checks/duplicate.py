"""duplicate: no file is held by more than a few tracks.

Two tracks hold the same file if a checksum of the one equals a checksum of the other, made by the same algorithm; a
blank checksum equals nothing. `same: [file]` says so. All tracks that hold the same file are one group, and one
violation.

- `group_at_most`: how many tracks a group may have; 1 if left out, which means that no two tracks hold the same file.
- `within`: `dataset` (if left out), where the whole dataset is searched; or `split`, where tracks count together only
  if they are in the same split. Tracks without a split are then left out.

A quarantine takes out all tracks of the group but the first by key. An approval holds for the tracks that the group
has: with others, it is another matter.

RULE  {same: [file]}
PASS  [{file: 1f0a}, {file: 2b7c}]
PASS  [{file: 1f0a}, {file: ""}, {file: ""}]
FAIL  [{file: 1f0a}, {file: 1f0a}]
RULE  {same: [file], within: split}
PASS  [{file: 1f0a, split: train}, {file: 1f0a, split: test}]
FAIL  [{file: 1f0a, split: train}, {file: 1f0a, split: train}]
RULE  {same: [file], group_at_most: 2}
PASS  [{file: 1f0a}, {file: 1f0a}]
FAIL  [{file: 1f0a}, {file: 1f0a}, {file: 1f0a}]
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, StrictInt
from sqlalchemy import Connection, Select, and_, select

from audit_core.catalogue.tables import tracks
from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from rules.complaint import NAMED, Complaint, Judged, TrackList, shown, some_of, too_little
from rules.groups_of_files import Group, groups
from rules.same_files import any_file, files_in_common, files_of, holders, role_of
from rules.scope import Scope
from rules.vocabulary import a_word_of

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["COPIES_TOO", "NAMES", "SAY", "Spec", "explain", "judge", "takes_out", "targets"]

SAY: Final = "{count} tracks hold the same file: {track}, {other}."
COPIES_TOO: Final = False  # the copy that is kept is one of them
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the first track of the group",
        "title": "its title",
        "artist": "its artist",
        "dataset": "the dataset",
        "count": "how many tracks the group has",
        "other": "the keys of some other tracks of the group",
    }
)

Sameness = Annotated[Literal["file"], BeforeValidator(a_word_of(("file",), "way of being the same"))]

Range = Annotated[Literal["dataset", "split"], BeforeValidator(a_word_of(("dataset", "split"), "range"))]


def _listed_once(words: tuple[Sameness, ...]) -> tuple[Sameness, ...]:
    if len(words) != 1:
        raise Refusal(Mistake("expected one way of being the same", "Write [file]."))
    return words


def _at_least_one(number: int) -> int:
    if number < 1:
        raise Refusal(Mistake(f"a group of {number} can't be", "The least is 1: no two tracks hold the same file."))
    return number


class Spec(Strict):
    """The keys of this kind of rule."""

    same: Annotated[tuple[Sameness, ...], AfterValidator(_listed_once)]
    within: Range = "dataset"
    group_at_most: Annotated[StrictInt, AfterValidator(_at_least_one)] = 1


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    within = "dataset" if spec.within == "dataset" else "split of a dataset"
    how_many = "No two" if spec.group_at_most == 1 else f"No more than {spec.group_at_most}"
    return f"{how_many} tracks of one {within} may hold the same file, by its checksum."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: all tracks of the group but the first."""
    return True


def judge(spec: Spec, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int) -> Judged:
    """Find the groups that have too many tracks."""
    query = _query(spec, scope)
    by_split = spec.within == "split"
    rows = connection.execute(query).all()
    found = [group for group in groups(rows, by_split=by_split) if group.size > spec.group_at_most]
    if not found and not any_file(connection, scope.condition()):
        return too_little("no track has a checksum", query)
    return Judged.of(found, partial(_complaint, spec, scope), at_most=at_most, queries=(query,))


def targets(spec: Spec, scope: Scope, connection: Connection, subject: str, discriminator: str) -> TrackList:
    """List what a quarantine takes out: all tracks of the group but the first by key."""
    condition = scope.condition()
    if spec.within == "split":
        condition = and_(condition, tracks.c.split == discriminator)
    members: dict[int, tuple[str, str]] = {}
    files, seen = {subject}, {subject}
    while files:
        found = holders(connection, condition, files)
        files = files_of(connection, found.keys() - members.keys()) - seen
        members |= found
        seen |= files
    return tuple(sorted(members.values())[1:])


def _query(spec: Spec, scope: Scope) -> Select[Any]:
    condition = scope.condition()
    if spec.within == "split":
        condition = and_(condition, tracks.c.split.is_not(None))
    rows = files_in_common(condition, *NAMED, tracks.c.split).subquery()
    names = ("track_id", "key", "title", "artist", "split")
    role = role_of(rows.c.asset_id).label("role")
    return select(rows.c.algorithm, rows.c.value, role, *(rows.c[name] for name in names))


def _complaint(spec: Spec, scope: Scope, group: Group) -> Complaint:
    key, title, artist = group.first[0]
    others = [other for other, _, _ in group.first[1:]]
    return Complaint(
        "group",
        group.file,
        {
            "track": shown(key),
            "title": shown(title) if title else "untitled",
            "artist": shown(artist) if artist else "unknown artist",
            "dataset": scope.dataset.name,
            "count": f"{group.size:,}",
            "other": some_of([shown(other) for other in others], group.size - 1),
        },
        evidence={
            "file": group.file,
            "role": group.role,
            "split": group.place or None,
            "count": group.size,
            "at_most": spec.group_at_most,
            "first": key,
            "others": others,
        },
        bound={"count": group.size, "members": group.members},
        discriminator=group.place,
    )
