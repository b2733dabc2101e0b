"""`cratecheck import`: files into the catalogue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, clean, say, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from audit_core.ingest.report import ImportReport

__all__ = ["add_to"]

_COUNTS = ("read", "added", "changed", "unchanged", "gone", "refused")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_)


def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, TSV, JSON lines or Parquet.")],
    dataset: Annotated[str, typer.Option(help="The dataset that the tracks belong to.")],
    actor: ActorOption,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="A mapping file, or the name of a shipped one, which says what each column is. Else it is guessed.",
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="The files are a part of the dataset: what they leave out stays.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any row is refused.")] = False,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Bring the tracks of files into the catalogue, as one revision.

    Importing the same again changes nothing. A row that can't be used is reported with its file, line and
    reason, and skipped. A track that the files no longer hold is marked gone; what it was stays on record.

    Example: cratecheck import tracks.csv --dataset train-2026 --mapping tracks.mapping.yaml

    Exit status: 0; 1 if rows were refused; 2 if nothing could be imported.
    """
    from audit_core.ingest.importer import import_files
    from audit_core.ingest.mapping_file import load_mapping
    from bot.cli.progress import progress

    rules = load_mapping(mapping) if mapping is not None else None
    with opened(workspace) as (_settings, store), progress("importing") as advance:
        report = import_files(
            store,
            paths,
            dataset=dataset,
            mapping=rules,
            actor=actor,
            via="cli",
            partial=partial,
            strict=strict,
            progress=lambda now: advance(now.done, now.total or None),
        )
    if style is Format.JSON:
        show_value(_as_dict(report))
    else:
        _tell(report)
    return ExitCode.BAD_ANSWER if report.refused else ExitCode.CLEAN


def _as_dict(report: ImportReport) -> dict[str, object]:
    counts = {name: getattr(report, name) for name in _COUNTS}
    refusals = [refusal._asdict() for refusal in report.refusals]
    return {
        "dataset": report.dataset,
        "revision": report.revision,
        **counts,
        "refusals": refusals,
        "vanished": list(report.vanished),
        "mapping": report.mapping.name or None,
        "guessed": report.mapping.guessed,
    }


def _tell(report: ImportReport) -> None:
    if report.mapping.guessed:
        say("The columns were taken for this; save it as a mapping file and correct it where it is wrong:")
        say("".join(f"  {line}\n" for line in report.mapping.text.splitlines()))
    for refusal in report.refusals:
        sys.stderr.write(f"{clean(f'{refusal.file}:{refusal.line}: {refusal.reason}')}\n")
    if report.refused > len(report.refusals):
        sys.stderr.write(f"… and {report.refused - len(report.refusals):,} more rows were refused\n")
    for name in _COUNTS:
        say(f"{name:>9}  {getattr(report, name):>10,}")
    if report.vanished:
        some = ", ".join(report.vanished[:5])
        say(f"gone from the files, and so from the dataset: {some}{' …' if report.gone > 5 else ''}")
    say(f"revision {report.revision}" if report.revision else "nothing changed: no new revision")
