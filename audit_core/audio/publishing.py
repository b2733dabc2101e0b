"""What was heard becomes rows of `audio_file`: a revision of one dataset, in one short write with its ledger entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select

from audit_core.audio.hear import Heard
from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import Lease, hold
from audit_core.catalogue.members import among
from audit_core.catalogue.revisions import undo_unpublished
from audit_core.catalogue.store import Store
from audit_core.clock import Clock
from audit_core.ledger.chain import Via, canonical
from audit_core.ledger.revised import Revising, form_of, row_hash

__all__ = ["Pending", "publish_heard"]

_LIFE: Final = ("id", "from_rev", "to_rev", "row_hash")
_GONE: Final = ("missing", "outside", "unreadable")


@dataclass(frozen=True, slots=True)
class Pending:
    """What came of a file, and the number of the row that said what was known of it before."""

    path: str
    heard: Heard
    before: int | None


def publish_heard(
    store: Store,
    scan: Lease,
    dataset: tuple[int, str],
    pending: Sequence[Pending],
    *,
    actor: str,
    via: Via,
    clock: Clock,
    wanted: Mapping[str, str],
) -> int | None:
    """Publish what came of files of one dataset.

    Parameters
    ----------
    store : Store
        The database.
    scan : Lease
        Of the scan.
    dataset : int and str
        Its number and name.
    pending : sequence of Pending
        So many as a short write may hold: a thousand.
    actor, via : str
        Who scans, and through what.
    clock : Clock
        What time it is.
    wanted : mapping
        What was looked for, and by which version, for the ledger.

    Returns
    -------
    revision : int or None
        None if everything was known already: then nothing was written.

    Raises
    ------
    LeaseHeld
        If an import or a comparison is running: nothing was written.
    """
    number, name = dataset
    with hold(store, "import", clock=clock) as lease:
        undo_unpublished(store, lease, clock=clock)
        rows, closed, counts = _changes(store, number, pending)
        if not rows:
            return None
        revising = Revising(lease, kind="scan", dataset=name, actor=actor, via=via, origin="scan")
        with store.write() as connection:
            scan.confirm(connection)
            revision = revising.begin(connection, at=clock())
            revising.close_rows(connection, audio_files, closed)
            revising.open_rows(connection, audio_files, rows)
            revising.publish(connection, counts=counts, at=clock(), payload={"extractors": dict(wanted)})
        return revision


def _changes(
    store: Store, dataset: int, pending: Sequence[Pending]
) -> tuple[list[dict[str, Any]], list[int], dict[str, int]]:
    """Give the rows that begin, the numbers of those that end, and the counts; what is as before is none of them."""
    with store.read() as connection:
        numbers = [one.before for one in pending if one.before is not None]
        known = select(audio_files).where(among(audio_files.c.id, numbers))
        before = {row.id: row for row in connection.execute(known)} if numbers else {}
    rows: list[dict[str, Any]] = []
    closed: list[int] = []
    counts: Counter[str] = Counter()
    for one in sorted(pending, key=lambda one: one.path):
        old = before.get(one.before) if one.before is not None else None
        row = _row(dataset, one.path, one.heard, old)
        if old is not None:
            if row_hash(canonical(form_of(audio_files, row))) == old.row_hash:
                continue
            closed.append(old.id)
        rows.append(row)
        counts[one.heard.problem or ("reused" if one.heard.reused else "heard")] += 1
    return rows, closed, dict(sorted(counts.items()))


def _row(dataset: int, path: str, heard: Heard, old: Row[Any] | None) -> dict[str, Any]:
    """Put together what was found now and what still holds of what was known."""
    kept: dict[str, Any] = {}
    if old is not None and _still_holds(heard, old):
        kept = {name: value for name, value in old._mapping.items() if name not in _LIFE}
    state = heard.state
    return {
        **kept,
        **heard.columns,
        "dataset_id": dataset,
        "path": path,
        "size_bytes": state.size_bytes if state else None,
        "modified_ns": state.modified_ns if state else None,
        "problem": heard.problem,
        "reason": heard.reason,
        "versions": {**kept.get("versions", {}), **heard.versions},
    }


def _still_holds(heard: Heard, old: Row[Any]) -> bool:
    """Tell whether it is the same sound, as far as can be known: what can't be reached may come back as it was."""
    if heard.problem is None:
        return bool(heard.columns["packets"] == old.packets)
    if heard.problem in _GONE:
        return True
    state = heard.state
    return state is not None and (state.size_bytes, state.modified_ns) == (old.size_bytes, old.modified_ns)
