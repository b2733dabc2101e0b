"""The manual pages of the kinds of rule: what a page promises is what the rule does."""

from __future__ import annotations

import pytest

from audit_core.catalogue.store import Store
from rules.checks import KINDS
from rules.examples.run import evaluated, run_examples
from rules.examples.scratch import planted
from rules.handbook.manual import Illustration, Shown, page
from rules.language.policy import Policy
from rules.language.reader import check_text
from tests.support.policies import LICENCES

HEAD = """\
cratecheck: 1
policy: manual
title: The rules of a manual page
owner: legal@label.example
applies_to: {datasets: ["*"]}
review: {channel: "#audit", reviewers: {people: [U001]}, decisions: [approve, waive]}
rules:
"""


def illustrated(kind: str) -> Policy:
    """Read the rules of a page as a policy has them, with an id and a severity."""
    rules = [illustration.as_yaml(kind).replace("\n", "\n    ") for illustration in page(kind).illustrations]
    text = "".join(f"  - id: rule-{number}\n    severity: high\n    {rule}\n" for number, rule in enumerate(rules))
    return check_text(HEAD + text, f"{kind}.yaml")


def test_these_are_the_kinds_of_rule() -> None:
    assert list(KINDS) == ["field", "licence", "duplicate", "neighbour", "crossing", "integrity", "share"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_a_sentence_prose_and_examples_of_both_outcomes(kind: str) -> None:
    manual = page(kind)
    assert manual.summary.endswith(".")
    assert manual.prose
    for illustration in manual.illustrations:
        assert illustration.shown, illustration
    assert {one.expect for illustration in manual.illustrations for one in illustration.shown} == {"pass", "fail"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_tells_of_every_key_of_its_kind(kind: str) -> None:
    manual = page(kind)
    written = " ".join([manual.prose, *(illustration.as_yaml(kind) for illustration in manual.illustrations)])
    assert [key for key in KINDS[kind].Spec.model_fields if key not in written] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_a_page_come_out_as_it_says(kind: str) -> None:
    assert [str(outcome) for outcome in run_examples([illustrated(kind)], LICENCES) if not outcome.ok] == []


def test_they_come_out_so_on_any_database(store: Store) -> None:
    asked = [
        (policy, rule, example)
        for policy in map(illustrated, KINDS)
        for rule in policy.rules
        for example in rule.examples
    ]
    with store.write() as connection:
        scopes = planted(connection, [example.given for _, _, example in asked])
        for (policy, rule, example), scope in zip(asked, scopes, strict=True):
            result = evaluated(connection, policy, rule, scope, LICENCES).result
            assert result == example.expect, (policy.path, rule.id, example)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sentence_of_a_kind_uses_names_that_the_kind_has(kind: str) -> None:
    say = illustrated(kind).rules[0].say
    assert say.text == KINDS[kind].SAY
    assert say.names <= set(KINDS[kind].NAMES)


def test_the_first_example_of_a_page_is_read_as_it_is_written() -> None:
    assert page("field").illustrations[0] == Illustration(
        (("field", "licence"), ("must", "be_present")),
        (Shown("{licence: CC-BY-4.0}", "pass"), Shown("{}", "fail"), Shown("{licence: n/a}", "fail")),
    )
