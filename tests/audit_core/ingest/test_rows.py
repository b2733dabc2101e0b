"""A row's hash is of what it says: not of how the file orders it, nor of who reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.errors import IngestError
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ingest.rows import Plan, Row
from audit_core.ingest.values import BadValue

MAPPING = b"""
key: id
fields:
  {title: title, artist: {column: artist, split: ";"}, year: year, licence: licence, split: set,
   sample_rate: {column: rate, unit: kHz}}
assets: [{role: audio, path: path, checksums: {md5: md5}}]
"""
HEADER = ("id", "title", "artist", "year", "licence", "path", "md5", "set", "rate", "mood")
MD5 = "d41d8cd98f00b204e9800998ecf8427e"
CELLS = ("a", "Blue", "Nina; Otis", "2011.0", "CC0-1.0", "a.wav", MD5.upper(), "train", "44.1", "calm")


def row(cells: Sequence[str] = CELLS, header: Sequence[str] = HEADER, mapping: bytes = MAPPING) -> Row:
    return Plan(parse_mapping(mapping, "m.yaml"), header, "tracks.csv").row(2, cells)


def test_the_hash_is_that_of_the_canonical_form() -> None:
    form = [
        *("artist", "Nina\x1fOtis", "asset:audio:0:md5", MD5, "asset:audio:0:path", "a.wav", "extra.mood", "calm"),
        *("licence", "CC0-1.0", "sample_rate", "44100", "split", "train"),
        *("title", "Blue", "year", "2011", "group:artist", "nina", "otis"),
    ]
    assert row().hash == hashlib.sha256("\0".join(form).encode()).digest()


@given(st.permutations(range(len(HEADER))))
def test_the_order_of_columns_changes_nothing(order: list[int]) -> None:
    assert row([CELLS[place] for place in order], [HEADER[place] for place in order]).hash == row().hash


@pytest.mark.parametrize("place", range(1, len(HEADER)))
def test_every_cell_counts(place: int) -> None:
    blank = [*CELLS[:place], "", *CELLS[place + 1 :]]
    assert row(blank).hash != row().hash


def test_a_blank_column_more_changes_nothing() -> None:
    assert row((*CELLS, "  "), (*HEADER, "notes")).hash == row().hash


def test_space_around_a_cell_changes_nothing() -> None:
    assert row([f"  {cell}\t" for cell in CELLS]) == row()


def test_what_is_grouped_counts() -> None:
    assert row(mapping=MAPPING + b"groups: [extra.mood]\n").hash != row().hash


def test_spellings_of_one_name_are_one_member_under_the_first_spelling() -> None:
    cells = ("a", "", "Nina  SIMONE; ｎｉｎａ simone; ; Otis", *[""] * 7)
    assert row(cells).members == [("artist", (("nina simone", "Nina  SIMONE"), ("otis", "Otis")))]


def test_a_blank_name_is_no_member() -> None:
    assert row(("a", "", " ;; ", *[""] * 7)).members == []


def test_several_columns_are_one_key() -> None:
    plan = Plan(parse_mapping(b"key: [session, number]", "m.yaml"), ("number", "session"), "tracks.csv")
    assert plan.row(2, ("7", "nina")).key == "nina/7"


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        (0, " ", "the key is blank"),
        (0, "x" * 501, "the key is longer than 500 characters"),
        (2, "y" * 501, "artist: a name longer than 500 characters"),
        (3, "MMXI", 'year: "MMXI" is no whole number'),
        (4, "z" * 501, "the licence is longer than 500 characters"),
        (7, "s" * 501, "the split is longer than 500 characters"),
        (8, "3:25", 'sample rate: "3:25" is no number of kHz'),
        (8, "0", 'sample rate: "0" kHz is not between 1 Hz and 10 MHz'),
        (8, "44100000", 'sample rate: "44100000" kHz is not between 1 Hz and 10 MHz'),
        (6, "0", '"0" is no md5 of 32 hexadecimal digits'),
    ],
)
def test_a_cell_that_makes_no_sense_refuses_its_row(place: int, text: str, reason: str) -> None:
    with pytest.raises(BadValue) as caught:
        row([*CELLS[:place], text, *CELLS[place + 1 :]])
    assert str(caught.value) == reason


def test_a_column_that_is_not_there_is_told_where_the_mapping_names_it() -> None:
    with pytest.raises(IngestError, match=r'm.yaml:4:11: no column "title" in tracks.csv. Did you mean "titel"'):
        row(header=("id", "titel", *HEADER[2:]))


def test_a_constant_that_makes_no_sense_is_a_mistake_of_the_mapping() -> None:
    with pytest.raises(IngestError, match='the constant of year: "soon" is no whole number'):
        row(mapping=b"key: id\nfields: {year: {constant: soon}}\n")


def test_a_column_is_never_dropped_for_another_that_took_its_name() -> None:
    with pytest.raises(
        IngestError, match='extra.mood is something else in the mapping, and tracks.csv has a column "mood"'
    ):
        row(mapping=MAPPING.replace(b"licence: licence", b"licence: licence, extra.mood: title"))


def test_the_order_of_assets_in_the_mapping_changes_nothing() -> None:
    audio, midi = b"{role: audio, path: path}", b"{role: midi, checksums: {md5: md5}}"
    first = row(mapping=b"key: id\nassets: [" + audio + b", " + midi + b"]")
    assert row(mapping=b"key: id\nassets: [" + midi + b", " + audio + b"]").hash == first.hash
