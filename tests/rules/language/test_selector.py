"""Selectors and patterns of dataset names."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rules.language.selector import Pick, Selector, Term, Where, matches_any

pick: TypeAdapter[Selector] = TypeAdapter(Pick)
where: TypeAdapter[Selector] = TypeAdapter(Where)


def test_values_are_read_by_the_type_of_their_field() -> None:
    stated = {
        "split": ["train", "valid"],
        "year": 1999,
        "duration": "5 s",
        "acquired": ["2026-01-31"],
        "extra.bpm": "90",
    }
    assert where.validate_python(stated).terms == (
        Term("split", ("train", "valid")),
        Term("year", (1999,)),
        Term("duration", (5_000,)),
        Term("acquired", (dt.date(2026, 1, 31),)),
        Term("extra.bpm", ("90",)),
    )


def test_a_selector_says_itself_in_words() -> None:
    selector = pick.validate_python({"dataset": ["a-*", "b"], "split": ["train", "valid"], "duration": "5 s"})
    assert (
        str(selector)
        == 'the dataset\'s name begins with "a-" or is "b", the split is train or valid and the duration is 5 s'
    )


def test_only_the_sides_of_a_comparison_may_name_datasets() -> None:
    assert pick.validate_python({"dataset": "bench-*"}).datasets == ("bench-*",)
    with pytest.raises(ValidationError, match="datasets can't be chosen here"):
        where.validate_python({"dataset": "bench-*"})
    with pytest.raises(ValidationError, match="can't be chosen inside"):
        pick.validate_python({"not": {"dataset": "bench-*"}})


@pytest.mark.parametrize(
    "stated",
    [
        {},
        [],
        "split",
        {"split": []},
        {"split": None},
        {"split": ""},
        {"split": True},
        {"year": True},
        {"year": 1.5},
        {"year": "1999"},
        {"duration": 5},
        {"splt": "train"},
        {"extra.": "x"},
        {"dataset": "a b"},
        {"dataset": 1},
        {"all": []},
        {"all": {"split": "train"}},
        {"any": [{"split": "train"}]},
        {"any": ["train", "test"]},
        {"all": [{"split": "train"}, {"split": ["valid", "test"]}]},
        {"not": []},
        {"not": {}},
        {"not": "train"},
        {"split": {"not": "train"}},
        {"or": [{"split": "train"}, {"split": "test"}]},
    ],
)
def test_what_no_field_can_hold_is_refused(stated: Any) -> None:
    with pytest.raises(ValidationError):
        pick.validate_python(stated)


@pytest.mark.parametrize("number", [2**31, -(2**31), 10**18 - 1])
def test_a_number_that_no_column_holds_is_refused(number: int) -> None:
    with pytest.raises(ValidationError, match=rf"no year is {number:,}"):
        where.validate_python({"year": [1999, number]})


@given(st.text(alphabet="ab-_.1", min_size=1, max_size=8))
def test_a_name_matches_itself_and_the_star(name: str) -> None:
    assert matches_any(name, (name,))
    assert matches_any(name, ("*",))
    assert matches_any(name, ("?" * len(name),))
    assert not matches_any(f"{name}x", (name,))
