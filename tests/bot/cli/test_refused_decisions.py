"""What the command line refuses to decide."""

from __future__ import annotations

from pathlib import Path

from tests.bot.cli.conftest import MAPPING, POLICY, TRACKS, Run, put_in_force


def test_a_rule_that_offers_no_waiver_is_waived_by_nobody(run: Run, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    without = POLICY.replace("[approve, quarantine, waive]", "[approve, quarantine]")
    for name, text in (
        ("policies/release.yaml", without),
        ("cratecheck.toml", ""),
        ("t.csv", TRACKS),
        ("t.mapping.yaml", MAPPING),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    run("import", "t.csv", "--dataset", "crate", "--mapping", "t.mapping.yaml")
    put_in_force(tmp_path)
    run("audit")
    (violation,) = run("violations", "list", "--format", "json").json
    ran = run("decide", "waive", violation["key"], "--until", "2026-12-31", "--reason", "later")
    assert ran.status == 2
    assert "can't be decided by waive" in ran.err
    assert run("violations", "list", "--format", "json").json == [violation]
