"""`cratecheck init` and `cratecheck status`: a workspace is made, and says how it stands."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit_core.errors import Location, SettingsError
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


_SETTINGS = """\
# A Cratecheck workspace. Secrets (SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_APP_TOKEN, DATABASE_URL)
# come from the environment and never stand here.

# Names for the Slack user ids that appear below and in the ledger.
[people]
# U0123ABCD = "Ada Adams"

# Where the audio of a dataset lies, if elsewhere than where it was imported from: a folder, or s3://BUCKET/FOLDER.
[audio]
# "train-2026" = "/srv/music"

# The groups that policies name as reviewers. A handle that is not listed here is looked up in Slack.
[groups]
# "@data-legal" = ["U0123ABCD"]
"""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(init)
    app.command()(status)


@contextmanager
def opened(workspace: Path) -> Iterator[tuple[Settings, Store]]:
    """Open a workspace: its settings, and its database, brought up to date."""
    from audit_core.catalogue.store import Store
    from audit_core.settings import load_settings

    settings = load_settings(workspace)
    with Store(settings.database) as store:
        yield settings, store


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make a workspace of.")] = Path(),
) -> None:
    """Make a workspace: settings, a starter policy, an empty catalogue.

    What is there already is left as it is.

    Example: cratecheck init audits
    """
    from audit_core.catalogue.store import Store
    from audit_core.settings import SETTINGS_FILE, load_settings

    policies = folder / "policies"
    starter = files("rules.packs") / "release.yaml"
    try:
        policies.mkdir(parents=True, exist_ok=True)
        for path, text in (
            (folder / SETTINGS_FILE, _SETTINGS),
            (policies / "release.yaml", starter.read_text(encoding="utf-8")),
        ):
            if path.exists():
                say(f"kept    {path}")
            else:
                _write_whole(path, text)
                say(f"written {path}")
    except OSError as error:
        what = f"no workspace can be made here: {(error.strerror or str(error)).lower()}"
        mend = "Choose a folder that this user may write to, on a disk with room; what was made so far is kept."
        raise SettingsError(what, at=Location(str(error.filename or folder)), mend=mend) from error
    Store(load_settings(folder).database).close()
    say()
    say("Next: adapt the policy to your data, then")
    say(f"  cratecheck policy check -w {folder}")
    say(f"  cratecheck policy activate -w {folder}")
    say(f"  cratecheck import TRACKS.csv --dataset NAME -w {folder}    # or a folder of audio in place of TRACKS.csv")
    say(f"  cratecheck audit -w {folder}")


def _write_whole(path: Path, text: str) -> None:
    """Write a file, or leave none: half a file would be taken for the user's own the next time."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise


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
