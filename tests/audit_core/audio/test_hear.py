"""One file is heard once, whatever it is called, and what can't be heard says why."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.extractors import EXTRACTORS, extractors
from audit_core.audio.files import Root
from audit_core.audio.hear import Heard, hear, versions_of
from audit_core.audio.peaks import Peaks
from tests.support.sound import chords, write

ALL = versions_of(["pcm", *EXTRACTORS], EXTRACTORS)


def heard(
    folder: Path, path: str, wanted: dict[str, str] = ALL, mine: Callable[[str], bool] = lambda _: True
) -> Heard | None:
    with FeatureCache(folder / "features") as cache:
        return hear(Root(folder), path, wanted, extractors(), cache, mine)


def told(folder: Path, path: str, wanted: dict[str, str] = ALL) -> Heard:
    found = heard(folder, path, wanted)
    assert found is not None
    return found


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write(tmp_path / "song.mp3", chords(4), 44100, tags={"title": "One"})


def test_all_that_is_wanted_of_a_file_is_found(song: Path) -> None:
    found = told(song.parent, "song.mp3")
    assert (found.problem, found.reused, found.versions) == (None, False, ALL)
    assert found.columns["sha256"] == hashlib.sha256(song.read_bytes()).hexdigest()
    assert found.columns["codec"] == "mp3"
    assert (found.columns["sample_rate_hz"], found.columns["channels"]) == (44100, 1)
    assert found.audio_s == pytest.approx(4, abs=0.1)
    assert found.columns["peaks"] > 20
    assert len(found.columns["pcm"]) == len(found.columns["packets"]) == 64
    assert {"peak", "loudness_lufs", "bandwidth_hz"} <= found.columns.keys()
    with FeatureCache(song.parent / "features") as cache:
        features = cache.get("fingerprint", ALL["fingerprint"], found.columns["packets"])
    assert features is not None
    assert len(Peaks.from_bytes(features)) == found.columns["peaks"]


def test_only_what_is_wanted_is_found(song: Path) -> None:
    found = told(song.parent, "song.mp3", versions_of(["fingerprint"], EXTRACTORS))
    assert found.versions.keys() == {"hear", "fingerprint"}
    assert found.columns.keys().isdisjoint({"pcm", "peak", "loudness_lufs"})


def test_of_the_same_sound_with_other_tags_nothing_is_decoded(song: Path) -> None:
    first = told(song.parent, "song.mp3")
    write(song.parent / "other.mp3", chords(4), 44100, tags={"title": "Another", "artist": "Nina"})
    second = told(song.parent, "other.mp3")
    assert second.reused
    of_the_file = {name: second.columns[name] for name in ("sha256", "header_ms", "cut_off")}
    assert second.columns == dict(first.columns) | of_the_file
    assert first.columns["sha256"] != second.columns["sha256"]


def test_an_extractor_that_comes_later_is_computed_alone(song: Path) -> None:
    told(song.parent, "song.mp3", versions_of(["fingerprint"], EXTRACTORS))
    asked: list[str] = []

    def mine(packets: str) -> bool:
        asked.append(packets)
        return True

    found = heard(song.parent, "song.mp3", ALL, mine)
    assert found is not None
    assert not found.reused
    assert asked == [found.columns["packets"]]
    assert told(song.parent, "song.mp3").reused


def test_sound_that_another_process_is_at_is_left_to_it(song: Path) -> None:
    assert heard(song.parent, "song.mp3", ALL, lambda _: False) is None


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.mp3", b"", "undecodable"),
        ("random.flac", hashlib.shake_256(b"noise").digest(5000), "undecodable"),
        ("picture.mp3", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 3000, "undecodable"),
        ("gone.mp3", None, "missing"),
        ("../out.mp3", None, "outside"),
    ],
)
def test_what_cannot_be_heard_says_why(tmp_path: Path, name: str, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found = told(tmp_path, name)
    assert found.problem == problem
    assert found.reason
    assert "\n" not in found.reason
    assert ("sha256" in found.columns) == (content is not None)


def test_a_file_that_changes_while_it_is_heard_is_told(song: Path) -> None:
    def change(_: str) -> bool:
        os.utime(song, ns=(1, 1))
        return True

    found = heard(song.parent, "song.mp3", ALL, change)
    assert found is not None
    assert (found.problem, found.columns, found.state) == ("changing", {}, None)


def test_a_file_that_vanishes_while_it_is_heard_is_missing(song: Path) -> None:
    def vanish(_: str) -> bool:
        song.unlink()
        return True

    found = heard(song.parent, "song.mp3", ALL, vanish)
    assert found is not None
    assert found.problem == "missing"


def test_a_full_cache_is_no_fault_of_the_file(song: Path) -> None:
    (song.parent / "features").write_text("no folder")
    with pytest.raises(CacheUnwritable):
        heard(song.parent, "song.mp3")


def test_a_device_that_fails_makes_a_file_unreadable(song: Path) -> None:
    class Failing(Root):
        def open(self, path: str) -> BinaryIO:
            raise OSError(5, "Input/output error")

    with FeatureCache(song.parent / "features") as cache:
        found = hear(Failing(song.parent), "song.mp3", ALL, extractors(), cache, lambda _: True)
    assert found is not None
    assert (found.problem, found.reason) == ("unreadable", "can't be read: Input/output error")
