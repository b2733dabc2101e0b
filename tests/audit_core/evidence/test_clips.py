"""What a reviewer hears and sees of two files, and of one."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest

from audit_core.audio.files import Missing
from audit_core.errors import AudioError, Location
from audit_core.evidence.clips import Clip, Evidence, clips
from audit_core.evidence.comparison import Comparison, Side
from audit_core.evidence.excerpt import excerpt
from audit_core.evidence.levels import level_db
from audit_core.evidence.named import Place
from audit_core.neighbours.match import Stretch
from tests.audit_core.evidence.conftest import RATE_HZ, Samples, Written

A = Side("train", "a", "Blue Drums", "Nina", "a.wav", duration_s=24.0)
B = Side("test", "b", None, None, "b.mp3")


def opening(**files: bytes) -> Callable[[Side], io.BytesIO]:
    def opened(side: Side) -> io.BytesIO:
        if side.key not in files:
            raise Missing("there is no such file", at=Location(side.path))
        return io.BytesIO(files[side.key])

    return opened


def sound(clip: Clip) -> tuple[Samples, int]:
    heard = excerpt(io.BytesIO(clip.content), 0.0, 30.0)
    return heard.samples, heard.rate_hz


def lag_s(made: Evidence, tempo: float = 1.0) -> float:
    """How much later the second has what the first has, by cross-correlation."""
    (first, rate), (second, _) = map(sound, made.clips)
    y = first.mean(axis=0)
    x = second.mean(axis=0)
    x = np.interp(np.arange(len(y)) * tempo, np.arange(len(x)), x)
    size = 1 << (2 * len(y) - 1).bit_length()
    product = np.fft.irfft(np.conj(np.fft.rfft(y, size)) * np.fft.rfft(x, size), size)
    at = int(np.argmax(product))
    return (at if at < size // 2 else at - size) / rate


@pytest.fixture(scope="module")
def pair(tune: Samples, written: Written) -> Evidence:
    """The tune, and 14 s of it from 8 s on, quieter, as MP3 behind 3.37 s of noise."""
    noise = 0.02 * np.random.default_rng(1).standard_normal((1, int(3.37 * RATE_HZ))).astype(np.float32)
    part = np.concatenate([noise, 0.3 * tune[:, 8 * RATE_HZ : 22 * RATE_HZ]], axis=1)
    files = opening(a=written(tune), b=written(part, "mp3", "libmp3lame"))
    return clips(Comparison(A, B, Stretch(8.0, 3.37, 14.0, 1.0, 0.0, 200.0)), files)


def test_two_clips_begin_at_the_same_place(pair: Evidence) -> None:
    assert abs(lag_s(pair)) < 0.05


def test_two_clips_are_equally_loud(pair: Evidence) -> None:
    one, other = (level_db(sound(clip)[0]) for clip in pair.clips)
    assert one == pytest.approx(other, abs=0.5)


def test_two_clips_last_ten_seconds(pair: Evidence) -> None:
    assert [sound(clip)[0].shape[1] / sound(clip)[1] for clip in pair.clips] == pytest.approx([10.0, 10.0], abs=0.01)


def test_they_say_whose_they_are_and_where_they_begin(pair: Evidence) -> None:
    first, second = pair.clips
    assert first.title.startswith("A: train/a, from 0:")
    assert second.title.startswith("B: test/b, from 0:0")
    assert pair.says.endswith("the same place in both. Both are equally loud here.")


def test_the_picture_is_a_png_and_is_told_in_words(pair: Evidence) -> None:
    assert pair.picture.startswith(b"\x89PNG")
    assert pair.alt.startswith("Two spectrograms, time from left to right, pitch from bottom to top. Above: train/a ")
    assert "peaks of the first that the second has in the same place" in pair.alt
    assert len(pair.alt) <= 1_000


def test_a_clip_of_a_slower_copy_lasts_as_much_longer(tune: Samples, written: Written) -> None:
    tempo = 1.04
    length = int(tune.shape[1] * tempo)
    slower = np.interp(np.arange(length) / tempo, np.arange(tune.shape[1]), tune[0])[None].astype(np.float32)
    shared = Stretch(0.0, 0.0, 24.0, tempo, -12 * np.log2(tempo), 200.0)
    made = clips(Comparison(A, B, shared), opening(a=written(tune), b=written(slower)))
    seconds = [sound(clip)[0].shape[1] / sound(clip)[1] for clip in made.clips]
    assert seconds == pytest.approx([10.0, 10.4], abs=0.01)
    assert abs(lag_s(made, tempo)) < 0.05
    assert "the second 4.0 % slower and 0.7 semitones lower" in made.says


def test_of_the_same_audio_a_loud_place_is_heard(tune: Samples, written: Written) -> None:
    file = written(tune)
    whole = Stretch(0.0, 0.0, 24.0, 1.0, 0.0, float("inf"))
    made = clips(Comparison(A, B, whole, identical=True), opening(a=file, b=file))
    assert made.clips[0].title.startswith("A: train/a, from 0:1")
    assert made.clips[0].content == made.clips[1].content
    assert "the same audio" in made.says


def test_where_two_match_may_not_be_known(tune: Samples, written: Written) -> None:
    made = clips(Comparison(A, B), opening(a=written(tune), b=written(tune[:, ::-1])))
    assert "Where they match is not known: each is heard where it is loud." in made.says
    assert [clip.title[:2] for clip in made.clips] == ["A:", "B:"]


@pytest.mark.parametrize(("place", "start"), [("start", "0:00.0"), ("end", "0:14.0"), ("loud", "0:1")])
def test_one_file_is_heard_at_its_own_level(place: Place, start: str, tune: Samples, written: Written) -> None:
    made = clips(Comparison(A, place=place), opening(a=written(tune)))
    (clip,) = made.clips
    assert clip.title.startswith(f"train/a, from {start}")
    samples, _ = sound(clip)
    at = 14 if place == "end" else 0
    if place != "loud":
        assert level_db(samples) == pytest.approx(level_db(tune[:, at * RATE_HZ : (at + 10) * RATE_HZ]), abs=0.6)
    assert "frequency from 0 to 11.0 kHz" in made.alt


def test_a_file_that_is_missing_is_named(tune: Samples, written: Written) -> None:
    with pytest.raises(AudioError, match=r"b\.mp3: there is no such file"):
        clips(Comparison(A, B, Stretch(0.0, 0.0, 9.0, 1.0, 0.0, 50.0)), opening(a=written(tune)))


def test_a_file_that_can_not_be_decoded_is_named(tune: Samples, written: Written) -> None:
    with pytest.raises(AudioError, match=r"b\.mp3: it "):
        clips(Comparison(A, B), opening(a=written(tune), b=b"no sound at all" * 99))


def test_a_file_that_is_shorter_than_it_was_is_named(tune: Samples, written: Written) -> None:
    with pytest.raises(AudioError, match=r"b\.mp3: the file ends before 60\.0 s. Scan it again"):
        clips(Comparison(A, B, Stretch(0.0, 60.0, 9.0, 1.0, 0.0, 50.0)), opening(a=written(tune), b=written(tune)))
