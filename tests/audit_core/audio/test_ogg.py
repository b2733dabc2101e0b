"""An Ogg that goes on to its end is told from one that was cut off, whoever wrote it and however it is made up."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import mutagen
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.audio.decode import open_audio
from audit_core.audio.ogg import is_cut_off
from tests.support.sound import FORMATS, chords, noise, stereo, tone, write

BEGINS, ENDS = 2, 4
OGGS = {"vorbis": ".ogg", "opus": ".opus", "flac": ".flac"}


@pytest.fixture(scope="module")
def oggs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("oggs")
    piece = stereo(noise(3), chords(3))
    return {
        name: write(folder / f"piece{suffix}", piece, 48000, container="ogg").read_bytes()
        for name, suffix in OGGS.items()
    }


def cut_off(content: bytes) -> bool | None:
    return is_cut_off(io.BytesIO(content))


def page(flags: int, stream: int, body: bytes) -> bytes:
    """Make a page as RFC 3533 has it, its checksum bit by bit."""
    lengths = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = b"OggS\0" + struct.pack("<BqII", flags, 0, stream, 0)
    remainder = 0
    for byte in head + b"\0\0\0\0" + bytes([len(lengths)]) + lengths + body:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = remainder << 1 ^ (0x04C11DB7 if remainder & 0x80000000 else 0)
            remainder &= 0xFFFFFFFF
    return head + struct.pack("<I", remainder) + bytes([len(lengths)]) + lengths + body


SOUND = page(BEGINS, 1, b"\x01vorbis") + page(0, 1, b"some sound")
FILM = page(BEGINS, 2, b"\x80theora") + SOUND


@pytest.mark.parametrize("codec", OGGS)
def test_a_whole_ogg_is_not_cut_off_and_half_of_one_is(codec: str, oggs: dict[str, bytes]) -> None:
    whole = oggs[codec]
    assert cut_off(whole) is False
    assert cut_off(whole[: len(whole) // 2]) is True
    assert cut_off(whole[:-1]) is True


@pytest.mark.parametrize("codec", OGGS)
def test_the_last_of_chained_files_tells(codec: str, oggs: dict[str, bytes]) -> None:
    whole = oggs[codec]
    assert cut_off(oggs["vorbis"] + whole) is False
    assert cut_off(oggs["opus"] + whole[: len(whole) * 2 // 3]) is True


@given(flags=st.integers(0, 7), body=st.binary(max_size=600), stream=st.integers(0, 2**32 - 1))
def test_the_flag_of_the_last_page_tells(flags: int, body: bytes, stream: int) -> None:
    begin = page(BEGINS, stream, b"OpusHead")
    assert cut_off(begin + page(flags, stream, body)) is not bool(flags & ENDS)


@pytest.mark.parametrize("behind", [b"TAG" + b" " * 125, b"\0" * 5000, b"OggS", b"OggS\0" + b"\xff" * 300])
def test_what_lies_behind_the_last_page_does_not_matter(behind: bytes, oggs: dict[str, bytes]) -> None:
    assert cut_off(oggs["vorbis"] + behind) is False
    assert cut_off(SOUND + behind) is True


def test_an_end_that_is_damaged_is_none() -> None:
    end = page(ENDS, 1, b"the end")
    assert cut_off(SOUND + end) is False
    assert cut_off(SOUND + end[:-1] + b"!") is True


def test_a_file_filled_up_with_nothing_is_cut_off() -> None:
    assert cut_off(SOUND + b"\0" * 200_000) is True


def test_the_end_of_a_film_is_not_that_of_its_sound() -> None:
    assert cut_off(FILM + page(ENDS, 1, b"") + page(0, 2, b"pictures")) is False
    assert cut_off(FILM + page(ENDS, 2, b"")) is True
    assert cut_off(FILM + page(ENDS, 1, b"") + 5 * page(0, 2, bytes(60_000))) is None


def test_another_tagger_leaves_the_end(oggs: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("vorbis", "opus"):
        path = tmp_path / f"tagged{OGGS[name]}"
        path.write_bytes(oggs[name])
        tagged = mutagen.File(path)
        tagged["title"] = "long " * 30_000
        tagged.save()
        assert cut_off(path.read_bytes()) is False


def test_an_id3_tag_before_an_ogg_hides_nothing(oggs: dict[str, bytes]) -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + bytes(128)
    for content, told in ((oggs["opus"], False), (oggs["opus"][:-9], True)):
        with open_audio(io.BytesIO(tag + content)) as audio:
            assert audio.cut_off is told


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_whole_file_of_any_format_is_cut_off(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"piece{suffix}", tone(440, 1.0), 44100)
    with path.open("rb") as file, open_audio(file) as audio:
        assert audio.cut_off is False


@pytest.mark.parametrize(("codec", "container"), [("aac", "adts"), ("libmp3lame", "mp3")])
def test_of_frames_without_a_header_nobody_knows(codec: str, container: str, tmp_path: Path) -> None:
    content = write(tmp_path / "piece", tone(440, 1.0), 44100, codec=codec, container=container).read_bytes()
    content = content.replace(b"Xing", b"\0" * 4).replace(b"Info", b"\0" * 4)
    with open_audio(io.BytesIO(content)) as audio:
        assert (audio.header_s, audio.cut_off) == (None, None)
