"""The picture: strangers' titles in it, and the marks."""

from __future__ import annotations

import struct
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.evidence.marks import Marks, in_common
from audit_core.evidence.spectrograms import Panel, pitch_hz, spectrograms
from audit_core.neighbours.match import Peaks, Stretch
from tests.audit_core.evidence.conftest import RATE_HZ, Samples


def panel(samples: Samples, label: str = "") -> Panel:
    return Panel(samples, RATE_HZ, 0.0, samples.shape[1] / RATE_HZ, label, Marks.none())


@pytest.mark.parametrize(
    "title",
    ["$\\frac{", "$x$ and \\$", "a\nb\x00c\x1b[31m", "日本語 العربية 🎵", "<script>", "\udcff", "x" * 5_000, ""],
)
def test_a_title_is_drawn_as_it_is(title: str, tune: Samples) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = spectrograms([panel(tune[:, :RATE_HZ], title)], title)
    assert struct.unpack(">II", picture[16:24]) == (1000, 360)


def test_a_formula_is_not_read_as_one(tune: Samples) -> None:
    short = tune[:, :RATE_HZ]
    assert spectrograms([panel(short)], "$a$") != spectrograms([panel(short)], "a")
    assert spectrograms([panel(short)], "$a$") != spectrograms([panel(short)], "$b$")


@pytest.mark.parametrize("samples", [np.zeros((2, 300), np.float32), np.zeros((1, 1), np.float32)])
def test_silence_and_next_to_nothing_can_be_drawn(samples: Samples) -> None:
    assert spectrograms([panel(samples), panel(samples)], "silence")
    assert spectrograms([panel(samples)], "silence", to_the_top=True)


def test_pitches_are_counted_from_55_hz() -> None:
    assert [pitch_hz(0), pitch_hz(12), pitch_hz(36)] == [55.0, 110.0, 440.0]


def peaks(times: list[float], pitches: list[float]) -> Peaks:
    order = np.argsort(times, kind="stable")
    return Peaks(*(np.array(values, np.float32)[order] for values in (times, pitches, np.ones(len(times)))))


def test_peaks_are_in_common_where_the_line_leads() -> None:
    shared = Stretch(10.0, 2.0, 10.0, 1.1, 3.0, 50.0)
    of_a, of_b = in_common(
        peaks([9.0, 11.0, 12.0, 15.0], [20, 20, 30, 40]),
        peaks([2.0 + 1.1, 2.0 + 2.2, 2.0 + 5.5], [23.1, 30.0, 43.0]),
        shared,
    )
    assert of_a.times_s.tolist() == [11.0, 15.0]
    assert of_b.pitches.tolist() == pytest.approx([23.1, 43.0])


some_peaks = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 80)), max_size=30).map(
    lambda found: peaks([time for time, _ in found], [pitch for _, pitch in found])
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(found=some_peaks)
def test_all_peaks_of_a_file_are_in_common_with_itself(found: Peaks) -> None:
    of_a, of_b = in_common(found, found, Stretch(0.0, 0.0, 31.0, 1.0, 0.0, 1.0))
    assert of_a.times_s.tolist() == of_b.times_s.tolist() == found.times_s.tolist()
