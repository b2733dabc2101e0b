"""Where a field is kept: its name in a policy, as SQL over the table of tracks.

A licence, a day of acquisition, or who acquired, that a track doesn't state itself is looked up at its source. Fields
of which a track may hold several values keep them twice: as written, joined by `BETWEEN_VALUES`, in a column of the
track, and each by itself, by its folded spelling, in `track_group`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Select, and_, false, func, or_, select, type_coerce

from audit_core.catalogue.fields import Field
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.tables import group_values, licences, source_terms, sources, track_groups, tracks

__all__ = ["BETWEEN_VALUES", "GROUPED", "holds_one_of", "stated", "states_one_of", "texts_stated", "unknown"]

#: Between the values of a field that may have several, in the column of the track.
BETWEEN_VALUES: Final = "; "

#: The fields that every import keeps in `track_group`; a mapping may add columns of its own.
GROUPED: Final = ("artist", "album", "work", "recording", "genre", "tags")

_COLUMNS: Final = {"duration": "duration_ms", "sample_rate": "sample_rate_hz"}
_AT_SOURCE: Final = {"licence": "licence_id", "acquired": "acquired", "acquired_by": "acquired_by"}
_EXTRA: Final = "extra."
#: Kept among the columns of the workspace's own, though its name is every catalogue's.
_UNSORTED: Final = frozenset({"status"})


def stated(field: Field, snapshot: Snapshot) -> ColumnElement[Any]:
    """Give the expression for what a track states of a field: NULL if nothing.

    Parameters
    ----------
    field : Field
        Any field; of one that may hold several values, the text with all of them.
    snapshot : Snapshot
        When, for what is looked up at the source.
    """
    if field.name.startswith(_EXTRA) or field.name in _UNSORTED:
        own: ColumnElement[Any] = type_coerce(tracks.c.extra, JSON)[field.name.removeprefix(_EXTRA)].as_string()
        return own
    if field.name == "source":
        return select(sources.c.name).where(sources.c.id == tracks.c.source_id).scalar_subquery()
    if field.name not in _AT_SOURCE:
        return tracks.c[_COLUMNS.get(field.name, field.name)]
    column = _AT_SOURCE[field.name]
    by_source = (
        select(source_terms.c[column])
        .where(source_terms.c.source_id == tracks.c.source_id, snapshot.holds(source_terms))
        .correlate(tracks)  # said, for it is nested twice: else it would be asked of any track
    )
    either = func.coalesce(tracks.c[column], by_source.scalar_subquery())
    if field.name != "licence":
        return either
    return select(licences.c.text).where(licences.c.id == either).scalar_subquery()


def unknown(field: Field, snapshot: Snapshot) -> ColumnElement[bool]:
    """Give the condition under which a track states nothing of a field."""
    if field.name == "source":
        return tracks.c.source_id.is_(None)
    if field.name not in _AT_SOURCE:
        return stated(field, snapshot).is_(None)
    column = _AT_SOURCE[field.name]
    telling = select(source_terms.c.source_id).where(snapshot.holds(source_terms), source_terms.c[column].is_not(None))
    return and_(tracks.c[column].is_(None), or_(tracks.c.source_id.is_(None), tracks.c.source_id.not_in(telling)))


def holds_one_of(field: Field, values: Sequence[str | int | date], snapshot: Snapshot) -> ColumnElement[bool]:
    """Give the condition under which a track holds one of some values.

    Letter by letter; of a field that may hold several values, by their folded spelling.
    """
    if field.type != "multi":
        return states_one_of(field, values, snapshot)
    if not values:
        return false()
    keys = sorted({folded(str(value)) for value in values})
    holders = (
        select(track_groups.c.track_id)
        .join(group_values, group_values.c.id == track_groups.c.group_id)
        .where(track_groups.c.field == field.name, group_values.c.field == field.name, among(group_values.c.key, keys))
    )
    return tracks.c.id.in_(holders)


def states_one_of(field: Field, values: Sequence[str | int | date], snapshot: Snapshot) -> ColumnElement[bool]:
    """Give the condition under which what a track states of a field is one of some values, letter by letter."""
    if not values:
        return false()
    if field.name in ("licence", "source"):
        return _refers_to(field, values, snapshot)
    return among(stated(field, snapshot), values)


def texts_stated(field: Field, snapshot: Snapshot, condition: ColumnElement[bool]) -> Select[tuple[str]]:
    """Select the texts that tracks state of a field, each once: a superset, where that is cheaper.

    Parameters
    ----------
    field : Field
        A text field; of one that may hold several values, the text with all of them.
    snapshot : Snapshot
        When, for what is looked up at the source.
    condition : ColumnElement
        On the table of tracks: which tracks.
    """
    if field.name in ("licence", "source"):
        return select(licences.c.text if field.name == "licence" else sources.c.name)
    value = select(stated(field, snapshot).label("value")).where(condition).subquery()
    return select(value.c.value).where(value.c.value.is_not(None)).distinct()


def _refers_to(field: Field, values: Sequence[Any], snapshot: Snapshot) -> ColumnElement[bool]:
    """Compare numbers of licences and sources, which the indexes of the tracks know, and not their texts."""
    if field.name == "source":
        return tracks.c.source_id.in_(select(sources.c.id).where(among(sources.c.name, values)))
    ids = select(licences.c.id).where(among(licences.c.text, values))
    telling = select(source_terms.c.source_id).where(snapshot.holds(source_terms), source_terms.c.licence_id.in_(ids))
    return or_(tracks.c.licence_id.in_(ids), and_(tracks.c.licence_id.is_(None), tracks.c.source_id.in_(telling)))
