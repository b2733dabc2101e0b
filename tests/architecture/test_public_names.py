"""Each module says what it offers, and the packages that others build on offer just this."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("audit_core", "rules", "bot")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_offers_what_it_says(name: str) -> None:
    module = importlib.import_module(name)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert [offered for offered in module.__all__ if not hasattr(module, offered)] == []


def test_the_kinds_of_rule_are_these() -> None:
    from rules.checks import KINDS

    assert list(KINDS) == ["field", "licence", "duplicate", "neighbour", "crossing", "integrity", "share"]


def test_the_desk_offers_these() -> None:
    import bot.desk

    assert bot.desk.__all__ == [
        "ApiFault",
        "Channel",
        "Command",
        "DeliveryFault",
        "Desk",
        "DeskConfig",
        "DeskUser",
        "Outcome",
        "Person",
        "Shortcut",
        "UserGroup",
        "serve",
    ]
