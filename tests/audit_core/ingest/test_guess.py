"""Without a mapping, columns are taken for what their headers say, and a key is never made up."""

from __future__ import annotations

import pytest

from audit_core.errors import IngestError
from audit_core.ingest.guess import guessed
from audit_core.ingest.mapping import AssetMapping, Column, FieldMapping


def test_headers_are_compared_without_case_spaces_and_hyphens() -> None:
    mapping = guessed(("Track-ID", "Track Title", "ARTIST", "License_URL"), "tracks.csv")
    assert mapping.key == (Column("Track-ID"),)
    assert mapping.fields == (
        FieldMapping("title", Column("Track Title")),
        FieldMapping("artist", Column("ARTIST")),
        FieldMapping("licence", Column("License_URL")),
    )
    assert mapping.guessed


def test_the_unit_in_a_header_counts() -> None:
    columns = [guessed(("id", name), "t").fields[0].unit for name in ("duration_ms", "duration_s", "duration")]
    assert columns == ["ms", "s", "s"]


def test_a_checksum_belongs_to_the_file_whose_name_stands_before_it() -> None:
    mapping = guessed(("id", "audio_path", "audio_md5", "midi_path", "midi_sha256"), "tracks.csv")
    assert mapping.assets == (
        AssetMapping("audio", Column("audio_path"), None, {"md5": Column("audio_md5")}),
        AssetMapping("midi", Column("midi_path"), None, {"sha256": Column("midi_sha256")}),
    )


def test_a_split_is_read_in_the_usual_words() -> None:
    assert guessed(("id", "split"), "t").fields[0].values["validation"] == "valid"


@pytest.mark.parametrize("columns", [("title", "artist"), ("id", "track_id"), ("release_id", "title")])
def test_a_key_that_is_not_plain_is_asked_for(columns: tuple[str, ...]) -> None:
    with pytest.raises(IngestError, match=r"tracks.csv:1: .*`key: "):
        guessed(columns, "tracks.csv")
