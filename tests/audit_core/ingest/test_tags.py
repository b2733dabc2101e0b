"""What a file says about itself is read as far as it can be; what can't be is told, and never ends an import."""

from __future__ import annotations

import io
import random
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen as library
import pytest

from audit_core.ingest.block import BETWEEN_PARTS
from audit_core.ingest.tags import TAGS, Tags, read_tags
from tests.support.sound import tone, write

mutagen: Any = library


def said(path: Path) -> Tags:
    with path.open("rb") as file:
        return read_tags(file, path.name)


@pytest.fixture
def sound(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a second of sound, in the format of a suffix."""
    return lambda suffix: write(tmp_path / f"a{suffix}", tone(440, 1.0), 44100)


def test_id3_says_all_that_is_known(sound: Callable[[str], Path]) -> None:
    from mutagen import id3

    frames: Any = id3
    path = sound(".mp3")
    tags = frames.ID3()
    for frame in (
        frames.TIT2(encoding=3, text="Blue"),
        frames.TPE1(encoding=3, text=["Nina", "Otis"]),
        frames.TALB(encoding=1, text="Álbum"),
        frames.TSRC(encoding=3, text="GBAYE0000351"),
        frames.TDRC(encoding=3, text="2011-05-02"),
        frames.TCON(encoding=3, text=["(8)", "Soul"]),
        frames.TLAN(encoding=3, text="eng"),
        frames.WCOP(url="https://creativecommons.org/licenses/by/4.0/"),
        frames.TCOP(encoding=3, text="2011 Nina"),
    ):
        tags.add(frame)
    tags.save(path)
    values = said(path).values
    assert values.pop("duration").startswith("1.0")
    assert values == {
        "title": "Blue",
        "artist": f"Nina{BETWEEN_PARTS}Otis",
        "album": "Álbum",
        "isrc": "GBAYE0000351",
        "date": "2011-05-02",
        "year": "2011",
        "genre": f"Jazz{BETWEEN_PARTS}Soul",
        "language": "eng",
        "licence": "https://creativecommons.org/licenses/by/4.0/",
        "copyright": "2011 Nina",
        "sample_rate": "44100",
        "channels": "1",
    }
    assert values.keys() <= set(TAGS)


def test_a_text_called_license_says_more_than_an_address(sound: Callable[[str], Path]) -> None:
    from mutagen import id3

    frames: Any = id3
    path = sound(".mp3")
    tags = frames.ID3()
    tags.add(frames.WCOP(url="https://label.example"))
    tags.add(frames.TXXX(encoding=3, desc="License", text="CC0-1.0"))
    tags.save(path)
    assert said(path).values["licence"] == "CC0-1.0"


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".opus"])
def test_vorbis_comments_say_all_that_is_known(sound: Callable[[str], Path], suffix: str) -> None:
    path = sound(suffix)
    file = mutagen.File(path)
    file.update(
        {"Title": "Blue", "ARTIST": ["Nina", "Otis"], "isrc": "GBAYE0000351", "date": "2011", "LICENSE": "CC-BY-4.0"}
    )
    file["copyright"] = "2011 Nina"
    file.save()
    values = said(path).values
    assert (values["title"], values["artist"], values["isrc"]) == ("Blue", f"Nina{BETWEEN_PARTS}Otis", "GBAYE0000351")
    assert (values["year"], values.get("date"), values["licence"]) == ("2011", None, "CC-BY-4.0")
    assert (values["copyright"], values["channels"]) == ("2011 Nina", "2" if suffix == ".ogg" else "1")
    assert float(values["duration"]) == pytest.approx(1, abs=0.05)


def test_mp4_says_all_that_is_known(sound: Callable[[str], Path]) -> None:
    path = sound(".m4a")
    file = mutagen.File(path)
    file["\xa9nam"], file["\xa9ART"], file["\xa9day"] = ["Blue"], ["Nina", "Otis"], ["2011-05-02T00:00:00Z"]
    file["cprt"], file["----:com.apple.iTunes:ISRC"] = ["2011 Nina"], [b"GBAYE0000351"]
    file["----:com.apple.iTunes:LICENSE"] = [b"CC-BY-4.0"]
    file.save()
    values = said(path).values
    assert (values["title"], values["artist"], values["year"]) == ("Blue", f"Nina{BETWEEN_PARTS}Otis", "2011")
    assert (values["date"], values["copyright"]) == ("2011-05-02", "2011 Nina")
    assert (values["isrc"], values["licence"]) == ("GBAYE0000351", "CC-BY-4.0")


def riff(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(bytes(4 * 44100))
    content = path.read_bytes()[12:]
    for kind, text in chunks:
        content += kind + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(content) + 4) + b"WAVE" + content)
    return path


def test_riff_says_it_in_a_list_of_its_own(tmp_path: Path) -> None:
    said_so = b"INFOINAM\x05\0\0\0Blue\0\0IART\x06\0\0\0J\xf3ga\0\0ICOP\x0a\0\0\0CC BY 2011ICRD\x04\0\0\x002011"
    values = said(riff(tmp_path / "a.wav", (b"LIST", said_so))).values
    assert [values[name] for name in ("title", "artist", "copyright", "year")] == ["Blue", "Jóga", "CC BY 2011", "2011"]
    assert [values[name] for name in ("duration", "sample_rate", "channels")] == ["1.000000", "44100", "2"]


def test_a_licence_is_found_in_the_words_that_creative_commons_asks_for(sound: Callable[[str], Path]) -> None:
    path = sound(".flac")
    file = mutagen.File(path)
    file["copyright"] = "2004 A. Licensed to the public under http://creativecommons.org/licenses/by/2.0/ verify at x"
    file.save()
    assert said(path).values["licence"] == "http://creativecommons.org/licenses/by/2.0/"
    file["license"] = "CC0-1.0"
    file.save()
    assert said(path).values["licence"] == "CC0-1.0"


def test_a_copyright_alone_is_no_licence(sound: Callable[[str], Path]) -> None:
    path = sound(".flac")
    file = mutagen.File(path)
    file["copyright"] = "(c) 2011 Nina, all rights reserved"
    file.save()
    assert "licence" not in said(path).values


class TestHostileTags:
    @pytest.fixture
    def tagged(self, sound: Callable[[str], Path]) -> Callable[..., Tags]:
        """Reads a file with these comments."""

        def read(**comments: str | list[str]) -> Tags:
            path = sound(".flac")
            file = mutagen.File(path)
            file.update(comments)
            file.save()
            return said(path)

        return read

    def test_lose_what_no_database_keeps(self, tagged: Callable[..., Tags]) -> None:
        tags = tagged(title="a\0b\x1b]0;owned\x07\r\nc\x1fd\u0085", artist=["\0", " ", "\x1f"])
        assert tags.values["title"] == "a b ]0;owned c d"
        assert "artist" not in tags.values

    def test_keep_mark_up_as_the_text_that_it_is(self, tagged: Callable[..., Tags]) -> None:
        assert tagged(title="<b>*_`@channel & =cmd()").values["title"] == "<b>*_`@channel & =cmd()"

    def test_that_are_huge_are_left_out_and_told(self, tagged: Callable[..., Tags]) -> None:
        tags = tagged(title="x" * 1_000_000, album="x" * 500, artist=[f"a{n}" for n in range(1000)])
        assert tags.troubles == ["has a title of more than 500 characters, which was left out"]
        assert (len(tags.values["album"]), tags.values["artist"].count(BETWEEN_PARTS)) == (500, 49)

    @pytest.mark.parametrize("date", ["soon", "0000", "99999", "-2011", "20111"])
    def test_with_a_date_that_is_none_tell_no_year(self, tagged: Callable[..., Tags], date: str) -> None:
        assert "year" not in tagged(date=date).values


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff"])
class TestABrokenFile:
    def test_that_is_empty_is_told(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / f"a{suffix}").touch()
        assert said(tmp_path / f"a{suffix}").troubles == ["is empty: it has no bytes"]

    @pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(200), random.Random(1).randbytes(5000)])
    def test_of_something_else_is_told(self, tmp_path: Path, suffix: str, content: bytes) -> None:
        (tmp_path / f"a{suffix}").write_bytes(content)
        tags = said(tmp_path / f"a{suffix}")
        assert tags.values == {}
        assert len(tags.troubles) == 1

    def test_never_does_more_than_be_told(self, sound: Callable[[str], Path], suffix: str) -> None:
        whole = sound(suffix).read_bytes()
        drawn = random.Random(7)
        for _ in range(150):
            content = bytearray(whole[: drawn.choice((len(whole), drawn.randrange(len(whole)), 4096))])
            for _ in range(drawn.choice((1, 10, 100))):
                content[drawn.randrange(min(len(content), drawn.choice((64, 1024, len(content)))))] = drawn.randrange(
                    256
                )
            tags = read_tags(io.BytesIO(bytes(content)), f"a{suffix}")
            assert tags.values.keys() <= set(TAGS)
            for value in tags.values.values():
                assert value.encode()
                assert len(value) < 30_000


def test_the_tag_of_a_file_without_sound_is_read(tmp_path: Path) -> None:
    from mutagen import id3

    frames: Any = id3
    path = tmp_path / "a.mp3"
    path.write_bytes(bytes(2000))
    tags = frames.ID3()
    tags.add(frames.TIT2(encoding=3, text="Blue"))
    tags.save(path)
    found = said(path)
    assert found.values == {"title": "Blue"}
    assert "can't be read" in found.troubles[0]


def test_a_file_that_claims_to_be_endless_is_read_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with path.open("wb") as file:  # sparse: a tag of 3 GB
        file.write(b"\0\0\0\x08ftyp" + b"\xc0\0\0\0moov" + b"\xbf\xff\xff\xf0udta")
        file.truncate(3 << 30)
    assert said(path).values == {}


class Failing(io.BytesIO):
    """A file whose storage gives out at some byte."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 1000:
            raise ConnectionResetError("the storage is gone")
        return super().read(size)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".m4a"])
def test_storage_that_fails_is_no_fault_of_the_tags(sound: Callable[[str], Path], suffix: str) -> None:
    with pytest.raises(OSError, match="the storage is gone"):
        read_tags(Failing(sound(suffix).read_bytes()), f"a{suffix}")


def test_a_length_that_is_guessed_from_the_size_is_not_stated(sound: Callable[[str], Path]) -> None:
    path = sound(".mp3")
    content = path.read_bytes().replace(b"Xing", b"Zing").replace(b"Info", b"Onfi")
    assert "duration" not in read_tags(io.BytesIO(content), "a.mp3").values
