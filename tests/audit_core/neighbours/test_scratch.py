"""Folders for what is written meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from audit_core.neighbours.scratch import scratch

KILLED = """
import os, signal, sys
from pathlib import Path

from audit_core.neighbours.scratch import scratch

with scratch(Path(sys.argv[1]), "query-") as place:
    (place / "pairs").write_bytes(b"much")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_gone_with_all_that_is_in_it_when_the_block_ends(tmp_path: Path) -> None:
    with scratch(tmp_path, "query-") as place:
        (place / "inner").mkdir()
        assert place.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "fingerprint-1").mkdir()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[3], check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = tmp_path.glob("query-*")
    with scratch(tmp_path, "comparison-"):
        assert left.exists()
    with scratch(tmp_path, "query-"):
        assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["fingerprint-1"]


def test_a_folder_in_use_stays(tmp_path: Path) -> None:
    with scratch(tmp_path, "query-") as first, scratch(tmp_path, "query-") as second:
        assert first != second
        assert first.exists()
