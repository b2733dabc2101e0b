"""The tracks that are heard of a recording which lies in two splits: the first of each."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Select, and_, select

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import datasets, group_values, track_groups, tracks
from audit_core.evidence.named import crossing_recording
from audit_core.ledger.violations import Violation
from audit_core.neighbours.recordings import heard_tracks, recordings_with

__all__ = ["crossing_tracks"]

_HEARD: Final = "heard:"


def crossing_tracks(connection: Connection, violation: Violation, snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """List the first track of each split that holds the recording of a violation, as dataset and key.

    Returns
    -------
    tracks : tuple of (str, str)
        None if the violation is about no recording.
    """
    recording = crossing_recording(violation)
    if recording is None:
        return ()
    heard = recording.startswith(_HEARD)
    wanted = _heard(recording.removeprefix(_HEARD), snapshot) if heard else _stated(recording)
    here = (snapshot.holds(tracks), datasets.c.name == violation.dataset, tracks.c.split.is_not(None))
    first: dict[str, str] = {}
    for split, key in connection.execute(wanted.where(*here).distinct().order_by(tracks.c.key)):
        first.setdefault(split, key)
    return tuple((violation.dataset, first[split]) for split in sorted(first))


def _heard(recording: str, snapshot: Snapshot) -> Select[Any]:
    holders = heard_tracks(snapshot).join(datasets, datasets.c.id == tracks.c.dataset_id)
    return select(tracks.c.split, tracks.c.key).select_from(holders).where(recordings_with(snapshot, {recording}))


def _stated(recording: str) -> Select[Any]:
    named = and_(group_values.c.field == "recording", group_values.c.key == recording)
    holders = (
        tracks.join(track_groups, and_(track_groups.c.track_id == tracks.c.id, track_groups.c.field == "recording"))
        .join(group_values, and_(group_values.c.id == track_groups.c.group_id, named))
        .join(datasets, datasets.c.id == tracks.c.dataset_id)
    )
    return select(tracks.c.split, tracks.c.key).select_from(holders)
