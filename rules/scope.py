"""Which tracks a rule judges, as SQL: those of one dataset at a snapshot, without what is quarantined."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, true

from audit_core.catalogue.columns_of_fields import holds_one_of
from audit_core.catalogue.fields import field_named
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import tracks
from audit_core.ledger.quarantine import quarantined_tracks
from audit_core.neighbours.recordings import any_audio
from rules.language.conditions import AllOf, AnyOf, Condition, NotOf, Term
from rules.language.policy import AppliesTo
from rules.language.selector import EVERYTHING, Selector, matches_any

__all__ = ["DatasetRow", "Scope", "scopes"]


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset of the catalogue."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Scope:
    """The tracks that are judged.

    Attributes
    ----------
    dataset : DatasetRow
        Whose tracks.
    others : tuple of DatasetRow
        All datasets of the catalogue, by name: a rule may compare with one of them.
    snapshot : Snapshot
        When.
    where : Selector
        Which of the dataset's tracks.
    out : Select or None
        Gives the ids of the tracks that are quarantined; None if nothing is, so that it costs nothing.
    heard : Snapshot or None
        The snapshot again if any file was scanned; None if none was, so that nobody looks for what was heard.
    """

    dataset: DatasetRow
    others: tuple[DatasetRow, ...]
    snapshot: Snapshot
    where: Selector = EVERYTHING
    out: Select[tuple[int]] | None = None
    heard: Snapshot | None = None

    def condition(self) -> ColumnElement[bool]:
        """Give the condition under which a row of the table of tracks is judged."""
        return and_(self.whole(), *terms(self.where, self.snapshot))

    def whole(self) -> ColumnElement[bool]:
        """Give the condition for all tracks of the dataset, whether the policy judges them or not."""
        return and_(tracks.c.dataset_id == self.dataset.id, *self._here())

    def has(self, selector: Selector) -> bool:
        """Tell whether a selector may select tracks of this dataset."""
        return not selector.datasets or matches_any(self.dataset.name, selector.datasets)

    def part(self, selector: Selector) -> ColumnElement[bool]:
        """Give the condition for a part of the tracks that are judged; false if it is of other datasets."""
        if not self.has(selector):
            return false()
        return and_(self.condition(), *terms(selector, self.snapshot))

    def compared(self, selector: Selector) -> ColumnElement[bool]:
        """Give the condition for tracks to compare with: a part of those that are judged, or of the datasets named."""
        if not selector.datasets:
            return self.part(selector)
        named = [dataset.id for dataset in self.others if matches_any(dataset.name, selector.datasets)]
        return and_(tracks.c.dataset_id.in_(named), *self._here(), *terms(selector, self.snapshot))

    def reach(self, selector: Selector) -> ColumnElement[bool]:
        """Give a condition for all tracks that are judged or compared: wider than both, and cheap."""
        named = {dataset.id for dataset in self.others if matches_any(dataset.name, selector.datasets)}
        return and_(tracks.c.dataset_id.in_(sorted({self.dataset.id, *named})), *self._here())

    def size(self, connection: Connection) -> int:
        """Count the tracks that are judged."""
        return connection.execute(select(func.count()).select_from(tracks).where(self.condition())).scalar_one()

    def _here(self) -> tuple[ColumnElement[bool], ...]:
        held = self.snapshot.holds()
        return (held,) if self.out is None else (held, tracks.c.id.not_in(self.out))


def terms(selector: Selector, snapshot: Snapshot) -> list[ColumnElement[bool]]:
    """Write each term of a selector as a condition on the table of tracks."""
    return [_in_sql(term, snapshot) for term in selector.terms]


def _in_sql(condition: Condition, snapshot: Snapshot) -> ColumnElement[bool]:
    match condition:
        case AllOf(parts):
            return and_(*(_in_sql(part, snapshot) for part in parts))
        case AnyOf(parts):
            return or_(*(_in_sql(part, snapshot) for part in parts))
        case NotOf(part):
            return _in_sql(part, snapshot).is_not(true())  # what is unknown does not hold: NOT would leave it unknown
        case Term(name, values):
            field = field_named(name)
            if field is None:
                raise ValueError(f"no field is called {name!r}: a policy that names it is refused before")
            return holds_one_of(field, values, snapshot)


def scopes(connection: Connection, applies_to: AppliesTo, snapshot: Snapshot) -> list[Scope]:
    """Find what a policy judges: a scope for each dataset that it covers, by name."""
    others = tuple(DatasetRow(row.id, row.name) for row in connection.execute(snapshot.datasets()))
    quarantined = quarantined_tracks(snapshot)
    out = quarantined if connection.execute(quarantined.limit(1)).first() else None
    heard = snapshot if any_audio(connection, snapshot) else None
    return [
        Scope(dataset, others, snapshot, applies_to.where, out, heard)
        for dataset in others
        if applies_to.covers(dataset.name)
    ]
