"""Values that tracks take over from those that hold the same: a recording joins the artists of all its tracks.

Two tracks hold the same if they share a file or a recording, stated or heard. A track then counts under the values of
the other too, though its own row names others, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    func,
    literal_column,
    not_,
    select,
    union_all,
)

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import group_values, track_groups, tracks
from rules.same_files import files_in_common
from rules.same_recordings import recordings_in_common

__all__ = ["MOST_VALUES", "Link", "linked", "links", "widely_shared"]

MOST_VALUES: Final = 100
"""What tracks of more values than this hold, such as one file in the place of many, joins none of them: each would be
joined with each."""


@dataclass(frozen=True, slots=True)
class Link:
    """A track that counts under a value for what it holds.

    Attributes
    ----------
    group, key : int, str
        The value: its number, and by what spellings are compared.
    track, split : str
        The track's key, and its split.
    through : str
        The key of the track that states the value and holds the same; of several, the first row.
    spelled : str
        How that one spells it.
    by : "file" or "recording"
        What both hold.
    """

    group: int
    key: str
    track: str
    split: str
    through: str
    spelled: str
    by: str


def linked(
    field: str, condition: ColumnElement[bool], splits: ColumnElement[bool], heard: Snapshot | None
) -> Select[Any]:
    """Select what `links` reads: the tracks that count under a value by a link alone.

    Parameters
    ----------
    field : str
        One that every import groups by.
    condition : ColumnElement
        On the table of tracks: which tracks may link.
    splits : ColumnElement
        On the same: in which splits the linked ones have to lie.
    heard : Snapshot or None
        Of when what was heard counts too.
    """
    shared = _shared(condition, heard)
    few = _by_values(field, shared).having(_VALUES <= MOST_VALUES).subquery("few")
    # First the values of what is shared, which are few, and then its tracks: not each track with each.
    of_field = and_(track_groups.c.track_id == shared.c.track_id, track_groups.c.field == field)
    heads = (
        select(shared.c.content, track_groups.c.group_id, func.min(shared.c.track_id).label("through"))
        .join(track_groups, of_field)
        .join(few, few.c.content == shared.c.content)
        .group_by(shared.c.content, track_groups.c.group_id)
        .subquery("heads")
    )
    own = (
        select(track_groups.c.track_id)
        .where(
            track_groups.c.field == field,
            track_groups.c.group_id == heads.c.group_id,
            track_groups.c.track_id == shared.c.track_id,
        )
        .exists()
    )
    found = (
        select(
            heads.c.group_id,
            shared.c.track_id,
            func.min(heads.c.through).label("through"),
            func.min(shared.c.by).label("by"),
        )
        .join(shared, shared.c.content == heads.c.content)
        .where(not_(own))
        .group_by(heads.c.group_id, shared.c.track_id)
        .subquery("found")
    )
    other = tracks.alias("other")
    return (
        select(
            found.c.group_id,
            group_values.c.key,
            tracks.c.key.label("track"),
            tracks.c.split,
            other.c.key.label("through"),
            other.c[field].label("spelled"),
            found.c.by,
        )
        .select_from(found)
        .join(tracks, tracks.c.id == found.c.track_id)
        .join(other, other.c.id == found.c.through)
        .join(group_values, group_values.c.id == found.c.group_id)
        .where(splits)
    )


def widely_shared(
    connection: Connection, field: str, condition: ColumnElement[bool], heard: Snapshot | None
) -> str | None:
    """Say how many files and recordings join nothing because tracks of too many values hold them; None if none do."""
    many = _by_values(field, _shared(condition, heard)).having(_VALUES > MOST_VALUES).subquery()
    count = connection.scalar(select(func.count()).select_from(many)) or 0
    what = "1 file or recording is" if count == 1 else f"{count:,} files or recordings are"
    return f"{what} held by more than {MOST_VALUES} {field}s, which were not joined" if count else None


_VALUES: Final = func.count(track_groups.c.group_id.distinct())


def _by_values(field: str, shared: FromClause) -> Select[Any]:
    of_field = and_(track_groups.c.track_id == shared.c.track_id, track_groups.c.field == field)
    return select(shared.c.content).join(track_groups, of_field).group_by(shared.c.content)


def _shared(condition: ColumnElement[bool], heard: Snapshot | None) -> FromClause:
    files = files_in_common(condition, scanned=heard).subquery()
    recordings = recordings_in_common(condition, heard=heard).subquery()
    return union_all(
        *(
            select(
                (rows.c.algorithm + ":" + rows.c.value).label("content"),
                rows.c.track_id,
                literal_column(f"'{by}'").label("by"),
            )
            for rows, by in ((files, "file"), (recordings, "recording"))
        )
    ).cte()


def links(connection: Connection, query: Select[Any]) -> dict[str, list[Link]]:
    """Read the links by the keys of their values, each sorted by track."""
    found: dict[str, list[Link]] = {}
    rows: Iterable[Any] = connection.execute(query)
    for row in rows:
        found.setdefault(row.key, []).append(Link(*row))
    for of_value in found.values():
        of_value.sort(key=lambda link: (link.track, link.through))
    return found
