"""`cratecheck import`: tables, or a folder of audio, into the catalogue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit_core.errors import IngestError
from audit_core.wording import quoted
from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, clean, say, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from audit_core.audio.files import Root
    from audit_core.catalogue.store import Store
    from audit_core.ingest.block import Refusal
    from audit_core.ingest.mapping import Mapping
    from audit_core.ingest.report import ImportReport

__all__ = ["add_to"]

_COUNTS = ("read", "added", "changed", "unchanged", "gone", "refused")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_)


def import_(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="CSV, TSV, JSON lines or Parquet; or one folder of audio."),
    ],
    dataset: Annotated[str, typer.Option(help="The dataset that the tracks belong to.")],
    actor: ActorOption,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="A mapping file, or the name of a shipped one, which says what each column is. Else it is guessed.",
        ),
    ] = None,
    sidecar: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Of a folder: a table with a row for each file. What it says wins over the tags.",
        ),
    ] = None,
    path_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column of the sidecar that names the files, from the folder on. Else the mapping says it, or it"
            " is guessed (path, file, filename…).",
        ),
    ] = None,
    splits: Annotated[
        bool,
        typer.Option(
            "--split-from-folders",
            help="Of a folder: the uppermost folder that is called train, valid, dev, test, eval… tells the split.",
        ),
    ] = False,
    audio_root: Annotated[
        str | None,
        typer.Option(metavar="FOLDER|URL", help="Of tables: where the paths of the audio begin, for the scan."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="The files are a part of the dataset: what they leave out stays.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any row is refused.")] = False,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Bring the tracks of tables, or of a folder of audio, into the catalogue, as one revision.

    Importing the same again changes nothing. A row that can't be used is reported with its file, line and
    reason, and skipped. A track that is no longer there is marked gone; what it was stays on record.

    Of a folder, each file whose name is that of audio is a track. It is known by its path; its tags and its
    header say the rest, and a sidecar table wins over them. A file with broken tags is imported all the same,
    and told. Links that lead out of the folder, and rows of a sidecar without a file, are refused.

    Example: cratecheck import tracks.csv --dataset train-2026 --mapping tracks.mapping.yaml

    Example: cratecheck import tracks.csv --dataset train-2026 --audio-root /srv/music

    Example: cratecheck import /srv/music --dataset train-2026 --split-from-folders

    Example: cratecheck import /srv/music --dataset train-2026 --sidecar tracks.csv --path-column file

    Exit status: 0; 1 if rows were refused; 2 if nothing could be imported.
    """
    from audit_core.ingest.mapping_file import load_mapping

    folder = _only_folder(paths)
    _check_together(folder, sidecar=sidecar, path_column=path_column, splits=splits, audio_root=audio_root)
    rules = load_mapping(mapping) if mapping is not None else None
    with opened(workspace) as (settings, store):
        if folder is not None:
            report = _import_folder(
                store, folder, dataset, actor, rules, sidecar, path_column, splits, partial=partial, strict=strict
            )
        else:
            report = _import_files(store, paths, dataset, actor, rules, audio_root, partial=partial, strict=strict)
    if style is Format.JSON:
        show_value(_as_dict(report))
    else:
        _tell(report)
    stated = settings.audio.get(dataset)
    if stated is not None and report.audio_root is not None and not _is_same_place(stated, report.audio_root):
        sys.stderr.write(clean(f"the settings say that the audio of {dataset} lies in {stated}, and that wins") + "\n")
    return ExitCode.BAD_ANSWER if report.refused else ExitCode.CLEAN


def _import_files(
    store: Store,
    paths: list[str],
    dataset: str,
    actor: str,
    mapping: Mapping | None,
    audio_root: str | None,
    *,
    partial: bool,
    strict: bool,
) -> ImportReport:
    from audit_core.ingest.importer import import_files
    from bot.cli.progress import progress

    with progress("importing") as advance:
        return import_files(
            store,
            [Path(path) for path in paths],
            dataset=dataset,
            mapping=mapping,
            actor=actor,
            via="cli",
            partial=partial,
            strict=strict,
            audio_root=_root(audio_root) if audio_root is not None else None,
            progress=lambda now: advance(now.done, now.total or None),
        )


