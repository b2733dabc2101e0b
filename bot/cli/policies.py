"""`cratecheck policy`: check, explain, test, preview, activate and list policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli import policy_record, previewing, proposing, schemas, testing
from bot.cli.manual_pages import show_page
from bot.cli.output import say
from bot.cli.policy_files import Files, policies_in
from bot.cli.workspaces import WorkspaceOption

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        help="Check, explain, test, preview and activate policies.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command()(check)
    group.command()(explain)
    testing.add_to_group(group)
    previewing.add_to_group(group)
    proposing.add_to_group(group)
    policy_record.add_to_group(group)
    schemas.add_to_group(group)
    app.add_typer(group, name="policy")


def check(paths: Files = None, workspace: WorkspaceOption = Path()) -> None:
    """Find the mistakes in policy files, all of them in one go; no database is needed.

    Example: cratecheck policy check policies/rights.yaml
    """
    policies = policies_in(paths, workspace)
    rules = sum(len(policy.rules) for policy in policies)
    say(f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'}, {rules} rules: no mistakes")


def explain(
    paths: Files = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Print the handbook's page on a kind of rule, and no policy.")
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Say what policies demand, in plain English.

    Example: cratecheck policy explain --kind licence
    """
    from rules.language.explain import explain as in_english

    if kind is not None:
        show_page(kind)
        return
    say("\n\n".join(in_english(policy) for policy in policies_in(paths, workspace)))
