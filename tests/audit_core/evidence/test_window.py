"""Which seconds are heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.evidence.window import AT_LEAST_S, AT_MOST_S, best_window, in_b
from audit_core.neighbours.match import Stretch


def stretch(offset_a: float = 0.0, offset_b: float = 0.0, overlap_s: float = 60.0, tempo: float = 1.0) -> Stretch:
    return Stretch(offset_a, offset_b, overlap_s, tempo, 0.0, 100.0)


def test_the_ten_seconds_with_most_in_them_are_heard() -> None:
    worth = np.zeros(600)
    worth[300:400] = 1.0
    chosen = best_window(stretch(offset_a=100.0), worth)
    assert chosen.start_s == pytest.approx(130.0)
    assert chosen.length_s == AT_MOST_S


def test_of_equal_places_the_first_is_heard() -> None:
    assert best_window(stretch(offset_a=7.0), np.ones(600)).start_s == 7.0


def test_a_short_stretch_is_heard_with_what_stands_around_it() -> None:
    chosen = best_window(stretch(offset_a=20.0, offset_b=40.0, overlap_s=3.0), np.ones(30), durations_s=(60.0, 60.0))
    assert (chosen.start_s, chosen.length_s) == (19.0, AT_LEAST_S)


@given(
    offset_a=st.floats(0, 500),
    offset_b=st.floats(0, 500),
    overlap_s=st.floats(0.5, 300),
    tempo=st.floats(0.88, 1.13),
    after_a=st.floats(0, 20),
    after_b=st.floats(0, 20),
    worth=st.lists(st.floats(0, 10), max_size=40),
)
def test_what_is_heard_lies_within_both_files(
    offset_a: float, offset_b: float, overlap_s: float, tempo: float, after_a: float, after_b: float, worth: list[float]
) -> None:
    shared = stretch(offset_a, offset_b, overlap_s, tempo)
    ends = offset_a + overlap_s + after_a, offset_b + overlap_s * tempo + after_b
    chosen = best_window(shared, np.array(worth), durations_s=ends)
    assert min(overlap_s, AT_LEAST_S) - 1e-6 <= chosen.length_s <= AT_MOST_S
    for start, end, last in (
        (chosen.start_s, chosen.start_s + chosen.length_s, ends[0]),
        (in_b(shared, chosen.start_s), in_b(shared, chosen.start_s + chosen.length_s), ends[1]),
    ):
        assert start >= -1e-6
        assert end <= last + 1e-6


@given(overlap_s=st.floats(5, 300), worth=st.lists(st.floats(0, 10), max_size=400))
def test_of_a_stretch_that_is_long_enough_nothing_beside_it_is_heard(overlap_s: float, worth: list[float]) -> None:
    chosen = best_window(stretch(overlap_s=overlap_s), np.array(worth))
    assert chosen.start_s >= 0
    assert chosen.start_s + chosen.length_s <= overlap_s + 1e-6
