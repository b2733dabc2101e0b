"""A policy on its way into force, as people take it there on the command line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from audit_core.settings import load_settings
from bot.cli import policy_record
from tests.bot.cli.conftest import Run

SETTINGS = """\
{more}
[people]
U0ADA = "Ada Adams"
U0GRACE = "Grace Green"
U0OTIS = "Otis Grand"

[groups]
"@data-legal" = ["U0ADA", "U0GRACE", "U0OTIS"]
"""
POLICY = """\
cratecheck: 1
policy: release
title: Audio that may train a model – é
owner: legal@label.example
effective: {review_by: 2025-06-01}
applies_to: {datasets: ["*"]}
review:
  channel: "#data-audit"
  reviewers: {group: "@data-legal"}
rules:
  - id: licence-known
    kind: field
    severity: critical
    field: licence
    must: be_present
    examples:
      - {given: {licence: CC-BY-4.0}, expect: pass}
      - {given: {}, expect: fail}
"""


@pytest.fixture
def file(run: Run, tmp_path: Path) -> Path:
    """The policy file of a workspace in which nothing is in force."""
    (tmp_path / "cratecheck.toml").write_text(SETTINGS.format(more=""), encoding="utf-8")
    path = tmp_path / "policies" / "release.yaml"
    path.parent.mkdir()
    path.write_text(POLICY, encoding="utf-8")
    return path


def proposed(run: Run, *words: str) -> str:
    """Propose what the file says, and give the proposal's id."""
    ran = run("policy", "activate", *words)
    assert ran.status == 0, ran.err
    listed = run("policy", "proposals", "--format", "json").json
    return str(listed[-1]["proposal"])


def activated(run: Run, *words: str) -> str:
    number = proposed(run, *words)
    for person in ("Grace Green", "Otis Grand"):
        if "activated" in run("policy", "confirm", number, person=person).out:
            return number
    raise AssertionError("it is not in force")


def test_one_proposes_and_another_confirms(run: Run, file: Path) -> None:
    ran = run("policy", "activate", "--reason", "as agreed", person="ada adams")
    assert ran.status == 0
    number = ran.out.split()[1].removesuffix(":")
    assert f"proposal {number}: policy release, text " in ran.out
    assert "from policies/release.yaml" in ran.out
    assert "proposed by Ada Adams via cli" in ran.out
    assert "because: as agreed" in ran.out
    assert "Next: a confirmation by @data-legal, other than Ada Adams, until 20" in ran.out
    assert f"cratecheck policy confirm {number} --as NAME" in ran.out
    assert run("policy", "list").out.strip() == "no policy is active"
    refused = run("policy", "confirm", number, person="U0ADA")
    assert (refused.status, refused.out) == (2, "")
    assert "confirmed by another person than proposed it" in refused.err
    assert "activated: policy release" in run("policy", "confirm", number, person="Grace Green").out
    (listed,) = run("policy", "list", "--format", "json").json
    assert (listed["proposed_by"], listed["confirmed_by"], listed["state"]) == ("Ada Adams", "Grace Green", "in force")
    assert (listed["review_by"], listed["overdue"]) == ("2025-06-01, overdue", True)
    assert "unchanged: policy release" in run("policy", "activate").out
    assert run("ledger", "verify").status == 0


def test_a_loosened_critical_rule_waits_for_two(run: Run, file: Path) -> None:
    activated(run)
    file.write_text(POLICY.replace("critical", "low"), encoding="utf-8")
    ran = run("policy", "activate")
    assert "Next: two confirmations by @data-legal, other than Ada Adams, until 20" in ran.out
    number = ran.out.split()[1].removesuffix(":")
    first = run("policy", "confirm", number, person="U0GRACE")
    assert f"confirmed: proposal {number}, 1 of 2 confirmations" in first.out
    assert "activated: " in run("policy", "confirm", number, person="U0OTIS").out


