"""Whatever a policy file holds, it becomes a policy or a list of mistakes with places."""

from __future__ import annotations

from importlib.resources import files

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.errors import Problems
from rules.explain import explain
from rules.policy import Policy
from rules.reader import check_text

PACK = (files("rules") / "packs" / "release.yaml").read_text(encoding="utf-8")
KEYS = (
    "id kind severity say review reviewers channel decisions waiver longest schedule run applies_to datasets "
    "where field must split of to same by at_most between quarantine within"
)
VALUES = "licence field duplicate neighbour crossing share artist train 5 1.5 true no ~ {} [] *a &a !t 1_% #x @y"
WORDS = sorted({*KEYS.split(), *VALUES.split()})

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> Policy | None:
    """Read a policy, and check what is said if it can't be."""
    try:
        policy = check_text(text, "p.yaml")
    except Problems as refused:
        problems = refused.problems
    else:
        assert explain(policy)
        return policy
    assert problems
    assert all(problem.at and problem.at.file == "p.yaml" and str(problem) for problem in problems)
    return None


@given(start=st.integers(0, len(PACK)), length=st.integers(0, 30), word=st.sampled_from(WORDS) | st.text(max_size=6))
def test_a_pack_with_a_stretch_replaced(start: int, length: int, word: str) -> None:
    read(PACK[:start] + word + PACK[start + length :])


@given(line=st.integers(0, PACK.count("\n")), move=st.integers(-4, 4))
def test_a_pack_with_a_line_moved_sideways(line: int, move: int) -> None:
    lines = PACK.split("\n")
    lines[line] = " " * move + lines[line] if move > 0 else lines[line][-move:]
    read("\n".join(lines))


@given(value=json_like, where=st.sampled_from(["review", "schedule", "applies_to", "safety", "rules", "mode", "title"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_pack_with_anything_under_one_of_its_keys(value: object, where: str) -> None:
    policy = {**yaml.safe_load(PACK), where: value}
    read(yaml.safe_dump(policy, allow_unicode=True))


@given(value=json_like, key=st.sampled_from(WORDS), index=st.integers(0, 11))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_pack_with_anything_in_one_of_its_rules(value: object, key: str, index: int) -> None:
    policy = yaml.safe_load(PACK)
    policy["rules"][index][key] = value
    read(yaml.safe_dump(policy, allow_unicode=True))


@given(st.text(max_size=40))
def test_any_text_at_all(text: str) -> None:
    assert read(text) is None


def test_the_pack_itself_is_right() -> None:
    assert read(PACK)
