"""The policies that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_core.rights import LicenceTable
from rules.examples.run import lacks, run_examples
from rules.language.explain import explain
from rules.language.policy import Policy
from rules.language.reader import check_folder, check_text
from rules.starters import BY_DEFAULT, DEMO, STARTERS, demo_text, starter_text

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "rules" / "packs"
TEXTS = {name: starter_text(name) for name in STARTERS} | {name: demo_text(name) for name in DEMO}


@pytest.fixture(scope="module")
def policies() -> list[Policy]:
    return check_folder([PACKS, PACKS / "demo"])


def test_every_file_is_a_pack_that_can_be_asked_for() -> None:
    assert {path.stem for path in PACKS.glob("*.yaml")} == set(STARTERS)
    assert {path.stem for path in (PACKS / "demo").glob("*")} == set(DEMO)
    assert set(BY_DEFAULT) <= set(STARTERS)


def test_the_packs_can_stand_in_one_workspace(policies: list[Policy]) -> None:
    assert {policy.id for policy in policies} == set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_a_pack_bears_the_name_of_its_policy(name: str) -> None:
    assert check_text(TEXTS[name], f"{name}.yaml").id == name


@pytest.mark.parametrize("name", TEXTS)
def test_a_pack_can_be_explained_rule_by_rule(name: str) -> None:
    policy = check_text(TEXTS[name], f"{name}.yaml")
    explained = explain(policy)
    assert all(f"\n{rule.id}: " in explained for rule in policy.rules)
    assert [word for word in ("None", "Fraction", "()", "  ", "..") if word in explained] == []


def test_the_examples_of_every_pack_come_out_as_they_say(policies: list[Policy]) -> None:
    assert [str(outcome) for outcome in run_examples(policies, LicenceTable.load()) if not outcome.ok] == []


def test_every_rule_of_a_pack_shows_what_it_passes_and_what_it_fails(policies: list[Policy]) -> None:
    assert [str(lack) for lack in lacks(policies)] == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_number_of_a_pack_has_its_source_beside_it(name: str) -> None:
    rules = TEXTS[name][TEXTS[name].index("\nrules:") :].split("  - id: ")[1:]
    assert [rule.splitlines()[0] for rule in rules if "\n    # " not in rule] == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_pack_tells_editors_where_its_schema_is(name: str) -> None:
    assert TEXTS[name].startswith("# yaml-language-server: $schema=policy.schema.json\n#\n# ")


@pytest.mark.parametrize("name", TEXTS)
def test_a_pack_fits_a_window(name: str) -> None:
    assert [line for line in TEXTS[name].splitlines() if len(line) > 120] == []


def test_only_what_is_for_anybody_applies_to_every_dataset(policies: list[Policy]) -> None:
    assert {policy.id for policy in policies if policy.applies_to.covers("anything")} == set(STARTERS)


@pytest.mark.parametrize("name", STARTERS)
def test_test_sets_that_are_there_to_compare_with_are_not_judged_themselves(name: str) -> None:
    assert not check_text(TEXTS[name], name).applies_to.covers("benchmark-musiccaps")
