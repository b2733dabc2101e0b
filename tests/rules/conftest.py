"""A small policy that is right, to be spoilt by each test in its own way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit_core.errors import Problems
from rules.policy import Policy, Rule
from rules.reader import check_text

HEAD = """\
cratecheck: 1
policy: training-audio
title: Audio that may train a generative model
owner: legal@label.example
applies_to: {datasets: ["train-*"]}
"""
REVIEW = 'review: {channel: "#data-audit", reviewers: {group: "@data-legal"}}'
RULE = "{id: a, kind: field, severity: high, field: title, must: be_present}"


@pytest.fixture
def policy_of() -> Callable[..., Policy]:
    """Read a policy that has these lines besides, or this review or rule instead."""

    def read(lines: str = "", *, review: str = REVIEW, rule: str = RULE) -> Policy:
        return check_text(f"{HEAD}{review}\n{lines}\nrules:\n  - {rule}\n", "policy.yaml")

    return read


@pytest.fixture
def rule_of(policy_of: Callable[..., Policy]) -> Callable[[str], Rule]:
    """Read a rule of severity high from the other keys of it, written in a line."""
    return lambda keys: policy_of(rule=f"{{id: a, severity: high, {keys}}}").rules[0]


@pytest.fixture
def trouble_with(rule_of: Callable[[str], Rule]) -> Callable[[str], str]:
    """Give all that is said against a rule."""

    def trouble(keys: str) -> str:
        with pytest.raises(Problems) as caught:
            rule_of(keys)
        return str(caught.value)

    return trouble
