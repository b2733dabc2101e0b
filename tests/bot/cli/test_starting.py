"""`cratecheck init`: a workspace with policies to begin with."""

from __future__ import annotations

import json
from pathlib import Path

from rules.language.json_schema import policy_schema
from tests.bot.cli.conftest import Run


def policies(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "policies").iterdir())


def test_it_writes_policies_that_are_right_and_whose_examples_come_out(run: Run, tmp_path: Path) -> None:
    assert run("init").status == 0
    assert policies(tmp_path) == [
        "balance.yaml", "leaks.yaml", "policy.schema.json", "repetition.yaml", "rights.yaml", "sound.yaml",
    ]  # fmt: skip
    assert run("policy", "check").status == 0
    assert run("policy", "test").status == 0


def test_it_says_what_each_policy_is_for_and_what_comes_next(run: Run, tmp_path: Path) -> None:
    said = run("init", "audits").out
    assert "rights.yaml: May this music train a model that is sold, and can we show it?" in said
    steps = ["[people]", "@data-legal", "policy check", "policy test", "import", "policy activate", "policy confirm"]
    steps += ["k audit"]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)


def test_the_schema_lies_beside_them_for_editors(run: Run, tmp_path: Path) -> None:
    run("init")
    assert json.loads((tmp_path / "policies" / "policy.schema.json").read_text(encoding="utf-8")) == policy_schema()


def test_those_that_are_named_are_written_and_no_others(run: Run, tmp_path: Path) -> None:
    assert run("init", "--pack", "leaks", "--pack", "benchmarks").status == 0
    assert policies(tmp_path) == ["benchmarks.yaml", "leaks.yaml", "policy.schema.json"]


def test_a_name_that_is_misspelt_makes_nothing(run: Run, tmp_path: Path) -> None:
    ran = run("init", "--pack", "righst")
    assert ran.status == 2
    assert 'Did you mean "rights"?' in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_packs_are_listed_without_making_anything(run: Run, tmp_path: Path) -> None:
    assert [line.split()[0] for line in run("init", "--list-packs").out.splitlines()] == [
        "rights", "repetition", "leaks", "balance", "sound", "identifiers", "benchmarks",
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_once_more_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("init")
    (tmp_path / "policies" / "rights.yaml").write_text("# mine now\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.suffix != ".sqlite"}
    assert not any(line.startswith("written") for line in run("init").out.splitlines())
    assert {path: path.read_bytes() for path in before} == before


def test_policies_of_ones_own_get_no_company_unless_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text("# mine\n", encoding="utf-8")
    assert "add to them by --pack NAME" in run("init").out
    assert policies(tmp_path) == ["mine.yaml", "policy.schema.json"]
    run("init", "--pack", "sound")
    assert policies(tmp_path) == ["mine.yaml", "policy.schema.json", "sound.yaml"]


def test_a_schema_of_an_older_version_is_renewed(run: Run, tmp_path: Path) -> None:
    run("init")
    schema = tmp_path / "policies" / "policy.schema.json"
    schema.write_text("{}", encoding="utf-8")
    assert "renewed" in run("init").out
    assert json.loads(schema.read_text(encoding="utf-8")) == policy_schema()
