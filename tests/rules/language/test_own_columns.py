"""Columns of the workspace's own: what a policy names is held against the mapping files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from audit_core.errors import Problems
from audit_core.ingest.own_fields import own_fields
from rules.language.reader import check_folder

MAPPING = "key: id\nfields: {extra.session: session, extra.studio: studio, title: title}\n"
POLICY = """\
cratecheck: 1
policy: sessions
title: Sessions
owner: legal@label.example
applies_to:
  datasets: ["*"]
  where:
    any:
      - extra.sesion: A
      - not: {extra.studio: B}
review: {channel: "#data-audit", reviewers: {group: "@data-legal"}, decisions: [approve, waive]}
rules:
  - {id: a, kind: field, severity: low, field: extra.studoi, must: be_present}
  - {id: b, kind: share, severity: low, of: tracks, by: extra.loudness, at_most: 5 %}
  - {id: c, kind: neighbour, severity: low, of: {extra.take: "1"}, to: {extra.take: "2"}, same: [file]}
  - {id: d, kind: field, severity: low, field: extra.studio, must: be_present,
     examples: [{given: {extra.stduio: A}, expect: pass}, {given: {}, expect: fail}]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "tracks.yaml").write_text(MAPPING)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "sessions.yaml").write_text(POLICY)
    return tmp_path


def test_a_column_that_no_mapping_names_is_a_mistake_wherever_it_stands(workspace: Path) -> None:
    with pytest.raises(Problems) as caught:
        check_folder([workspace / "policies"], own_fields=own_fields(workspace))
    told = [
        (problem.at.line, problem.what, (problem.mend or "").split(".")[0])
        for problem in caught.value.problems
        if problem.at
    ]
    assert [(line, what.removeprefix("no mapping file names ")) for line, what, _ in told] == [
        (9, '"extra.sesion"'),
        (13, '"extra.studoi"'),
        (14, '"extra.loudness"'),
        (15, '"extra.take"'),
        (15, '"extra.take"'),
        (17, '"extra.stduio"'),
    ]
    mends = [problem.mend for problem in caught.value.problems]
    assert mends[:2] == ['Did you mean "extra.session"?', 'Did you mean "extra.studio"?']
    assert mends[2] is not None
    assert mends[2].startswith("They name extra.activity, ")
    assert mends[2].endswith(" If there is such a column, add it to a mapping file.")


def test_without_a_mapping_file_any_name_will_do(workspace: Path) -> None:
    (workspace / "mappings" / "tracks.yaml").unlink()
    assert own_fields(workspace) is None
    assert len(check_folder([workspace / "policies"], own_fields=None)) == 1


def test_a_mapping_beside_the_settings_counts_and_so_do_the_groups_of_one(workspace: Path) -> None:
    (workspace / "tracks.mapping.yaml").write_text("key: id\ngroups: [extra.take]\n")
    assert {"extra.session", "extra.take"} <= (own_fields(workspace) or set())


def test_the_mappings_that_ship_count_where_there_are_some_of_ones_own(workspace: Path) -> None:
    assert {"extra.instrument", "extra.copyright"} <= (own_fields(workspace) or set())


def test_mappings_that_name_no_column_of_ones_own_tell_nothing(workspace: Path) -> None:
    (workspace / "mappings" / "tracks.yaml").write_text("key: id\nfields: {title: title}\n")
    assert own_fields(workspace) is None


def test_a_mapping_that_can_not_be_read_keeps_anything_from_being_refused(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (workspace / "mappings" / "broken.yaml").write_text("kye: id\n")
    with caplog.at_level(logging.WARNING):
        assert own_fields(workspace) is None
    assert 'unknown key "kye". Did you mean "key"?' in caplog.text


def test_a_folder_that_is_no_workspace_has_none(tmp_path: Path) -> None:
    assert own_fields(tmp_path / "nowhere") is None
