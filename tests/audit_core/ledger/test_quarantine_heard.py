"""What a scan found in a file binds a quarantine as a stated checksum does."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, text, update

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import assets, tracks
from audit_core.ledger.quarantine import content_of, copies_of, quarantined_tracks
from tests.audit_core.ledger.test_quarantine import NOON, SHA_A, SHA_B, keys, quarantine
from tests.support.ledger import Time, audit, dataset, found, revision, track


def heard(store: Store, name: str, **files: str) -> int:
    """Leave what a scan of a dataset would: each track's file, and its SHA-256."""
    with store.write() as connection:
        number = dataset(connection, name)
        now = revision(connection, number)
        here = audio_files.c.dataset_id == number
        for key, sha256 in files.items():
            path = f"{key}.audio"
            connection.execute(update(audio_files).where(here, audio_files.c.path == path).values(to_rev=now))
            row = {"dataset_id": number, "path": path, "from_rev": now, "row_hash": b"\0" * 32, "sha256": sha256}
            connection.execute(insert(audio_files).values(versions={}, **row))
    return now


@pytest.fixture
def catalogue(store: Store) -> Store:
    """train: a and b, with nothing stated; test: twin, which states the bytes of a, and other."""
    with store.write() as connection:
        train, test = dataset(connection, "train"), dataset(connection, "test")
        first, second = revision(connection, train), revision(connection, test)
        for key in "ab":
            track(connection, train, key, first, files=[("audio", {})])
        track(connection, test, "twin", second, files=[("audio", {"sha256": SHA_A})])
        track(connection, test, "other", second, files=[("audio", {})])
        track(connection, test, "a", second, files=[("audio", {})])
    audit(store, [found("a")], clock=Time())
    return store


def test_a_track_is_bound_by_what_was_found_in_its_file(catalogue: Store) -> None:
    heard(catalogue, "train", a=SHA_A, b=SHA_B)
    with catalogue.read() as connection:
        assert content_of(connection, [("train", "a"), ("test", "a")]) == {
            ("train", "a"): [("sha256", SHA_A)],
            ("test", "a"): [],
        }
        now = Snapshot(latest_revision(connection), NOON)
        assert copies_of(connection, [("train", "a")], now) == (("test", "twin"),)
    quarantine(catalogue)
    assert keys(catalogue, "train") == ["b"]
    assert keys(catalogue, "test") == ["a", "other"]


def test_what_is_stated_and_what_was_found_are_one(catalogue: Store) -> None:
    heard(catalogue, "test", twin=SHA_A)
    with catalogue.read() as connection:
        assert content_of(connection, [("test", "twin")]) == {("test", "twin"): [("sha256", SHA_A)]}


def test_a_copy_that_a_later_scan_finds_is_out_from_then_on(catalogue: Store) -> None:
    heard(catalogue, "train", a=SHA_A, b=SHA_B)
    quarantine(catalogue)
    assert "other" in keys(catalogue, "test")
    heard(catalogue, "test", other=SHA_A, a=SHA_B)
    assert keys(catalogue, "test") == ["a"]
    with catalogue.read() as connection:
        now = Snapshot(latest_revision(connection), NOON)
        assert copies_of(connection, [("train", "a")], now) == (("test", "other"), ("test", "twin"))


def test_a_file_that_holds_other_bytes_now_is_no_copy_any_more(catalogue: Store) -> None:
    heard(catalogue, "train", a=SHA_A)
    heard(catalogue, "test", other=SHA_A)
    quarantine(catalogue)
    assert keys(catalogue, "test") == ["a"]
    heard(catalogue, "test", other=SHA_B)
    assert keys(catalogue, "test") == ["a", "other"]


@pytest.mark.parametrize("analysed", [True, False])
def test_neither_files_nor_tracks_are_read_through_for_a_few_quarantines(store: Store, analysed: bool) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        many = range(1, 20_001)
        same = {"dataset_id": train, "from_rev": now, "row_hash": b"\0" * 32}
        connection.execute(insert(tracks), [{"id": n, "key": f"t{n:06}", **same} for n in many])
        connection.execute(
            insert(assets), [{"id": n, "track_id": n, "role": "audio", "path": f"{n}.mp3"} for n in many]
        )
        rows = [{"id": n, "path": f"{n}.mp3", "sha256": f"{n:064}", "versions": {}, **same} for n in many]
        connection.execute(insert(audio_files), rows)
    audit(store, [found("a")], clock=Time())
    quarantine(store, ("train", "t000007"))
    if analysed:
        with store.write() as connection:
            connection.execute(text("ANALYZE"))
    with store.read() as connection:
        query = quarantined_tracks(Snapshot(1, NOON)).compile(store.engine, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + str(query)))
        assert connection.exec_driver_sql(str(query)).scalar() == 7
    for table in ("track", "asset", "audio_file"):
        assert f"SCAN {table}" not in plan, plan
        assert f"Seq Scan on {table} " not in plan, plan
