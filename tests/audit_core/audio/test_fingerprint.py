"""The fingerprint extractor: from an open file to what the cache keeps of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit_core.audio.decimate import Decimator
from audit_core.audio.decode import open_audio
from audit_core.audio.extractor import Extracted, Extractor
from audit_core.audio.fingerprint import FingerprintExtractor
from audit_core.audio.peaks import Peaks
from tests.support.sound import chords, stereo, write

PIECE = stereo(chords(6), chords(6))


def extracted(path: Path) -> Extracted:
    extractor: Extractor = FingerprintExtractor()
    with path.open("rb") as file, open_audio(file) as audio:
        sink, decimator = extractor.start(audio), Decimator(audio.sample_rate_hz)
        for block in audio.blocks():
            sink.feed(decimator.feed(block))
        sink.feed(decimator.finish())
        return sink.finish()


def common(first: Peaks, second: Peaks) -> float:
    near = (np.abs(first.times_s[:, None] - second.times_s) < 0.046) & (
        np.abs(first.pitches[:, None] - second.pitches) < 0.3
    )
    return float(near.any(axis=1).mean())


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    return extracted(write(tmp_path_factory.mktemp("original") / "a.wav", PIECE, 44100))


def test_it_counts_its_peaks_and_keeps_them(original: Extracted) -> None:
    assert original.features is not None
    assert original.columns == {"peaks": len(Peaks.from_bytes(original.features))}
    assert original.columns["peaks"] > 100


@pytest.mark.parametrize(
    ("suffix", "bit_rate"), [(".mp3", 64_000), (".ogg", None), (".opus", 32_000), (".m4a", 64_000), (".flac", None)]
)
def test_a_re_encode_keeps_two_thirds_of_the_strongest_peaks(
    suffix: str, bit_rate: int | None, original: Extracted, tmp_path: Path
) -> None:
    copy = extracted(write(tmp_path / f"b{suffix}", PIECE, 44100, bit_rate=bit_rate))
    first, second = (Peaks.from_bytes(found.features or b"").thinned(30) for found in (original, copy))
    assert common(first, second) > 0.65


def test_another_piece_shares_few(original: Extracted, tmp_path: Path) -> None:
    other = extracted(write(tmp_path / "c.wav", chords(6, seed=5), 44100))
    first, second = (Peaks.from_bytes(found.features or b"").thinned(30) for found in (original, other))
    assert common(first, second) < 0.4


def test_a_silent_file_has_no_peaks(tmp_path: Path) -> None:
    found = extracted(write(tmp_path / "silence.flac", np.zeros((1, 44100), np.float32), 44100))
    assert found == Extracted({"peaks": 0}, b"")
