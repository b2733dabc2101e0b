"""The catalogue as it was: a revision number, and the conditions that select its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, select

from audit_core.catalogue.tables import datasets, revisions, tracks

__all__ = ["Snapshot", "latest_revision"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an audit sees: the catalogue at a revision, and the decisions in force at a moment.

    Parameters
    ----------
    revision : int
        A published revision; 0 is the empty catalogue before the first.
    as_of : datetime
        The moment, in UTC, by which quarantines and waivers are judged.
    """

    revision: int
    as_of: datetime

    def holds(self, table: Table = tracks) -> ColumnElement[bool]:
        """Give the condition under which a row of `table` (with `from_rev` and `to_rev`) is part of this snapshot."""
        return and_(table.c.from_rev <= self.revision, table.c.to_rev > self.revision)

    def datasets(self) -> Select[tuple[int, str]]:
        """Select the number and name of each dataset that is there, by name: an import that was refused makes none."""
        imported = select(revisions.c.id).where(
            revisions.c.dataset_id == datasets.c.id,
            revisions.c.published_at.is_not(None),
            revisions.c.id <= self.revision,
        )
        return select(datasets.c.id, datasets.c.name).where(imported.exists()).order_by(datasets.c.name)


def latest_revision(connection: Connection) -> int:
    """Give the number of the newest published revision, 0 if nothing was ever imported."""
    newest = select(func.max(revisions.c.id)).where(revisions.c.published_at.is_not(None))
    return connection.execute(newest).scalar() or 0
