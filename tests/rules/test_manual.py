"""The manual pages of the kinds of rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.fields import field_named
from audit_core.placed_yaml.mistakes import Refusal
from rules.checks import KINDS
from rules.manual import HEARD, Example, page
from rules.policy import Rule
from rules.selector import value_for

EXAMPLES = [(kind, example) for kind in KINDS for example in page(kind).examples]
WRITTEN = ("file", *HEARD)
TAKES_FURTHER_KEYS: dict[str, str] = {"crossing": ", review: {decisions: [approve, waive]}"}


def test_these_are_the_kinds_of_rule() -> None:
    assert list(KINDS) == ["field", "licence", "duplicate", "neighbour", "crossing", "integrity", "share"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_a_sentence_prose_and_examples_of_both_outcomes(kind: str) -> None:
    manual = page(kind)
    assert manual.summary.endswith(".")
    assert manual.prose
    assert {example.expect for example in manual.examples} == {"PASS", "FAIL"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_tells_of_every_key_of_its_kind(kind: str) -> None:
    manual = page(kind)
    written = f"{manual.prose} {' '.join(str(example.rule) for example in manual.examples)}"
    assert [key for key in KINDS[kind].Spec.model_fields if key not in written] == []


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_the_rule_of_an_example_can_be_read(kind: str, example: Example) -> None:
    assert KINDS[kind].Spec.model_validate(example.rule)


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_the_tracks_of_an_example_have_fields_of_the_catalogue(kind: str, example: Example) -> None:
    for track in example.tracks:
        for name, value in track.items():
            field = field_named(name)
            assert (name in WRITTEN and isinstance(value, str)) or (field and value_for(field, value)), (kind, track)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sentence_of_a_kind_uses_names_that_the_kind_has(kind: str, rule_of: Callable[[str], Rule]) -> None:
    check = KINDS[kind]
    rule: dict[str, Any] = page(kind).examples[0].rule
    try:
        say = rule_of(f"kind: {kind}, {_flow(rule)}{TAKES_FURTHER_KEYS.get(kind, '')}").say
    except Refusal as refusal:
        pytest.fail(str(refusal))
    assert say.text == check.SAY
    assert say.names <= set(check.NAMES)


def _flow(rule: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in rule.items())
