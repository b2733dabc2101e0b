"""Importing: the rows of files become a revision of a dataset, of which nobody sees anything until all is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from audit_core.audio.files import Root
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import IngestError
from audit_core.ingest.block import Format, Options
from audit_core.ingest.bring import Given, bring
from audit_core.ingest.folder import Folder, folder_mapping
from audit_core.ingest.formats import format_of
from audit_core.ingest.guess import guessed, guessed_beside
from audit_core.ingest.mapping import Mapping
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ingest.sidecar import Sidecar
from audit_core.ingest.work import Opening
from audit_core.ledger.chain import Via
from audit_core.wording import did_you_mean, quoted, writable

__all__ = ["import_files", "import_folder"]

_LONGEST_NAME: Final = 120  # as long as a policy may write it


def import_files(
    store: Store,
    paths: Sequence[Path],
    *,
    dataset: str,
    mapping: Mapping | None,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    strict: bool = False,
    partial: bool = False,
    audio_root: Root | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import files into a dataset: what is new, changed or gone since its last import becomes a revision.

    Parameters
    ----------
    store : Store
        The database. Readers and other writers get on meanwhile.
    paths : sequence of Path
        The files, which together are the whole dataset.
    dataset : str
        Its name.
    mapping : Mapping or None
        What the columns mean; None to guess it from the headers.
    actor, via : str
        Who imports, and through what.
    clock : Clock
        What time it is.
    strict : bool
        Whether one refused row refuses all: nothing becomes visible.
    partial : bool
        Whether the files are a part of the dataset, so that nothing is gone for not being in them.
    audio_root : Root, optional
        Where the paths of the audio begin. Left out, it stays as it was.
    progress : callable, optional
        Told now and then how far it is.

    Returns
    -------
    report : ImportReport
        What was done. If nothing differs from what the dataset has, nothing was written.

    Raises
    ------
    IngestError
        If a file can't be read, or doesn't fit the mapping. Nothing becomes visible.
    StoreError
        If another import is running.
    """
    _name_is_fit(dataset)
    if not paths:
        raise IngestError("no file to import", mend="Name one or more.")
    formats = [(path, format_of(path, mapping.format if mapping else None)) for path in paths]
    given = Given(formats, files=paths, mapping=lambda: mapping or _guessed(formats))
    origin = ", ".join(writable(path.name) for path in paths)
    opening = Opening(dataset, actor, origin, clock, audio_root.url if audio_root else None)
    return bring(store, given, opening, via=via, strict=strict, partial=partial, progress=progress)


def import_folder(
    store: Store,
    root: Root,
    *,
    dataset: str,
    actor: str,
    via: Via,
    sidecar: Path | None = None,
    path_column: str | None = None,
    mapping: Mapping | None = None,
    splits: bool = False,
    clock: Clock = utc_now,
    strict: bool = False,
    partial: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import a folder of audio into a dataset, as `import_files` does tables: each file is a track.

    Parameters
    ----------
    root : Root
        The folder. It is noted as the place where the paths of the dataset's audio begin.
    sidecar : Path, optional
        A table with a row for each file, whose values win over the tags.
    path_column : str, optional
        The column in which it names the files. Left out: the path of the mapping's asset of role audio, else its key;
        without a mapping it is guessed.
    mapping : Mapping, optional
        What the columns of the sidecar mean; else it is guessed. Without a sidecar, of the folder's own columns.
    splits : bool
        Whether the names of folders tell the splits.

    Raises
    ------
    IngestError
        If there is no audio, or the sidecar can't be read, or doesn't fit the mapping. Nothing becomes visible.
    AudioError
        If the folder can't be listed.
    StoreError
        If another import is running.
    """
    _name_is_fit(dataset)
    folder_name = PurePosixPath(root.url).name or root.url
    if sidecar is None:
        folder = Folder(root, None, splits=splits)
        given = Given([(Path(root.url), folder)], mapping=lambda: folder_mapping(mapping, ()), folder=folder)
        opening = Opening(dataset, actor, folder_name, clock, root.url)
        return bring(store, given, opening, via=via, strict=strict, partial=partial, progress=progress)
    format_ = format_of(sidecar, mapping.format if mapping else None)
    options = Options(mapping.encoding or "utf-8", mapping.delimiter) if mapping else Options()
    columns = format_.columns(sidecar, options)
    over = mapping or guessed_beside(columns, str(sidecar), path_column)
    key = path_column or _joined_by(over, sidecar)
    if key not in columns:
        mend = did_you_mean(key, columns, f"It has: {', '.join(columns[:30])}.")
        raise IngestError(f"no column {quoted(key)} in {writable(str(sidecar))}", mend=mend)
    kept = any(each.column is not None and each.column.name == key for each in over.fields)
    with Sidecar(sidecar, format_, key, root.url, keep_key=kept) as beside:
        folder = Folder(root, beside, splits=splits)
        merged = folder_mapping(over, [column for column in columns if kept or column != key])
        given = Given([(Path(root.url), folder)], files=[sidecar], mapping=lambda: merged, folder=folder)
        opening = Opening(dataset, actor, f"{folder_name}, {writable(sidecar.name)}", clock, root.url)
        report = bring(store, given, opening, via=via, strict=strict, partial=partial, progress=progress)
    return report if mapping else replace(report, mapping=over)


def _name_is_fit(dataset: str) -> None:
    if not dataset or dataset != dataset.strip() or not dataset.isprintable():
        raise IngestError(f"{quoted(dataset)} can't be the name of a dataset", mend="Letters, digits and hyphens do.")
    if len(dataset) > _LONGEST_NAME:
        what = f"{quoted(dataset)} is too long for the name of a dataset"
        raise IngestError(what, mend=f"It may have {_LONGEST_NAME} characters.")


def _joined_by(mapping: Mapping, sidecar: Path) -> str:
    """Find the column that names the files."""
    audio = next((asset for asset in mapping.assets if asset.role == "audio"), None)
    if audio is not None and audio.path is not None:
        return audio.path.name
    if len(mapping.key) == 1:
        return mapping.key[0].name
    mend = "Say it with --path-column, or as the path of an asset of role audio in the mapping."
    raise IngestError(f"which column of {writable(str(sidecar))} names the files is not said", mend=mend)


def _guessed(formats: Sequence[tuple[Path, Format]]) -> Mapping:
    path, format_ = formats[0]
    columns = list(format_.columns(path, Options()))
    for other, format_ in formats[1:]:
        columns += [column for column in format_.columns(other, Options()) if column not in columns]
    return guessed(columns, str(path))
