"""Mapping files are read in a closed vocabulary; every mistake has its place and its mend."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from audit_core.errors import CratecheckError, IngestError
from audit_core.ingest.guess import guessed
from audit_core.ingest.mapping import AssetMapping, Column, FieldMapping, SourceTermsMapping
from audit_core.ingest.mapping_file import load_mapping, parse_mapping, shipped_mappings

WHOLE = b"""\
key: [session, number]
encoding: latin-1
delimiter: "\\t"
fields:
  title: title
  duration: {column: length, unit: min}
  genre: {column: style, before: "/", split: ",", values: {"?": unknown, pop: Pop}}
  region: {constant: GB}
groups: [extra.session]
assets:
  - {role: audio, path: file, size: bytes, checksums: {md5: sum}}
source: {name: Attic, licence: CC0-1.0, acquired: 2026-01-31}
"""


def test_all_that_a_mapping_may_say_is_read() -> None:
    mapping = parse_mapping(WHOLE, "m.yaml", name="m")
    assert mapping.key == (Column("session"), Column("number"))
    assert (mapping.encoding, mapping.delimiter, mapping.name) == ("latin-1", "\t", "m")
    assert mapping.fields == (
        FieldMapping("title", Column("title")),
        FieldMapping("duration", Column("length"), unit="min"),
        FieldMapping("genre", Column("style"), before="/", split=",", values={"?": None, "pop": "Pop"}),
        FieldMapping("region", constant="GB"),
    )
    assert mapping.groups == ("extra.session",)
    assert mapping.assets == (AssetMapping("audio", Column("file"), Column("bytes"), {"md5": Column("sum")}),)
    assert mapping.source == SourceTermsMapping("Attic", licence="CC0-1.0", acquired="2026-01-31")


def test_a_column_is_known_by_its_place() -> None:
    mapping = parse_mapping(WHOLE, "m.yaml")
    assert str(mapping.fields[0].column and mapping.fields[0].column.at) == "m.yaml:5:10"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {}", 'the key "key" is missing'),
        ("key: id\nformat: cvs", 'm.yaml:2:9: "cvs" is no answer to "format". Did you mean "csv"?'),
        ("key: id\nassets: [{role: audio, pth: p}]", 'unknown key "pth". Did you mean "path"?'),
        ("key: id\nsource: {name: b, zzz: p}", "The keys here are: name, kind, licence, contract,"),
        ("key: []", "m.yaml:1:6: nothing is written here"),
        ("key:", 'm.yaml:1:1: nothing is written after "key"'),
        ("key: id\ndelimiter: '\t'", 'If it is meant, write "\\t" in double quotes.'),
        ("key: id\nfeilds: {}", 'm.yaml:2:1: unknown key "feilds". Did you mean "fields"?'),
        ("key: id\nfields:\n  titel: t", 'm.yaml:3:3: unknown field "titel". Did you mean "title"?'),
        ("key: id\nfields:\n  title: {colum: t}", 'm.yaml:3:11: unknown key "colum". Did you mean "column"?'),
        (
            "key: id\nfields:\n  duration: {column: d, unit: Hz}",
            "duration is not counted in Hz. Choose from: s, ms, min.",
        ),
        ("key: id\nfields:\n  title: {column: t, split: ','}", "title has one value, and no list to split"),
        ("key: id\nfields:\n  title: {column: t, constant: u}", "title needs either a column or a constant"),
        ("key: id\nfields:\n  key: t", "the key is said at the top"),
        ("key: id\nfields: {status: a, extra.status: b}", "status and extra.status are the same"),
        ("key: id\nfields: {source: a}\nsource: {name: b}", "the source is said below"),
        ("key: id\ngroups: [title]", '"title" is no field that can be made a group'),
        ("key: id\nassets: [{role: audio, checksums: {mdfive: c}}]", 'unknown kind of checksum "mdfive"'),
        ("key: id\nassets: [{role: audio, checksums: {crc32: c}}]", "Choose from: md5"),
        ("key: id\nassets: [{role: audio}]", "an asset needs a path, a size or a checksum"),
        ("key: id\nassets: [{role: The Audio, path: p}]", '"The Audio" is no role'),
        ("key: id\nencoding: utf8", 'unknown encoding "utf8". Did you mean "utf-8"?'),
        ("key: id\ndelimiter: ', '", "a delimiter is one character"),
        ("key: id\nsource: {name: b, acquired: 31.1.2026}", "is no day"),
        ("key: id\nkey: id", 'the key "key" stands here twice. It is in line 1 already'),
        ("key: &a id\nfields: {title: *a}", 'm.yaml:1:6: an anchor, "&a"'),
        ('key: id\nfields: {title: {constant: "a\\0b"}}', "m.yaml:2:28: a control character (U+0000)"),
        ('key: id\nfields: {tags: {constant: "a\\x1fb"}}', "m.yaml:2:27: a control character (U+001F)"),
        ('key: id\nfields: {title: {column: t, values: {x: "a\\0b"}}}', "a control character (U+0000)"),
        ('key: id\nsource: {name: s, licence: "a\\0b"}', "a control character (U+0000)"),
        (f"key: id\nsource: {{name: s, licence: {'x' * 501}}}", "longer than 500 characters"),
        ("", "nothing in this file. A mapping begins with `key: …`."),
        ("key: id\n\tfields: {}", "m.yaml:2:1: a tab. Mappings are indented with spaces"),
    ],
)
def test_a_mistake_is_told_with_its_mend(text: str, message: str) -> None:
    with pytest.raises(CratecheckError) as caught:
        parse_mapping(text.encode(), "m.yaml")
    assert message in str(caught.value)


def test_columns_may_be_separated_by_a_control_character() -> None:
    assert parse_mapping(b'key: id\ndelimiter: "\\x01"', "m.yaml").delimiter == "\x01"


def test_all_mistakes_come_at_once() -> None:
    with pytest.raises(CratecheckError) as caught:
        parse_mapping(b"key: id\nfields: {titel: a, gerne: b}\ngroups: [x]", "m.yaml")
    assert str(caught.value).count("m.yaml:") == 3


@pytest.mark.parametrize("name", ["freemusi-cc", "groove-midi", "gtzan", "medley-solos-db"])
def test_a_shipped_mapping_is_found_by_its_name(name: str) -> None:
    assert load_mapping(name).name == name


def test_the_shipped_mappings_are_these() -> None:
    assert list(shipped_mappings()) == ["freemusi-cc", "groove-midi", "gtzan", "medley-solos-db"]


def test_a_mapping_that_is_not_there_is_told_with_those_that_ship() -> None:
    with pytest.raises(IngestError, match='Did you mean "gtzan"'):
        load_mapping("gtzna")


def test_a_guess_is_written_as_a_mapping_file_that_reads_back_the_same() -> None:
    columns = ("id", "Title", "artist\xa0name", "duration_ms", "split", "midi_path", "audio_md5", "url", "rating")
    mapping = guessed(columns, "tracks.csv")
    read = parse_mapping(mapping.text.encode(), "m.yaml")
    assert (read.key, read.fields, read.assets) == (mapping.key, mapping.fields, mapping.assets)
    assert yaml.safe_load(mapping.text)["fields"]["duration"] == {"column": "duration_ms", "unit": "ms"}


def test_a_file_that_is_too_large_is_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"# " + b"x" * 2_000_000)
    with pytest.raises(CratecheckError, match="larger than 1 MB"):
        load_mapping(path)
