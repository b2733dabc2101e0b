"""A workspace, opened for a command; and `cratecheck status`, which says how it stands."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import Format, FormatOption, say, show_value

if TYPE_CHECKING:
    from audit_core.catalogue.store import Store
    from audit_core.settings import Settings

__all__ = ["ActorOption", "WorkspaceOption", "add_to", "opened"]

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="CRATECHECK_WORKSPACE",
        help="The folder with cratecheck.toml.",
        show_default="the current folder",
    ),
]


def _who() -> str:
    return os.environ.get("CRATECHECK_PERSON") or getpass.getuser()


ActorOption = Annotated[
    str,
    typer.Option(
        "--as",
        default_factory=_who,
        show_default="CRATECHECK_PERSON, or the login name",
        help="Who does this, for the ledger: a name, or a Slack user id of the settings.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(status)


@contextmanager
def opened(workspace: Path) -> Iterator[tuple[Settings, Store]]:
    """Open a workspace: its settings, and its database, brought up to date."""
    from audit_core.catalogue.store import Store
    from audit_core.settings import load_settings

    settings = load_settings(workspace)
    with Store(settings.database) as store:
        yield settings, store


def status(workspace: WorkspaceOption = Path(), style: FormatOption = Format.TABLE) -> None:
    """Say what the workspace holds: datasets, active policies, violations, posts that wait, the ledger's head.

    Example: cratecheck status --format json | jq .violations
    """
    from bot.status import standing

    with opened(workspace) as (_settings, store):
        now = standing(store)
    if style is Format.JSON:
        show_value(now)
        return
    for title, value in now.items():
        say(f"{title.replace('_', ' ')}:")
        if isinstance(value, dict):
            for name, number in value.items():
                say(f"  {name}: {number}")
        elif isinstance(value, list):
            for entry in value:
                say(f"  {entry}")
        else:
            say(f"  {value}")
