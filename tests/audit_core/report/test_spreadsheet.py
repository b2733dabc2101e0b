"""No cell of a CSV is run as a formula, and no number is changed for it."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.report.spreadsheet import Cell, csv_lines

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def read_back(*cells: Cell) -> list[str]:
    _header, row = csv.reader(StringIO("".join(csv_lines(["column"] * len(cells), [cells])), newline=""))
    return row


@pytest.mark.parametrize(
    "formula",
    [
        "=cmd()",
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        '=HYPERLINK("http://evil","x")',
        "-2+3|cmd",
        "%0A=1",
    ],
)
def test_a_formula_gets_an_apostrophe_in_front(formula: str) -> None:
    (cell,) = read_back(formula)
    assert cell.startswith("'")
    assert cell.replace("\\|", "|") == f"'{formula}"


@pytest.mark.parametrize("number", ["-1", "-0.5", "-1,234.50", "12"])
def test_a_number_written_as_text_stays_as_it_is(number: str) -> None:
    assert read_back(number) == [number]


def test_numbers_stay_numbers_and_none_is_empty() -> None:
    assert read_back(-3, -0.25, None, 7) == ["-3", "-0.25", "", "7"]


@given(text)
def test_a_harmless_text_reads_back_as_it_was(value: str) -> None:
    if not value.startswith(RISKY):
        assert read_back("key", value) == ["key", value]


@given(st.sampled_from(RISKY), text)
def test_what_begins_with_a_sign_reads_as_text_or_is_a_number(sign: str, rest: str) -> None:
    (cell,) = read_back(sign + rest)
    assert cell.startswith("'") or set(cell.strip()) <= set("-0123456789.,")


def test_no_cell_can_begin_a_row_of_its_own() -> None:
    assert read_back("x\r=cmd()", "y\n=cmd()") == ["x\r=cmd()", "y\n=cmd()"]


def test_the_header_comes_first_and_lines_end_with_a_line_feed() -> None:
    assert list(csv_lines(["a", "b"], [["1", None]])) == ["a,b\n", "1,\n"]
