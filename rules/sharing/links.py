"""Values that tracks take over from those that hold the same: a recording joins the artists of all its tracks.

Two tracks hold the same if they share a file or a recording, stated or heard. A track then counts under the values of
the other too, though its own row names others, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    cast,
    func,
    literal_column,
    not_,
    null,
    select,
    union_all,
)

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import group_values, track_groups, tracks
from rules.sharing.same_files import files_in_common
from rules.sharing.same_recordings import recordings_in_common

__all__ = ["MOST_VALUES", "Link", "linked", "links"]

MOST_VALUES: Final = 100
"""What tracks of more values than this hold, such as one file in the place of many, joins none of them: each would be
joined with each."""


class Link(NamedTuple):
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
    """Select the tracks that count under a value by a link alone.

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
    return _linked(field, shared, _heads(field, shared), splits)


def links(
    connection: Connection,
    field: str,
    condition: ColumnElement[bool],
    splits: ColumnElement[bool],
    heard: Snapshot | None,
) -> tuple[dict[str, list[Link]], str | None]:
    """Read the tracks that `linked` selects, and say what joins nothing since tracks of too many values hold it.

    Returns
    -------
    by_value : dict
        The links by the keys of their values, each sorted by track.
    unjoined : str or None
        A sentence about files and recordings; None if none is held so widely.
    """
    shared = _shared(condition, heard)
    heads = _heads(field, shared)
    found = _linked(field, shared, heads, splits)
    # In one statement with the links: most of the work is to find what is shared.
    many = select(
        func.count(heads.c.content.distinct()),
        *(cast(null(), String) for _ in list(found.selected_columns)[1:]),
    ).where(heads.c.values_of_it > MOST_VALUES)
    by_value: dict[str, list[Link]] = {}
    unjoined = 0
    rows: Iterable[Any] = connection.execute(union_all(found, many)).all()
    for row in rows:
        if row.key is None:
            unjoined = row.group_id
        else:
            by_value.setdefault(row.key, []).append(Link._make(row))
    for of_value in by_value.values():
        of_value.sort(key=lambda link: (link.track, link.through))
    return by_value, _unjoined(unjoined, field)


def _unjoined(count: int, field: str) -> str | None:
    what = "1 file or recording is" if count == 1 else f"{count:,} files or recordings are"
    return f"{what} held by more than {MOST_VALUES} {field}s, which were not joined" if count else None


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
    ).cte("shared")


def _heads(field: str, shared: FromClause) -> FromClause:
    """Select the values of what is shared, which are few: its tracks come after, and not each track with each."""
    of_field = and_(track_groups.c.track_id == shared.c.track_id, track_groups.c.field == field)
    return (
        select(
            shared.c.content,
            track_groups.c.group_id,
            func.min(shared.c.track_id).label("through"),
            func.count().over(partition_by=shared.c.content).label("values_of_it"),
        )
        .join(track_groups, of_field)
        .group_by(shared.c.content, track_groups.c.group_id)
        .cte("heads")
    )


def _linked(field: str, shared: FromClause, heads: FromClause, splits: ColumnElement[bool]) -> Select[Any]:
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
        .where(heads.c.values_of_it <= MOST_VALUES, not_(own))
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
