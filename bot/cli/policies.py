"""`cratecheck policy`: check, explain, test, preview, activate and list policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit_core.errors import PolicyError
from bot.cli import previewing, schemas, testing
from bot.cli.manual_pages import show_page
from bot.cli.output import RowFormat, RowFormatOption, say, show_rows
from bot.cli.policy_files import Files, policies_in
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

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
    group.command()(activate)
    group.command()(retire)
    group.command("list")(list_)
    schemas.add_to_group(group)
    app.add_typer(group, name="policy")


def check(paths: Files = None, workspace: WorkspaceOption = Path()) -> None:
    """Find the mistakes in policy files, all of them in one go; no database is needed.

    Example: cratecheck policy check policies/release.yaml
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
    from rules.explain import explain as in_english

    if kind is not None:
        show_page(kind)
        return
    say("\n\n".join(in_english(policy) for policy in policies_in(paths, workspace)))


def activate(
    actor: ActorOption,
    paths: Files = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Put policies in force: audits apply these texts, and no others, from now on.

    The text is kept under its hash, with who activated it and when.

    Example: cratecheck policy activate policies/release.yaml --as "Ada Adams"
    """
    from rules.activation import activate as put_in_force

    policies = policies_in(paths, workspace)
    with opened(workspace) as (_settings, store):
        for change in put_in_force(store, policies, actor=actor, via="cli"):
            say(f"{change.outcome:<11} {change.policy}  {change.sha256[:12]}")


def retire(
    policy: Annotated[str, typer.Argument(help="The policy's id.")],
    actor: ActorOption,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Take a policy out of force. Its texts stay on record; the next audit closes its violations as superseded.

    Example: cratecheck policy retire release --as "Ada Adams"
    """
    from audit_core.clock import utc_now
    from audit_core.ledger.policies import effective
    from audit_core.ledger.policies import retire as take_out

    with opened(workspace) as (_settings, store), store.write() as connection:
        if not take_out(connection, policy, actor=actor, via="cli", at=utc_now()):
            known = ", ".join(effective(connection, utc_now())) or "none"
            raise PolicyError(f"no policy {policy!r} is in force", mend=f"In force: {known}.")
    say(f"retired {policy}")


def list_(workspace: WorkspaceOption = Path(), style: RowFormatOption = RowFormat.TABLE) -> None:
    """List the policies in force, with the hash of their text and who activated them.

    Example: cratecheck policy list --format json
    """
    from dataclasses import asdict

    from audit_core.clock import utc_now
    from audit_core.ledger.policies import effective

    with opened(workspace) as (_settings, store), store.read() as connection:
        rows = [asdict(one) for one in effective(connection, utc_now()).values()]
    show_rows(rows, ["policy", "sha256", "effective_at", "person"], style, empty="no policy is active")
