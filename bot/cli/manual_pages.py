"""The manual page of a kind of rule, on a terminal."""

from __future__ import annotations

from audit_core.errors import PolicyError
from audit_core.wording import did_you_mean, meant, quoted
from bot.cli.output import say

__all__ = ["show_page"]


def show_page(kind: str) -> None:
    """Show the page of a kind: laid out for a terminal, else as Markdown.

    Raises
    ------
    PolicyError
        If there is no such kind; it names those that there are.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from rules.checks import KINDS
    from rules.handbook.book import chapter

    if kind not in KINDS:
        kinds = f"The kinds are {', '.join(KINDS)}."
        guess = f"{did_you_mean(kind, KINDS)} " if meant(kind, KINDS) else ""
        raise PolicyError(f"unknown kind of rule {quoted(kind)}", mend=f"{guess}{kinds}")
    console = Console()
    if console.is_terminal:
        console.print(Markdown(chapter(kind), code_theme="ansi_dark"))  # which keeps the background
    else:
        say(chapter(kind))
