"""Sets of values in a statement, small and large."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from audit_core.catalogue.members import among
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import tracks
from tests.support.catalogue import plant


@pytest.mark.parametrize("size", [1, 500, 501, 100_000])
def test_a_set_of_any_size_holds_its_members_and_no_others(size: int, store: Store) -> None:
    plant(store, "crate", [{"key": 'k"é\\0', "year": 1}, {"key": "other", "year": 3000}, {"key": "unknown"}])
    keys = [f'k"é\\{number}' for number in range(size)]
    years = range(1, size + 1)
    with store.read() as connection:
        by_key = connection.scalars(select(tracks.c.key).where(among(tracks.c.key, keys))).all()
        by_year = connection.scalars(select(tracks.c.key).where(among(tracks.c.year, years))).all()
    assert by_key == ['k"é\\0']
    assert set(by_year) == {'k"é\\0'} | ({"other"} if size > 3000 else set())


def test_days_are_compared_as_days(store: Store) -> None:
    plant(store, "crate", [{"key": "a", "acquired": date(2026, 2, 28)}, {"key": "b", "acquired": date(2026, 3, 1)}])
    with store.read() as connection:
        found = connection.scalars(select(tracks.c.key).where(among(tracks.c.acquired, [date(2026, 3, 1)]))).all()
    assert found == ["b"]


def test_the_empty_set_holds_nothing(store: Store) -> None:
    plant(store, "crate", [{"key": "a"}])
    with store.read() as connection:
        assert connection.scalars(select(tracks.c.key).where(among(tracks.c.key, []))).all() == []
