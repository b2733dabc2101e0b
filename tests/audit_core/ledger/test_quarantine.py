"""What is quarantined is out at once, by key and by content, in every dataset."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select, text, update

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import assets, checksums, datasets, tracks
from audit_core.ledger.decisions import Outcome
from audit_core.ledger.quarantine import Target, content_of, copies_of, quarantined_tracks
from audit_core.ledger.tables import quarantine_contents, quarantines
from audit_core.ledger.verify import verify
from audit_core.report.manifest import facts, manifest
from tests.support.catalogue import vouch
from tests.support.ledger import START, Time, audit, dataset, decided, found, key_of, request, revision, track

NOON = START + timedelta(hours=2, minutes=30)
SHA_A, SHA_B = "a" * 64, "b" * 64


@pytest.fixture
def catalogue(store: Store) -> Store:
    """train: a, b, and a2 with the bytes of a; test: twin, with the bytes of a, and other."""
    with store.write() as connection:
        train, test = dataset(connection, "train"), dataset(connection, "test")
        first = revision(connection, train)
        track(connection, train, "a", first, files=[("audio", {"sha256": SHA_A, "md5": "m1"}), ("midi", {"md5": "m2"})])
        track(connection, train, "a2", first, files=[("audio", {"sha256": SHA_A})])
        track(connection, train, "b", first, files=[("audio", {"sha256": SHA_B, "md5": "m3"}), ("midi", {"md5": "m2"})])
        second = revision(connection, test)
        track(connection, test, "twin", second, files=[("audio", {"md5": "m1"})])
        track(connection, test, "other", second, files=[("audio", {"md5": SHA_A})])
        track(connection, test, "bare", second)
        vouch(connection, first)
        vouch(connection, second)
    audit(store, [found("a")], clock=Time())
    return store


def quarantine(store: Store, *targets: Target, at: datetime = NOON) -> Outcome:
    return decided(store, request("quarantine", key_of("a"), at=at, targets=targets or (("train", "a"),)))


def keys(store: Store, name: str, as_of: datetime = NOON + timedelta(days=1)) -> list[str]:
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), as_of)
        rows = [row.key for row in manifest(connection, name, snapshot)]
        assert facts(connection, name, snapshot).rows == len(rows)
    return rows


def out(connection: Connection, snapshot: Snapshot) -> set[str]:
    names = select(tracks.c.key).where(tracks.c.id.in_(quarantined_tracks(snapshot)))
    return set(connection.scalars(names))


def test_without_a_quarantine_all_tracks_are_in(catalogue: Store) -> None:
    assert keys(catalogue, "train") == ["a", "a2", "b"]
    assert keys(catalogue, "test") == ["bare", "other", "twin"]


def test_a_quarantined_track_is_out_with_its_identical_twins_in_every_dataset(catalogue: Store) -> None:
    quarantine(catalogue)
    assert keys(catalogue, "train") == ["b"]
    assert keys(catalogue, "test") == ["bare", "other"]
    assert verify(catalogue).holds


def test_an_md5_never_equals_a_sha256_of_the_same_digits(catalogue: Store) -> None:
    quarantine(catalogue)
    assert "other" in keys(catalogue, "test")


def test_a_track_is_bound_by_its_audio_not_by_the_files_that_others_share(catalogue: Store) -> None:
    with catalogue.read() as connection:
        assert content_of(connection, [("train", "a")]) == {("train", "a"): [("md5", "m1"), ("sha256", SHA_A)]}


def test_a_track_without_audio_is_bound_by_all_its_files(catalogue: Store) -> None:
    with catalogue.write() as connection:
        train = dataset(connection, "train")
        track(connection, train, "score", revision(connection, train), files=[("midi", {"md5": "m9"})])
    with catalogue.read() as connection:
        assert content_of(connection, [("train", "score")])["train", "score"] == [("md5", "m9")]


def test_a_track_without_checksums_is_out_by_its_key_alone(catalogue: Store) -> None:
    quarantine(catalogue, ("test", "bare"))
    assert keys(catalogue, "test") == ["other", "twin"]
    assert keys(catalogue, "train") == ["a", "a2", "b"]


def test_a_track_that_vanishes_and_returns_with_other_bytes_stays_out(catalogue: Store) -> None:
    quarantine(catalogue)
    with catalogue.write() as connection:
        train = dataset(connection, "train")
        gone = revision(connection, train)
        connection.execute(update(tracks).where(tracks.c.key == "a").values(to_rev=gone))
        back = revision(connection, train)
        track(connection, train, "a", back, files=[("audio", {"sha256": "c" * 64})])
    assert keys(catalogue, "train") == ["b"]


def test_a_copy_that_is_imported_later_is_out_from_the_start(catalogue: Store) -> None:
    quarantine(catalogue)
    with catalogue.write() as connection:
        new = dataset(connection, "new")
        track(connection, new, "copy", revision(connection, new), files=[("audio", {"sha256": SHA_A})])
    assert keys(catalogue, "new") == []


def test_a_vanished_track_is_quarantined_with_the_bytes_that_it_had_last(catalogue: Store) -> None:
    with catalogue.write() as connection:
        gone = revision(connection, dataset(connection, "train"))
        connection.execute(update(tracks).where(tracks.c.key == "a").values(to_rev=gone))
    quarantine(catalogue)
    assert keys(catalogue, "train") == ["b"]


def test_what_a_pending_import_brings_is_not_bound_before_it_is_published(catalogue: Store) -> None:
    with catalogue.write() as connection:
        train = dataset(connection, "train")
        pending = revision(connection, train, published=False)
        connection.execute(update(tracks).where(tracks.c.key == "b").values(to_rev=pending))
        track(connection, train, "b", pending, files=[("audio", {"sha256": "d" * 64})])
    with catalogue.read() as connection:
        assert content_of(connection, [("train", "b")])["train", "b"] == [("md5", "m3"), ("sha256", SHA_B)]


def test_a_quarantine_is_in_force_from_its_moment_until_its_release(catalogue: Store) -> None:
    quarantine(catalogue)
    released = NOON + timedelta(days=2)
    decided(catalogue, request("release", key_of("a"), 2, at=released))
    a_moment = timedelta(microseconds=1)
    with catalogue.read() as connection:
        at = latest_revision(connection)
        assert out(connection, Snapshot(at, NOON - a_moment)) == set()
        assert out(connection, Snapshot(at, NOON)) == {"a", "a2", "twin"}
        assert out(connection, Snapshot(at, released - a_moment)) == {"a", "a2", "twin"}
        assert out(connection, Snapshot(at, released)) == set()
    assert keys(catalogue, "train", released) == ["a", "a2", "b"]


def test_a_track_out_by_two_quarantines_stays_out_when_one_is_released(catalogue: Store) -> None:
    audit(catalogue, [found("a"), found("twin", dataset="test")], clock=Time(START + timedelta(minutes=20)))
    quarantine(catalogue)
    twin = key_of("twin", dataset="test")
    decided(catalogue, request("quarantine", twin, at=NOON, targets=(("test", "twin"),)))
    decided(catalogue, request("release", key_of("a"), 2, at=NOON))
    assert keys(catalogue, "train") == ["a2", "b"]
    assert keys(catalogue, "test") == ["bare", "other"]


def test_an_export_of_an_older_moment_does_not_bring_back_what_is_out_now(catalogue: Store) -> None:
    quarantine(catalogue)
    assert keys(catalogue, "train", NOON - timedelta(days=30)) == ["b"]


def test_a_thousand_targets_are_one_decision(catalogue: Store) -> None:
    with catalogue.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        for number in range(1001):
            track(connection, train, f"n{number:04}", now, files=[("audio", {"md5": f"x{number}"})])
        vouch(connection, now)
    outcome = quarantine(catalogue, *[("train", f"n{number:04}") for number in range(1001)])
    assert len(outcome.quarantined) == 1001
    assert keys(catalogue, "train") == ["a", "a2", "b"]
    assert verify(catalogue).holds


@pytest.mark.parametrize("analysed", [True, False])
def test_the_catalogue_is_never_scanned_for_a_few_quarantines(store: Store, analysed: bool) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        many = range(1, 20_001)
        connection.execute(
            insert(tracks),
            [{"id": n, "dataset_id": train, "key": f"t{n:06}", "from_rev": now, "row_hash": b"\0" * 32} for n in many],
        )
        connection.execute(insert(assets), [{"id": n, "track_id": n, "role": "audio"} for n in many])
        connection.execute(
            insert(checksums), [{"asset_id": n, "algorithm": "md5", "value": f"v{n}", "track_id": n} for n in many]
        )
    audit(store, [found("a")], clock=Time())
    quarantine(store, ("train", "t000007"))
    query = quarantined_tracks(Snapshot(1, NOON))
    if analysed:
        with store.write() as connection:
            connection.execute(text("ANALYZE"))
    with store.read() as connection:
        sql = str(query.compile(store.engine, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + sql))
    for table in ("track", "asset", "checksum"):
        assert f"SCAN {table}" not in plan, plan
        assert f"Seq Scan on {table} " not in plan, plan


def test_the_rows_of_a_quarantine_say_what_is_out_and_since_when(catalogue: Store) -> None:
    outcome = quarantine(catalogue)
    with catalogue.read() as connection:
        (row,) = connection.execute(select(quarantines)).all()
        bound = connection.execute(select(quarantine_contents.c.algorithm, quarantine_contents.c.value)).all()
        names = connection.scalars(select(datasets.c.name)).all()
    assert (row.decision_id, row.dataset, row.track_key, row.since) == (outcome.decision.id, "train", "a", NOON)
    assert set(bound) == {("md5", "m1"), ("sha256", SHA_A)}
    assert row.dataset in names


def test_copies_stay_where_the_complaint_is_only_that_there_are_several(catalogue: Store) -> None:
    decided(catalogue, request("quarantine", key_of("a"), at=NOON, targets=(("train", "a"),), copies_too=False))
    assert keys(catalogue, "train") == ["a2", "b"]
    assert "twin" in keys(catalogue, "test")
    assert verify(catalogue).holds


def test_the_copies_that_would_go_too_can_be_told_beforehand(catalogue: Store) -> None:
    with catalogue.read() as connection:
        now = Snapshot(latest_revision(connection), NOON)
        assert copies_of(connection, [("train", "a")], now) == (("test", "twin"), ("train", "a2"))
