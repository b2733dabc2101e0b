"""Delimited files are read as Python's csv module reads them, with every row's line; bad rows are told, not lost."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.errors import IngestError
from audit_core.ingest.block import Options
from audit_core.ingest.delimited import Delimited

Written = Callable[..., Path]

CSV = Delimited(",")
HUGE = 50_000_000

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


def read(path: Path, options: Options | None = None) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    """Give the rows with their lines, and the refused lines with their reasons."""
    blocks = list(CSV.blocks(path, options or Options()))
    rows = [row for block in blocks for row in zip(block.lines, block.rows, strict=True)]
    return rows, [(line, reason) for block in blocks for line, reason, _ in block.refused]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=20), size=st.integers(1, 7))
def test_what_csv_writes_comes_back_row_by_row_with_the_line_it_begins_in(
    tmp_path: Path, rows: Sequence[tuple[str, str, str]], size: int
) -> None:
    path = tmp_path / "tracks.csv"
    expected = []
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("a,b,c\n")
        line = 2
        for row in rows:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(row)
            file.write(text.getvalue())
            expected.append((line, list(row)))
            line += text.getvalue().count("\n")
    assert read(path, Options(size=lambda: size)) == (expected, [])


def test_a_byte_order_mark_is_no_part_of_the_first_name(written: Written) -> None:
    assert CSV.columns(written("\ufeffid,title\n1,A\n"), Options()) == ("id", "title")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(written: Written, end: str) -> None:
    rows, refused = read(written(f"id,title{end}1,A{end}{end}2,B"))
    assert (rows, refused) == ([(2, ["1", "A"]), (4, ["2", "B"])], [])


def test_a_row_with_too_few_or_too_many_cells_is_refused_and_the_next_is_read(written: Written) -> None:
    rows, refused = read(written("id,title\n1\n2,B\n3,C,c\n4,D\n"))
    assert rows == [(3, ["2", "B"]), (5, ["4", "D"])]
    assert refused == [(2, "1 cells where the header has 2"), (4, "3 cells where the header has 2")]


def test_a_row_with_a_nul_byte_is_refused_and_the_next_is_read(written: Written) -> None:
    assert read(written("id,title\n1,A\0\n2,B\n")) == ([(3, ["2", "B"])], [(2, "a NUL byte")])


def test_a_cell_of_50_mb_is_refused_within_bounded_memory_and_the_next_row_is_read(written: Written) -> None:
    path = written(b"id,title\n1," + b"x" * HUGE + b"\n2,B\n")
    tracemalloc.start()
    rows, refused = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(3, ["2", "B"])]
    assert refused == [(2, "a line longer than 1,000,000 characters")]
    assert peak < 20_000_000


def test_a_quoted_cell_of_many_lines_and_50_mb_is_skipped_to_its_end(written: Written) -> None:
    verse = b'la, la ""la""\n'
    path = written(b'id,title\n1,"' + verse * (HUGE // len(verse)) + b'"\n2,B\n')
    rows, refused = read(path)
    assert [row for _, row in rows] == [["2", "B"]]
    assert [line for line, _ in refused] == [2]


def test_a_quotation_mark_that_never_ends_is_no_reason_to_lose_what_follows(written: Written) -> None:
    with pytest.raises(IngestError, match=r"tracks.csv:3: a quotation mark opens in this row, and the file ends"):
        read(written('id,title\n1,A\n2,"B\n3,C\n4,D\n'))


def test_the_last_line_needs_no_end(written: Written) -> None:
    assert read(written('id,title\n1,"A"')) == ([(2, ["1", "A"])], [])


def test_a_quotation_mark_within_a_cell_is_a_letter(written: Written) -> None:
    assert read(written('id,title\n1,12" single\n2,B\n')) == ([(2, ["1", '12" single']), (3, ["2", "B"])], [])


def test_another_delimiter_than_the_name_implies_is_said_with_its_mend(written: Written) -> None:
    with pytest.raises(IngestError, match=r'separated by a semicolon, not by a comma. Say `delimiter: ";"`'):
        CSV.columns(written("id;title\n1;A\n"), Options())
    assert CSV.columns(written("id;title\n1;A\n"), Options(delimiter=";")) == ("id", "title")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_said_to_be_empty(written: Written, content: str) -> None:
    with pytest.raises(IngestError, match="tracks.csv: the file is empty"):
        CSV.columns(written(content), Options())


def test_two_columns_of_one_name_are_refused(written: Written) -> None:
    with pytest.raises(IngestError, match='two columns are called "title"'):
        CSV.columns(written("id,title,title\n"), Options())


def test_a_column_without_a_name_is_called_by_its_number(written: Written) -> None:
    assert CSV.columns(written(",title\n"), Options()) == ("column 1", "title")


@pytest.mark.parametrize("before", [0, 3_000_000])
def test_latin_1_is_refused_with_the_byte_its_line_and_the_mend(written: Written, before: int) -> None:
    start = b"id,title\n1," + b"\n1,".join(b"x" * 100 for _ in range(before // 100)) + b"\n"
    path = written(start + "2,Café\n".encode("latin-1"))
    line, offset = start.count(b"\n") + 1, len(start) + 5
    expected = rf"tracks.csv:{line}: not UTF-8 text: byte 0xe9 at offset {offset}. .*`encoding: latin-1`"
    with pytest.raises(IngestError, match=expected):
        read(path)
    rows, _ = read(path, Options(encoding="latin-1"))
    assert rows[-1][1] == ["2", "Café"]


def test_utf_16_is_recognised_by_its_mark(written: Written) -> None:
    path = written("id,title\n1,Café\n".encode("utf-16"))
    with pytest.raises(IngestError, match="`encoding: utf-16`"):
        read(path)
    assert read(path, Options(encoding="utf-16")) == ([(2, ["1", "Café"])], [])


def test_a_spreadsheet_that_was_only_renamed_is_recognised(written: Written) -> None:
    with pytest.raises(IngestError, match="a ZIP archive or a spreadsheet. Save the table as CSV"):
        read(written(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xff\xfe"))
