"""What the README says, works: its commands and options exist, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import check_command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]


def mentioned(command: str) -> list[str]:
    """Every line of a block, and every piece of code in a sentence, that begins with a command."""
    sentences = re.findall(r"`([^`\n]+)`", README)
    return sorted({text for text in (*LINES, *sentences) if text.split(" ")[0] == command and " " in text})


@pytest.mark.parametrize("line", mentioned("cratecheck"))
def test_a_command_and_its_options_exist(line: str) -> None:
    check_command(line)


@pytest.mark.parametrize("line", mentioned("make"))
def test_a_target_of_make_exists(line: str) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", README))
def test_a_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).exists()


def test_something_was_checked() -> None:
    assert len(mentioned("cratecheck")) > 10
    assert len(mentioned("make")) >= 5
