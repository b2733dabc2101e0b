"""Whether a command that a text shows exists, with its options: asked of the command line itself."""

from __future__ import annotations

import shlex

import typer
from typer.core import TyperGroup

from bot.cli.main import app

__all__ = ["check_command"]


def check_command(line: str) -> None:
    """Hold a line that begins with `cratecheck` against the command line.

    Raises
    ------
    AssertionError
        If there is no such command, or none of its options is called so.
    """
    here = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and isinstance(here, TyperGroup) and not (here.invoke_without_command and words[0].startswith("-")):
        assert words[0] in here.commands, f"{words[0]} is no command"
        here = here.commands[words.pop(0)]
    known = {name for parameter in here.params for name in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("-")} <= known
