"""A small policy that is right, to be spoilt by each test in its own way; and audits of small catalogues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger import decisions, violations
from audit_core.ledger.requests import Request
from audit_core.ledger.transitions import Verdict
from audit_core.ledger.violations import Violation
from rules.activation import activate
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.run import AuditReport, audit
from tests.support.audits import Audited, Decide, States, Time
from tests.support.policies import LICENCES

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


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def audited(store: Store, clock: Time) -> Audited:
    """Audit the store under some policies, or under those that are active already."""

    def run(*policies: Policy, **more: Any) -> AuditReport:
        if policies:
            activate(store, policies, actor="U001", via="cli", clock=clock)
        return audit(store, licences=LICENCES, as_of=clock(), actor="U001", via="cli", clock=clock, **more)

    return run


@pytest.fixture
def states(store: Store) -> States:
    """Tell the state of each violation, by subject."""

    def read() -> dict[str, str]:
        with store.read() as connection:
            return {violation.subject: violation.state for violation in violations.listed(connection)}

    return read


@pytest.fixture
def decide(store: Store, clock: Time) -> Decide:
    """Decide about the violation of a subject."""

    def about(
        subject: str,
        verdict: Verdict,
        *,
        rule: str | None = None,
        targets: Sequence[tuple[str, str]] = (),
        copies_too: bool = True,
        until: datetime | None = None,
        under: Policy | None = None,
    ) -> Violation:
        with store.write() as connection:
            found = violations.listed(connection, rule=rule)
            (violation,) = (one for one in found if one.subject == subject)
            request = Request(
                verdict=verdict,
                violation_key=violation.key,
                violation_revision=violation.revision,
                person="U001",
                via="cli",
                at=clock(),
                reason="looked at it",
                evidence_url=None,
                until=until.date() if until else None,
                ends_at=until,
                policy_sha256=under.sha256 if under else "0" * 64,
                targets=tuple(targets),
                copies_too=copies_too,
            )
            decisions.decide(connection, request)
        return violation

    return about
