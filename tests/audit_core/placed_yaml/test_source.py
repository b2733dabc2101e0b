"""Reading YAML with its places."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from audit_core.errors import CratecheckError, Problems, SettingsError
from audit_core.placed_yaml import source as placed
from audit_core.placed_yaml.dialect import Dialect
from audit_core.placed_yaml.source import MAX_BYTES, MAX_NODES, SourceFile, load

TYPED = Dialect(SettingsError, "recipe", "recipes", begins="dish: …")
TEXTS = Dialect(SettingsError, "list", "lists", texts=True)
SEPARATED = Dialect(SettingsError, "list", "lists", texts=True, controls=True)


def parse(content: bytes, path: str, dialect: Dialect = TYPED) -> SourceFile:
    return placed.parse(content, path, dialect)


def problems_of(content: bytes, dialect: Dialect) -> list[CratecheckError]:
    try:
        return list(parse(content, "p.yaml", dialect).mistakes)
    except Problems as refused:
        return refused.problems


def test_every_value_knows_its_line_and_column() -> None:
    source = parse(b"a: 1\nb:\n  - x\n  - {c: 'y'}\n", "p.yaml")
    places = {path: source.find(path)[0] for path in [("a",), ("b",), ("b", 0), ("b", 1, "c")]}
    assert {path: (mark.line, mark.column) for path, mark in places.items()} == {
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
        ("b", 1, "c"): (4, 9),
    }


def test_a_key_has_a_place_of_its_own() -> None:
    mark, _ = parse(b"a: {b: 1}", "p.yaml").find(("a", "b"), at_key=True)
    assert (mark.line, mark.column) == (1, 5)


def test_a_step_that_leads_nowhere_is_skipped() -> None:
    source = parse(b"a: {b: 1}", "p.yaml")
    assert source.find(("a", "some-tag", "b")) == source.find(("a", "b"))


def test_what_a_file_repeats_is_told_twenty_times_and_then_counted() -> None:
    repeated = "a: 1\n" * 10_000 + "b: 01\n"
    told = Problems(problems_of(repeated.encode(), TYPED)).problems
    assert [problem.at.line for problem in told if problem.at] == [*range(2, 23), 10_001]
    assert told[19].what == 'the key "a" stands here twice'
    assert told[20].what == 'the key "a" stands here twice (and 9,978 more of this sort)'
    assert isinstance(told[20], SettingsError)
    assert Problems(told).problems == told


def test_one_more_than_twenty_are_told_and_each_file_has_its_own() -> None:
    twins = [problem for name in ("p", "q") for problem in parse(b"a: 1\n" * 22, name).mistakes]
    assert len(Problems(twins).problems) == len(twins) == 42
    assert not any("more of this sort" in problem.what for problem in Problems(twins).problems)


def test_columns_count_letters_and_not_bytes() -> None:
    mark, _ = parse('{"é𝄞": a, b: c}'.encode(), "p.yaml").find(("b",))
    assert mark.column == 14


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("1.0", 1.0),
        ("true", True),
        ("false", False),
        ("'5'", "5"),
        ('"no"', "no"),
        ("06:00", "06:00"),
        ("12:30:00", "12:30:00"),
        ("2026-12-01", "2026-12-01"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("y", "y"),
        ("20% of tracks", "20% of tracks"),
    ],
)
def test_plain_values_are_read_as_they_look(written: str, read: object) -> None:
    value = parse(f"a: {written}".encode(), "p.yaml").plain()["a"]
    assert (value, type(value)) == (read, type(read))


@pytest.mark.parametrize("word", ["no", "Yes", "3.0", "007", "5", "true", "~", "null", "2026-12-01", "no way"])
def test_in_a_file_of_texts_every_value_and_every_key_is_the_text_that_it_looks_like(word: str) -> None:
    source = parse(f"{word}: a\nb: {word}\nc: [{word}]".encode(), "p.yaml", TEXTS)
    assert source.plain() == {word: "a", "b": word, "c": [word]}
    assert source.mistakes == ()


@pytest.mark.parametrize("text", ["a:", "a: [b, ]\nc: [,]", "- ", ": a", "a: # b"])
def test_in_a_file_of_texts_a_value_that_is_not_written_is_none(text: str) -> None:
    assert problems_of(text.encode(), TEXTS)


def test_a_file_may_be_empty_if_nothing_has_to_stand_at_its_beginning() -> None:
    assert parse(b"# nothing yet\n", "p.yaml", TEXTS).plain() == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "nothing in this file. A recipe begins with `dish: …`."),
        (b"---\n", "nothing in this file. A recipe begins with `dish: …`."),
        (b"~", "nothing in this file. A recipe begins with `dish: …`."),
        (b"a: 1\n---\nb: 1", "One file holds one recipe: split it."),
        (b"\ta: 1", "a tab. Recipes are indented with spaces."),
        (b"[" * 40, "No recipe needs that."),
        (b"%YAML 9.9\n---\na: 1", "not YAML as recipes use it"),
        (b"a" * (MAX_BYTES + 1), "A recipe is a page of text"),
    ],
)
def test_a_message_calls_the_file_what_its_reader_calls_it(content: bytes, told: str) -> None:
    (problem,) = problems_of(content, TYPED)
    assert isinstance(problem, SettingsError)
    assert told in str(problem)


@pytest.mark.parametrize("letter", ["\t", "\xa0", "\u200b", "\x01"])
def test_in_a_file_of_texts_an_invisible_letter_that_is_meant_can_be_written_as_the_message_says(letter: str) -> None:
    (problem,) = problems_of(f'a: "{letter}"'.encode(), SEPARATED)
    written = re.search('If it is meant, write (".*") in double quotes', str(problem))
    assert written
    assert parse(f"a: {written[1]}".encode(), "p.yaml", SEPARATED).plain() == {"a": letter}


@pytest.mark.parametrize(
    ("dialect", "escape"),
    [(TYPED, r"\0"), (TYPED, r"\x07"), (TYPED, r"\x9b"), (TEXTS, r"\0"), (TEXTS, r"\e"), (SEPARATED, r"\0")],
)
@pytest.mark.parametrize("text", ['dish: "a{}b"', '"a{}b": 1', '- ["a{}b"]'])
def test_a_character_that_no_one_can_mean_is_refused_when_it_is_escaped_too(
    dialect: Dialect, escape: str, text: str
) -> None:
    (problem,) = problems_of(text.format(escape).encode(), dialect)
    assert "a control character (U+00" in str(problem)


@pytest.mark.parametrize("dialect", [TYPED, TEXTS])
def test_a_raw_control_character_is_not_told_to_be_escaped_where_that_is_refused(dialect: Dialect) -> None:
    (problem,) = problems_of(b'dish: "a\x01b"', dialect)
    assert "If it is meant" not in str(problem)


def test_a_new_line_and_a_tab_may_be_escaped() -> None:
    assert parse(rb'dish: "a\n\tb"', "p.yaml").plain() == {"dish": "a\n\tb"}


def test_a_question_mark_without_quotes_is_told_to_need_them() -> None:
    (problem,) = problems_of(b"a: ?", TEXTS)
    assert 'p.yaml:1:4: "?" has a meaning of its own in YAML. Put the text in quotes' in str(problem)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "True", "FALSE"])
def test_words_that_are_booleans_to_some_are_refused_without_quotes(word: str) -> None:
    (mistake,) = parse(f"a: {word}".encode(), "p.yaml").mistakes
    assert "means true or false to some programs" in str(mistake)


def test_the_text_and_its_hash_are_those_of_the_file_to_the_letter() -> None:
    content = "\ufeffa: é\r\n".encode()
    source = parse(content, "p.yaml")
    assert source.text.encode() == content
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.plain() == {"a": "é"}


def test_smaller_mistakes_are_kept_and_their_places_marked() -> None:
    source = parse(b"a: *x\nb: {c: no, d: 1}\nb: 2\n", "p.yaml")
    assert [mistake.at.line for mistake in source.mistakes if mistake.at] == [1, 2, 3]
    assert [source.find(path)[1] for path in [("a",), ("b", "c"), ("b", "d")]] == [True, True, False]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(ending: str) -> None:
    (mistake,) = parse(ending.join(["a: 1", "b: no", ""]).encode(), "p.yaml").mistakes
    assert str(mistake).startswith("p.yaml:2:4: ")
    assert "  2 | b: no\n    |    ^" in str(mistake)


@given(st.text(st.sampled_from("aé日ｗ한😀\u0308\u3099 "), max_size=60), st.integers(0, 40))
def test_the_caret_stands_under_the_place_however_wide_the_letters_are(before: str, more: int) -> None:
    (mistake,) = parse(f'{{a: "{before}", b: no, c: "{"x" * more}"}}'.encode(), "p.yaml").mistakes
    shown, caret = str(mistake).splitlines()[1:]
    under = next(index for index in range(len(shown)) if cell_len(shown[:index]) == len(caret) - 1)
    assert shown[under:].lstrip("\u0308\u3099").startswith("no, c:")


def test_what_is_cut_off_from_a_long_line_is_marked() -> None:
    (mistake,) = parse(b"a: [" + b"x, " * 100 + b"no, " + b"x, " * 100 + b"]", "p.yaml").mistakes
    shown = str(mistake).splitlines()[1]
    assert shown.startswith("  1 | …")
    assert shown.endswith("…")


def test_the_line_is_told_where_a_quotation_was_left_open() -> None:
    (problem,) = problems_of(b'a: "x\nb: 1\nc: "y"\n', TYPED)
    assert problem.what == "the quotation that begins here ends in line 3, in the midst of another"
    assert problem.at
    assert (problem.at.line, problem.at.column) == (1, 4)


def test_a_quotation_over_several_lines_is_fine() -> None:
    assert parse(b'a: "x\n  y"\nb: 1\n', "p.yaml").plain() == {"a": "x y", "b": 1}


@pytest.mark.parametrize("text", ["[1]", "a [1]", "{n} of {m}", 'an 8" record', "12 o’clock"])
def test_a_text_may_have_brackets_and_marks_in_pairs(text: str) -> None:
    assert problems_of(f"a: '{text}'\nb: x {text}\n".encode(), TYPED) == []


def test_a_long_line_is_shown_around_the_place() -> None:
    (mistake,) = parse(b"a: [" + b"x, " * 1000 + b"no]", "p.yaml").mistakes
    shown, caret = str(mistake).splitlines()[1:]
    assert len(shown) < 120
    assert shown[caret.index("^") :] == "no]"


@pytest.mark.parametrize(
    ("bomb", "why"),
    [
        (b"a" * (MAX_BYTES + 1), "larger than 1 MB"),
        (b"[" * 900_000, "nested deeper than 32 levels"),
        (b"- " * 400_000, "nested deeper than 32 levels"),
        (b"? " * 400_000, "nested deeper than 32 levels"),
        (b"{a: " * 200_000, "nested deeper than 32 levels"),
        (b"[" + b"a," * 450_000 + b"a]", f"more than {MAX_NODES:,} values"),
        (b"\t\n" * 400_000, "a tab"),
    ],
    ids=["large", "lists", "dashes", "question-marks", "mappings", "wide", "tabs"],
)
def test_a_bomb_is_refused_quickly(bomb: bytes, why: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Problems, match=why):
        parse(bomb, "p.yaml")
    assert time.perf_counter() - began < 2


def test_a_billion_laughs_stay_a_handful_of_mistakes() -> None:
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    source = parse("\n".join(lines).encode(), "p.yaml")
    assert len(source.mistakes) == 10 + 9 * 9


def test_a_file_that_is_not_there_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="can't be read: no such file"):
        load(tmp_path / "none.yaml", TYPED)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_at_a_place(content: bytes) -> None:
    mistakes: list[CratecheckError]
    try:
        source = parse(content, "p.yaml")
    except Problems as refused:
        mistakes = refused.problems
    else:
        mistakes = list(source.mistakes)
        assert source.text.encode() == content
    assert all(mistake.at and mistake.at.file == "p.yaml" for mistake in mistakes)


@given(st.text(alphabet="ab01:-[]{}#&*!|>'\"%@`,? \n~.\\", max_size=60))
def test_any_text_of_yaml_signs_is_read_or_refused_at_a_place_inside_the_file(text: str) -> None:
    mistakes: list[CratecheckError]
    try:
        source = parse(text.encode(), "p.yaml")
    except Problems as refused:
        mistakes = refused.problems
    else:
        mistakes = list(source.mistakes)
    for mistake in mistakes:
        assert mistake.at is not None
        assert 1 <= (mistake.at.line or 0) <= text.count("\n") + 2
        assert (mistake.at.column or 0) >= 1
