"""Two excerpts at one level."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.evidence.excerpt import excerpt
from audit_core.evidence.levels import level_db, matched
from audit_core.evidence.mp3 import RATE_HZ as MP3_RATE_HZ
from audit_core.evidence.mp3 import mp3
from tests.audit_core.evidence.conftest import RATE_HZ, Samples


@given(gain_db=st.floats(-25, 20), crest=st.floats(0.05, 1.0), seed=st.integers(0, 99))
def test_levels_come_to_within_a_tenth_of_a_decibel_and_nothing_is_cut(gain_db: float, crest: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    steady = 0.2 * np.sin(np.arange(20_000) / 9.0)[None]
    spiky = random.standard_normal((2, 20_000)) * 0.01
    spiky[:, ::4_000] = crest
    pair = [steady.astype(np.float32), (spiky * 10 ** (gain_db / 20)).astype(np.float32)]
    one, other = matched(pair)
    assert level_db(one) == pytest.approx(level_db(other), abs=0.1)
    assert max(np.abs(one).max(), np.abs(other).max()) <= 10 ** (-1.4 / 20)


def test_silence_stays_silence_and_decides_nothing() -> None:
    tone = (0.2 * np.sin(np.arange(20_000) / 9.0))[None].astype(np.float32)
    silence, heard = matched([np.zeros((1, 20_000), np.float32), tone])
    assert not silence.any()
    assert level_db(heard) == pytest.approx(-20.0, abs=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 192_000])
def test_an_mp3_begins_and_lasts_as_what_went_in(rate_hz: int) -> None:
    t = np.arange(2 * rate_hz) / rate_hz
    click = np.where((t > 0.5) & (t < 0.9), 0.5 * np.sin(2 * np.pi * 440 * t), 0.0)[None].astype(np.float32)
    heard = excerpt(io.BytesIO(mp3(click, rate_hz)), 0.0, 10.0)
    assert heard.rate_hz == MP3_RATE_HZ
    assert heard.length_s == pytest.approx(2.0, abs=0.001)
    assert np.argmax(np.abs(heard.samples[0]) > 0.2) / heard.rate_hz == pytest.approx(0.5, abs=0.002)


def test_an_encoder_takes_as_little_from_one_clip_as_from_the_other(tune: Samples) -> None:
    files = [mp3(tune, RATE_HZ), mp3(tune.repeat(2, 0), RATE_HZ)]
    one, other = (level_db(excerpt(io.BytesIO(file), 0.0, 30.0).samples) for file in files)
    assert one == pytest.approx(other, abs=0.1)
    assert one == pytest.approx(level_db(tune), abs=0.5)  # LAME scales by 0.95
