"""Slips of a writer's hand, everywhere in a policy of every key: each is told where it happened, with its mend."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

import pytest

from audit_core.errors import CratecheckError, Problems
from rules.language.reader import check_text
from tests.support.mutations import SORTS, Slip
from tests.support.policy_texts import EVERY_KEY, PACKS

#: What may be any word: names of datasets, of rules, and of what a workspace's tracks hold.
OPEN = {
    *("policy", "id", "formerly", "datasets", "except", "dataset", "between", "be_one_of"),
    *("split", "genre", "extra.mood", "status", "tags", "source", "title", "artist", "file"),
}
#: Lines of free text, in which a sign more or less is another text.
FREE = ("title:", "say:", "must: {match:")
#: Of sorts that have thousands, every so manieth.
STEP = {"a value of another type": 3, "a sign before a value": 5, "a line moved": 2, "a sign lost": 2}


@cache
def problems_of(slip: Slip) -> list[CratecheckError]:
    """Give what is said of a slip; nothing, if it made another policy that is right."""
    try:
        check_text(slip.text, "p.yaml")
    except Problems as refused:
        return refused.problems
    return []


def slips(sort: str) -> list[Slip]:
    return [*islice(SORTS[sort](EVERY_KEY), 0, None, STEP.get(sort, 1))]


def line_of(slip: Slip) -> str:
    return EVERY_KEY.split("\n")[slip.line - 1].strip().removeprefix("- ")


def told_there(slip: Slip, problems: list[CratecheckError]) -> bool:
    """Tell whether a problem is on the slip's line, or names it beside the line where it shows."""
    lines = {problem.at.line for problem in problems if problem.at}
    return slip.line in lines or any(re.search(rf"\bline {slip.line}\b", problem.what) for problem in problems)


@pytest.mark.parametrize("sort", SORTS)
def test_whatever_is_told_has_a_place_a_caret_and_a_mend(sort: str) -> None:
    told = [problem for slip in slips(sort) for problem in problems_of(slip)]
    assert told
    assert [str(problem) for problem in told if not (problem.at and problem.at.column and problem.mend)] == []
    assert [str(problem) for problem in told if not (problem.excerpt and problem.excerpt.endswith("^"))] == []


def test_a_misspelt_key_is_told_once_with_the_right_word() -> None:
    wrong = []
    for slip in slips("a key misspelt"):
        if slip.word.startswith("extra."):
            continue  # a column may have any name
        problems = problems_of(slip)
        lines = {problem.at.line for problem in problems if problem.at}
        if lines != {slip.line} or not any(names(problem, slip.word) for problem in problems):
            wrong.append(slip.name)
    assert wrong == []


def test_a_key_that_stands_twice_is_told_at_the_second() -> None:
    for slip in slips("a key twice"):
        (problem,) = problems_of(slip)
        assert problem.at is not None
        assert (problem.at.line, problem.what) == (slip.line, f'the key "{slip.word}" stands here twice')


def test_a_key_that_is_missing_is_named_where_its_keys_begin_unless_it_may_be() -> None:
    for slip in slips("a key dropped"):
        problems = problems_of(slip)
        assert len(problems) <= 1, slip.name
        assert all(names(problem, slip.word) for problem in problems), slip.name
    required = {slip.word for slip in slips("a key dropped") if problems_of(slip)}
    assert {"policy", "title", "owner", "kind", "severity", "field", "must", "same", "of", "to", "by"} <= required
    assert not required & {"mode", "effective", "say", "unknown", "decisions", "waiver", "timezone", "formerly"}


def test_a_value_of_another_type_is_told_where_it_stands() -> None:
    assert [slip.name for slip in slips("a value of another type") if not told_there(slip, problems_of(slip))] == []


def test_a_misspelt_word_is_told_with_the_right_one_unless_any_word_will_do() -> None:
    words = [slip for slip in slips("a word misspelt") if not slip.word.startswith("LicenseRef-")]
    closed = [slip for slip in words if slip.under[-1] not in OPEN]
    assert len(closed) > 60
    wrong = [slip.name for slip in closed if not any(names(problem, slip.word) for problem in problems_of(slip))]
    assert wrong == []
    assert [slip.name for slip in closed if not told_there(slip, problems_of(slip))] == []


def test_a_sign_that_yaml_reserves_is_told_where_it_stands() -> None:
    assert [slip.name for slip in slips("a sign before a value") if not told_there(slip, problems_of(slip))] == []


def test_a_line_that_is_indented_otherwise_is_told_or_named() -> None:
    valid = [slip for slip in slips("a line moved") if not problems_of(slip)]
    assert {line_of(slip).startswith("{given: {tracks:") for slip in valid} == {True}  # alone in its list, it may move
    moved = [slip for slip in slips("a line moved") if slip not in valid]
    assert [slip.name for slip in moved if not told_there(slip, problems_of(slip))] == []


def test_a_sign_that_is_lost_is_told_unless_it_was_of_a_text() -> None:
    lost = [(slip, problems_of(slip)) for slip in slips("a sign lost")]
    assert [slip.name for slip, problems in lost if problems and not told_there(slip, problems)] == []
    of_text = [slip for slip, problems in lost if not problems and not line_of(slip).startswith(FREE)]
    assert {slip.word for slip in of_text} <= {"-", ","}  # of a name, or between texts that may be one


@pytest.mark.parametrize("name", PACKS)
def test_a_slip_in_a_pack_is_told_where_it_happened_if_it_is_one(name: str) -> None:
    sorts = [sort for sort in SORTS if sort != "a key dropped"]  # told where its keys begin
    some = [slip for sort in sorts for slip in islice(SORTS[sort](PACKS[name]), 7, None, 43)]
    told = [(slip, problems) for slip in some if (problems := problems_of(slip))]
    assert len(told) > 0.8 * len(some)
    assert [slip.name for slip, problems in told if not told_there(slip, problems)] == []


def names(problem: CratecheckError, word: str) -> bool:
    """Tell whether a message has a word, as a whole."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", f"{problem.what} {problem.mend}") is not None
