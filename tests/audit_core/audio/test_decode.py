"""Decoding: what comes out of each format, what its hashes tell apart, and what no damage may do."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen import id3

from audit_core.audio.decode import BLOCK, Audio, Undecodable, open_audio, packets_hash
from audit_core.audio.extractor import Samples
from tests.support.sound import FORMATS, chords, noise, stereo, tone, write


def heard(file: Path | bytes) -> tuple[Audio, Samples]:
    with io.BytesIO(file if isinstance(file, bytes) else file.read_bytes()) as opened, open_audio(opened) as audio:
        blocks = list(audio.blocks())
        return audio, np.concatenate(blocks, axis=1)


@pytest.fixture(scope="module")
def piece() -> Samples:
    return stereo(chords(3), chords(3, seed=1))


@pytest.fixture(scope="module")
def files(piece: Samples, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("formats")
    return {suffix: write(folder / f"piece{suffix}", piece, 44100) for suffix in FORMATS}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_sound_that_was_written(suffix: str, files: dict[str, Path], piece: Samples) -> None:
    audio, y = heard(files[suffix])
    assert audio.channels == 2
    assert audio.duration_s == pytest.approx(3.0, abs=0.03)
    assert audio.header_s == pytest.approx(3.0, abs=0.03)
    assert audio.damaged_packets == 0
    assert y.dtype == np.float32
    assert float(np.std(y)) == pytest.approx(float(np.std(piece)), rel=0.08)  # LAME takes 5 % off


def test_lossless_formats_give_the_very_samples(files: dict[str, Path], piece: Samples) -> None:
    for suffix in (".wav", ".flac", ".aiff"):
        _, y = heard(files[suffix])
        assert float(np.abs(y - piece).max()) <= 2**-16


def test_the_same_samples_have_one_pcm_hash_whatever_holds_them(piece: Samples, tmp_path: Path) -> None:
    for depth in (16, 24):
        hashes = {
            heard(write(tmp_path / f"piece{depth}{suffix}", piece, 44100, bit_depth=depth))[0].pcm
            for suffix in (".wav", ".flac", ".aiff")
        }
        assert len(hashes) == 1


def test_another_sample_rate_or_channel_is_another_pcm_hash(piece: Samples, tmp_path: Path) -> None:
    hashes = {
        heard(write(tmp_path / "a.wav", piece, 44100))[0].pcm,
        heard(write(tmp_path / "b.wav", piece, 48000))[0].pcm,
        heard(write(tmp_path / "c.wav", piece[::-1], 44100))[0].pcm,
        heard(write(tmp_path / "d.wav", piece.T.reshape(1, -1), 44100))[0].pcm,
    }
    assert len(hashes) == 4


def test_the_bit_depth_of_lossless_files_is_told(piece: Samples, tmp_path: Path) -> None:
    for suffix in (".wav", ".flac", ".aiff"):
        for depth in (16, 24):
            assert heard(write(tmp_path / f"x{suffix}", piece, 44100, bit_depth=depth))[0].bit_depth == depth


@pytest.mark.parametrize("suffix", FORMATS)
def test_new_tags_leave_the_packets_hash_alone(suffix: str, files: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / f"tagged{suffix}"
    file.write_bytes(files[suffix].read_bytes())
    tagged = mutagen.File(file, easy=suffix not in (".wav", ".aiff"))
    if tagged.tags is None:
        tagged.add_tags()
    title = "Another title, " * 200
    if suffix in (".wav", ".aiff"):
        tagged["TIT2"] = id3.Frames["TIT2"](encoding=3, text=title)
    else:
        tagged["title"] = title
    tagged.save()
    assert file.read_bytes() != files[suffix].read_bytes()
    before, after = heard(files[suffix])[0], heard(file)[0]
    assert after.packets == before.packets
    assert after.pcm == before.pcm


def test_tags_before_and_behind_an_mp3_and_a_cover_leave_its_packets_alone(
    files: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "covered.mp3"
    file.write_bytes(files[".mp3"].read_bytes())
    tagged = mutagen.File(file)
    cover = b"\xff\xd8\xff\xe0" + bytes(100_000)
    tagged["TIT2"] = id3.Frames["TIT2"](encoding=3, text="A cover")
    tagged["APIC"] = id3.Frames["APIC"](encoding=3, mime="image/jpeg", type=3, desc="front", data=cover)
    tagged.save(v1=2)
    assert file.read_bytes()[-128:-125] == b"TAG"
    before, after = heard(files[".mp3"])[0], heard(file)[0]
    assert (after.packets, after.pcm, after.header_s) == (before.packets, before.pcm, before.header_s)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_packets_hash_needs_no_decoding(suffix: str, files: dict[str, Path]) -> None:
    with files[suffix].open("rb") as file:
        assert packets_hash(file) == heard(files[suffix])[0].packets


def test_every_encoding_of_a_piece_has_packets_of_its_own(files: dict[str, Path]) -> None:
    assert len({heard(file)[0].packets for file in files.values()}) == len(files)


def test_blocks_are_of_one_length_so_that_memory_is_bounded(tmp_path: Path) -> None:
    file = write(tmp_path / "long.flac", noise(20, 8000), 8000)
    with file.open("rb") as opened, open_audio(opened) as audio:
        lengths = [block.shape[1] for block in audio.blocks()]
    assert lengths == [BLOCK, BLOCK, 160_000 - 2 * BLOCK]


def test_what_only_the_end_tells_is_not_told_before(files: dict[str, Path]) -> None:
    with files[".wav"].open("rb") as opened, open_audio(opened) as audio, pytest.raises(ValueError, match="to the end"):
        _ = audio.packets


def test_an_mp3_that_states_no_length_has_no_stated_length(files: dict[str, Path]) -> None:
    whole = files[".mp3"].read_bytes()
    head = whole.index(b"Info") if b"Info" in whole else whole.index(b"Xing")
    bare = whole[whole.index(b"\xff\xfb", head) :]
    audio, _ = heard(bare)
    assert audio.header_s is None
    assert audio.duration_s == pytest.approx(3.0, abs=0.1)
    assert audio.packets == heard(files[".mp3"])[0].packets


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".aiff"])
def test_half_a_file_is_heard_as_far_as_it_goes(suffix: str, piece: Samples, tmp_path: Path) -> None:
    whole = write(tmp_path / f"x{suffix}", piece, 44100).read_bytes()
    if suffix == ".m4a":  # its index lies at the end: without it nothing can be found
        with pytest.raises(Undecodable):
            heard(whole[: len(whole) // 2])
        return
    audio, _ = heard(whole[: len(whole) // 2])
    assert 0.8 < audio.duration_s < 2.2
    assert audio.header_s == pytest.approx(3.0, abs=0.05)


def test_damage_within_a_flac_is_counted_and_left_out(files: dict[str, Path]) -> None:
    broken = bytearray(files[".flac"].read_bytes())
    middle = len(broken) // 2
    broken[middle : middle + 64] = bytes(range(64))
    audio, _ = heard(bytes(broken))
    assert audio.damaged_packets >= 1
    assert 2.0 < audio.duration_s < 3.0


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", bytes(100_000), b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(5000), b"#EXTM3U\n#EXTINF:1\n/etc/passwd\n"],
    ids=["nothing", "a byte", "zeros", "a picture", "a playlist"],
)
def test_what_is_no_sound_is_undecodable_in_plain_words(content: bytes) -> None:
    with pytest.raises(Undecodable, match=r"^it (is no sound file|holds no sound)|nothing in it"):
        heard(content)


def test_random_bytes_are_undecodable_or_at_least_end() -> None:
    drawn = np.random.default_rng(5)
    for _ in range(20):
        try:
            audio, _y = heard(drawn.bytes(20_000))
        except Undecodable:
            continue
        assert audio.duration_s < 60


def wav_header(rate: int, channels: int, size: int = 0x7FFFFFFF) -> bytes:
    frame = min(channels * 2, 65535)
    body = struct.pack("<HHIIHH", 1, channels, rate, min(rate * frame, 2**32 - 1), frame, 16)
    there = bytes(min(size, 400_000))
    return b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0" + body + b"data" + struct.pack("<I", size) + there


@pytest.mark.parametrize(("rate", "channels"), [(4_000_000_000, 2), (2_000_000_000, 1), (1, 1), (44100, 65535)])
def test_a_header_out_of_reason_is_refused(rate: int, channels: int) -> None:
    with pytest.raises(Undecodable):
        heard(wav_header(rate, channels))


def test_a_wrong_extension_changes_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    disguised = tmp_path / "piece.mp3"
    disguised.write_bytes(files[".flac"].read_bytes())
    with disguised.open("rb") as opened, open_audio(opened) as audio:
        assert audio.codec == "flac"


def test_silence_and_sounds_of_no_length_are_told_apart(tmp_path: Path) -> None:
    audio, y = heard(write(tmp_path / "silence.wav", np.zeros((1, 9_000), np.float32), 44100))
    assert audio.duration_s == pytest.approx(9_000 / 44100)
    assert not y.any()
    with pytest.raises(Undecodable, match="it holds no sound"):
        heard(wav_header(44100, 1, 0))


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (22_050, 2), (96_000, 6), (192_000, 8)])
def test_rates_and_channels_come_out_as_they_went_in(rate: int, channels: int, tmp_path: Path) -> None:
    audio, y = heard(write(tmp_path / "x.flac", tone(440, 0.2, rate, channels=channels), rate))
    assert (audio.sample_rate_hz, audio.channels) == (rate, channels)
    assert y.shape == (channels, round(0.2 * rate))
