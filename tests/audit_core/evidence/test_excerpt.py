"""Seconds out of a file, to the sample."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest

from audit_core.errors import AudioError
from audit_core.evidence.excerpt import excerpt
from tests.audit_core.evidence.conftest import RATE_HZ, Samples, Written


def test_an_excerpt_begins_on_the_sample(tune: Samples, written: Written) -> None:
    heard = excerpt(io.BytesIO(written(tune)), 3.0, 2.0)
    assert heard.samples.shape == (1, 2 * RATE_HZ)
    assert np.abs(heard.samples - tune[:, 3 * RATE_HZ : 5 * RATE_HZ]).max() < 1e-4


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("ogg", "libopus"), ("mp4", "aac")])
def test_it_begins_where_it_should_whatever_the_codec(
    tune: Samples, written: Written, container: str, codec: str
) -> None:
    rate_hz = 48_000 if codec == "libopus" else RATE_HZ
    whole = np.interp(np.arange(10 * rate_hz) / rate_hz, np.arange(tune.shape[1]) / RATE_HZ, tune[0])[None]
    file = written(whole.astype(np.float32), container, codec, rate_hz)
    part = excerpt(io.BytesIO(file), 4.0, 2.0)
    everything = excerpt(io.BytesIO(file), 0.0, 12.0)
    at = 4 * part.rate_hz
    assert np.array_equal(part.samples, everything.samples[:, at : at + 2 * part.rate_hz])


def test_an_excerpt_ends_where_the_file_does(tune: Samples, written: Written) -> None:
    assert excerpt(io.BytesIO(written(tune)), 20.0, 10.0).length_s == pytest.approx(4.0)


def test_past_the_end_there_is_nothing_to_hear(tune: Samples, written: Written) -> None:
    with pytest.raises(AudioError, match=r"the file ends before 30\.0 s"):
        excerpt(io.BytesIO(written(tune)), 30.0, 5.0)


def test_of_many_channels_one_is_heard(tune: Samples, written: Written) -> None:
    assert excerpt(io.BytesIO(written(tune.repeat(6, 0))), 0.0, 1.0).samples.shape == (1, RATE_HZ)


def test_only_the_excerpt_is_held_in_memory(written: Written) -> None:
    file = io.BytesIO(written(np.zeros((1, 600 * 8_000), np.float32), rate_hz=8_000))
    tracemalloc.start()
    excerpt(file, 590.0, 5.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4_000_000
