"""Tracks by the values of a field: which values there are, in which splits, with how many tracks or hours.

Values of the fields that every import groups are compared by their folded spelling, in SQL. Of other text by which
tracks belong together, the database counts each spelling and Python folds them: there are as many rows as spellings.
Of a column of the workspace's own some tracks may have been grouped by their import and others not: each is read as it
stands in the snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    union_all,
)

from audit_core.balance.spread import Census
from audit_core.catalogue.columns_of_fields import BETWEEN_VALUES, GROUPED, stated, unknown
from audit_core.catalogue.fields import Field, field_named
from audit_core.catalogue.members import among
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.tables import group_values, track_groups, tracks
from rules.lengths import length_ms
from rules.scope import Scope

__all__ = ["QUANTITIES", "Grouping", "Quantity", "Sizes", "ValueCounts", "spelling"]

Quantity = Literal["tracks", "hours"]
"""What is counted: tracks, or how long they are, which is kept in whole milliseconds."""
QUANTITIES: Final = get_args(Quantity)

_OWN: Final = "extra."
_LABEL: Final = 500


@dataclass(slots=True)
class ValueCounts:
    """A value, and how many tracks hold it.

    Attributes
    ----------
    key : str
        By which spellings are compared.
    label : str
        As it is shown: of the spellings that the tracks themselves have, the first.
    counts : dict
        How many tracks or milliseconds, by split; by an empty name where splits were not asked for.
    """

    key: str
    label: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many tracks or milliseconds."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to be counted.

    Attributes
    ----------
    every, known : int
        The tracks, or the milliseconds of those whose length is known: of all, and of those of which the field is
        known.
    tracks, unmeasured : int
        How many tracks there are, and of how many nobody knows the length, if that is counted.
    """

    every: int
    known: int
    tracks: int
    unmeasured: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    """What to select from, with the columns that count: a row a track and value."""

    source: FromClause
    value: ColumnElement[Any]
    text: ColumnElement[Any]
    length: ColumnElement[int | None]
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
    quantity : Quantity
        What is counted of them.
    """

    field: Field
    scope: Scope
    quantity: Quantity = "tracks"

    @classmethod
    def of(cls, name: str, scope: Scope, quantity: Quantity = "tracks") -> Grouping:
        """Group the tracks of a scope by the field of a name."""
        named = field_named(name)
        if named is None:
            raise ValueError(f"no field is called {name!r}: a policy that names it is refused before")
        return cls(named, scope, quantity)

    def crossing(self, splits: ColumnElement[bool], besides: Collection[int] = ()) -> Select[Any]:
        """Select ``key``, ``text``, ``split`` and ``n``, for values that lie in more than one of some splits.

        Of values that Python has to fold, for all; and of those that the import grouped by, for some besides, by their
        numbers, in however many splits they lie.
        """
        held = self._held(splits)
        counted = held.selecting(
            held.value.label("value"),
            func.min(held.text).label("text"),
            held.split.label("split"),
            func.count().label("n"),
            func.count().over(partition_by=held.value).label("splits"),
        ).group_by(held.value, held.split)
        rows = counted.subquery()
        if self._folds:
            return self._labelled(rows, None)
        crossing = rows.c.splits > 1
        return self._labelled(rows, or_(crossing, among(rows.c.value, besides)) if besides else crossing)

    def larger_than(self, bound: int) -> Select[Any]:
        """Select ``key``, ``text``, ``split`` (empty) and ``n``, for values with more than `bound`.

        Of values that Python has to fold, for all.
        """
        return self._labelled(self._counted(bound).subquery(), None)

    def census(self, connection: Connection) -> tuple[Census, Select[Any]]:
        """Count how many values there are of each size: by the query that is given too."""
        if self._folds:
            query = self.larger_than(0)
            return Counter(value.total for value in self.values(connection.execute(query).all())), query
        rows = self._counted(0).subquery()
        query = select(rows.c.n, func.count().label("number")).group_by(rows.c.n)
        return {row.n: row.number for row in connection.execute(query)}, query

    def largest(self, connection: Connection, most: int) -> list[ValueCounts]:
        """Find the largest values, the largest first; of those of one size, the first by key."""
        query = self.larger_than(0)
        if not self._folds:
            n, key = query.selected_columns["n"], query.selected_columns["key"]
            query = query.order_by(n.desc(), key).limit(most)
        found = self.values(connection.execute(query).all())
        return sorted(found, key=lambda value: (-value.total, value.key))[:most]

    def values(self, rows: Iterable[Row[Any]]) -> list[ValueCounts]:
        """Collect the rows of one of these selections: a record a value, sorted by key."""
        found: dict[str, ValueCounts] = {}
        folds = self._folds
        for spelled, text, split, count in rows:  # type: ignore[misc]  # a row is a tuple
            key = folded(str(spelled)) if folds else str(spelled)
            label = (spelling(key, text) if self._by_import else str(text))[:_LABEL]
            value = found.get(key)
            if value is None:
                value = found[key] = ValueCounts(key, label)
            else:
                value.label = min(value.label, label)
            value.counts[split] = value.counts.get(split, 0) + count
        return [found[key] for key in sorted(found)]

    def sizes(self, connection: Connection) -> Sizes:
        """Count all, and that of which the field is known."""
        blank = unknown(self.field, self.scope.snapshot)
        if self.quantity == "tracks":
            here = select(func.count()).select_from(tracks).where(self.scope.condition())
            every = connection.execute(here).scalar_one()
            return Sizes(every, every - connection.execute(here.where(blank)).scalar_one(), every)
        rows = select(length_ms(self.scope.heard).label("ms")).where(self.scope.condition())
        counts = []
        for part in (rows.subquery(), rows.where(blank).subquery()):
            summed = select(_added(part.c.ms), func.count(), func.count(part.c.ms)).select_from(part)
            counts.append(connection.execute(summed).one())
        (every, count, measured), (without, *_) = counts
        return Sizes(every, every - without, count, count - measured)

    def two_splits(self, connection: Connection, splits: ColumnElement[bool]) -> bool:
        """Tell whether at least two of some splits have a track of which the field is known."""
        known = not_(unknown(self.field, self.scope.snapshot))
        query = select(tracks.c.split).where(self.scope.condition(), known, splits).distinct().limit(2)
        return len(connection.execute(query).all()) == 2

    def holders(self, connection: Connection, key: str, condition: ColumnElement[bool]) -> list[str]:
        """List the keys of the tracks that hold a value, sorted."""
        held = self._held(condition)
        if self._by_import:
            group = select(group_values.c.id).where(group_values.c.field == self.field.name, group_values.c.key == key)
            return sorted(connection.scalars(held.selecting(held.track).where(held.value.in_(group))))
        rows = connection.execute(held.selecting(held.track.label("track"), held.value.label("value")))
        return sorted(row.track for row in rows if (folded(str(row.value)) if self._folds else str(row.value)) == key)

    def held(self, connection: Connection, keys: Collection[str], condition: ColumnElement[bool]) -> set[str]:
        """Find those of some values that any of some tracks holds."""
        if self._by_import:
            query = (
                select(group_values.c.key)
                .join(track_groups, track_groups.c.group_id == group_values.c.id)
                .join(tracks, tracks.c.id == track_groups.c.track_id)
                .where(
                    condition,
                    track_groups.c.field == self.field.name,
                    group_values.c.field == self.field.name,
                    among(group_values.c.key, keys),
                )
                .distinct()
            )
            return set(connection.scalars(query))
        rows = self._texts(condition).subquery()
        stated_ones = connection.scalars(select(rows.c.value).where(rows.c.value.is_not(None)).distinct())
        return {folded(str(one)) if self._folds else str(one) for one in stated_ones} & set(keys)

    @property
    def _by_import(self) -> bool:
        return self.field.name in GROUPED

    @property
    def _folds(self) -> bool:
        return self.field.name.startswith(_OWN)

    def _held(self, *conditions: ColumnElement[bool]) -> _Held:
        here = and_(self.scope.condition(), *conditions)
        if self._by_import:
            joined = track_groups.join(tracks, tracks.c.id == track_groups.c.track_id)
            text = tracks.c[self.field.name]
            grouped = and_(here, track_groups.c.field == self.field.name)
            length = length_ms(self.scope.heard)
            return _Held(joined, track_groups.c.group_id, text, length, tracks.c.split, tracks.c.key, grouped)
        # In a subquery, for PostgreSQL takes two like expressions with parameters for different ones.
        rows = self._texts(here).subquery()
        known = rows.c.value.is_not(None)
        return _Held(rows, rows.c.value, rows.c.value, rows.c.ms, rows.c.split, rows.c.key, known)

    def _counted(self, bound: int) -> Select[Any]:
        """Select ``value``, ``text``, ``split`` (empty) and ``n``: how much each value has, if more than `bound`."""
        held = self._held()
        much = func.count() if self.quantity == "tracks" else _added(held.length)
        counted = held.selecting(
            held.value.label("value"),
            func.min(held.text).label("text"),
            literal_column("''").label("split"),
            much.label("n"),
        ).group_by(held.value)
        return counted if self._folds else counted.having(much > bound)

    def _texts(self, here: ColumnElement[bool]) -> Select[Any] | CompoundSelect[Any]:
        """Select ``value``, ``split``, ``key`` and ``ms``: a row for each track and value that it was grouped by."""
        # A length costs a look at what was heard: where nobody asks for it, it is left out.
        ms = literal_column("0") if self.quantity == "tracks" else length_ms(self.scope.heard)
        of_track = (tracks.c.split, tracks.c.key, ms.label("ms"))
        stating = select(stated(self.field, self.scope.snapshot).label("value"), *of_track)
        if not self._folds:
            return stating.where(here)
        own = track_groups.c.field == self.field.name
        grouped = (
            select(group_values.c.label.label("value"), *of_track)
            .select_from(track_groups)
            .join(group_values, group_values.c.id == track_groups.c.group_id)
            .join(tracks, tracks.c.id == track_groups.c.track_id)
            .where(here, own)
        )
        return union_all(grouped, stating.where(here, tracks.c.id.not_in(select(track_groups.c.track_id).where(own))))

    def _labelled(self, rows: FromClause, condition: ColumnElement[bool] | None) -> Select[Any]:
        if self._by_import:
            named = rows.join(group_values, group_values.c.id == rows.c.value)
            query = select(group_values.c.key, rows.c.text, rows.c.split, rows.c.n).select_from(named)
        else:
            query = select(rows.c.value.label("key"), rows.c.text, rows.c.split, rows.c.n)
        return query if condition is None else query.where(condition)


def spelling(key: str, text: str) -> str:
    """Find the value of a key in what a track states, which may be several values."""
    return next((one for one in (text, *text.split(BETWEEN_VALUES)) if folded(one) == key), key)


def _added(length: ColumnElement[int | None]) -> ColumnElement[int]:
    """Add lengths up, as a whole number on every database; 0 of none."""
    return cast(func.coalesce(func.sum(length), 0), BigInteger)
