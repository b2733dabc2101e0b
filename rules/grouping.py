"""Tracks by the values of a field: which values there are, in which splits, with how many tracks.

Values that the import grouped are compared by their folded spelling, in SQL. Of other text by which tracks belong
together, the database counts each spelling and Python folds them: there are as many rows as spellings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, func, literal_column, not_, select

from audit_core.catalogue.columns_of_fields import stated, unknown
from audit_core.catalogue.fields import Field, field_named
from audit_core.catalogue.members import among
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.tables import group_values, track_groups, tracks
from rules.scope import Scope

__all__ = ["Grouping", "ValueCounts"]

_FOLDED: Final = frozenset({"album", "work", "recording"})
_LABEL: Final = 500


@dataclass(slots=True)
class ValueCounts:
    """A value, and how many tracks hold it.

    Attributes
    ----------
    key : str
        By which spellings are compared.
    label : str
        As it is shown.
    counts : dict
        How many tracks, by split; by an empty name where splits were not asked for.
    """

    key: str
    label: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many tracks."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class _Held:
    """What to select from, with the columns that count: a row a track and value."""

    source: FromClause
    value: ColumnElement[Any]
    split: ColumnElement[str | None]
    track: ColumnElement[str]
    condition: ColumnElement[bool]

    def selecting(self, *columns: ColumnElement[Any]) -> Select[Any]:
        return select(*columns).select_from(self.source).where(self.condition)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the tracks of a scope are grouped by a field.

    Attributes
    ----------
    field : Field
        By which.
    scope : Scope
        Whose tracks.
    by_import : bool
        Whether the import grouped them.
    """

    field: Field
    scope: Scope
    by_import: bool

    @classmethod
    def of(cls, connection: Connection, name: str, scope: Scope) -> Grouping:
        """Find out how the tracks of a dataset are grouped by the field of a name."""
        named = field_named(name)
        if named is None:
            raise ValueError(f"no field is called {name!r}: a policy that names it is refused before")
        any_group = (
            select(track_groups.c.track_id)
            .join(tracks, tracks.c.id == track_groups.c.track_id)
            .where(track_groups.c.field == named.name, tracks.c.dataset_id == scope.dataset.id)
            .limit(1)
        )
        return cls(named, scope, connection.execute(any_group).first() is not None)

    def crossing(self, splits: ColumnElement[bool]) -> Select[Any]:
        """Select ``key``, ``label``, ``split`` and ``n``, for values that lie in more than one of some splits.

        Of values that Python has to fold, for all.
        """
        held = self._held(splits)
        counted = held.selecting(
            held.value.label("value"),
            held.split.label("split"),
            func.count().label("n"),
            func.count().over(partition_by=held.value).label("splits"),
        ).group_by(held.value, held.split)
        rows = counted.subquery()
        return self._labelled(rows, None if self._folds else rows.c.splits > 1)

    def larger_than(self, bound: int) -> Select[Any]:
        """Select ``key``, ``label``, ``split`` (empty) and ``n``, for values with more tracks than `bound`.

        Of values that Python has to fold, for all.
        """
        held = self._held()
        counted = held.selecting(
            held.value.label("value"), literal_column("''").label("split"), func.count().label("n")
        ).group_by(held.value)
        rows = (counted if self._folds else counted.having(func.count() > bound)).subquery()
        return self._labelled(rows, None)

    def values(self, rows: Iterable[Row[Any]]) -> list[ValueCounts]:
        """Collect the rows of one of these selections: a record a value, sorted by key."""
        found: dict[str, ValueCounts] = {}
        folds = self._folds
        for spelled, label, split, count in rows:  # type: ignore[misc]  # a row is a tuple
            key = folded(str(spelled)) if folds else str(spelled)
            value = found.get(key)
            if value is None:
                value = found[key] = ValueCounts(key, str(label)[:_LABEL])
            elif label != value.label:
                value.label = min(value.label, str(label)[:_LABEL])
            value.counts[split] = value.counts.get(split, 0) + count
        return [found[key] for key in sorted(found)]

    def sizes(self, connection: Connection) -> tuple[int, int]:
        """Count the tracks, and those of which the field is known."""
        here = select(func.count()).select_from(tracks).where(self.scope.condition())
        every = connection.execute(here).scalar_one()
        return every, every - connection.execute(here.where(unknown(self.field, self.scope.snapshot))).scalar_one()

    def any_track(self, connection: Connection, *conditions: ColumnElement[bool]) -> bool:
        """Tell whether the field of any track is known."""
        known = not_(unknown(self.field, self.scope.snapshot))
        return (
            connection.execute(select(tracks.c.id).where(self.scope.condition(), known, *conditions).limit(1)).first()
            is not None
        )

    def holders(self, connection: Connection, key: str, condition: ColumnElement[bool]) -> list[str]:
        """List the keys of the tracks that hold a value, sorted."""
        held = self._held(condition)
        if self.by_import:
            group = select(group_values.c.id).where(group_values.c.field == self.field.name, group_values.c.key == key)
            return sorted(connection.scalars(held.selecting(held.track).where(held.value.in_(group))))
        rows = connection.execute(held.selecting(held.track.label("track"), held.value.label("value")))
        return sorted(row.track for row in rows if (folded(str(row.value)) if self._folds else str(row.value)) == key)

    def held(self, connection: Connection, keys: Collection[str]) -> set[str]:
        """Find those of some values that any track of the dataset holds, whether the policy judges it or not."""
        if self.by_import:
            query = (
                select(group_values.c.key)
                .join(track_groups, track_groups.c.group_id == group_values.c.id)
                .join(tracks, tracks.c.id == track_groups.c.track_id)
                .where(
                    self.scope.whole(),
                    track_groups.c.field == self.field.name,
                    group_values.c.field == self.field.name,
                    among(group_values.c.key, keys),
                )
                .distinct()
            )
            return set(connection.scalars(query))
        value = stated(self.field, self.scope.snapshot).label("value")
        rows = select(value).where(self.scope.whole()).subquery()
        stated_ones = connection.scalars(select(rows.c.value).where(rows.c.value.is_not(None)).distinct())
        return {folded(str(one)) if self._folds else str(one) for one in stated_ones} & set(keys)

    @property
    def _folds(self) -> bool:
        return not self.by_import and (self.field.name in _FOLDED or self.field.name.startswith("extra."))

    def _held(self, *conditions: ColumnElement[bool]) -> _Held:
        if self.by_import:
            joined = track_groups.join(tracks, tracks.c.id == track_groups.c.track_id)
            here = and_(self.scope.condition(), track_groups.c.field == self.field.name, *conditions)
            return _Held(joined, track_groups.c.group_id, tracks.c.split, tracks.c.key, here)
        value = stated(self.field, self.scope.snapshot).label("value")
        here = and_(self.scope.condition(), *conditions)
        # In a subquery, for PostgreSQL takes two like expressions with parameters for different ones.
        rows = select(value, tracks.c.split, tracks.c.key).where(here).subquery()
        return _Held(rows, rows.c.value, rows.c.split, rows.c.key, rows.c.value.is_not(None))

    def _labelled(self, rows: FromClause, condition: ColumnElement[bool] | None) -> Select[Any]:
        if self.by_import:
            named = rows.join(group_values, group_values.c.id == rows.c.value)
            query = select(group_values.c.key, group_values.c.label, rows.c.split, rows.c.n).select_from(named)
        else:
            query = select(rows.c.value.label("key"), rows.c.value.label("label"), rows.c.split, rows.c.n)
        return query if condition is None else query.where(condition)
