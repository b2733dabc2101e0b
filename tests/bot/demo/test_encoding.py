"""The demo's files hold what was put into them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from bot.demo.encoding import FORMATS, write_audio
from bot.demo.pieces import SAMPLE_RATE_HZ, pieces, render


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_decodes_to_what_was_written(suffix: str, tmp_path: Path) -> None:
    samples = render(pieces()[7])[:, : 5 * SAMPLE_RATE_HZ]
    path = tmp_path / f"piece{suffix}"
    write_audio(path, samples, SAMPLE_RATE_HZ, bit_rate=192_000, tags={"title": "Undertow"})
    with av.open(str(path)) as file:
        assert {**file.metadata, **file.streams.audio[0].metadata}.get("title", "Undertow") == "Undertow"
        resampler = av.AudioResampler("fltp", "stereo", SAMPLE_RATE_HZ)
        frames = [*(each for frame in file.decode(audio=0) for each in resampler.resample(frame))]
        heard = np.concatenate([frame.to_ndarray() for frame in [*frames, *resampler.resample(None)]], axis=1)
    assert heard.shape[1] == pytest.approx(samples.shape[1], abs=4000)
    spectrum = [np.abs(np.fft.rfft(each[:, : 4 * SAMPLE_RATE_HZ].mean(axis=0))) for each in (heard, samples)]
    assert np.corrcoef(spectrum[0], spectrum[1])[0, 1] > 0.9


def test_a_format_that_the_demo_does_not_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a suffix of \.wav"):
        write_audio(tmp_path / "piece.mod", np.zeros((2, 100), np.float32), SAMPLE_RATE_HZ)
