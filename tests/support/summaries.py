"""Summaries of audits for tests of what renders them: any outcome, and texts that are anything at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from audit_core.ledger.chain import Head
from audit_core.ledger.violations import SEVERITIES, State, Violation
from bot.reports.audit_summary import AuditSummary, Case, FailOn, case_result
from rules.audit_report import AuditReport, RuleOutcome

__all__ = ["AT", "case", "outcome", "summaries", "summary", "violation"]

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

_RESULTS = ("pass", "fail", "skip", "not_enough_evidence", "error")
_WICKED = st.sampled_from(
    [
        "a|b", "\\|", "]]>", "<b>&amp;", "`", "``|``", "@octocat", "#1", "[x](https://evil.example)", "![](//x)",
        "\x00", "\ud800", "\ufffe", "\x1b[31m", "\u2028", "\r\n| --- |", "www.evil.example", "<!--", "a@b.example",
    ]
)  # fmt: skip
_TEXTS = st.lists(st.one_of(st.text(max_size=12), _WICKED), max_size=6).map(" ".join)


def outcome(**changed: Any) -> RuleOutcome:
    """Make an outcome: of a rule that passes, but for what is said otherwise."""
    plain: dict[str, Any] = {
        "policy": "release", "rule": "licence-known", "kind": "field", "severity": "critical", "mode": "enforce",
        "dataset": "songs", "result": "pass", "judged": 3, "count": 0, "stopped": False, "reason": None, "changes": {},
    }  # fmt: skip
    return RuleOutcome(**{**plain, **changed})


def violation(message: str = "Two (b) has no licence.", **changed: Any) -> Violation:
    """Make an open violation."""
    plain: dict[str, Any] = {
        "key": "3f9a2c0000000000000000000000aaaa", "policy": "release", "rule": "licence-known", "kind": "field",
        "dataset": "songs", "severity": "critical", "mode": "enforce", "subject_kind": "track", "subject": "b",
        "discriminator": "", "message": message, "evidence": {}, "bound_hash": "", "state": "open", "revision": 1,
        "reopened": 0, "opened_at": AT, "changed_at": AT, "run_id": 1, "decision_id": None,
    }  # fmt: skip
    return Violation(**{**plain, **changed})


def case(
    one: RuleOutcome, *sample: Violation, fail_on: FailOn = "high", decided: dict[State, int] | None = None
) -> Case:
    """Make a case of an outcome."""
    return Case(one, case_result(one, fail_on), decided or {}, sample)


def summary(*cases: Case, fail_on: FailOn = "high", idle: tuple[str, ...] = (), run_id: int | None = 7) -> AuditSummary:
    """Make a summary of some cases."""
    by_severity = dict.fromkeys(SEVERITIES, 0)
    for one in cases:
        by_severity[one.outcome.severity] += one.outcome.open
    report = AuditReport(
        run_id=run_id,
        revision=3,
        as_of=AT,
        seed=0,
        outcomes=tuple(one.outcome for one in cases),
        superseded=0,
        open_by_severity=by_severity,
        idle_policies=idle,
        policies={one.outcome.policy: "ab" * 32 for one in cases},
    )
    return AuditSummary(report, cases, fail_on, "0.1.0", Head(12, "cd" * 32))


@st.composite
def summaries(draw: st.DrawFn) -> AuditSummary:
    """Draw a summary of anything."""
    fail_on: FailOn = draw(st.sampled_from([*SEVERITIES, "never"]))
    cases = []
    for policy in draw(st.lists(_TEXTS, max_size=3, unique=True)):
        for _ in range(draw(st.integers(1, 3))):
            count = draw(st.integers(0, 1000))
            one = outcome(
                policy=policy,
                rule=draw(_TEXTS),
                dataset=draw(_TEXTS),
                severity=draw(st.sampled_from(SEVERITIES)),
                result=draw(st.sampled_from(_RESULTS)),
                stopped=draw(st.booleans()),
                reason=draw(st.none() | _TEXTS),
                count=count,
                open=draw(st.integers(0, count)),
                took_s=draw(st.floats(0, 1000)),
                changes=draw(st.dictionaries(st.sampled_from(["opened", "resolved"]), st.integers(1, 9))),
            )
            messages = draw(st.lists(_TEXTS, max_size=4)) if one.open else []
            found = [violation(text, rule=one.rule, dataset=one.dataset, severity=one.severity) for text in messages]
            cases.append(case(one, *found[: one.open], fail_on=fail_on))
    return summary(*cases, fail_on=fail_on, idle=tuple(draw(st.lists(_TEXTS, max_size=2))))
