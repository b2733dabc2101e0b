"""`cratecheck serve`, `demo` and `digest`: the conversation."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import RowFormat, say, show_rows, show_value
from bot.cli.workspaces import WorkspaceOption, opened

if TYPE_CHECKING:
    from audit_core.catalogue.store import Store
    from audit_core.settings import Settings

__all__ = ["add_to"]


class DigestFormat(StrEnum):
    """How a digest is written."""

    MD = "md"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(demo)
    app.command()(serve)
    app.command()(digest)


def demo(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="The folder to keep it in; it is made if it isn't there.",
            show_default="demo-workspace, or demo-of-NAME of a folder",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            exists=True,
            file_okay=False,
            help="Your own music, in place of what comes with the program.",
        ),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Do all but the browser: print the violations, and end.")
    ] = False,
    port: Annotated[int, typer.Option(help="The desk's port on this machine; 0 takes a free one.")] = 4810,
    browser: Annotated[bool, typer.Option(help="Open the desk in the browser.")] = True,
) -> None:
    """Audit what comes with the program, and show its threads on a local stand-in for Slack.

    That is real catalogues, and a crate of music that it makes up, with faults planted in it, to be heard. With
    --folder it is your own music instead: its files are read, heard, compared and audited where they lie, in a
    workspace of their own, and none of them is changed. Nothing leaves this machine. Started again, it goes on where
    it was.

    Example: cratecheck demo --headless

    Example: cratecheck demo --folder ~/Music
    """
    from audit_core.clock import utc_now
    from audit_core.ledger.violations import listed
    from bot.cli.progress import stages
    from bot.demo.crate import fill, fill_from, name_of, prepare
    from bot.demo.desk import demand_free
    from bot.workspace import licence_table
    from rules.run import audit

    if not headless:
        demand_free(port)  # before the work
    if workspace is None:
        workspace = Path(f"demo-of-{name_of(folder)}" if folder else "demo-workspace")
    settings = prepare(workspace, folder=folder is not None)
    with opened(workspace) as (_settings, store):
        with stages() as tell:
            if folder is not None:
                fill_from(store, settings, folder, _note, tell)
            else:
                fill(store, settings, _note, tell)
        audit(store, licences=licence_table(settings), as_of=utc_now(), actor="demo", via="cli")
        with store.read() as connection:
            found = listed(connection, states=["open"])
        if headless:
            rows = [
                {"key": v.key[:12], "severity": v.severity, "rule": v.rule, "dataset": v.dataset, "message": v.message}
                for v in found
            ]
            columns = ["key", "severity", "rule", "dataset", "message"]
            show_rows(rows, columns, RowFormat.TABLE, empty="no violation is open")
            say(f"{len(rows):,} violations are open")
            return
        _note(f"{len(found):,} violations are open")
        _at_the_desk(settings, store, port, browser=browser)


def serve(
    desk: Annotated[
        bool, typer.Option("--desk", help="Show a demo workspace on a local stand-in for Slack, in the browser.")
    ] = False,
    port: Annotated[int, typer.Option(help="With --desk, its port; 0 takes a free one.")] = 4810,
    browser: Annotated[bool, typer.Option(help="With --desk, open it in the browser.")] = True,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Post violations to Slack, take decisions there, and keep the schedules, until it is stopped.

    Needs SLACK_BOT_TOKEN, and SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP), in the environment.

    Example: cratecheck serve --workspace audits
    """
    from audit_core.errors import SettingsError
    from bot.service import Service

    with opened(workspace) as (settings, store):
        if not desk:
            with Service(settings, store) as service:
                _note(f"serving; Slack's calls are taken at {service.url}" if service.url else "serving in Socket Mode")
                service.wait()
            return
        if not settings.demo:
            raise SettingsError(
                f"{workspace} is no demo", mend="The desk is for trying: set SLACK_BOT_TOKEN to serve your Slack."
            )
        if not store.is_sqlite:
            raise SettingsError("the desk shows no PostgreSQL workspace", mend="Unset DATABASE_URL.")
        _at_the_desk(settings, store, port, browser=browser)


def digest(
    policy: Annotated[str, typer.Argument(help="The policy to tell of.")],
    days: Annotated[int, typer.Option(min=1, help="Of how many days.")] = 7,
    workspace: WorkspaceOption = Path(),
    style: Annotated[DigestFormat, typer.Option("--format", help="How it is written on stdout.")] = DigestFormat.MD,
) -> None:
    """Tell what changed under a policy of late, in five lines, with the ledger's head.

    Example: cratecheck digest release --days 30
    """
    from dataclasses import asdict
    from datetime import timedelta

    from audit_core.clock import utc_now
    from audit_core.errors import CratecheckError
    from audit_core.ledger.runs import settle
    from bot.digest import compose, markdown
    from rules.activation import active

    with opened(workspace) as (settings, store):
        settle(store)
        now = utc_now()
        with store.read() as connection:
            known = {each.id: each for each in active(connection)}
            if policy not in known:
                raise CratecheckError(
                    f"no policy {policy!r} is in force", mend=f"In force: {', '.join(known) or 'none'}."
                )
            told = compose(
                connection,
                policy,
                known[policy].title,
                since=now - timedelta(days=days),
                until=now,
                names=settings.people,
            )
    if style is DigestFormat.JSON:
        show_value(asdict(told))
    else:
        sys.stdout.write(markdown(told))


def _at_the_desk(settings: Settings, store: Store, port: int, *, browser: bool) -> None:
    import webbrowser

    from bot.demo.desk import showing

    with showing(settings, store, port=port) as here:
        _note(f"the desk is open at {here.url} (Ctrl+C ends it)")
        if browser:
            webbrowser.open(here.url)
        here.service.wait()


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
