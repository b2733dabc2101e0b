"""Files that are no sound, or no longer, or too much of it: each is heard or refused with a reason."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from audit_core.audio.decode import Undecodable, open_audio
from audit_core.audio.extractor import Sink
from audit_core.audio.integrity import Integrity
from audit_core.audio.loudness import Loudness
from tests.benchmarks.flip_bytes import flipped
from tests.support.sound import FORMATS, chords, noise, stereo, write

RATE = 44100
PIECE = stereo(chords(2, seed=7), chords(2, seed=8))


def length_s(content: bytes) -> float:
    """Hear a file with every extractor that listens at the native rate, and say how long it is."""
    with open_audio(io.BytesIO(content)) as audio:
        sinks: list[Sink] = [Integrity().start(audio), Loudness().start(audio)]
        for block in audio.blocks():
            for sink in sinks:
                sink.feed(block)
        for sink in sinks:
            sink.finish()
        return audio.duration_s


def picture(kind: str) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(written, kind)
    return written.getvalue()


def wave(*, rate: int = RATE, channels: int = 2, bits: int = 16, claims: int | None = None, body: bytes = b"") -> bytes:
    """A WAV file whose header says what it is told to."""
    size = len(body) if claims is None else claims
    frame = channels * bits // 8 & 0xFFFF
    kind = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + kind + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


NO_SOUND = {
    "nothing": b"",
    "one byte": b"\xff",
    "zeros": bytes(100_000),
    "ones": b"\xff" * 100_000,
    "random bytes": np.random.default_rng(1).bytes(200_000),
    "text": b"Ceci n'est pas un morceau.\n" * 1000,
    "a JPEG": picture("JPEG"),
    "a PNG": picture("PNG"),
    "a GIF": picture("GIF"),
    "tags without sound": b"ID3\x04\x00\x00\x00\x00\x07\x76" + bytes(1014),
    "a header without samples": wave(),
    "no channels": wave(channels=0, body=bytes(4000)),
    "no rate": wave(rate=0, body=bytes(4000)),
    "four billion samples a second": wave(rate=2**32 - 1, body=bytes(4000)),
    "thousands of channels": wave(channels=30_000, bits=8, body=bytes(90_000)),
}


@pytest.mark.parametrize("content", NO_SOUND.values(), ids=NO_SOUND.keys())
def test_what_is_no_sound_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(Undecodable, match=r"it (is no sound|holds no sound|claims)|nothing in it can be decoded"):
        length_s(content)


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{}'\n",
        "#EXTM3U\n{}\n",
        "[playlist]\nFile1={}\nNumberOfEntries=1\n",
    ],
)
def test_a_file_never_makes_another_be_opened(playlist: str, tmp_path: Path) -> None:
    other = write(tmp_path / "secret.wav", PIECE, RATE)
    with pytest.raises(Undecodable):
        length_s(playlist.format(other).encode())


def test_a_header_that_claims_gigabytes_gives_what_is_there() -> None:
    body = np.arange(RATE, dtype="<i2").repeat(2).tobytes()
    assert length_s(wave(claims=2**32 - 100, body=body)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_ends_too_early_is_heard_as_far_as_it_goes_or_refused(suffix: str, tmp_path: Path) -> None:
    content = write(tmp_path / f"a{suffix}", PIECE, RATE).read_bytes()
    whole = length_s(content)
    for cut in (0.0005, 0.01, 0.1, 0.5, 0.9, 0.9999):
        try:
            heard = length_s(content[: int(cut * len(content))])
        except Undecodable:
            continue
        assert 0 < heard <= whole


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_format_is_known_by_its_content_whatever_the_name_says(suffix: str, tmp_path: Path) -> None:
    content = write(tmp_path / f"a{suffix}", PIECE, RATE).read_bytes()
    for name in (".wav", ".mp3", ".jpg", ""):
        path = tmp_path / f"b{name}"
        path.write_bytes(content)
        with path.open("rb") as file, open_audio(file) as audio:
            assert sum(block.shape[1] for block in audio.blocks()) / audio.sample_rate_hz == pytest.approx(2, abs=0.06)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("seconds", [0.2, 0.02, 0.001])
def test_the_shortest_files_are_heard(suffix: str, seconds: float, tmp_path: Path) -> None:
    content = write(tmp_path / f"a{suffix}", PIECE[:, : round(seconds * RATE)], RATE).read_bytes()
    assert length_s(content) == pytest.approx(seconds, abs=0.08)  # an encoder fills its last frame


@pytest.mark.parametrize(("suffix", "bit_depth"), [(".wav", 16), (".wav", 24), (".flac", 24), (".aiff", 24)])
def test_192_kilohertz_are_heard(suffix: str, bit_depth: int, tmp_path: Path) -> None:
    path = write(tmp_path / f"a{suffix}", noise(1, 192_000, channels=2), 192_000, bit_depth=bit_depth)
    assert length_s(path.read_bytes()) == pytest.approx(1)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus", ".m4a"])
@pytest.mark.parametrize("channels", [6, 8])
def test_every_channel_of_surround_is_heard(suffix: str, channels: int, tmp_path: Path) -> None:
    levels = np.linspace(0.1, 0.3, channels, dtype=np.float32)[:, np.newaxis]
    path = write(tmp_path / f"a{suffix}", noise(1, 48_000, channels=channels, level=1) * levels, 48_000)
    with path.open("rb") as file, open_audio(file) as audio:
        blocks = list(audio.blocks())
    rms = np.sqrt((np.concatenate(blocks, axis=1).astype(np.float64) ** 2).mean(axis=1))
    if suffix in (".wav", ".flac"):
        assert rms == pytest.approx(levels[:, 0], rel=0.02)
    assert rms.shape == (channels,)
    assert length_s(path.read_bytes()) == pytest.approx(1, abs=0.05)


def write_silence(path: Path, samples: int, rate: int) -> Path:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), "s16", "mono")
    frame.sample_rate = rate
    with av.open(str(path), "w") as output:
        stream = output.add_stream("flac", rate=rate, options={"frame_size": "16000"})
        stream.codec_context.layout = "mono"
        for start in range(0, samples, frame.samples):
            frame.pts = start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


THREE_HOURS = """
import resource, sys
from pathlib import Path
from tests.audit_core.audio.test_hostile_audio import length_s

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

length_s(Path(sys.argv[1]).read_bytes())
before_mb = peak_mb()
print(length_s(Path(sys.argv[2]).read_bytes()), peak_mb() - before_mb)
"""


def test_three_hours_of_silence_take_no_more_memory_than_two_seconds(tmp_path: Path) -> None:
    rate = 4000
    short = write(tmp_path / "short.flac", PIECE[:1, : 2 * rate], rate)
    long = write_silence(tmp_path / "long.flac", 3 * 3600 * rate, rate)
    command = [sys.executable, "-c", THREE_HOURS, str(short), str(long)]
    root = Path(__file__).parents[3]
    told = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=100)
    seconds, more_mb = map(float, told.stdout.split())
    assert seconds == 10_800
    assert more_mb < 40


def test_bytes_flipped_at_random_end_in_sound_or_a_reason() -> None:
    began = time.monotonic()
    outcomes = flipped(15 * len(FORMATS), seed=42)
    assert [outcome for outcome in outcomes if "FAULT" in outcome] == []
    assert sum(outcomes.values()) == 15 * len(FORMATS)
    assert time.monotonic() - began < 100
