"""How long a track is, as SQL: as the catalogue states it, else as the scan measured it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, tracks

__all__ = ["length_ms"]


def length_ms(heard: Snapshot | None) -> ColumnElement[int | None]:
    """Give the expression for the length of a track in whole milliseconds: NULL if nobody knows.

    Parameters
    ----------
    heard : Snapshot or None
        The snapshot, if any file was scanned. Of a track with several audio files the longest counts: they are stems
        or copies, which sound together.
    """
    if heard is None:
        return tracks.c.duration_ms
    here = and_(audio_files.c.dataset_id == tracks.c.dataset_id, heard.holds(audio_files))
    measured = (
        select(func.max(audio_files.c.duration_ms))
        .select_from(assets.join(audio_files, audio_files.c.path == assets.c.path))
        .where(assets.c.track_id == tracks.c.id, assets.c.role == "audio", here)
        .correlate(tracks)
        .scalar_subquery()
    )
    return func.coalesce(tracks.c.duration_ms, measured)
