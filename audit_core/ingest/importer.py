"""Importing: the rows of files become a revision of a dataset, of which nobody sees anything until all is there."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from audit_core.catalogue.leases import Lease, hold
from audit_core.catalogue.revisions import undo_unpublished
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, IngestError, Location
from audit_core.ingest.block import Format, Options
from audit_core.ingest.formats import format_of
from audit_core.ingest.guess import guessed
from audit_core.ingest.mapping import Mapping
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ingest.work import Opening, Work
from audit_core.ledger.chain import Via
from audit_core.wording import quoted, writable

__all__ = ["import_files"]

logger = logging.getLogger(__name__)

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
    if not dataset or dataset != dataset.strip() or not dataset.isprintable():
        raise IngestError(f"{quoted(dataset)} can't be the name of a dataset", mend="Letters, digits and hyphens do.")
    if len(dataset) > _LONGEST_NAME:
        what = f"{quoted(dataset)} is too long for the name of a dataset"
        raise IngestError(what, mend=f"It may have {_LONGEST_NAME} characters.")
    if not paths:
        raise IngestError("no file to import", mend="Name one or more.")
    formats = [(path, format_of(path, mapping.format if mapping else None)) for path in paths]
    tell = progress or (lambda _: None)
    with hold(store, "import", clock=clock) as lease:
        undo_unpublished(store, lease, clock=clock, progress=lambda rows: tell(Progress("undoing", rows=rows)))
        chosen = mapping or _guessed(formats)
        opening = Opening(dataset, actor, ", ".join(writable(path.name) for path in paths), clock)
        work = Work(store, lease, chosen, opening, tell)
        before = [_state(path) for path in paths]
        try:
            for path, format_ in formats:
                work.read(path, format_)
            if not work.read_rows:
                raise IngestError("a header, and no rows", at=Location(str(paths[0])))
            if work.accepted and not partial:
                work.close_vanished()
            for path, state in zip(paths, before, strict=True):
                if _state(path) != state:
                    mend = "Import it again."
                    raise IngestError("the file changed while it was read", at=Location(str(path)), mend=mend)
            refused_all = strict and work.refused > 0
            if work.differs and not refused_all:
                work.publish([_fingerprint(path) for path in paths], via, partial=partial)
        except BaseException:
            _undo_if_possible(store, lease, clock)
            raise
        if refused_all:
            undo_unpublished(store, lease, clock=clock)
        return work.report(nothing_done=refused_all)


def _guessed(formats: Sequence[tuple[Path, Format]]) -> Mapping:
    path, format_ = formats[0]
    columns = list(format_.columns(path, Options()))
    for other, format_ in formats[1:]:
        columns += [column for column in format_.columns(other, Options()) if column not in columns]
    return guessed(columns, str(path))


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _undo_if_possible(store: Store, lease: Lease, clock: Clock) -> None:
    """Tidy up after a failure at once; if that fails too, as on a full disk, the next import does it."""
    try:
        undo_unpublished(store, lease, clock=clock)
    except (CratecheckError, SQLAlchemyError) as error:
        logger.warning("what was imported so far stays invisible, and is removed by the next import: %s", error)


def _fingerprint(path: Path) -> dict[str, Any]:
    """Say which file it was, for the ledger."""
    with path.open("rb") as file:
        return {
            "name": writable(path.name),
            "bytes": os.fstat(file.fileno()).st_size,
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
        }
