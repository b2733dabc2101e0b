"""The crate to hear, written once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from bot.demo.planting import write_crate


@pytest.fixture(scope="session")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write it, or wait for the process of this run that does."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "demo-crate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_crate(shared / "demo-crate")
    return shared / "demo-crate"
