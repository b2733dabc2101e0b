"""What a job makes of an audit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from audit_core.ledger.violations import State
from bot.reports.audit_summary import AuditSummary, FailOn, case_result, failed
from bot.reports.words import said_of
from tests.support.summaries import case, outcome, summaries, summary


@pytest.mark.parametrize(
    ("came_to", "fail_on", "result"),
    [
        ({}, "high", "passes"),
        ({"result": "fail", "count": 2, "open": 1}, "critical", "fails"),
        ({"result": "fail", "count": 2, "open": 1, "severity": "high"}, "high", "fails"),
        ({"result": "fail", "count": 2, "open": 1, "severity": "medium"}, "high", "below"),
        ({"result": "fail", "count": 2}, "high", "decided"),
        ({"result": "fail", "count": 2, "open": 1, "reason": "1 track was not heard"}, "high", "fails"),
        ({"result": "fail", "count": 2, "reason": "1 track was not heard"}, "high", "unjudged"),
        ({"result": "fail", "count": 900, "open": 1, "stopped": True, "severity": "low"}, "high", "unjudged"),
        ({"result": "not_enough_evidence", "severity": "low"}, "critical", "unjudged"),
        ({"result": "not_enough_evidence", "open": 1}, "high", "unjudged"),
        ({"result": "fail", "count": 900, "open": 1, "stopped": True}, "high", "unjudged"),
        ({"result": "error"}, "never", "passed over"),
        ({"result": "fail", "count": 2, "open": 2}, "never", "below"),
        ({"result": "skip"}, "low", "passed over"),
        ({"result": "warn", "count": 2, "mode": "observe"}, "low", "passed over"),
        ({"open": 1, "result": "skip"}, "low", "fails"),
    ],
)
def test_a_result_follows_from_what_is_open_and_what_was_judged(
    came_to: dict[str, Any], fail_on: FailOn, result: str
) -> None:
    assert case_result(outcome(**came_to), fail_on) == result


def test_a_policy_that_judged_nothing_fails_the_job() -> None:
    passing = case(outcome())
    assert not failed(summary(passing).report, "low")
    assert failed(summary(passing, idle=("quiet",)).report, "low")
    assert failed(summary().report, "low")
    assert not failed(summary(idle=("quiet",)).report, "never")


@given(summaries())
def test_what_minds_less_fails_no_more_often(found: AuditSummary) -> None:
    told = [failed(found.report, fail_on) for fail_on in ("never", "critical", "high", "medium", "low")]
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("came_to", "decided", "said"),
    [
        ({"result": "fail", "count": 1, "open": 1}, {}, "1 violation, 1 open"),
        (
            {"result": "fail", "count": 1200, "open": 1000},
            {"approved": 50, "waived": 150},
            "1,200 violations, 1,000 open, 50 approved and 150 waived",
        ),
        ({"result": "error", "reason": "the check broke"}, {}, "the check broke"),
        (
            {"result": "error", "reason": "the check broke", "open": 3},
            {},
            "3 open since earlier audits; the check broke",
        ),
        (
            {"result": "error", "reason": "the check broke", "open": 1, "changes": {"opened": 1}},
            {},
            "the check broke",
        ),
        (
            {"result": "fail", "count": 900, "judged": 1000, "stopped": True},
            {},
            "stopped at 900 violations among 1,000 tracks",
        ),
        ({"result": "warn", "count": 2}, {}, "observed only: 2 violations"),
        ({"result": "not_enough_evidence"}, {}, "not enough evidence"),
    ],
)
def test_a_case_is_said_in_a_sentence(came_to: dict[str, Any], decided: dict[State, int], said: str) -> None:
    assert said_of(case(outcome(**came_to), decided=decided)) == said
