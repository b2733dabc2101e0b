"""Audits as JUnit XML: by the schema, whatever a title holds."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from hypothesis import given

from bot.reports.audit_summary import AuditSummary
from bot.reports.junit import junit
from tests.support.junit_schema import breaches
from tests.support.summaries import case, outcome, summaries, summary, violation


def read(found: AuditSummary) -> Element:
    return fromstring(junit(found).encode())


FAILING = outcome(result="fail", count=3, open=2, took_s=1.5)


@given(summaries())
def test_any_audit_is_well_formed_and_fits_the_schema(found: AuditSummary) -> None:
    assert breaches(read(found)) == []


@given(summaries())
def test_its_numbers_agree_with_the_exit_status_and_with_its_cases(found: AuditSummary) -> None:
    root = read(found)
    bad = int(root.attrib["failures"]) + int(root.attrib["errors"])
    assert bool(bad) == found.failed
    assert int(root.attrib["tests"]) == len(root.findall(".//testcase")) >= len(found.cases)
    assert bad == len(root.findall(".//failure")) + len(root.findall(".//error"))


def test_a_policy_is_a_suite_that_says_what_was_judged_by_what() -> None:
    one, other = outcome(), outcome(policy="splits", rule="no-twins", took_s=0.25)
    root = read(summary(case(one), case(other)))
    assert [suite.attrib["name"] for suite in root] == ["release", "splits"]
    assert {entry.attrib["name"]: entry.attrib["value"] for entry in root[1].iter("property")} == {
        "run": "7",
        "revision": "3",
        "as_of": "2026-11-22T06:00:00.000000Z",
        "seed": "0",
        "policy_sha256": "ab" * 32,
        "tool_version": "0.1.0",
        "fail_on": "high",
        "ledger_head": f"12 {'cd' * 32}",
    }
    [entry] = root[1].iter("testcase")
    assert entry.attrib == {"classname": "splits", "name": "no-twins on songs", "time": "0.250"}
    assert not list(entry)


def test_what_fails_names_the_first_violations_and_counts_the_rest() -> None:
    told = read(summary(case(FAILING, violation()))).find(".//failure")
    assert told is not None
    assert told.attrib == {"type": "critical", "message": "3 violations, 2 open"}
    assert told.text == "3f9a2c000000  critical  Two (b) has no licence.\n… and 1 more"


def test_what_could_not_be_judged_is_an_error() -> None:
    told = read(summary(case(outcome(result="error", reason="the check broke")))).find(".//error")
    assert told is not None
    assert told.attrib == {"type": "error", "message": "the check broke"}


def test_what_fails_below_the_bar_is_skipped_and_not_passed() -> None:
    root = read(summary(case(outcome(result="fail", count=2, open=2, severity="low"))))
    assert [entry.tag for entry in root.findall(".//testcase/*")] == ["skipped"]
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")


def test_what_was_all_decided_passes_and_says_how() -> None:
    root = read(summary(case(outcome(result="fail", count=2), decided={"waived": 2})))
    assert [(entry.tag, entry.text) for entry in root.findall(".//testcase/*")] == [
        ("system-out", "2 violations, 0 open, 2 waived")
    ]


def test_a_policy_that_judged_no_track_has_an_error_beside_its_cases() -> None:
    root = read(summary(case(outcome(result="skip", judged=0, reason="no track is in scope")), idle=("release",)))
    assert [suite.attrib["name"] for suite in root] == ["release"]
    assert [told.tag for told in root.findall(".//testcase/*")] == ["skipped", "error"]


def test_an_audit_without_policies_is_an_error() -> None:
    root = read(summary())
    assert root.attrib["errors"] == "1"
    assert [told.attrib["message"] for told in root.iter("error")] == ["no policy is active: nothing was judged"]


def test_what_xml_cannot_hold_is_left_out_and_all_else_is_kept() -> None:
    told = read(summary(case(FAILING, violation("\x00<Björk>\ufffe & ]]> \U0001f3b5")))).findtext(".//failure")
    assert told is not None
    assert "<Björk> & ]]> \U0001f3b5" in told
