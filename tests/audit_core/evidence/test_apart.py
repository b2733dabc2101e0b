"""Evidence made in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from audit_core.errors import AudioError
from audit_core.evidence.apart import filled_apart
from audit_core.evidence.comparison import Comparison, Side
from audit_core.evidence.order import Order
from tests.audit_core.evidence.conftest import Samples, Written


@pytest.fixture
def ordered(tmp_path: Path, tune: Samples, written: Written) -> Order:
    (tmp_path / "a.wav").write_bytes(written(tune))
    side = Side("crate", "a", None, None, "a.wav", duration_s=24.0)
    return Order(Comparison(side, place="start"), {"crate": str(tmp_path)})


def test_it_comes_back_as_it_was_made(ordered: Order) -> None:
    made = filled_apart(ordered)
    assert made is not None
    assert made.clips[0].title == "crate/a, from 0:00.0 to 0:10.0"


def test_a_mistake_comes_back_in_words(ordered: Order, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"a\.wav: it is no sound file"):
        filled_apart(ordered)


def test_what_takes_too_long_is_ended(ordered: Order) -> None:
    with pytest.raises(AudioError, match="the files took longer than 0 s to read"):
        filled_apart(ordered, timeout_s=0.0)


def test_who_stops_does_not_wait(ordered: Order) -> None:
    began = time.monotonic()
    assert filled_apart(ordered, stopped=lambda: True) is None
    assert time.monotonic() - began < 5
