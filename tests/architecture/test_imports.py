"""Imports run one way: bot → rules → audit_core; and the command line stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDER = ("audit_core", "rules", "bot")
HEAVY = (
    *("slack_bolt", "slack_sdk", "starlette", "uvicorn", "apscheduler", "alembic", "sqlalchemy", "pyarrow", "jinja2"),
    *("numpy", "numba", "scipy", "librosa", "sklearn", "av", "matplotlib", "mutagen", "fsspec"),
)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield str(node.module)


@pytest.mark.parametrize("package", ORDER)
def test_no_package_imports_one_above_it(package: str) -> None:
    above = ORDER[ORDER.index(package) + 1 :]
    upward = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for module in imported(path)
        if module.split(".")[0] in above
    ]
    assert upward == []


def test_the_desk_knows_nothing_of_the_bot_that_is_installed_in_it() -> None:
    known = {
        module
        for path in (ROOT / "bot" / "desk").rglob("*.py")
        for module in imported(path)
        if module.split(".")[0] in ORDER and not module.startswith("bot.desk")
    }
    assert known <= {"audit_core.errors", "audit_core.clock"}


def test_the_help_loads_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['cratecheck', '--help']; from bot.cli.main import _status; _status(); "
    code += "sys.stderr.write(' '.join({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert set(loaded).isdisjoint(HEAVY)
