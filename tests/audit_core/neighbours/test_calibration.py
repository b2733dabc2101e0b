"""The catalogue's own wrong pairs tell how many false ones to expect, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from audit_core.audio.cache import FeatureCache
from audit_core.audio.peaks import Peaks
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.ledger.verify import verify
from audit_core.neighbours.calibrating import TooLittle, calibrate
from audit_core.neighbours.calibration import Calibration, latest_calibration, quoted_calibration, spelled
from audit_core.neighbours.comparing import compare
from audit_core.neighbours.wrong import wrong_pairs
from tests.support.catalogue import plant
from tests.support.scanned import copy, music, packets_of, scanned

NOW = datetime(2026, 4, 1, tzinfo=UTC)
FILES = 100


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    with FeatureCache(tmp_path / "features") as cache:
        yield cache


def chant(seed: int, seconds: float = 8.0, *, per_second: int = 20) -> Peaks:
    """Peaks that lie on the notes of one scale and on beats, as those of like pieces do: there is chance to meet."""
    random = np.random.default_rng(seed)
    n = int(per_second * seconds)
    times = np.sort(random.integers(0, int(seconds * 4), n) / 4 + random.normal(0, 0.03, n)).astype(np.float32)
    notes = np.asarray([0, 2, 4, 5, 7, 9, 11])[random.integers(0, 7, n)] + 12 * random.integers(1, 5, n)
    strengths = random.uniform(1, 8, n).astype(np.float32)
    return Peaks(np.maximum(times, 0), notes.astype(np.float32) + np.float32(0.1 * random.normal()), strengths)


def compared(store: Store, cache: FeatureCache) -> None:
    compare(store, cache, actor="ada", via="cli", clock=lambda: NOW)


def calibrated(store: Store, cache: FeatureCache, pairs: int = 300) -> Calibration | TooLittle:
    return calibrate(store, cache, actor="ada", via="cli", clock=lambda: NOW, pairs=pairs)


def quoted(store: Store) -> str | None:
    with store.read() as connection:
        return quoted_calibration(connection, Snapshot(latest_revision(connection), NOW))


def test_wrong_pairs_of_the_catalogue_tell_how_many_false_ones_to_expect(store: Store, cache: FeatureCache) -> None:
    files = {f"{number}.mp3": chant(number) for number in range(FILES)}
    scanned(store, cache, "train", files)
    assert quoted(store) is None
    compared(store, cache)
    assert "not calibrated" in (quoted(store) or "")
    made = calibrated(store, cache)
    assert isinstance(made, Calibration)
    assert made.files == FILES
    assert made.wrong_pairs <= FILES * (FILES - 1) // 2
    assert 0 <= made.expected_low <= made.expected_false <= made.expected_high
    with store.read() as connection:
        assert latest_calibration(connection) == made
    assert "calibrated on 2026-04-01" in (quoted(store) or "")
    assert verify(store).holds
    again = calibrated(store, cache)
    assert again == made
    with store.write() as connection:
        connection.execute(text("UPDATE compared SET version = 'older'"))
    assert "calibrate` again" in (quoted(store) or "")


def test_where_nothing_names_wrong_pairs_those_drawn_at_random_give_an_upper_bound(
    store: Store, cache: FeatureCache
) -> None:
    scanned(store, cache, "train", {f"{number}.mp3": chant(number, per_second=10) for number in range(FILES)})
    compared(store, cache)
    made = calibrated(store, cache, pairs=1500)
    assert isinstance(made, Calibration)
    assert made.fit["upper_bound"]
    assert made.wrong_pairs == 1500
    assert (quoted(store) or "").startswith("at most ")


def test_few_files_are_no_evidence(store: Store, cache: FeatureCache) -> None:
    scanned(store, cache, "train", {f"{number}.mp3": music(number, 5) for number in range(3)})
    compared(store, cache)
    made = calibrated(store, cache)
    assert isinstance(made, TooLittle)
    assert "not enough evidence: 3 files" in str(made)
    with store.read() as connection:
        assert latest_calibration(connection) is None


def test_scores_without_a_tail_are_no_evidence(store: Store, cache: FeatureCache) -> None:
    silent = Peaks(*(np.empty(0, np.float32) for _ in range(3)))
    scanned(store, cache, "train", {f"{number}.mp3": silent for number in range(100)})
    compared(store, cache)
    assert "fewer than 50" in str(calibrated(store, cache))


def test_what_matches_or_has_an_artist_in_common_is_not_called_wrong(store: Store, cache: FeatureCache) -> None:
    song = music(1)
    plant(
        store,
        "train",
        [
            {"key": "a", "title": "One", "artist": "Nina", "path": "a.mp3"},
            {"key": "b", "title": "Two", "artist": "Otis", "path": "b.mp3"},
            {"key": "c", "title": "Three", "artist": "nina", "path": "c.mp3"},
            {"key": "d", "title": "TWO", "artist": "Etta", "path": "d.mp3"},
        ],
    )
    scanned(
        store, cache, "train", {"a.mp3": song, "b.mp3": copy(song, 2, end=20), "c.mp3": music(3), "d.mp3": music(4)}
    )
    compared(store, cache)
    names = ["a.mp3", "b.mp3", "c.mp3", "d.mp3"]
    with store.read() as connection:
        now = Snapshot(latest_revision(connection), NOW)
        wrong = wrong_pairs(connection, now, [packets_of(name) for name in names])
    assert (wrong == wrong.T).all()
    told = {(names[a][0], names[b][0]) for a in range(4) for b in range(a) if wrong[a, b]}
    assert told == {("d", "a"), ("c", "b"), ("d", "c")}


def test_an_expectation_goes_with_the_number_of_pairs() -> None:
    made = Calibration(NOW, 1, "1/1", 1001, 10, 20.0, 0.001, 0.0001, 0.01, {})
    assert made.among(1001) == (0.001, 0.0001, 0.01)
    assert made.among(2002)[0] == pytest.approx(0.001 * 2002 * 2001 / (1001 * 1000))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (1e-9, "less than 0.000001"), (0.000123, "0.00012"), (0.1, "0.1"), (5, "5"), (5497.2, "5,500")],
)
def test_numbers_of_pairs_are_spelled_with_two_digits(number: float, words: str) -> None:
    assert spelled(number) == words
