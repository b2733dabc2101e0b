"""The lines that the common triplets of two files suggest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_core.neighbours.fit import Ballot, Line, shared_triplets, through
from audit_core.neighbours.landmarks import triplets
from tests.support.peaks import cut, music, played, worn


@settings(deadline=None, max_examples=25)
@given(tempo=st.floats(0.89, 1.12), pitch=st.floats(-6, 6), later_s=st.floats(0, 20))
def test_the_line_of_a_copy_is_drawn_first(tempo: float, pitch: float, later_s: float) -> None:
    original = music(11, 40)
    copy = played(worn(original, 1), tempo=tempo, pitch=pitch, later_s=later_s)
    line = Ballot(shared_triplets(triplets(original), triplets(copy)), 40, 40 * tempo + later_s).line()
    assert line is not None
    assert line.tempo == pytest.approx(tempo, abs=0.002)
    assert line.shift_s == pytest.approx(later_s, abs=0.05)
    assert line.pitch == pytest.approx(pitch, abs=0.05)


def test_each_line_is_drawn_once() -> None:
    first, second = music(12, 20), music(13, 20)
    both = played(second, later_s=20)
    host = type(first)(*(np.concatenate(pair) for pair in zip(_columns(first), _columns(both), strict=True)))
    guest = type(first)(
        *(np.concatenate(pair) for pair in zip(_columns(second), _columns(played(first, later_s=20)), strict=True))
    )
    ballot = Ballot(shared_triplets(triplets(host), triplets(guest)), 40, 40)
    shifts = [line.shift_s for line in (ballot.line(), ballot.line()) if line]
    assert sorted(shifts) == pytest.approx([-20, 20], abs=0.05)


def test_nothing_shared_suggests_nothing() -> None:
    silent = cut(music(14, 10), 20, 30)
    assert Ballot(shared_triplets(triplets(silent), triplets(music(15, 10))), 10, 10).line() is None


def test_votes_are_the_same_seen_from_either_file() -> None:
    a, b = triplets(music(16, 20)), triplets(worn(music(16, 20), 2))
    there, back = shared_triplets(a, b), shared_triplets(b, a)
    seen = [
        sorted(zip(first[kept].tolist(), second[kept].tolist(), strict=True))
        for first, second, ratios in (
            (there.times_a, there.times_b, there.ratios),
            (back.times_b, back.times_a, back.ratios),
        )
        for kept in [np.abs(np.log(ratios)) < 0.1]
    ]
    assert seen[0] == seen[1]


def test_points_within_a_moment_tell_no_tempo() -> None:
    times = np.linspace(5, 5.01, 20).astype(np.float32)
    line = through(times, times + 1, np.zeros(20, np.float32), Line(1.05, 0, 0))
    assert line.tempo == 1.05


def _columns(peaks: object) -> tuple[np.ndarray, ...]:
    return tuple(getattr(peaks, name) for name in ("times_s", "pitches", "strengths"))
