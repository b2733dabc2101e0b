"""The line of a TOML file in which something is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit_core.toml_lines import line_of

PIECES = ["", "# a comment", "[table%d]", "k%d = 1", "k%d = [\n  1,\n  2]", 'k%d.x = """\na\n"""']


@given(st.lists(st.sampled_from(PIECES)))
def test_every_key_is_found_where_it_was_written(pieces: list[str]) -> None:
    lines: list[str] = []
    places: list[tuple[list[str], int]] = []
    table: list[str] = []
    for number, piece in enumerate(pieces):
        written = piece % number if "%d" in piece else piece
        if piece.startswith("["):
            table = [f"table{number}"]
            places.append((table, len(lines) + 1))
        elif piece.startswith("k"):
            places.append(([*table, f"k{number}"], len(lines) + 1))
        lines += written.split("\n")
    text = "\n".join(lines)
    assert [line_of(text, path) for path, _ in places] == [line for _, line in places]


def test_what_is_not_there_is_looked_for_in_what_holds_it() -> None:
    assert line_of("[a]\nb = [1]\n", ["a", "b", 3, "c"]) == 2
    assert line_of("[a]\n", ["a", "c"]) == 1
    assert line_of("[a]\n", ["b"]) is None
