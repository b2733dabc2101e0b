"""`cratecheck policy explain --kind`: the handbook's page on a kind of rule."""

from __future__ import annotations

import pytest

from rules.checks import KINDS
from rules.handbook.book import chapter
from tests.bot.cli.conftest import Run


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_the_chapter_of_the_handbook(run: Run, kind: str) -> None:
    ran = run("policy", "explain", "--kind", kind)
    assert (ran.status, ran.out) == (0, f"{chapter(kind)}\n")


def test_of_a_kind_that_there_is_not_the_kinds_are_named(run: Run) -> None:
    ran = run("policy", "explain", "--kind", "licnce")
    assert ran.status == 2
    assert 'unknown kind of rule "licnce". Did you mean "licence"? The kinds are field, licence, ' in ran.err


def test_a_terminal_shows_it_laid_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    ran = run("policy", "explain", "--kind", "licence")
    assert ran.status == 0
    assert "```" not in ran.out
    assert "\x1b[" in ran.out
