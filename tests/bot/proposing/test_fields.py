"""A policy's text goes into the fields of a form and comes back to the letter."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules.packs
from bot.proposing.fields import ADDED, HOLDS, TooLong, edited, fields_of
from rules.language.policy import Policy
from rules.language.reader import check_text

HEAD = """\
cratecheck: 1
policy: release
title: Audio
owner: legal@label.example
applies_to: {datasets: ["*"]}
review: {channel: "#audit", reviewers: {people: [U001]}}
"""
PACKS = sorted(Path(rules.packs.__path__[0]).glob("*.yaml"))

_NOTHING = st.sampled_from(["", "\n", "  \n\n", "# ---\n\n", "\n\n\n"])
_COMMENT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x1F9FF, exclude_categories=["C", "Z"]), max_size=30)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Policy texts of every look: comments and empty lines anywhere, rules indented or not, any line ends."""
    margin = " " * draw(st.integers(0, 4))
    body = [draw(st.sampled_from(["", "\ufeff"])), HEAD, draw(_NOTHING), "rules:\n", draw(_NOTHING)]
    for number in range(draw(st.integers(1, 4))):
        gap = draw(st.sampled_from([" ", "   "]))
        inner = f"{margin} {gap}"
        body += [f"{margin}# {draw(_COMMENT)}\n"] * draw(st.integers(0, 2))
        body += [f"{margin}-{gap}id: rule-{number}{' ' * draw(st.integers(0, 2))}\n{inner}kind: field\n"]
        body += [f"{inner}# {draw(_COMMENT)}\n"] * draw(st.sampled_from([0, 0, 1, 90]))
        body += [f"{inner}severity: high\n{inner}field: licence\n{inner}must: be_present\n", draw(_NOTHING)]
    body += [draw(st.sampled_from(["", "safety: {post_at_most: 5 messages}\n", "# the end\n"])), draw(_NOTHING)]
    text = "".join(body)
    text = text.rstrip() if draw(st.booleans()) else text
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def as_slack_gives_it(shown: str, style: int) -> str:
    """What may become of a text on its way through a browser."""
    trimmed = shown.strip() if style & 1 else shown
    lines = re.split(r"\r\n|\n", trimmed)
    return ("\r\n" if style & 2 else "\n").join(line.rstrip() if style & 4 else line for line in lines)


def answers(policy: Policy, style: int = 0) -> dict[str, str | None]:
    return {field.name: as_slack_gives_it(field.shown, style) for field in fields_of(policy) if field.visible}


@settings(max_examples=40)
@given(texts(), st.integers(0, 7))
def test_a_text_that_nobody_changed_comes_back_to_the_letter(text: str, style: int) -> None:
    policy = check_text(text, "policy")
    fields = fields_of(policy)
    assert "".join(field.before + field.shown + field.after for field in fields if field.name != ADDED) == text
    assert all(len(field.shown) <= HOLDS for field in fields)
    assert len({field.name for field in fields}) == len(fields)
    assert edited(policy, answers(policy, style)).text == text


@settings(max_examples=40)
@given(texts(), st.integers(0, 7), st.data())
def test_a_change_in_one_line_changes_no_other(text: str, style: int, data: st.DataObject) -> None:
    policy = check_text(text, "policy")
    name = data.draw(st.sampled_from([field.name for field in fields_of(policy) if field.rule is not None]))
    given = answers(policy, style)
    given[name] = f"{given[name]}  # as of now"
    changed = edited(policy, given).text
    before, after = re.split(r"(?<=\n)", text), re.split(r"(?<=\n)", changed)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.strip()[-10:] for line in differing] == ["# as of now"[-10:]]
    assert check_text(changed, "policy").rules[0].id == "rule-0"


@settings(max_examples=40)
@given(texts(), st.integers(0, 7))
def test_another_rule_is_added_below_the_others_however_it_was_typed(text: str, style: int) -> None:
    policy = check_text(text, "policy")
    rule = "- id: new\n  kind: field\n  severity: low\n  field: artist\n  must: be_present"
    typed = [rule, rule.replace("\n", "\n  "), "\n" + textwrap.indent(rule, "    ")][style % 3]
    added = check_text(edited(policy, {**answers(policy, style), ADDED: typed}).text, "policy")
    assert [rule.id for rule in added.rules] == [*(rule.id for rule in policy.rules), "new"]
    assert added.safety == policy.safety


@settings(max_examples=40)
@given(texts(), st.data())
def test_a_rule_whose_fields_are_emptied_is_taken_out(text: str, data: st.DataObject) -> None:
    policy = check_text(text + ("" if len(text) % 2 else "\n"), "policy")
    if len(policy.rules) == 1:
        return
    out = data.draw(st.integers(0, len(policy.rules) - 1))
    mine = {field.name for field in fields_of(policy) if field.rule == out}
    given: dict[str, str | None] = {name: (" \n" if name in mine else text) for name, text in answers(policy).items()}
    left = check_text(edited(policy, given).text, "policy")
    assert [rule.id for rule in left.rules] == [rule.id for n, rule in enumerate(policy.rules) if n != out]


@settings(max_examples=40)
@given(texts(), st.integers(0, 3))
def test_each_line_is_found_in_its_field(text: str, above: int) -> None:
    policy = check_text(text, "policy")
    given = {name: "\n" * above + (shown or "") for name, shown in answers(policy).items()}
    given[ADDED] = "\n- id: new\n  # below"
    found = edited(policy, given)
    for number in range(1, found.text.count("\n") + 2):
        if line := found.line(number).strip("\ufeff \r"):
            place = found.place(number)
            assert place is not None
            assert re.split(r"\r\n|\n", given[place[0]] or "")[place[1] - 1].strip() == line


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_each_pack_has_a_field_for_each_rule(pack: Path) -> None:
    policy = check_text(pack.read_text(), "policy")
    fields = fields_of(policy)
    first = {field.rule: field for field in fields if field.rule is not None and field.part == 1}
    assert [f"id: {rule.id}" in first[number].shown for number, rule in enumerate(policy.rules)] == [True] * len(first)
    assert edited(policy, answers(policy, 7)).text == policy.text


def test_rules_in_one_line_are_edited_with_the_rest() -> None:
    rule = "{id: one, kind: field, severity: high, field: licence, must: be_present}"
    policy = check_text(f"{HEAD}rules: [{rule}]\n", "policy")
    assert [field.name for field in fields_of(policy)] == ["head"]
    assert edited(policy, {"head": policy.text}).text == policy.text


def test_a_line_that_no_field_holds_is_refused() -> None:
    text = f"{HEAD}rules:\n- id: one\n  kind: field\n  severity: high\n  field: licence\n  must: be_present\n"
    with pytest.raises(TooLong):
        fields_of(check_text(f"{text}# {'😀' * 1_300}\n", "policy"))


def test_a_form_of_which_nothing_is_left_has_no_place_for_anything() -> None:
    policy = check_text(PACKS[0].read_text(), "policy")
    nothing = edited(policy, {})
    assert (nothing.text.strip(), nothing.place(1), nothing.line(1).strip()) == ("", None, "")