def _import_folder(
    store: Store,
    folder: str,
    dataset: str,
    actor: str,
    mapping: Mapping | None,
    sidecar: Path | None,
    path_column: str | None,
    splits: bool,
    *,
    partial: bool,
    strict: bool,
) -> ImportReport:
    from audit_core.ingest.importer import import_folder
    from bot.cli.progress import progress

    with progress("reading files") as advance:
        return import_folder(
            store,
            _root(folder),
            dataset=dataset,
            actor=actor,
            via="cli",
            sidecar=sidecar,
            path_column=path_column,
            mapping=mapping,
            splits=splits,
            partial=partial,
            strict=strict,
            progress=lambda now: advance(now.done, now.total or None),
        )


def _root(where: str) -> Root:
    from audit_core.audio.files import Root

    return Root(where if "://" in where else Path(where))


def _is_same_place(first: str, second: str) -> bool:
    from audit_core.audio.paths import unspelled

    return first == second or Path(unspelled(first)).resolve() == Path(unspelled(second)).resolve()


def _only_folder(paths: list[str]) -> str | None:
    """Give the folder that is to be imported; None if tables are."""
    folders = [path for path in paths if "://" in path or Path(path).is_dir()]
    if not folders:
        return None
    if len(paths) > 1:
        what = (
            "several folders" if len(folders) == len(paths) else f"{quoted(folders[0])} is a folder, and others are not"
        )
        mend = "Import one folder by itself; a table beside it is given with --sidecar."
        raise IngestError(what, mend=mend)
    return folders[0]


def _check_together(
    folder: str | None, *, sidecar: Path | None, path_column: str | None, splits: bool, audio_root: str | None
) -> None:
    given = {"--sidecar": sidecar is not None, "--path-column": path_column is not None, "--split-from-folders": splits}
    if folder is None:
        for option in (name for name, is_given in given.items() if is_given):
            raise IngestError(f"{option} goes with a folder of audio", mend="Leave it out, or name the folder.")
    elif audio_root is not None:
        raise IngestError("--audio-root goes with tables", mend="A folder that is imported is where its audio lies.")
    if path_column is not None and sidecar is None:
        raise IngestError("--path-column goes with --sidecar", mend="Name the table that has the column.")


def _as_dict(report: ImportReport) -> dict[str, object]:
    counts = {name: getattr(report, name) for name in _COUNTS}
    return {
        "dataset": report.dataset,
        "revision": report.revision,
        **counts,
        "withheld": report.withheld,
        "refusals": [refusal._asdict() for refusal in report.refusals],
        "warned": report.warned,
        "warnings": [warning._asdict() for warning in report.warnings],
        "vanished": list(report.vanished),
        "incomplete": report.incomplete,
        "audio_root": report.audio_root,
        "audio_root_before": report.audio_root_before,
        "mapping": report.mapping.name or None,
        "guessed": report.mapping.guessed,
    }


def _tell(report: ImportReport) -> None:
    if report.mapping.guessed:
        say("The columns were taken for this; save it as a mapping file and correct it where it is wrong:")
        say("".join(f"  {line}\n" for line in report.mapping.text.splitlines()))
    _complain(report.warnings, report.warned, "warning: ", "more was amiss")
    _complain(report.refusals, report.refused, "", "more rows were refused")
    for name in _COUNTS:
        say(f"{name:>9}  {getattr(report, name):>10,}")
    if report.vanished:
        some = ", ".join(report.vanished[:5])
        say(f"gone from the files, and so from the dataset: {some}{' …' if report.gone > 5 else ''}")
    if report.incomplete:
        say("a folder could not be looked into: nothing was taken for gone")
    if report.audio_root_before is not None:
        say(f"the audio lies in {report.audio_root} now; before, in {report.audio_root_before}")
    if report.withheld:
        say(f"nothing was imported: {report.refused:,} refused, and --strict asks that none is")
    else:
        say(f"revision {report.revision}" if report.revision else "nothing changed: no new revision")


def _complain(first: tuple[Refusal, ...], count: int, kind: str, more: str) -> None:
    for each in first:
        place = each.file if each.line is None else f"{each.file}:{each.line}"
        sys.stderr.write(f"{clean(f'{kind}{place}: {each.reason}')}\n")
    if count > len(first):
        sys.stderr.write(f"… and {count - len(first):,} {more}\n")