def test_a_preview_that_the_catalogue_has_outrun_is_shown_anew_before_it_is_confirmed(
    run: Run, file: Path, tmp_path: Path
) -> None:
    number = proposed(run)
    (tmp_path / "tracks.csv").write_text("key,licence\na,\n", encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text("key: key\nfields: {licence: licence}\n", encoding="utf-8")
    assert run("import", "tracks.csv", "--dataset", "songs", "--mapping", "mapping.yaml").status == 0
    shown = run("policy", "confirm", number, person="U0GRACE").out
    assert f"The catalogue has changed since the preview of the proposal {number}: it is made anew." in shown
    assert "licence-known in songs" in shown
    assert f"cratecheck policy confirm {number} --as NAME" in shown
    assert "activated: " in run("policy", "confirm", number, person="U0GRACE").out
    assert run("ledger", "verify").status == 0


def test_a_retirement_is_proposed_and_confirmed(run: Run, file: Path) -> None:
    activated(run)
    ran = run("policy", "retire", "release", "--reason", "replaced")
    assert "policy release, to be retired" in ran.out
    number = ran.out.split()[1].removesuffix(":")
    run("policy", "confirm", number, person="U0GRACE")
    assert "retired: policy release" in run("policy", "confirm", number, person="U0OTIS").out
    assert "is retired already" in run("policy", "retire", "release").out
    ran = run("policy", "show", "release")
    assert ran.status == 2
    assert 'the policy "release" is retired. Its last text: `cratecheck policy show ' in ran.err


def test_it_can_be_rejected_and_withdrawn(run: Run, file: Path) -> None:
    number = proposed(run)
    assert run("policy", "reject", number, "--reason", "no", person="U0GRACE").out.startswith("rejected: proposal ")
    assert run("policy", "confirm", number, person="U0OTIS").status == 2
    number = proposed(run)
    assert run("policy", "withdraw", number).out.startswith("withdrawn: proposal ")
    assert run("policy", "proposals").out.strip() == "no proposal is open"
    every = run("policy", "proposals", "--all", "--format", "json").json
    assert [one["state"] for one in every] == ["rejected", "withdrawn"]
    assert every[0]["answers"][0]["reason"] == "no"


def test_a_proposal_is_shown_with_what_it_would_change(run: Run, file: Path) -> None:
    number = proposed(run)
    shown = run("policy", "proposals", number).out
    assert "Policy release is new" in shown
    assert f"cratecheck policy confirm {number}" in shown
    assert run("policy", "proposals", number, "--format", "json").json["preview"]["policy"] == "release"
    assert run("policy", "proposals", "ffffffff").status == 2


def test_failing_examples_refuse_it_and_the_answer_is_bad(run: Run, file: Path) -> None:
    file.write_text(POLICY.replace("expect: fail", "expect: pass"), encoding="utf-8")
    ran = run("policy", "activate")
    assert ran.status == 1
    assert "Refused:\npolicies/release.yaml:18:9: " in ran.out
    assert run("policy", "proposals").out.strip() == "no proposal is open"


def test_the_mistakes_of_all_files_are_told_and_nothing_is_proposed(run: Run, file: Path) -> None:
    file.with_name("other.yaml").write_text(POLICY.replace("release", "other"), encoding="utf-8")
    ran = run("policy", "activate")
    assert ran.status == 2
    assert 'the rule id "licence-known" is taken' in ran.err
    assert run("policy", "proposals").out.strip() == "no proposal is open"


def test_an_id_that_is_in_force_in_another_policy_is_refused_and_the_other_files_go_on(run: Run, file: Path) -> None:
    activated(run)
    file.unlink()
    for name, rule in (("a", "licence-known"), ("b", "another")):
        text = POLICY.replace("policy: release", f"policy: {name}").replace("id: licence-known", f"id: {rule}")
        file.with_name(f"{name}.yaml").write_text(text, encoding="utf-8")
    ran = run("policy", "activate")
    assert ran.status == 2
    assert 'policies/a.yaml:11:5: the rule id "licence-known" is taken' in ran.err
    assert [one["policy"] for one in run("policy", "proposals", "--format", "json").json] == ["b"]


def test_the_settings_name_who_confirms(run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "cratecheck.toml").write_text(SETTINGS.format(more='policy_approvers = ["U0OTIS"]'), encoding="utf-8")
    ran = run("policy", "activate")
    assert "Next: a confirmation by Otis Grand, other than Ada Adams, until 20" in ran.out
    number = ran.out.split()[1].removesuffix(":")
    refused = run("policy", "confirm", number, person="U0GRACE")
    assert "Grace Green has no say in this. The settings name Otis Grand." in refused.err
    assert run("policy", "confirm", number, person="U0OTIS").status == 0


@pytest.mark.parametrize(
    ("members", "said"), [('"U0ADA"', "nobody may"), ('"U0ADA", "U0OTIS"', "one person alone may")]
)
def test_where_too_few_may_confirm_it_says_so(run: Run, file: Path, tmp_path: Path, members: str, said: str) -> None:
    if "OTIS" in members:
        activated(run)
        file.write_text(POLICY.replace("critical", "high"), encoding="utf-8")
    settings = SETTINGS.format(more="").replace('"U0ADA", "U0GRACE", "U0OTIS"', members)
    (tmp_path / "cratecheck.toml").write_text(settings, encoding="utf-8")
    ran = run("policy", "activate")
    assert f"So far {said}: name more in cratecheck.toml, under [groups] or as policy_approvers." in ran.out


def test_who_confirms_may_be_said_in_the_environment(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRATECHECK_POLICY_APPROVERS", '["@data-legal"]')
    assert load_settings(tmp_path).policy_approvers == ["@data-legal"]
    monkeypatch.setenv("CRATECHECK_POLICY_APPROVERS", "@data-legal")
    ran = run("policy", "list")
    assert ran.status == 2
    assert "CRATECHECK_POLICY_APPROVERS" in ran.err


class TestRecord:
    """What is in force and what ever was."""

    @pytest.fixture
    def texts(self, run: Run, file: Path) -> list[str]:
        """Two texts, the second in force: their hashes."""
        activated(run)
        file.write_text(POLICY.replace("critical", "high"), encoding="utf-8")
        activated(run)
        return [row["sha256"] for row in run("policy", "list", "--history", "--format", "json").json]

    def test_the_history_has_every_activation_of_every_policy(self, run: Run, texts: list[str]) -> None:
        rows = run("policy", "list", "--history", "--format", "json").json
        assert [(row["policy"], row["proposed_by"], row["via"]) for row in rows] == [
            ("release", "Ada Adams", "cli")
        ] * 2
        assert [row["confirmed_by"] for row in rows] == ["Grace Green", "Grace Green, Otis Grand"]

    def test_a_text_is_printed_to_the_letter(self, run: Run, texts: list[str]) -> None:
        assert run("policy", "show", texts[0]).out == POLICY
        assert run("policy", "show", texts[0][:8].upper()).out == POLICY
        assert run("policy", "show", "release").out == POLICY.replace("critical", "high")

    def test_the_difference_is_to_what_it_replaced(self, run: Run, texts: list[str]) -> None:
        shown = run("policy", "show", "release", "--diff").out
        assert shown.startswith(f"--- {texts[0][:12]}\n+++ {texts[1][:12]}\n@@")
        assert "\n-    severity: critical\n+    severity: high\n" in shown
        first = run("policy", "show", texts[0], "--diff").out
        assert first.startswith(f"--- nothing\n+++ {texts[0][:12]}\n@@ -0,0 +1,18 @@\n+cratecheck: 1\n")

    def test_the_difference_of_a_proposed_text_is_to_what_it_would_replace(
        self, run: Run, file: Path, texts: list[str]
    ) -> None:
        file.write_text(POLICY.replace("critical", "medium").rstrip(), encoding="utf-8")
        number = proposed(run)
        sha256 = run("policy", "proposals", number, "--format", "json").json["sha256"]
        shown = run("policy", "show", sha256[:8], "--diff").out
        assert shown.startswith(f"--- {texts[1][:12]}\n+++ {sha256[:12]}\n")
        assert shown.endswith("\\ No newline at end of file\n")

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("ffffffff", 'no text has a hash that begins with "ffffffff"'),
            ("relase", 'no policy "relase" was ever activated. Did you mean "release"?'),
            ("abc", 'no policy "abc" was ever activated'),
        ],
    )
    def test_what_is_not_there_is_a_mistake(self, run: Run, texts: list[str], word: str, said: str) -> None:
        ran = run("policy", "show", word)
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err

    def test_digits_that_two_texts_share_are_a_mistake(
        self, run: Run, texts: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(policy_record, "_DIGITS", re.compile("[0-9a-f]*"))
        ran = run("policy", "show", "")
        assert ran.status == 2
        assert "is the beginning of more than one text's hash. Choose from: " in ran.err

    def test_what_is_yet_to_take_force_is_listed_as_pending(self, run: Run, file: Path, texts: list[str]) -> None:
        file.write_text(POLICY.replace("{review_by: 2025-06-01}", "{from: 2099-01-01}"), encoding="utf-8")
        number = proposed(run)
        assert "takes force 2099-01-01 00:00 UTC" in run("policy", "confirm", number, person="U0GRACE").out
        rows = run("policy", "list", "--format", "json").json
        assert [(row["state"], row["sha256"] == texts[1]) for row in rows] == [("in force", True), ("pending", False)]
        assert rows[1]["effective_at"] == "2099-01-01T00:00:00Z"


def test_the_commit_of_the_checkout_is_on_record(run: Run, file: Path, tmp_path: Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@label.example"]
    for words in (["init", "-q"], ["add", "policies"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True)
    activated(run)
    file.write_text(POLICY.replace("critical", "high"), encoding="utf-8")
    activated(run)
    commits = [row["commit"] for row in run("policy", "list", "--history", "--format", "json").json]
    assert len(commits[0]) == 40
    assert commits[1] == f"{commits[0]} with uncommitted changes"


def test_a_proposal_that_another_replaces_is_said_to_be_withdrawn(run: Run, file: Path) -> None:
    first = proposed(run)
    file.write_text(POLICY.replace("severity: critical", "severity: high"), encoding="utf-8")
    assert f"withdrawn: proposal {first}, which this one replaces" in run("policy", "activate").out
