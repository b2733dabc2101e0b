"""The audio files that a dataset's tracks name, and what is known of each; read in pages, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import FOREVER, assets, tracks
from audit_core.clock import Clock

__all__ = ["Named", "counted", "pages", "without_path"]

Named = tuple[str, Row[Any] | None]
"""A path, and the row that says what is known of the file (`audio_file`, in part), if there is one."""

_WINDOW: Final = 1000  # numbers of tracks, for they lie together where the tracks of a dataset do
_KNOWN: Final = (
    audio_files.c.id,
    audio_files.c.path,
    audio_files.c.from_rev,
    audio_files.c.row_hash,
    audio_files.c.size_bytes,
    audio_files.c.modified_ns,
    audio_files.c.packets,
    audio_files.c.problem,
    audio_files.c.reason,
    audio_files.c.versions,
)


def pages(store: Store, dataset: int, clock: Clock) -> Iterator[list[Named]]:
    """Give the files of a dataset, each path once a page.

    What a scan has published meanwhile shows in the row of a path that is named again.
    """
    with store.read() as connection:
        here = _held(connection, dataset, clock)
        first, last = connection.execute(select(func.min(tracks.c.id), func.max(tracks.c.id)).where(here)).one()
    for start in range(first or 1, (last or 0) + 1, _WINDOW):
        with store.read() as connection:
            window = assets.c.track_id.between(start, start + _WINDOW - 1)
            wanted = select(assets.c.path).join(tracks, tracks.c.id == assets.c.track_id)
            wanted = wanted.where(window, _held(connection, dataset, clock), *_AUDIO)
            paths: list[str] = sorted({str(path) for path in connection.scalars(wanted)})
            known: Select[Any] = select(*_KNOWN).where(
                audio_files.c.dataset_id == dataset, audio_files.c.to_rev == FOREVER
            )
            rows: dict[str, Row[Any]] = {}
            if paths:
                rows = {row.path: row for row in connection.execute(known.where(among(audio_files.c.path, paths)))}
        if paths:
            yield [(path, rows.get(path)) for path in paths]


def counted(connection: Connection, dataset: int, clock: Clock) -> int:
    """Count the files that a dataset's tracks name; one that several name counts as often."""
    named = select(func.count()).select_from(assets).join(tracks, tracks.c.id == assets.c.track_id)
    return connection.execute(named.where(_held(connection, dataset, clock), *_AUDIO)).scalar_one()


def without_path(connection: Connection, dataset: int, clock: Clock) -> int:
    """Count the tracks of a dataset that name no audio file."""
    named = select(assets.c.id).where(assets.c.track_id == tracks.c.id, *_AUDIO)
    bare = select(func.count()).select_from(tracks).where(_held(connection, dataset, clock), ~named.exists())
    return connection.execute(bare).scalar_one()


_AUDIO: Final = (assets.c.role == "audio", assets.c.path.is_not(None))


def _held(connection: Connection, dataset: int, clock: Clock) -> ColumnElement[bool]:
    return and_(tracks.c.dataset_id == dataset, Snapshot(latest_revision(connection), clock()).holds(tracks))
