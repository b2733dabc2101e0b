"""`cratecheck init`: a workspace is made, with policies to begin with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from audit_core.errors import Location, SettingsError
from bot.cli.output import say

__all__ = ["add_to"]

_SETTINGS: Final = """\
# A Cratecheck workspace. Secrets (SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_APP_TOKEN, DATABASE_URL)
# come from the environment and never stand here.

# Who everybody is: Slack user ids, and the names that --as takes. Name yourself and the reviewers first: a policy is
# proposed by somebody who is known, and confirmed by somebody else.
[people]
# U0123ABCD = "Ada Adams"
# U0456EFGH = "Grace Green"

# Where the audio of a dataset lies, if elsewhere than where it was imported from: a folder, or s3://BUCKET/FOLDER.
[audio]
# "train-2026" = "/srv/music"

# The groups that policies name as reviewers. A handle that is not listed here is looked up in Slack.
[groups]
# "@data-legal" = ["U0123ABCD", "U0456EFGH"]
# "@data-leads" = ["U0123ABCD", "U0456EFGH"]
"""
_SCHEMA: Final = "policy.schema.json"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make a workspace of.")] = Path(),
    pack: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A policy to begin with; may be given several times.", show_default="most"),
    ] = None,
    list_packs: Annotated[
        bool, typer.Option("--list-packs", help="Say which policies there are to begin with, and end.")
    ] = False,
) -> None:
    """Make a workspace: settings, policies to begin with, an empty catalogue.

    What is there already is left as it is. Where there are policies of your own, none is added but those that are named
    by --pack.

    Example: cratecheck init audits --pack rights --pack leaks
    """
    from rules.starters import BY_DEFAULT, STARTERS

    if list_packs:
        for name, purpose in STARTERS.items():
            say(f"{name:<12} {purpose}{'' if name in BY_DEFAULT else ' (only if named)'}")
        return
    names = _named(pack) if pack else list(BY_DEFAULT)
    _make(folder, names, asked=bool(pack))
    say()
    say("The policies are yours to change; each rule says where its numbers come from.")
    say("First name in cratecheck.toml yourself and another person under [people], and under [groups] who belongs to")
    say("@data-legal and @data-leads: whoever proposes a policy must be known, and another reviewer confirms it. Then:")
    steps = list(_next(folder))
    width = max(len(command) for command, _ in steps)
    for command, why in steps:
        say(f"  {command:<{width}}  # {why}")


def _named(names: list[str]) -> list[str]:
    from audit_core.wording import did_you_mean, quoted
    from rules.starters import STARTERS

    for name in names:
        if name not in STARTERS:
            raise typer.BadParameter(f"no pack is called {quoted(name)}. {did_you_mean(name, STARTERS)}")
    return list(dict.fromkeys(names))


def _make(folder: Path, names: list[str], *, asked: bool) -> None:
    """Write what is not there yet, and say what each is."""
    from audit_core.catalogue.store import Store
    from audit_core.settings import SETTINGS_FILE, load_settings
    from rules.language.json_schema import schema_text
    from rules.starters import STARTERS, starter_text

    policies = folder / "policies"
    try:
        policies.mkdir(parents=True, exist_ok=True)
        _write(folder / SETTINGS_FILE, _SETTINGS, "who reviews, and where the audio lies")
        if not asked and (own := sorted(_own_policies(policies))):
            say(f"kept    {own[0]}{f' and {len(own) - 1} more' if len(own) > 1 else ''}: add to them by --pack NAME")
        else:
            for name in names:
                _write(policies / f"{name}.yaml", starter_text(name), STARTERS[name])
        _write(policies / _SCHEMA, schema_text(), "lets an editor complete and check policies", ours=True)
    except OSError as error:
        what = f"no workspace can be made here: {(error.strerror or str(error)).lower()}"
        mend = "Choose a folder that this user may write to, on a disk with room; what was made so far is kept."
        raise SettingsError(what, at=Location(str(error.filename or folder)), mend=mend) from error
    Store(load_settings(folder).database).close()


def _own_policies(policies: Path) -> Iterator[Path]:
    """Find policies that are none of those to begin with, whose rules might be theirs under the same ids."""
    from rules.starters import STARTERS

    return (path for path in policies.iterdir() if path.suffix in (".yaml", ".yml") and path.stem not in STARTERS)


def _write(path: Path, text: str, purpose: str, *, ours: bool = False) -> None:
    """Write a file that is not there, or that is ours to keep up to date; say which it was."""
    there = path.exists()
    if there and not (ours and path.read_text(encoding="utf-8", errors="replace") != text):
        say(f"kept    {path}")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        if not there:  # half a file would be taken for the user's own the next time
            path.unlink(missing_ok=True)
        raise
    say(f"{'renewed' if there else 'written'} {path}: {purpose}")


def _next(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the commands that come next, with what each is for."""
    here = "" if folder == Path() else f" -w {shlex.quote(str(folder))}"
    yield f"cratecheck policy check{here}", "are they written as they should be?"
    yield f"cratecheck policy explain{here}", "what do they demand, in plain English?"
    yield f"cratecheck policy test{here}", "do their examples come out as expected?"
    yield f"cratecheck import TRACKS.csv --dataset NAME{here}", "or a folder of audio in place of TRACKS.csv"
    yield f'cratecheck policy activate --as "Ada Adams"{here}', "proposes them, and shows what they would find"
    yield f'cratecheck policy confirm ID --as "Grace Green"{here}', "a second person puts them in force, one by one"
    yield f"cratecheck audit{here}", "holds the data against the policies"
