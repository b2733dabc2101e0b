"""Whatever a policy file holds, it becomes a policy or a list of mistakes with places, quickly; and no policy is one
that its schema refuses."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from audit_core.errors import Problems
from rules.language.explain import explain
from rules.language.json_schema import policy_schema
from rules.language.policy import Policy
from rules.language.reader import check_text
from tests.support.policy_texts import EVERY_KEY, PACKS, plain, selectors, spoilt

SCHEMA = Draft202012Validator(policy_schema())
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
SECONDS = 2


def read(text: str) -> Policy | None:
    """Read a policy, and check what is said if it can't be, and that the schema takes what is a policy."""
    try:
        policy = check_text(text, "p.yaml")
    except Problems as refused:
        problems = refused.problems
    else:
        assert [error.message for error in SCHEMA.iter_errors(plain(text))] == []
        assert explain(policy)
        return policy
    assert problems
    assert all(problem.at and problem.at.file == "p.yaml" and str(problem) for problem in problems)
    return None


@given(text=spoilt(EVERY_KEY))
@SLOW
def test_a_policy_of_every_key_spoilt_somewhere(text: str) -> None:
    read(text)


@given(text=spoilt(PACKS["rights"]))
@SLOW
def test_a_pack_spoilt_somewhere(text: str) -> None:
    read(text)


@given(where=selectors)
@SLOW
def test_a_selector_of_any_shape(where: dict[str, object]) -> None:
    assert "    of: {split: train, any: [{genre: Jazz}, {genre: Rock}]}\n" in EVERY_KEY
    of = json.dumps(where, ensure_ascii=False)
    read(EVERY_KEY.replace("of: {split: train, any: [{genre: Jazz}, {genre: Rock}]}", f"of: {of}"))


@given(st.text(max_size=40))
def test_any_text_at_all(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("text", [EVERY_KEY, *PACKS.values()], ids=["every-key", *PACKS])
def test_what_ships_is_right(text: str) -> None:
    assert read(text)


BOMB = "".join(f"{letter}: &{letter} [{', '.join([f'*{before}'] * 10)}]\n" for before, letter in pairwise("abcdefghi"))
OF_ONE_SELECTOR = "cratecheck: 1\napplies_to: {{datasets: [a], where: {}}}\n"
HUGE = {
    "a billion laughs": f"a: &a [ha]\n{BOMB}",
    "a megabyte of opening brackets": "[" * 999_000,
    "a megabyte of braces": "{" * 999_000,
    "a megabyte of dashes": "- " * 499_000,
    "a megabyte of question marks": "? " * 499_000,
    "a megabyte of empty lists": f"rules: [{'[],' * 300_000}]",
    "a megabyte of keys": "\n".join(f"k{number}: x" for number in range(70_000)),
    "a megabyte of the same key": "policy: a\n" * 99_000,
    "a title of a megabyte": f"cratecheck: 1\ntitle: {'x' * 980_000}",
    "a title of many lines": "cratecheck: 1\ntitle: |\n" + "  x\n" * 240_000,
    "a quotation of many lines": 'title: "' + "x\n  " * 240_000,
    "a key of a megabyte": f"{'x' * 980_000}: 1",
    "a number of a megabyte": f"cratecheck: {'9' * 980_000}",
    "a sentence of a megabyte of braces": EVERY_KEY.replace("{track} has no title: {{{reason}}}.", "{" * 900_000),
    "a sentence of many names": EVERY_KEY.replace("{track} has no title: {{{reason}}}.", "{trakc}" * 120_000),
    "a pattern of a megabyte": EVERY_KEY.replace("[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", "(a*)*" * 180_000),
    "not of not of not": OF_ONE_SELECTOR.format("{not: " * 30 + "x" + "}" * 30),
    "any of any of any": OF_ONE_SELECTOR.format("{any: [" * 15 + "x" + "]}" * 15),
    "a selector as wide as a file": OF_ONE_SELECTOR.format(f"{{any: [{'{split: a},' * 15_000}]}}"),
    "a selector of many values": OF_ONE_SELECTOR.format(f"{{genre: [{', '.join(f'g{n}' for n in range(45_000))}]}}"),
    "many former ids": EVERY_KEY.replace("kind: field", f"formerly: [{'a-a,' * 40_000}]\n    kind: field", 1),
    "many examples": EVERY_KEY.replace(
        "kind: field", f"examples: [{'{given: {}, expect: pas},' * 12_000}]\n    kind: field", 1
    ),
    "an example of many tracks": EVERY_KEY.replace(
        "kind: field",
        f"examples: [{{given: {{tracks: [{'{titel: x},' * 15_000}]}}, expect: pass}}]\n    kind: field",
        1,
    ),
    "many rules": EVERY_KEY + "".join(f"  - {{id: r{n}, kind: feild, severity: hihg}}\n" for n in range(7_000)),
    "many times the same rule": EVERY_KEY + "  - {id: r, kind: licence, severity: low, deny: [MIT]}\n" * 4_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_file_that_is_meant_to_choke_the_parser_is_refused_quickly(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Problems) as refused:
        check_text(text, "p.yaml")
    assert len(str(refused.value)) < 20_000_000
    assert time.process_time() - began < SECONDS
