"""The example workflow: its commands exist, it tells no secret, and nobody's text is run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import check_command

TEXT = (Path(__file__).parents[2] / "deploy" / "github-workflow.yaml").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
RUNS = [step["run"] for step in STEPS if "run" in step]
COMMANDS = sorted({line.split(" >")[0] for run in RUNS for line in run.splitlines() if line.startswith("cratecheck ")})


def expressions(value: Any) -> Iterator[str]:
    """Give every expression that GitHub fills in below a value."""
    if isinstance(value, dict):
        for one in value.values():
            yield from expressions(one)
    elif isinstance(value, list):
        for one in value:
            yield from expressions(one)
    elif isinstance(value, str):
        yield from re.findall(r"\$\{\{(.*?)\}\}", value)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_and_its_options_exist(line: str) -> None:
    check_command(line)


def test_policies_are_checked_tested_and_previewed_and_the_catalogue_audited() -> None:
    asked = {" ".join(line.split(" -")[0].split()[1:]) for line in COMMANDS}
    assert {"policy check", "policy test", "policy preview", "audit"} <= asked


@pytest.mark.parametrize("run", RUNS)
def test_a_shell_can_read_what_is_run(run: str) -> None:
    subprocess.run(["bash", "-n"], input=run, text=True, check=True)


@pytest.mark.parametrize("run", RUNS)
def test_nothing_that_is_run_is_filled_in(run: str) -> None:
    assert not list(expressions(run))


def test_of_a_pull_request_no_more_is_read_than_its_number() -> None:
    read = {one.strip() for one in expressions(WORKFLOW) if "github.event" in one}
    assert read == {"github.event.pull_request.number"}
    assert "pull_request_target" not in WORKFLOW["on"]


def test_secrets_reach_the_step_that_needs_them_and_are_not_told() -> None:
    assert not [
        one for one in expressions({key: WORKFLOW[key] for key in WORKFLOW if key != "jobs"}) if "secrets" in one
    ]
    for job in JOBS.values():
        assert "secrets" not in str(list(expressions({key: job[key] for key in job if key != "steps"})))
        for step in job["steps"]:
            assert "secrets" not in str(list(expressions({key: step[key] for key in step if key != "env"})))
    for run in RUNS:
        assert not re.search(r"DATABASE_URL|TOKEN|set -x|printenv|\benv\b|secrets", run)


def test_a_job_that_may_write_sees_no_secret_and_no_code() -> None:
    assert WORKFLOW["permissions"] == {}
    for job in JOBS.values():
        writes = [what for what, may in job["permissions"].items() if may == "write"]
        assert not (writes and "secrets." in str(list(expressions(job))))
        assert not (writes and any("checkout" in step.get("uses", "") for step in job["steps"]))
    assert [name for name, job in JOBS.items() if "write" in job["permissions"].values()] == ["comment"]


def test_every_action_has_a_version() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", one) for one in used)
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
