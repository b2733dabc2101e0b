"""JSON lines: one object a line, each refused or read by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audit_core.errors import IngestError
from audit_core.ingest.block import BETWEEN_PARTS, Options
from audit_core.ingest.jsonlines import JsonLines

Written = Callable[..., Path]


def read(path: Path, lists: frozenset[str] = frozenset()) -> tuple[list[dict[str, str]], list[tuple[int, str]]]:
    """Give the rows as they are called, and the refused lines with their reasons."""
    blocks = list(JsonLines().blocks(path, Options(lists=lists)))
    rows = [dict(zip(block.columns, row, strict=True)) for block in blocks for row in block.rows]
    return rows, [(line, reason) for block in blocks for line, reason, _ in block.refused]


def test_numbers_stay_as_they_are_written_and_null_is_blank(written: Written) -> None:
    path = written('{"id": "a", "year": 2011.0, "duration": 27.872308, "live": true, "title": null}\n')
    assert read(path)[0] == [{"id": "a", "year": "2011.0", "duration": "27.872308", "live": "true", "title": ""}]


def test_an_object_may_have_a_key_that_none_had_before(written: Written) -> None:
    rows, _ = read(written('{"id": "a"}\n\n{"title": "B", "id": "b"}\n{"id": "c"}\n'))
    assert rows == [{"id": "a"}, {"id": "b", "title": "B"}, {"id": "c", "title": ""}]


def test_a_list_is_several_values_where_the_mapping_wants_them_and_json_elsewhere(written: Written) -> None:
    path = written('{"genre": ["Earth, Wind", "Fire"], "bpm": [1, 2], "credits": {"b": 1, "a": ["x"]}}\n')
    rows, _ = read(path, frozenset({"genre"}))
    assert rows == [
        {"genre": f"Earth, Wind{BETWEEN_PARTS}Fire", "bpm": '["1", "2"]', "credits": '{"a": ["x"], "b": "1"}'}
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": ', "no JSON: expecting value at column 7"),
        ('["a"]', "no JSON object"),
        ('{"id": NaN}', "NaN is no number"),
        ('{"id": "\\u0000"}', "a NUL character"),
        ('{"\\u0000": "a"}', "a NUL character"),
        ('{"id": "\\ud800"}', "half of a surrogate pair"),
        ("[" * 100_000, "nested too deep"),
        ('{"id": "' + "x" * 1_500_000 + '"}', "a line longer than 1,000,000 characters"),
    ],
)
def test_a_bad_line_is_refused_and_the_next_is_read(written: Written, line: str, reason: str) -> None:
    rows, refused = read(written(f'{line}\n{{"id": "b"}}\n'))
    assert rows == [{"id": "b"}]
    assert refused[0][0] == 1
    assert reason in refused[0][1]


def test_the_columns_are_those_that_the_objects_have(written: Written) -> None:
    assert JsonLines().columns(written('{"id": 1}\n{"title": 2}\nx\n'), Options()) == ("id", "title")


def test_an_empty_file_is_said_to_be_empty(written: Written) -> None:
    with pytest.raises(IngestError, match="the file is empty"):
        read(written(""))
