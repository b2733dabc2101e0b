"""Tracks by the values of a field: from what the snapshot holds, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import revisions
from audit_core.ledger.violations import Found
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

SESSIONS = [{"key": "a", "split": "train", "extra.session": "S"}, {"key": "b", "split": "test", "extra.session": "S"}]
APART = {"kind": "crossing", "field": "extra.session"}
SHARES = {"kind": "share", "of": "tracks", "by": "extra.session", "at_most": "50 %"}


def found(store: Store, rule: dict[str, Any]) -> list[Found]:
    with store.read() as connection:
        made = policy(rule, datasets=["crate"])
        snapshot = Snapshot(latest_revision(connection), PLANTED_AT)
        (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
        return list(evaluation.found)


@pytest.mark.parametrize("rule", [APART, SHARES])
def test_an_import_that_is_not_published_yet_changes_no_result(store: Store, rule: dict[str, Any]) -> None:
    plant(store, "crate", SESSIONS)
    revision = plant(store, "crate", [{**row, "title": "new"} for row in SESSIONS], groups=["extra.session"])
    with store.write() as connection:
        connection.execute(update(revisions).where(revisions.c.id == revision).values(published_at=None))
    assert [one.subject for one in found(store, rule)] == ["extra.session:s"]


@pytest.mark.parametrize("rule", [APART, SHARES])
def test_a_mapping_that_no_longer_groups_a_column_changes_no_result(store: Store, rule: dict[str, Any]) -> None:
    plant(store, "crate", SESSIONS, groups=["extra.session"])
    plant(store, "crate", [{**row, "title": "new"} for row in SESSIONS])
    assert [one.subject for one in found(store, rule)] == ["extra.session:s"]


@pytest.mark.parametrize("rule", [APART, SHARES])
def test_tracks_that_were_grouped_and_tracks_that_were_not_count_together(store: Store, rule: dict[str, Any]) -> None:
    plant(store, "crate", SESSIONS, groups=["extra.session"])
    plant(store, "crate", [SESSIONS[0], {**SESSIONS[1], "extra.session": "s"}])
    assert [one.subject for one in found(store, rule)] == ["extra.session:s"]


def test_a_column_of_several_values_crosses_by_each(store: Store) -> None:
    rows = [{"split": "train", "extra.session": ["S", "T"]}, {"split": "test", "extra.session": ["s", "U"]}]
    plant(store, "crate", rows, groups=["extra.session"])
    assert [one.subject for one in found(store, APART)] == ["extra.session:s"]


@pytest.mark.parametrize("kind", ["crossing", "share"])
def test_a_value_is_shown_as_the_tracks_themselves_spell_it(store: Store, kind: str) -> None:
    plant(store, "other", [{"artist": "NINA"}])
    plant(store, "crate", [{"split": "train", "artist": ["Otis", "Nina"]}, {"split": "test", "artist": "Nina"}])
    rule = {"crossing": {"kind": kind, "field": "artist"}}.get(
        kind, {"kind": "share", "of": "tracks", "by": "artist", "at_most": "60 %"}
    )
    assert [one.message.split()[0] for one in found(store, rule)] == ["Nina"]


@pytest.mark.parametrize("genre", ["ROCK", ["Rock", "jazz"]])
def test_a_pattern_judges_the_spelling_of_the_track_and_not_of_another(store: Store, genre: str | list[str]) -> None:
    plant(store, "other", [{"genre": "rock"}])
    plant(store, "crate", [{"key": "a", "genre": genre}, {"key": "b", "genre": "rock"}])
    rule = {"kind": "field", "field": "genre", "must": {"match": "[a-z]+"}}
    assert [one.subject for one in found(store, rule)] == ["a"]


def test_a_track_that_states_no_duration_has_the_one_that_was_measured(store: Store) -> None:
    rows: list[dict[str, Any]] = [
        {"artist": "Nina", "heard": {"packets": "A", "duration_ms": 5_400_000}},
        {"artist": "Otis", "duration": 1_800_000, "heard": {"packets": "B", "duration_ms": 36_000_000}},
    ]
    plant(store, "crate", rows)
    rule = {"kind": "share", "of": "hours", "by": "artist", "at_most": "60 %"}
    assert [one.message for one in found(store, rule)] == ["Nina has 75.00 % of the hours (1.50 h)."]
