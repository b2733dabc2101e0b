"""`cratecheck policy test`: the examples in policy files, as a test runner runs tests."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.bot.cli.conftest import Run
from tests.support.junit_schema import breaches

POLICY = """\
cratecheck: 1
policy: release
title: Audio that may train a model
owner: legal@label.example
applies_to: {datasets: ["*"]}
review: {channel: "#data-audit", reviewers: {people: [U0ADA]}}
rules:
  - id: licence-known
    kind: field
    severity: critical
    field: licence
    must: be_present
    say: "{title} ({track}) has no licence."
"""

RIGHT = """\
    examples:
      - {given: {licence: CC-BY-4.0}, expect: pass}
      - {given: {title: One}, expect: fail}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A policy with examples that come out as they say."""
    path = tmp_path / "release.yaml"
    path.write_text(POLICY + RIGHT, encoding="utf-8")
    return path


def test_a_rule_is_a_line_with_a_mark_for_each_example(run: Run, written: Path) -> None:
    ran = run("policy", "test", str(written))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (f"release ({written})\n  ..  licence-known\n\n1 rule, 2 examples: 2 as expected, 0 not\n")


def test_what_comes_out_otherwise_is_told_with_its_place_and_why(run: Run, written: Path) -> None:
    written.write_text(written.read_text(encoding="utf-8").replace("expect: fail", "expect: pass"), encoding="utf-8")
    ran = run("policy", "test", str(written))
    assert ran.status == 1
    assert "  .F  licence-known   no example that fails\n" in ran.out
    assert (
        f"{written}:16:9: licence-known\n"
        "  given     title: One\n"
        "  expected  pass\n"
        "  got       fail: One (the track) has no licence.\n"
    ) in ran.out
    assert "1 rule, 2 examples: 1 as expected, 1 not; 1 rule without one that passes or one that fails\n" in ran.out


def test_a_rule_without_examples_is_a_failure(run: Run, written: Path) -> None:
    written.write_text(POLICY, encoding="utf-8")
    ran = run("policy", "test", str(written))
    assert ran.status == 1
    assert f"{written}:8:5: the rule licence-known has no example that passes or fails\n" in ran.out


def test_a_job_reads_it_as_junit(run: Run, written: Path, tmp_path: Path) -> None:
    written.write_text(written.read_text(encoding="utf-8").replace("expect: fail", "expect: pass"), encoding="utf-8")
    assert run("policy", "test", str(written), "--junit", "policies.xml").status == 1
    root = fromstring((tmp_path / "policies.xml").read_text(encoding="utf-8"))
    assert breaches(root) == []
    assert {case.attrib["name"]: [one.attrib["message"] for one in case] for case in root.iter("testcase")} == {
        "licence-known, line 15: licence: CC-BY-4.0": [],
        "licence-known, line 16: title: One": ["expected pass, got fail: One (the track) has no licence."],
        "licence-known is shown": ["no example that fails"],
    }
    assert (root.attrib["tests"], root.attrib["failures"]) == ("3", "2")


def test_programs_read_it_as_json(run: Run, written: Path) -> None:
    told = run("policy", "test", str(written), "--format", "json").json
    assert told["rules"] == 1
    assert told["lacks"] == []
    assert told["examples"][1] == {
        "policy": "release",
        "rule": "licence-known",
        "file": str(written),
        "line": 16,
        "column": 9,
        "given": "title: One",
        "expected": "fail",
        "got": "fail",
        "why": "One (the track) has no licence.",
        "ok": True,
    }


def test_licences_are_judged_by_the_table_of_the_workspace(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cratecheck.toml").write_text('licences = "ours.yaml"\n', encoding="utf-8")
    rights = "commercial: yes, derivatives: yes, share_alike: no, attribution: no"
    table = f"licences:\n  LicenseRef-House: {{{rights}, family: house, source: our contract}}\n"
    (tmp_path / "ours.yaml").write_text(table, encoding="utf-8")
    rule = "kind: licence\n    severity: high\n    require: [commercial]\n    examples:\n"
    given = "      - {given: {licence: LicenseRef-House}, expect: pass}\n      - {given: {}, expect: fail}\n"
    head = POLICY.partition("  - id")[0]
    (tmp_path / "house.yaml").write_text(f"{head}  - id: house\n    {rule}{given}", encoding="utf-8")
    assert run("policy", "test", "house.yaml").out.endswith("2 examples: 2 as expected, 0 not\n")
