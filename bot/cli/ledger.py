"""`cratecheck ledger`: verify and export the record."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from audit_core.errors import CratecheckError
from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, say, show_value
from bot.cli.workspaces import WorkspaceOption, opened

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Verify and export the ledger.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(verify)
    group.command()(export)
    app.add_typer(group, name="ledger")


def verify(
    head: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ:HASH", help="A head that a digest gave out, to show a tail that was cut or rewritten since."
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Recompute every hash of the ledger, and hold the tables against it.

    The heads of all digests on record are checked too. Names the first row that is not as it was written.

    Example: cratecheck ledger verify --head "$HEAD_FROM_THE_DIGEST"

    Exit status: 0 if the chain holds, 1 if it is broken.
    """
    from audit_core.ledger.chain import Head
    from audit_core.ledger.verify import verify as verified
    from bot.digest import given_out

    against = None
    if head is not None:
        seq, _, digest = head.partition(":")
        if not seq.isdecimal() or not re.fullmatch("[0-9a-f]{64}", digest):
            raise CratecheckError(
                f"{head!r} is no head", mend="Write it as the digest does: SEQ:HASH, all 64 digits of it."
            )
        against = Head(int(seq), digest)
    with opened(workspace) as (_settings, store):
        known = given_out(store)
        found = verified(store, against=against, known_heads=known)
    if style is Format.JSON:
        show_value(asdict(found) | {"holds": found.holds})
    else:
        say(f"head {found.head.seq}:{found.head.hash}")
        counted = f"{found.entries:,} entries, {found.runs:,} runs with {found.findings:,} findings, "
        counted += f"{found.decisions:,} decisions, {found.violations:,} violations, {len(known):,} digests"
        say(f"{'whole: ' if found.holds else 'verified before the break: '}{counted}")
        if found.broken:
            say(f"BROKEN: {found.broken}")
    return ExitCode.CLEAN if found.holds else ExitCode.BAD_ANSWER


def export(workspace: WorkspaceOption = Path()) -> None:
    """Write all entries of the ledger as JSON lines, with what is needed to recompute their hashes.

    Example: cratecheck ledger export > ledger.jsonl
    """
    from audit_core.ledger.chain import export as entries

    with opened(workspace) as (_settings, store), store.read() as connection:
        for line in entries(connection):
            sys.stdout.write(f"{line.rstrip(chr(10))}\n")  # as it is: whoever recomputes the hashes needs every sign
