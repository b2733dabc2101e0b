"""What an import does around its rows: one at a time, undone if it fails, visible all at once, told to the ledger."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from audit_core.catalogue.leases import Lease, hold
from audit_core.catalogue.revisions import undo_unpublished
from audit_core.catalogue.store import Store
from audit_core.clock import Clock
from audit_core.errors import CratecheckError, IngestError, Location
from audit_core.ingest.block import Format
from audit_core.ingest.folder import Folder
from audit_core.ingest.mapping import Mapping
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ingest.work import Opening, Work
from audit_core.ledger.chain import Via
from audit_core.wording import writable

__all__ = ["Given", "bring"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """What an import reads.

    Attributes
    ----------
    parts : sequence of (path, format)
        In this order.
    mapping : callable
        Gives what the columns mean.
    files : sequence of Path
        The tables, which must not change while they are read.
    folder : Folder or None
        The folder of audio among the parts.
    """

    parts: Sequence[tuple[Path, Format]]
    mapping: Callable[[], Mapping]
    files: Sequence[Path] = ()
    folder: Folder | None = None


def bring(
    store: Store,
    given: Given,
    opening: Opening,
    *,
    via: Via,
    strict: bool,
    partial: bool,
    progress: Callable[[Progress], None] | None,
) -> ImportReport:
    """Import what is given; see `importer`."""
    clock = opening.clock
    tell = progress or (lambda _: None)
    with hold(store, "import", clock=clock) as lease:
        undo_unpublished(store, lease, clock=clock, progress=lambda rows: tell(Progress("undoing", rows=rows)))
        work = Work(store, lease, given.mapping(), opening, tell)
        if partial and work.moved and work.root_before is not None:
            mend = f"Put the files there, or import the whole dataset from {opening.audio_root}."
            raise IngestError(f"a part of the dataset can't lie elsewhere than the rest: {work.root_before}", mend=mend)
        before = [_state(path) for path in given.files]
        try:
            for path, format_ in given.parts:
                work.read(path, format_)
            if not work.read_rows:
                raise IngestError("a header, and no rows", at=Location(str(given.parts[0][0])))
            incomplete = given.folder is not None and not given.folder.complete
            if work.accepted and not partial and not incomplete:
                work.close_vanished()
            for path, state in zip(given.files, before, strict=True):
                if _state(path) != state:
                    mend = "Import it again."
                    raise IngestError("the file changed while it was read", at=Location(str(path)), mend=mend)
            refused_all = strict and work.refused > 0
            if work.differs and not refused_all:
                folders = [_listing(given.folder)] if given.folder else []
                work.publish([*folders, *(_fingerprint(path) for path in given.files)], via, partial=partial)
        except BaseException:
            _undo_if_possible(store, lease, clock)
            raise
        if refused_all:
            undo_unpublished(store, lease, clock=clock)
        return work.report(nothing_done=refused_all, incomplete=incomplete)


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


def _listing(folder: Folder) -> dict[str, Any]:
    """Say which folder it was, for the ledger."""
    return {
        "name": PurePosixPath(folder.root.url).name,
        "files": folder.files,
        "bytes": folder.size_bytes,
        "listing_sha256": folder.listing_sha256,
    }
