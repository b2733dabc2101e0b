"""The spelling of a path can be kept by any database, and leads back to the very same bytes."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit_core.audio.paths import escapes, spelled, unspelled

names = st.binary(min_size=1, max_size=12).map(lambda name: os.fsdecode(name.replace(b"\0", b"-").replace(b"/", b"-")))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(paths)
@example("\\x5cx41/\\xff/\\")
@example("a\x1f")
def test_a_path_comes_back_as_it_was(path: str) -> None:
    assert os.fsencode(unspelled(spelled(path))) == os.fsencode(path)


@given(paths)
def test_a_spelling_is_text_on_one_line_that_no_import_trims(path: str) -> None:
    text = spelled(path)
    assert text.encode() == text.strip().encode()
    assert not set(map(chr, range(32))) & set(text)


@given(paths, paths)
def test_two_names_have_two_spellings(first: str, second: str) -> None:
    assert (spelled(first) == spelled(second)) == (os.fsencode(first) == os.fsencode(second))


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        (b"train/Nina Simone - Blue.mp3", "train/Nina Simone - Blue.mp3"),
        ("Björk/Jóga.flac".encode(), "Björk/Jóga.flac"),
        (b"Bj\xf6rk.mp3", r"Bj\xf6rk.mp3"),
        (b"two\nlines.wav", r"two\x0alines.wav"),
        (b" first/last .wav", r"\x20first/last .wav"),
        (b"train\\a.wav", r"train\a.wav"),
        (b"\\xff.wav", r"\x5cxff.wav"),
    ],
)
def test_only_what_needs_it_is_spelled_out(name: bytes, spelling: str) -> None:
    assert spelled(os.fsdecode(name)) == spelling


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", "a/..", "https://host/a.mp3"])
def test_words_alone_can_lead_out(path: str) -> None:
    assert escapes(path)


@pytest.mark.parametrize("path", ["a", "a/b..c", "..a", "a...b/c"])
def test_dots_in_a_name_lead_nowhere(path: str) -> None:
    assert not escapes(path)
