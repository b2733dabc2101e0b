"""The lock files pin what is installed, and name nobody's host or folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
class TestLock:
    def test_it_holds_no_address_and_no_path(self, name: str) -> None:
        assert re.findall(r"https?://|file:|@ |^-|/", (ROOT / name).read_text(), re.MULTILINE) == []

    def test_every_package_is_pinned_and_hashed(self, name: str) -> None:
        entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        assert entries
        for entry in entries:
            assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", entry), entry
            assert "--hash=sha256:" in entry
