"""The policies that ship."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from rules.explain import explain
from rules.reader import check_folder

PACKS = Path(str(files("rules") / "packs"))
NAMES = ("crate", "folder-splits", "folder", "freemusi", "groove", "gtzan", "release")


def test_the_packs_can_stand_in_one_workspace() -> None:
    assert [policy.id for policy in check_folder([PACKS])] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_can_be_explained_rule_by_rule(name: str) -> None:
    (policy,) = check_folder([PACKS / f"{name}.yaml"])
    explained = explain(policy)
    assert all(f"\n{rule.id}: " in explained for rule in policy.rules)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_pack_has_its_source_beside_it(name: str) -> None:
    text = (PACKS / f"{name}.yaml").read_text(encoding="utf-8")
    rules = text[text.index("\nrules:") :].split("  - id: ")[1:]
    assert [rule.splitlines()[0] for rule in rules if "    # " not in rule] == []


def test_only_the_general_pack_applies_to_every_dataset() -> None:
    everywhere = [policy.id for policy in check_folder([PACKS]) if policy.applies_to.covers("anything")]
    assert everywhere == ["release"]
