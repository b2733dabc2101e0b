"""Tracks that hold the same recording: the catalogue states it, or it was heard in them.

A recording is named as files are, by where its name comes from: ``recording:`` and what the catalogue states, or
``heard:`` and the first by name of the audio that it has among the tracks in question: its own id is minted late, and
changes when recordings are merged. What was heard is looked for where a snapshot is given for it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal_column, not_, select, union_all

from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import datasets, tracks
from audit_core.neighbours.recordings import audio_name, heard_recording, heard_tracks, recordings_with
from rules.sharing.same_files import content

__all__ = [
    "HEARD",
    "STATED",
    "any_recording",
    "heard_in_splits",
    "held_recordings",
    "known_recordings",
    "recording_holders",
    "recordings_in_common",
    "recordings_of",
]

STATED: Final = "recording"
HEARD: Final = "heard"


def recordings_in_common(
    condition: ColumnElement[bool], *columns: ColumnElement[Any], heard: Snapshot | None = None
) -> Select[Any]:
    """Select a row for each recording that a track shares with another.

    Parameters
    ----------
    condition : ColumnElement
        On the table of tracks: which tracks.
    *columns : ColumnElement
        Of the table of tracks: what is wanted beside ``algorithm`` (where the name comes from), ``value``, ``role``
        and ``track_id``.
    heard : Snapshot, optional
        Of when what was heard counts too.
    """
    held = union_all(*(_held(name, condition, snapshot=heard) for name in _kinds(heard))).cte()
    shared = (
        select(held.c.algorithm, held.c.value)
        .group_by(held.c.algorithm, held.c.value)
        .having(func.min(held.c.track_id) < func.max(held.c.track_id))
        .subquery("shared")
    )
    of_recording = (held.c.algorithm, held.c.value)
    # What is stated goes by its own name.
    name = held.c.name if heard is None else func.min(held.c.name).over(partition_by=of_recording)
    found = (
        select(held.c.algorithm, name.label("value"), literal_column("'audio'").label("role"), held.c.track_id)
        .select_from(shared)
        .join(held, and_(held.c.algorithm == shared.c.algorithm, held.c.value == shared.c.value))
    )
    return found.add_columns(*columns).join(tracks, tracks.c.id == held.c.track_id) if columns else found


def heard_in_splits(condition: ColumnElement[bool], heard: Snapshot) -> Select[Any]:
    """Select ``value`` (a name), ``split``, ``n`` and ``first`` (a key) for recordings heard in more than one split.

    Not those of which all tracks state one and the same recording, which crosses by what they state.
    """
    value = heard_recording()
    counted = (
        select(
            value.label("value"),
            func.min(audio_name()).label("name"),
            tracks.c.split,
            func.count(tracks.c.id.distinct()).label("n"),
            func.min(tracks.c.key).label("first"),
            func.min(tracks.c.recording).label("least"),
            func.max(tracks.c.recording).label("most"),
            (func.count() - func.count(tracks.c.recording)).label("untold"),
        )
        .select_from(heard_tracks(heard))
        .where(condition, value.is_not(None))
        .group_by(value, tracks.c.split)
        .subquery()
    )
    by = counted.c.value
    everywhere = select(
        *(counted.c[name] for name in ("split", "n", "first")),
        func.min(counted.c.name).over(partition_by=by).label("value"),
        func.count().over(partition_by=by).label("splits"),
        func.min(counted.c.least).over(partition_by=by).label("least"),
        func.max(counted.c.most).over(partition_by=by).label("most"),
        func.max(counted.c.untold).over(partition_by=by).label("untold"),
    ).subquery()
    told = and_(everywhere.c.untold == 0, everywhere.c.least == everywhere.c.most)
    return select(*(everywhere.c[name] for name in ("value", "split", "n", "first"))).where(
        everywhere.c.splits > 1, not_(func.coalesce(told, false()))
    )


def recording_holders(
    connection: Connection, condition: ColumnElement[bool], names: Collection[str], heard: Snapshot | None
) -> dict[int, tuple[str, str]]:
    """Find the tracks that hold one of some recordings: dataset and key of each, by its number."""
    found: dict[int, tuple[str, str]] = {}
    for kind, values in _by_kind(names, heard).items():
        rows = _held(kind, condition, _called(kind, values, heard), snapshot=heard).subquery()
        query = (
            select(tracks.c.id, datasets.c.name, tracks.c.key)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(tracks.c.id.in_(select(rows.c.track_id)))
        )
        found.update({row.id: (row.name, row.key) for row in connection.execute(query)})
    return found


def held_recordings(
    connection: Connection, condition: ColumnElement[bool], names: Collection[str], heard: Snapshot | None
) -> set[str]:
    """Find those of some recordings that any track holds: of one that was heard, the audio that it is named by."""
    return {
        content(kind, row.name)
        for kind, values in _by_kind(names, heard).items()
        for row in connection.execute(_held(kind, condition, among(_name(kind), values), snapshot=heard))
    }


def recordings_of(connection: Connection, numbers: Collection[int], heard: Snapshot | None) -> set[str]:
    """Find the recordings of some tracks, each that was heard by the name of each audio in them."""
    if not numbers:
        return set()
    return {
        content(kind, row.name)
        for kind in _kinds(heard)
        for row in connection.execute(_held(kind, among(tracks.c.id, numbers), snapshot=heard))
    }


def any_recording(connection: Connection, condition: ColumnElement[bool], heard: Snapshot | None) -> bool:
    """Tell whether the recording of any of some tracks is known."""
    return any(
        connection.execute(_held(kind, condition, snapshot=heard).limit(1)).first() is not None
        for kind in _kinds(heard)
    )


def known_recordings(condition: ColumnElement[bool], heard: Snapshot | None) -> list[Select[Any]]:
    """Select, as ``track_id``, the tracks whose recording is known; some more than once."""
    return [select(_held(kind, condition, snapshot=heard).subquery().c.track_id) for kind in _kinds(heard)]


def _kinds(heard: Snapshot | None) -> tuple[str, ...]:
    return (STATED,) if heard is None else (STATED, HEARD)


def _by_kind(names: Collection[str], heard: Snapshot | None) -> dict[str, list[str]]:
    return {
        kind: [name.removeprefix(f"{kind}:") for name in names if name.startswith(f"{kind}:")] for kind in _kinds(heard)
    }


def _value(kind: str) -> ColumnElement[Any]:
    return tracks.c.recording if kind == STATED else heard_recording()


def _name(kind: str) -> ColumnElement[Any]:
    return tracks.c.recording if kind == STATED else audio_name()


def _called(kind: str, names: Collection[str], heard: Snapshot | None) -> ColumnElement[bool]:
    """Ask for tracks of recordings by their names: of those that were heard, by that of any audio of them."""
    if kind == STATED or heard is None:
        return among(tracks.c.recording, names)
    return recordings_with(heard, names)


def _held(kind: str, *conditions: ColumnElement[bool], snapshot: Snapshot | None) -> Select[Any]:
    source = tracks if kind == STATED or snapshot is None else heard_tracks(snapshot)
    value = _value(kind)
    return (
        select(
            literal_column(f"'{kind}'").label("algorithm"),
            value.label("value"),
            _name(kind).label("name"),
            tracks.c.id.label("track_id"),
        )
        .select_from(source)
        .where(value.is_not(None), *conditions)
    )
