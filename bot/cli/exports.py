"""`cratecheck export`: what may go out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.files import write_whole
from bot.cli.workspaces import WorkspaceOption, opened

__all__ = ["add_to"]


class ManifestFormat(StrEnum):
    """How a manifest is written."""

    CSV = "csv"
    JSONL = "jsonl"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Export what may go out.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(manifest)
    group.callback()(lambda: None)  # so that `manifest` stays a name, though it is the only one
    app.add_typer(group, name="export")


def manifest(
    dataset: Annotated[str, typer.Option(help="The dataset to list.")],
    style: Annotated[ManifestFormat, typer.Option("--format", help="How the rows are written.")] = ManifestFormat.CSV,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file, instead of stdout.")] = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """List the tracks of a dataset that are not quarantined, with their files, checksums, licences and sources.

    A quarantined track is left out, and so is every byte-identical copy of it. What heads the manifest (dataset,
    revision, counts, the ledger's head) goes to stderr as JSON.

    Example: cratecheck export manifest --dataset train-2026 -o manifest.csv
    """
    from audit_core.catalogue.snapshot import Snapshot, latest_revision
    from audit_core.clock import utc_now
    from audit_core.report.json_lines import facts_json, manifest_json_lines
    from audit_core.report.manifest import facts
    from audit_core.report.manifest import manifest as rows_of
    from audit_core.report.spreadsheet import manifest_csv

    render = manifest_csv if style is ManifestFormat.CSV else manifest_json_lines
    with opened(workspace) as (_settings, store), store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), utc_now())
        head = facts_json(facts(connection, dataset, snapshot))
        lines = render(rows_of(connection, dataset, snapshot))
        if output is None:
            sys.stdout.writelines(lines)
        else:
            write_whole(output, lines)
    sys.stderr.write(f"{head}\n")
