"""Landmarks, and the sorting of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.audio.peaks import Peaks
from audit_core.neighbours.landmarks import bitmap, mark, quads, strongest, triplets
from audit_core.neighbours.partitions import Partitions, in_order
from tests.support.peaks import music, played

numbers = st.lists(st.integers(0, 2**44 - 1), max_size=300)


def keys_of(peaks: Peaks) -> set[int]:
    return set(quads(peaks, 0, sampled=64, everything=True)[0].tolist())


@settings(deadline=None, max_examples=20)
@given(tempo=st.floats(0.9, 1.1), pitch=st.floats(-5, 5))
def test_another_tempo_and_pitch_leave_a_share_of_the_quads_as_they_are(tempo: float, pitch: float) -> None:
    original = music(1, 30)
    copy = played(original, tempo=tempo, pitch=pitch)
    assert len(keys_of(original) & keys_of(copy)) > 0.1 * len(keys_of(original))


def test_other_music_shares_hardly_a_quad() -> None:
    assert len(keys_of(music(1, 30)) & keys_of(music(2, 30))) < 0.02 * len(keys_of(music(1, 30)))


def test_the_sample_is_of_the_same_keys_in_every_file() -> None:
    every, _ = quads(music(3, 30), 0, sampled=64, everything=True)
    sample, _ = quads(music(3, 30), 7, sampled=64, everything=False)
    assert sample.tolist() == every[every & np.uint64(1) == 1].tolist()
    assert 0.04 < len(sample) / len(every) < 0.09


def test_what_is_wanted_is_kept_outside_the_sample() -> None:
    every, _ = quads(music(3, 30), 0, sampled=64, everything=True)
    wanted = bitmap(len(every))
    mark(wanted, every)
    kept, _ = quads(music(3, 30), 0, sampled=64, everything=False, wanted=wanted)
    assert kept.tolist() == every.tolist()


def test_what_is_not_needed_is_left_out() -> None:
    every, _ = quads(music(3, 30), 0, sampled=64, everything=True)
    needed = bitmap(len(every))
    mark(needed, every[:10])
    kept, _ = quads(music(3, 30), 0, sampled=64, everything=True, needed=needed)
    assert set(every[:10].tolist()) <= set(kept.tolist())
    assert len(kept) < 0.1 * len(every)


def test_a_tone_has_no_landmarks() -> None:
    times = np.arange(0, 20, 0.05, dtype=np.float32)
    tone = Peaks(times, np.full_like(times, 40), np.ones_like(times))
    assert len(triplets(tone).hashes) == 0
    assert len(quads(tone, 0, sampled=64, everything=True)[0]) == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_peaks_than_a_landmark_needs_make_none(count: int) -> None:
    few = Peaks(*(np.arange(count, dtype=np.float32) for _ in range(3)))
    assert len(triplets(few).hashes) == 0
    assert len(quads(few, 0, sampled=64, everything=True)[0]) == 0


def test_triplets_come_sorted_by_hash() -> None:
    made = triplets(music(5, 20))
    assert (np.diff(made.hashes.astype(np.int64)) >= 0).all()


def test_landmarks_are_made_of_the_strongest_peaks() -> None:
    loud = music(6, 20, per_second=12)
    quiet = music(7, 20, per_second=60)
    both = np.argsort(np.concatenate([loud.times_s, quiet.times_s]), kind="stable")
    mixed = Peaks(
        np.concatenate([loud.times_s, quiet.times_s])[both],
        np.concatenate([loud.pitches, quiet.pitches])[both],
        np.concatenate([loud.strengths + 10, quiet.strengths])[both],
    )
    times, _ = strongest(mixed)
    assert set(loud.times_s.tolist()) <= set(times.tolist())
    assert len(times) < 40 * 20


@given(keys=numbers)
def test_sorting_keeps_the_order_of_equal_keys(keys: list[int]) -> None:
    given_keys = np.array([key % 50 for key in keys], np.uint64)
    payload = np.arange(len(keys), dtype=np.uint64)
    order = np.argsort(given_keys, kind="stable")
    sorted_keys, sorted_payload = in_order(given_keys.copy(), payload.copy(), 44)
    assert sorted_keys.tolist() == given_keys[order].tolist()
    assert sorted_payload.tolist() == order.tolist()


@pytest.mark.parametrize("parts", [1, 2, 16])
def test_parts_on_disk_hold_what_was_put_in_ascending_order(parts: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 2**44, 5000, dtype=np.uint64)
    payload = np.arange(5000, dtype=np.uint64)
    rows = Partitions(tmp_path, "rows", parts, 44)
    for begin in range(0, 5000, 700):
        rows.put(keys[begin : begin + 700].copy(), payload[begin : begin + 700].copy())
    read = [rows.part(number) for number in range(parts)]
    order = np.argsort(keys, kind="stable")
    assert np.concatenate([part for part, _ in read]).tolist() == keys[order].tolist()
    assert np.concatenate([part for _, part in read]).tolist() == order.tolist()
    assert list(tmp_path.iterdir()) == []
