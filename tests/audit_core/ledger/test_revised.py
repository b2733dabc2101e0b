"""What a scan and a comparison write is published at once or undone, and the ledger vouches for every column of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import Lease, hold
from audit_core.catalogue.revisions import REVISED, undo_unpublished
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import revisions
from audit_core.ledger.revised import Revising
from audit_core.ledger.verify import verify
from audit_core.neighbours.tables import (
    audio_matches,
    compared,
    recording_members,
    recordings,
    version_candidates,
)
from tests.support.catalogue import plant
from tests.support.ledger import Time

CLOCK = Time()


@pytest.fixture
def lease(store: Store) -> Iterator[Lease]:
    plant(store, "crate", [{"key": "a"}, {"key": "b"}])
    with hold(store, "import") as lease:
        yield lease


def scanned(lease: Lease) -> Revising:
    return Revising(lease, kind="scan", dataset="crate", actor="ada", via="cli", origin="scan")


def compares(lease: Lease) -> Revising:
    return Revising(lease, kind="neighbours", dataset=None, actor="ada", via="cli", origin="neighbours")


def file(path: str, **columns: Any) -> dict[str, Any]:
    return {"dataset_id": 1, "path": path, "sha256": "5" * 64, "peak": 1, "versions": {"hear": "1"}, **columns}


def match(a: str, b: str) -> dict[str, Any]:
    stretch = {"offset_a": 0.0, "offset_b": 1.5, "overlap_s": 1e-7, "tempo": 1.0, "pitch": -0.0, "score": 123456789.125}
    of_all = {"score": 50, "candidate": False, "whole": True, "overlap_s": 2.5, "tempo": 1, "pitch": 0}
    return {"packets_a": a, "packets_b": b, "kind": "re-encode", "stretches": [stretch], **of_all}


def written(store: Store, lease: Lease, *, publish: bool = True) -> None:
    """A scan, then a comparison that has something of everything in it."""
    one = scanned(lease)
    with store.write() as connection:
        one.begin(connection, at=CLOCK())
        one.open_rows(connection, audio_files, [file("a.wav"), file("b.wav", identical_channels=1, modified_ns=2**60)])
        one.publish(connection, counts={"heard": 2}, at=CLOCK(), payload={"versions": {"hear": "1"}})
    two = compares(lease)
    with store.write() as connection:
        two.begin(connection, at=CLOCK())
        two.open_rows(connection, compared, [{"packets": name, "version": "1"} for name in "abc"])
        two.mint(connection, ["R2", "R1"])
    with store.write() as connection:
        two.open_rows(connection, audio_matches, [match("a", "b")])
        two.open_rows(connection, audio_matches, [match("a", "c")])
        two.open_rows(connection, recording_members, [{"packets": name, "recording": "R1"} for name in "ab"])
        two.open_rows(connection, recording_members, [{"packets": "c", "recording": "R2"}])
        candidate = {"packets_a": "a", "packets_b": "c", "embedder": "chroma", "similarity": 0.9}
        two.open_rows(connection, version_candidates, [candidate])
        two.publish(connection, counts={"compared": 3}, at=CLOCK())
    three = compares(lease)
    with store.write() as connection:
        three.begin(connection, at=CLOCK())
        three.close_rows(connection, recording_members, [3, 1])
        three.close_rows(connection, audio_matches, [2])
        three.open_rows(connection, recording_members, [{"packets": name, "recording": "R1"} for name in "ca"])
        three.mint(connection, ["R3"])
    if publish:
        with store.write() as connection:
            three.publish(connection, counts={"compared": 0}, at=CLOCK(), merged={"R2": "R1"})


def contents(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), CLOCK())
        held: dict[str, Any] = {
            table.name: connection.execute(select(table).where(snapshot.holds(table)).order_by(table.c.id)).all()
            for table in REVISED
        }
        return held | {"recordings": connection.execute(select(recordings).order_by(recordings.c.id)).all()}


def test_what_was_published_is_seen_and_vouched_for(store: Store, lease: Lease) -> None:
    written(store, lease)
    found = contents(store)
    assert [(row.path, row.peak, row.identical_channels) for row in found["audio_file"]] == [
        ("a.wav", 1.0, None),
        ("b.wav", 1.0, True),
    ]
    assert {row.packets: row.recording for row in found["recording_member"]} == {"a": "R1", "b": "R1", "c": "R1"}
    assert [(row.id, row.merged_into) for row in found["recordings"]] == [("R1", None), ("R2", "R1"), ("R3", None)]
    assert verify(store).broken is None


def test_a_restored_recording_is_vouched_for_as_well(store: Store, lease: Lease) -> None:
    written(store, lease)
    again = compares(lease)
    with store.write() as connection:
        again.begin(connection, at=CLOCK())
        again.publish(connection, counts={}, at=CLOCK(), restored=["R2"])
    assert [row.merged_into for row in contents(store)["recordings"]] == [None, None, None]
    assert verify(store).broken is None


def test_what_was_never_published_is_undone_row_by_row(store: Store, lease: Lease) -> None:
    written(store, lease, publish=False)
    assert verify(store).broken is None
    assert undo_unpublished(store, lease, clock=CLOCK) == 1
    found = contents(store)
    assert {row.packets: row.recording for row in found["recording_member"]} == {"a": "R1", "b": "R1", "c": "R2"}
    assert len(found["audio_match"]) == 2
    assert [row.id for row in found["recordings"]] == ["R1", "R2"]
    with store.read() as connection:
        assert connection.execute(select(func.count()).where(revisions.c.abandoned_at.is_not(None))).scalar() == 1
        assert connection.execute(select(func.count()).select_from(recording_members)).scalar() == 3
    assert verify(store).broken is None


def test_an_import_that_was_never_published_takes_nothing_of_others_with_it(store: Store, lease: Lease) -> None:
    written(store, lease)
    before = contents(store)
    with store.write() as connection:
        opened = {"dataset_id": 1, "actor": "ada", "origin": "a.csv", "started_at": CLOCK(), "counts": {}}
        connection.execute(revisions.insert().values(opened))
    assert undo_unpublished(store, lease, clock=CLOCK) == 1
    assert contents(store) == before


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("revised") / "original.sqlite"
    with Store(sqlite_url(path)) as store:
        plant(store, "crate", [{"key": "a"}, {"key": "b"}])
        with hold(store, "import") as lease:
            written(store, lease)
    file = sqlite3.connect(path)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    return path


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audio_file SET sha256 = repeat WHERE id = 1", "audio file number 1 does not match its hash"),
        ("UPDATE audio_file SET peak = 0.5 WHERE id = 2", "audio file number 2 does not match its hash"),
        ("UPDATE audio_file SET path = 'c.wav' WHERE id = 2", "audio file number 2 does not match its hash"),
        ("DELETE FROM audio_file WHERE id = 2", "the rows of audio file in revision 2 are not those"),
        ("UPDATE audio_match SET score = 49 WHERE id = 1", "the rows of audio match in revision 3 are not those"),
        ("UPDATE audio_match SET candidate = NOT candidate", "the rows of audio match in revision 3 are not those"),
        ("UPDATE recording_member SET recording = 'R2' WHERE id = 2", "the rows of recording member in revision 3"),
        ("UPDATE audio_match SET to_rev = 2147483647", "the rows of audio match in revision 4"),
        ("UPDATE compared SET from_rev = 1 WHERE id = 3", "compared number 3 belongs to revision 1"),
        ("DELETE FROM version_candidate", "the rows of version candidate in revision 3"),
        ("UPDATE recording SET merged_into = NULL", "recording R2 is not merged as the ledger says"),
        ("DELETE FROM recording WHERE id = 'R3'", "the recordings of revision 4 are not those"),
        ("INSERT INTO recording VALUES ('R4', 1, NULL, NULL)", "recording R4 was put in"),
        ("UPDATE revision SET actor = 'eve' WHERE id = 3", "revision 3 does not match ledger row"),
        ("UPDATE revision SET dataset_id = 1 WHERE id = 3", "revision 3 does not match ledger row"),
    ],
)
def test_whatever_is_altered_is_named(original: Path, tmp_path: Path, statement: str, said: str) -> None:
    path = Path(shutil.copy(original, tmp_path / "copy.sqlite"))
    connection = sqlite3.connect(path, isolation_level=None)
    assert connection.execute(statement.replace("repeat", f"'{'6' * 64}'")).rowcount
    connection.close()
    with Store(sqlite_url(path)) as store:
        assert str(verify(store).broken).startswith(said)
