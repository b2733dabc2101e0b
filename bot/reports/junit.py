"""An audit as JUnit XML, by the schema of the Jenkins xUnit plugin, which GitLab, Jenkins and GitHub's actions read.

A policy is a suite, and a rule in a dataset is a case. A case with open violations that the job minds is a failure,
and one that could not be judged, or in part alone, an error, however grave it is. What is below, observed or not in
scope is skipped: it is neither green nor red. A policy that applies to no dataset has one case, an error; so has an
audit without policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from audit_core.ledger.chain import instant
from audit_core.wording import on_one_line
from bot.reports.audit_summary import AuditSummary, Case, CaseResult
from bot.reports.junit_parts import document, xml_text
from bot.reports.words import said_of

__all__ = ["junit"]

_LONGEST: Final = 500
_TAGS: Final[Mapping[CaseResult, str]] = {
    "fails": "failure",
    "unjudged": "error",
    "below": "skipped",
    "passed over": "skipped",
    "decided": "system-out",
}


def junit(summary: AuditSummary) -> str:
    """Write an audit as a JUnit file, to be encoded as UTF-8."""
    report = summary.report
    root = Element("testsuites", name="cratecheck audit")
    suites: dict[str, Element] = {}
    for policy, cases in groupby(summary.cases, key=lambda case: case.outcome.policy):
        suites[policy] = _suite(root, summary, policy)
        for case in cases:
            _add(suites[policy], case)
    nothing = "skipped" if summary.fail_on == "never" else "error"
    for policy in report.idle_policies:
        suite = suites[policy] if policy in suites else _suite(root, summary, policy)
        _add_nothing(suite, policy, nothing, "it applies to no track: it judged nothing")
    if not report.outcomes and not report.idle_policies:
        why = "no policy is active: nothing was judged"
        _add_nothing(_suite(root, summary, "cratecheck"), "cratecheck", nothing, why)
    return document(root)


def _suite(root: Element, summary: AuditSummary, policy: str) -> Element:
    report = summary.report
    moment = report.as_of.astimezone(UTC)
    suite = SubElement(root, "testsuite", name=xml_text(policy), timestamp=f"{moment:%Y-%m-%dT%H:%M:%S}")
    properties = SubElement(suite, "properties")
    for name, value in (
        ("run", report.run_id if report.run_id is not None else "none: a dry run"),
        ("revision", report.revision),
        ("as_of", instant(report.as_of)),
        ("seed", report.seed),
        ("policy_sha256", report.policies.get(policy, "none")),
        ("tool_version", summary.tool_version),
        ("fail_on", summary.fail_on),
        ("ledger_head", f"{summary.head.seq} {summary.head.hash}"),
    ):
        SubElement(properties, "property", name=name, value=xml_text(str(value)))
    return suite


def _add(suite: Element, case: Case) -> None:
    outcome = case.outcome
    entry = SubElement(
        suite,
        "testcase",
        classname=xml_text(outcome.policy),
        name=xml_text(f"{outcome.rule} on {outcome.dataset}"),
        time=f"{outcome.took_s:.3f}",
    )
    if case.result == "passes":
        return
    what = xml_text(said_of(case))
    if (tag := _TAGS[case.result]) == "system-out":
        SubElement(entry, tag).text = what
        return
    kind = outcome.severity if case.result in ("fails", "below") else outcome.result
    told = SubElement(entry, tag, type=xml_text(kind), message=what)
    if case.sample and tag != "skipped":
        told.text = "\n".join(_lines(case))


def _lines(case: Case) -> Iterable[str]:
    for violation in case.sample:
        yield xml_text(f"{violation.key[:12]}  {violation.severity}  {on_one_line(violation.message, _LONGEST)}")
    if (more := case.outcome.open - len(case.sample)) > 0:
        yield f"… and {more:,} more"


def _add_nothing(suite: Element, policy: str, tag: str, why: str) -> None:
    entry = SubElement(suite, "testcase", classname=xml_text(policy), name="applies to something", time="0.000")
    SubElement(entry, tag, type="nothing judged", message=why)
