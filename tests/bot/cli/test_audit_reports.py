"""`cratecheck audit` in a job: what it leaves behind for those who were not there."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.bot.cli.conftest import Run


@pytest.mark.usefixtures("workspace")
class TestReports:
    def test_they_agree_with_the_exit_status(self, run: Run, workspace: Path) -> None:
        ran = run("audit", "--junit", "audit.xml", "--markdown", "audit.md")
        assert ran.status == 1
        root = fromstring((workspace / "audit.xml").read_text(encoding="utf-8"))
        assert root.attrib["failures"] == "1"
        told = root.findtext(".//failure") or ""
        assert "Two (b) has no licence." in told
        summary = (workspace / "audit.md").read_text(encoding="utf-8")
        assert summary.startswith("# Audit: 1 critical open, and it fails\n")
        assert "| Two (b) has no licence. |" in summary

    def test_they_carry_the_run_and_the_text_that_was_judged_by(self, run: Run, workspace: Path) -> None:
        report = run("audit", "--junit", "audit.xml", "--format", "json").json
        properties = {
            entry.attrib["name"]: entry.attrib["value"]
            for entry in fromstring((workspace / "audit.xml").read_text(encoding="utf-8")).iter("property")
        }
        assert properties["run"] == str(report["run"])
        assert properties["policy_sha256"] == report["policies"]["release"]
        head = run("status", "--format", "json").json["ledger_head"]
        assert properties["ledger_head"].split()[1] in str(head)

    def test_a_dry_run_reports_what_would_be(self, run: Run, workspace: Path) -> None:
        assert run("audit", "--dry-run", "--markdown", "audit.md").status == 1
        assert "| **fails** | 3 | 1 | 1 |" in (workspace / "audit.md").read_text(encoding="utf-8")

    def test_on_stdout_the_summary_stands_alone(self, run: Run) -> None:
        ran = run("audit", "--markdown", "-")
        assert ran.out.startswith("# Audit:")
        assert "run 1 of revision" not in ran.out

    def test_two_results_on_stdout_are_a_mistake(self, run: Run) -> None:
        ran = run("audit", "--markdown", "-", "--format", "json")
        assert ran.status == 2
        assert "Name a file for --markdown." in ran.err

    def test_to_the_summary_of_a_step_it_is_added(
        self, run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        step = workspace / "step.md"
        step.write_text("before\n", encoding="utf-8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
        run("audit", "--markdown", str(step))
        run("audit", "--markdown", "other.md")
        run("audit", "--markdown", "other.md")
        assert step.read_text(encoding="utf-8").startswith("before\n# Audit:")
        assert (workspace / "other.md").read_text(encoding="utf-8").count("# Audit:") == 1

    def test_a_place_where_no_file_can_be_is_refused_before_anything_is_judged(self, run: Run) -> None:
        ran = run("audit", "--junit", "nowhere/audit.xml")
        assert ran.status == 2
        assert "there is no folder nowhere" in ran.err
        assert run("violations", "list", "--format", "json").json == []


@pytest.mark.usefixtures("workspace")
def test_violations_of_a_misspelt_dataset_are_a_mistake_and_not_none(run: Run) -> None:
    ran = run("violations", "list", "--dataset", "song")
    assert ran.status == 2
    assert 'there is no dataset "song". Did you mean "songs"?' in ran.err
