"""Writing the rows of a batch, with their assets, checksums and the values that they share with others.

A batch is made ready outside of any transaction that holds the database, so that writing it is as short as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from audit_core.catalogue.bulk import insert_rows
from audit_core.catalogue.fields import FIELDS
from audit_core.catalogue.tables import (
    FOREVER,
    assets,
    checksums,
    group_values,
    licences,
    sources,
    track_groups,
    tracks,
)
from audit_core.ingest.dictionary import Dictionary
from audit_core.ingest.rows import SCALARS, Plan, Row, joined

__all__ = ["Batch", "Writing"]

_NAMES: Final = {"duration": "duration_ms", "sample_rate": "sample_rate_hz"}
_TRACK: Final = (
    *("id", "dataset_id", "key", "from_rev", "to_rev", "row_hash", "licence_id", "source_id", "extra"),
    *(_NAMES.get(name, name) for name in SCALARS),
)
_ASSET: Final = ("id", "track_id", "role", "path", "size_bytes")
_CHECKSUM: Final = ("asset_id", "algorithm", "value", "track_id")
_GROUP: Final = ("field", "group_id", "track_id")
_SEVERAL: Final = tuple(place for place, name in enumerate(SCALARS) if FIELDS[name].type == "multi")


@dataclass(slots=True)
class Batch:
    """Rows as the tables hold them, and the numbers of tracks that end with them."""

    ended: Sequence[int] = ()
    tracks: list[tuple[Any, ...]] = field(default_factory=list)
    assets: list[tuple[Any, ...]] = field(default_factory=list)
    checksums: list[tuple[Any, ...]] = field(default_factory=list)
    members: list[tuple[Any, ...]] = field(default_factory=list)


class Writing:
    """Makes batches of one import and writes them.

    Parameters
    ----------
    connection : Connection
        To see how far the numbers of assets go. Nobody else gives any while an import runs.
    """

    def __init__(self, connection: Connection) -> None:
        self._next_asset = (connection.execute(select(func.max(assets.c.id))).scalar() or 0) + 1
        self._licences = Dictionary(licences, "text")
        self._sources = Dictionary(sources, "name")
        self._groups = Dictionary(group_values, "key")

    def batch(
        self, connection: Connection, plan: Plan, rows: Sequence[tuple[int, Row]], dataset: int, revision: int
    ) -> Batch:
        """Make rows ready to be written under their numbers, from a revision on; the connection is for reading."""
        self._learn(connection, plan, rows)
        batch = Batch()
        scalars, licence, source, extra_of = plan.scalars, plan.licence, plan.source, plan.extra_of
        licence_ids, source_ids, group_ids = self._licences, self._sources, self._groups
        for number, row in rows:
            cells = row.cells
            text, name = cells[licence], cells[source]
            values = list(scalars(cells))
            for place in _SEVERAL:
                values[place] = joined(values[place])
            batch.tracks.append(
                (
                    *(number, dataset, row.key, revision, FOREVER, row.hash),
                    None if text is None else licence_ids["", str(text)],
                    None if name is None else source_ids["", str(name)],
                    extra_of(row),
                    *values,
                )
            )
            for field_, several in row.members:
                for key, _ in several:
                    batch.members.append((field_, group_ids[field_, key], number))
            for asset in plan.assets:
                path, size = cells[asset.path], cells[asset.size]
                sums = [(algorithm, cells[slot]) for algorithm, slot in asset.checksums if cells[slot] is not None]
                if path is None and size is None and not sums:
                    continue
                batch.assets.append((self._next_asset, number, asset.role, path, size))
                for algorithm, value in sums:
                    batch.checksums.append((self._next_asset, algorithm, value, number))
                self._next_asset += 1
        batch.members.sort()  # neighbours in the index are written one after the other
        return batch

    def write(self, connection: Connection, batch: Batch, revision: int) -> None:
        """Let rows end with a revision, and write those that begin with it."""
        if batch.ended:
            connection.execute(update(tracks).where(tracks.c.id.in_(batch.ended)).values(to_rev=revision))
        for dictionary in (self._licences, self._sources, self._groups):
            dictionary.write(connection)
        insert_rows(connection, tracks, _TRACK, batch.tracks)
        insert_rows(connection, assets, _ASSET, batch.assets)
        insert_rows(connection, checksums, _CHECKSUM, batch.checksums)
        insert_rows(connection, track_groups, _GROUP, batch.members)

    def _learn(self, connection: Connection, plan: Plan, rows: Sequence[tuple[int, Row]]) -> None:
        for slot, dictionary in ((plan.licence, self._licences), (plan.source, self._sources)):
            texts = dict.fromkeys(str(row.cells[slot]) for _, row in rows if row.cells[slot] is not None)
            dictionary.learn(connection, {("", text): text for text in texts})
        labels: dict[tuple[str, str], str] = {}
        for _, row in rows:
            for field_, several in row.members:
                for key, label in several:
                    labels.setdefault((field_, key), label)
        self._groups.learn(connection, labels)
