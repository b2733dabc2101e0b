"""`cratecheck policy preview`, run as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.cli.conftest import MAPPING, POLICY, TRACKS, Run, put_in_force

EDITED = POLICY.replace("severity: critical", "severity: high").replace("must: be_present", "must: {match: CC0.*}")


@pytest.fixture
def audited(run: Run, tmp_path: Path) -> Run:
    """A workspace whose policy was audited: of three tracks one has no licence."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "cratecheck.toml").write_text('[people]\nU0ADA = "Ada Adams"\n', encoding="utf-8")
    for name, text in (("policies/release.yaml", POLICY), ("tracks.csv", TRACKS), ("tracks.mapping.yaml", MAPPING)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run("import", "tracks.csv", "--dataset", "crate", "--mapping", "tracks.mapping.yaml").status == 0
    put_in_force(tmp_path)
    assert run("audit").status == 1
    (tmp_path / "edited.yaml").write_text(EDITED, encoding="utf-8")
    return run


def test_it_says_what_opens_who_is_asked_and_what_is_loosened_and_changes_nothing(audited: Run) -> None:
    before = audited("status", "--format", "json").json
    ran = audited("policy", "preview", "edited.yaml")
    assert ran.status == 0
    assert "would read otherwise" in ran.out
    assert "The next audit would open 2 violations and close 0." in ran.out
    assert "opens   One (a) has no licence." in ran.out
    assert "#data-audit: 1 new thread, 1 message in threads, asking Ada Adams" in ran.out
    assert '"licence-known" is high, and no longer critical.' in ran.out
    assert audited("status", "--format", "json").json == before


def test_as_json_it_is_a_list_of_previews(audited: Run) -> None:
    (preview,) = audited("policy", "preview", "edited.yaml", "--format", "json").json
    (rule,) = preview["rules"]
    assert (rule["opens"], rule["changed"], rule["unchanged"]) == (2, 1, 1)
    assert [one["message"] for one in rule["opening"]] == ["One (a) has no licence.", "Three (c) has no licence."]


def test_as_markdown_a_title_is_text_and_nothing_else(audited: Run, tmp_path: Path) -> None:
    hostile = TRACKS.replace("One", "@team <img src=x> [a](http://b) | `#1`")
    (tmp_path / "tracks.csv").write_text(hostile, encoding="utf-8")
    assert audited("import", "tracks.csv", "--dataset", "crate", "--mapping", "tracks.mapping.yaml").status == 0
    told = audited("policy", "preview", "edited.yaml", "--format", "markdown").out
    assert "&#60;img src=x&#62;" in told
    assert all(sign not in told for sign in ("@team", "<img", "](http", "`#1`"))
    assert told.startswith("## Policy release would read otherwise")


def test_to_retire_a_policy_is_previewed_too(audited: Run) -> None:
    ran = audited("policy", "preview", "--retire", "release")
    assert "would be retired" in ran.out
    assert "The next audit would open 0 violations and close 1." in ran.out
    assert 'The critical rule "licence-known" is retired with its policy.' in ran.out
    assert "Slack: nothing would be posted" in ran.out


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_a_policy_that_holds_from_another_day_on_is_previewed_as_of_then(
    audited: Run, tmp_path: Path, style: str
) -> None:
    later = EDITED.replace("owner:", "effective: {from: 2099-01-01}\nowner:")
    (tmp_path / "edited.yaml").write_text(later, encoding="utf-8")
    told = audited("policy", "preview", "edited.yaml", "--format", style).out
    assert "), from 2099-01-01 on\n" in told.replace("&#41;", ")")
    assert "From 2099-01-01 on, the next audit would open 2 violations and close 0." in told
    assert audited("policy", "preview", "edited.yaml", "--format", "json").json[0]["holds_from"] == "2099-01-01"


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_a_policy_that_applies_to_no_track_is_told_to_judge_nothing(audited: Run, tmp_path: Path, style: str) -> None:
    misspelt = EDITED.replace('datasets: ["*"]', 'datasets: ["*"], where: {split: trian}')
    (tmp_path / "edited.yaml").write_text(misspelt, encoding="utf-8")
    told = audited("policy", "preview", "edited.yaml", "--format", style).out
    assert "It would judge nothing: it applies to no track there is." in told
    assert "It would judge nothing" not in audited("policy", "preview", "--format", style).out


def test_a_text_that_is_in_force_already_changes_nothing(audited: Run) -> None:
    out = audited("policy", "preview").out
    assert "is in force with this very text" in out
    assert "would open 0 violations and close 0." in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--retire", "reelase"], "no policy 'reelase' is in force. In force: release."),
        (["edited.yaml", "--retire", "release"], "to be edited and retired"),
        (["other.yaml"], 'the rule id "licence-known" is taken'),
        (["lost.yaml"], "Leave out `formerly`"),
    ],
)
def test_a_mistake_is_said_and_the_status_is_two(audited: Run, tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "other.yaml").write_text(POLICY.replace("policy: release", "policy: other"), encoding="utf-8")
    lost = POLICY.replace("kind: field", "formerly: older\n    kind: field")
    (tmp_path / "lost.yaml").write_text(lost, encoding="utf-8")
    ran = audited("policy", "preview", *words)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
