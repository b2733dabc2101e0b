"""What may be versions of one work is told as candidates, as long as it is nearer than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from audit_core.audio.cache import FeatureCache
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.ledger.verify import verify
from audit_core.neighbours import versions
from audit_core.neighbours.comparing import compare
from audit_core.neighbours.pairs import FilePair, version_pairs
from audit_core.neighbours.versioning import find_versions
from audit_core.neighbours.versions import nearest
from tests.support.scanned import copy, music, packets_of, scanned

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def crowd(files: int, *, covers: int = 0, seed: int = 1) -> NDArray[np.float32]:
    """Vectors that have much in common; the last ones each like one of the first."""
    random = np.random.default_rng(seed)
    vectors = random.normal(0, 1, (files, 40)) + 3
    for number in range(covers):
        vectors[files - 1 - number] = vectors[number] + random.normal(0, 0.2, 40)
    return vectors.astype(np.float32)


def test_versions_are_nearer_than_chance() -> None:
    found = nearest(crowd(200, covers=10), [None] * 200)
    told = {(one.a, one.b) for one in found.pairs}
    assert {(number, 199 - number) for number in range(10)} <= told
    assert all(one.similarity >= found.least for one in found.pairs)


def test_chance_gives_no_more_than_half_a_candidate_a_file() -> None:
    assert len(nearest(crowd(300), [None] * 300).pairs) <= 150


def test_what_is_one_recording_already_is_no_candidate() -> None:
    recordings = ["r" if number in (0, 199) else None for number in range(200)]
    told = {(one.a, one.b) for one in nearest(crowd(200, covers=2), recordings).pairs}
    assert (0, 199) not in told
    assert (1, 198) in told


def test_few_files_have_no_candidates() -> None:
    found = nearest(crowd(10, covers=2), [None] * 10)
    assert found == versions.Nearest((), math.inf)


def test_all_that_is_equal_makes_no_more_than_some_candidates_a_file() -> None:
    found = nearest(np.ones((60, 8), np.float32), [None] * 60)
    assert len(found.pairs) <= 60 * 5


def test_faiss_finds_what_the_exact_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = nearest(crowd(150, covers=8), [None] * 150)
    monkeypatch.setattr(versions, "MOST_EXACT", 100)
    assert {(one.a, one.b) for one in nearest(crowd(150, covers=8), [None] * 150).pairs} == {
        (one.a, one.b) for one in exact.pairs
    }


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    with FeatureCache(tmp_path / "features") as cache:
        yield cache


def looked_for(store: Store, cache: FeatureCache, embedder: str = "chroma-1") -> int:
    return find_versions(store, cache, embedder, actor="ada", via="cli", clock=lambda: NOW)


def listed(store: Store) -> list[FilePair]:
    with store.read() as connection:
        return list(version_pairs(connection, Snapshot(latest_revision(connection), NOW)))


def test_candidates_are_published_once_and_end_when_they_are_none_any_more(store: Store, cache: FeatureCache) -> None:
    song = music(1, 10)
    files = {f"{number:02}.mp3": music(number, 10) for number in range(2, 40)}
    scanned(store, cache, "train", {"00.mp3": song, "01.mp3": copy(song, 2), **files})
    compare(store, cache, actor="ada", via="cli", clock=lambda: NOW)
    assert looked_for(store, cache) == 0
    vectors = crowd(40)
    vectors[1] = vectors[0]
    vectors[39] = vectors[38] + np.float32(0.01)
    for number, vector in enumerate(vectors):
        cache.put("embedding", "chroma-1", packets_of(f"{number:02}.mp3"), vector.tobytes())
    count = looked_for(store, cache)
    best = listed(store)[0]
    assert len(listed(store)) == count
    assert (best.file_a, best.file_b, best.kind, best.candidate) == ("38.mp3", "39.mp3", "version", True)
    assert ("00.mp3", "01.mp3") not in {(one.file_a, one.file_b) for one in listed(store)}  # one recording
    assert verify(store).holds
    with store.read() as connection:
        before = latest_revision(connection)
    looked_for(store, cache)
    with store.read() as connection:
        assert latest_revision(connection) == before
    assert looked_for(store, cache, "another-1") == 0
    assert listed(store) == []
    assert verify(store).holds
    with store.write() as connection:
        connection.execute(text("UPDATE version_candidate SET similarity = 0.123"))
    assert not verify(store).holds


def test_what_has_no_embedding_as_silence_has_none_is_passed_over(store: Store, cache: FeatureCache) -> None:
    files = {f"{number:02}.mp3": music(number, 10) for number in range(24)}
    scanned(store, cache, "train", files)
    for number, vector in enumerate(crowd(22)):
        cache.put("embedding", "chroma-1", packets_of(f"{number:02}.mp3"), vector.tobytes())
    cache.put("embedding", "chroma-1", packets_of("22.mp3"))
    cache.put("embedding", "chroma-1", packets_of("20.mp3"), crowd(22)[21].tobytes())
    assert looked_for(store, cache) == len(listed(store))
