"""What was scanned is compared once, and what matches becomes a recording."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from audit_core.audio.cache import FeatureCache
from audit_core.audio.fingerprint import VERSION
from audit_core.catalogue.leases import hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import leases
from audit_core.errors import StoreError
from audit_core.ledger.revised import Revising
from audit_core.ledger.verify import verify
from audit_core.neighbours.comparing import compare
from audit_core.neighbours.pairs import CERTAIN, FilePair, pairs
from audit_core.neighbours.publishing import Comparison
from audit_core.neighbours.regrouping import is_to_regroup, regroup
from audit_core.neighbours.tables import audio_matches, recording_members, recordings
from tests.support.ledger import Time, audit, decided, found, key_of, request
from tests.support.scanned import copy, music, packets_of, scanned

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    with FeatureCache(tmp_path / "features") as cache:
        yield cache


def compared(store: Store, cache: FeatureCache, *, again: bool = False) -> Comparison:
    return compare(store, cache, actor="ada", via="cli", clock=lambda: NOW, again=again)


def listed(store: Store) -> list[FilePair]:
    with store.read() as connection:
        return list(pairs(connection, Snapshot(latest_revision(connection), NOW)))


def members(store: Store) -> dict[str, str]:
    with store.read() as connection:
        now = Snapshot(latest_revision(connection), NOW)
        rows = select(recording_members.c.packets, recording_members.c.recording).where(now.holds(recording_members))
        return {row.packets: row.recording for row in connection.execute(rows)}


def test_a_copy_is_found_and_becomes_one_recording_with_its_original(store: Store, cache: FeatureCache) -> None:
    song = music(1)
    scanned(store, cache, "train", {"a.mp3": song, "b.mp3": copy(song, 2), "c.mp3": music(3)})
    done = compared(store, cache)
    assert (done.files, done.new, done.matches, done.recordings, done.minted) == (3, 3, 1, 1, 1)
    assert set(members(store)) == {packets_of("a.mp3"), packets_of("b.mp3")}
    [pair] = listed(store)
    assert (pair.file_a, pair.file_b) == ("a.mp3", "b.mp3")
    assert abs(pair.offset_a - pair.offset_b) < 0.05
    assert pair.overlap_s > 38
    assert verify(store).holds


def test_comparing_the_same_again_writes_nothing(store: Store, cache: FeatureCache) -> None:
    song = music(1)
    scanned(store, cache, "train", {"a.mp3": song, "b.mp3": copy(song, 2)})
    first = compared(store, cache)
    again = compared(store, cache)
    anew = compared(store, cache, again=True)
    assert first.revision is not None
    assert (again.revision, again.new, again.matches) == (None, 0, 1)
    assert (anew.revision, anew.new, anew.matches) == (None, 2, 1)


def test_what_comes_later_is_matched_as_if_it_had_been_there_from_the_start(store: Store, cache: FeatureCache) -> None:
    song, other = music(1), music(4)
    files = {
        "a.mp3": song,
        "b.mp3": copy(song, 2),
        "c.mp3": other,
        "d.mp3": copy(other, 5, begin=10, end=22),
        "e.mp3": copy(song, 6),
    }
    scanned(store, cache, "train", {name: files[name] for name in ("a.mp3", "b.mp3", "c.mp3")})
    compared(store, cache)
    kept = members(store)
    scanned(store, cache, "test", {name: files[name] for name in ("d.mp3", "e.mp3")})
    assert compared(store, cache).new == 2
    step_by_step = listed(store)
    assert compared(store, cache, again=True).revision is None
    assert listed(store) == step_by_step
    assert {(one.file_a, one.file_b) for one in step_by_step} == {
        ("a.mp3", "b.mp3"),
        ("e.mp3", "a.mp3"),
        ("e.mp3", "b.mp3"),
        ("d.mp3", "c.mp3"),
    }
    assert members(store) == {**kept, packets_of("e.mp3"): kept[packets_of("a.mp3")]}
    assert verify(store).holds


def test_files_of_the_same_packets_are_a_recording_and_are_listed_beside_the_first(
    store: Store, cache: FeatureCache
) -> None:
    song = music(1)
    scanned(
        store,
        cache,
        "train",
        {"a.mp3": song, "b.mp3": song, "c.mp3": song},
        of={"b.mp3": "a.mp3", "c.mp3": "a.mp3"},
    )
    compared(store, cache)
    assert list(members(store)) == [packets_of("a.mp3")]
    assert [(one.file_a, one.file_b, one.kind, one.score) for one in listed(store)] == [
        ("a.mp3", "b.mp3", "same audio re-tagged", CERTAIN),
        ("a.mp3", "c.mp3", "same audio re-tagged", CERTAIN),
    ]


def test_an_excerpt_makes_no_recording(store: Store, cache: FeatureCache) -> None:
    song = music(1)
    scanned(store, cache, "train", {"a.mp3": song, "b.mp3": copy(song, 2, begin=12, end=24)})
    done = compared(store, cache)
    assert (done.matches, done.recordings) == (1, 0)
    [pair] = listed(store)
    assert pair.kind == "excerpt"
    assert abs(pair.offset_a - pair.offset_b - 12) < 0.1


def test_files_without_a_fingerprint_are_counted_and_not_compared(store: Store, cache: FeatureCache) -> None:
    scanned(store, cache, "train", {"a.mp3": music(1)})
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE audio_file SET versions = '{}'")
    assert (compared(store, cache).files, compared(store, cache).unheard) == (0, 1)


def test_audio_whose_fingerprint_is_lost_counts_as_compared_only_when_it_is_back(store: Store, tmp_path: Path) -> None:
    song = music(1)
    with FeatureCache(tmp_path / "first") as cache:
        scanned(store, cache, "train", {"a.mp3": song})
        assert compared(store, cache).files == 1
    with FeatureCache(tmp_path / "second") as cache:
        scanned(store, cache, "test", {"b.mp3": copy(song, 2)})
        without = compared(store, cache)
        assert (without.files, without.new, without.unheard, without.matches) == (1, 1, 1, 0)
        cache.put("fingerprint", VERSION, packets_of("a.mp3"), song.to_bytes())
        back = compared(store, cache)
        assert (back.files, back.new, back.matches) == (2, 1, 1)
    assert verify(store).holds


def test_a_comparison_that_another_took_over_publishes_nothing(store: Store, tmp_path: Path) -> None:
    song = music(1)
    with FeatureCache(tmp_path / "features") as cache, FeatureCache(tmp_path / "features") as others:
        scanned(store, cache, "train", {"a.mp3": song, "z.mp3": music(9)})
        overtaken: list[bool] = []

        def sleeps(_what: str, _done: int, _all: int) -> None:
            """Be silent for so long that the lease runs out, and another comparison comes and goes."""
            if overtaken:
                return
            overtaken.append(True)
            with store.write() as connection:
                connection.execute(delete(leases).where(leases.c.name == "comparison"))
            scanned(store, others, "test", {"b.mp3": copy(song, 2)})
            assert compared(store, others).matches == 1

        with pytest.raises(StoreError, match="took over the comparison"):
            compare(store, cache, actor="ada", via="cli", clock=lambda: NOW, progress=sleeps)
        assert overtaken
        after = compared(store, cache)
        assert (after.revision, after.files, after.matches) == (None, 3, 1)
    assert verify(store).holds


def test_recordings_that_a_person_separates_come_apart_and_never_together_again(
    store: Store, cache: FeatureCache
) -> None:
    song = music(1)
    scanned(store, cache, "train", {"a.mp3": song, "b.mp3": copy(song, 2)})
    compared(store, cache)
    audit(store, [found("a")], clock=Time())
    a, b = sorted([packets_of("a.mp3"), packets_of("b.mp3")])
    decided(store, request("separate", key_of("a"), separated=[(a, b)]))
    assert is_to_regroup(store, clock=lambda: NOW)
    assert regroup(store, actor="ada", via="cli", clock=lambda: NOW) is not None
    assert not is_to_regroup(store, clock=lambda: NOW)
    assert members(store) == {}
    assert regroup(store, actor="ada", via="cli", clock=lambda: NOW) is None
    compared(store, cache, again=True)
    assert members(store) == {}
    assert verify(store).holds


def test_recordings_that_merge_are_on_record_and_the_older_snapshot_keeps_both(
    store: Store, cache: FeatureCache
) -> None:
    scanned(store, cache, "one", {name: music(number) for number, name in enumerate(("a", "b", "c", "d"))})
    compared(store, cache)
    a, b, c, d = map(packets_of, "abcd")
    _match(store, (a, b), (c, d))
    regroup_by_comparing = compared(store, cache)
    then = members(store)
    assert regroup_by_comparing.minted == 2
    assert len(set(then.values())) == 2
    _match(store, (b, c))
    merged = compared(store, cache)
    assert (merged.merged, merged.recordings) == (1, 1)
    with store.read() as connection:
        gone = set(then.values()) - set(members(store).values())
        into = connection.scalars(select(recordings.c.merged_into).where(recordings.c.id.in_(gone))).all()
        assert into == list(set(members(store).values()))
        assert regroup_by_comparing.revision is not None
        older = Snapshot(regroup_by_comparing.revision, NOW)
        rows = connection.execute(select(recording_members.c.recording).where(older.holds(recording_members)))
        assert {row.recording for row in rows} == set(then.values())
    assert verify(store).holds


def _match(store: Store, *of: tuple[str, str]) -> None:
    """Enter matches as a comparison does."""
    with hold(store, "import", clock=lambda: NOW) as lease, store.write() as connection:
        work = Revising(lease, kind="neighbours", dataset=None, actor="ada", via="cli", origin="test")
        work.begin(connection, at=NOW)
        rows = [
            {
                "packets_a": min(pair),
                "packets_b": max(pair),
                "kind": "re-encode",
                "score": 99.0,
                "candidate": False,
                "whole": True,
                "overlap_s": 30.0,
                "tempo": 1.0,
                "pitch": 0.0,
                "stretches": [],
            }
            for pair in of
        ]
        work.open_rows(connection, audio_matches, rows)
        work.publish(connection, counts={"matches": len(rows)}, at=NOW)
