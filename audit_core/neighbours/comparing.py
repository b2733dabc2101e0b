"""The comparison: what is new is held against all audio that there is, and recordings are made of what matches.

It is one revision: matches and recordings become visible together, or not at all. What was compared before is not
compared again, and the result is that of comparing everything at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, select

from audit_core.audio.cache import FeatureCache
from audit_core.audio.fingerprint import VERSION as FINGERPRINT
from audit_core.audio.library import Library
from audit_core.audio.peaks import Peaks
from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import Lease, LeaseHeld, hold
from audit_core.catalogue.revisions import undo_unpublished
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import Via
from audit_core.neighbours.join import VERSION, covered, self_join
from audit_core.neighbours.kinds import Facts, kind, one_recording
from audit_core.neighbours.pairs import in_datasets
from audit_core.neighbours.publishing import Comparison, Found, compared_versions, written
from audit_core.neighbours.scratch import scratch

if TYPE_CHECKING:
    from audit_core.neighbours.match import Match

__all__ = ["CURRENT", "Progress", "compare", "fingerprints", "heard", "turn"]

logger = logging.getLogger(__name__)

CURRENT: Final = f"{FINGERPRINT}/{VERSION}"
"""The version of fingerprint and comparison: what an older one compared is compared again."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is of it."""

_WAIT_S: Final = 2.0
_DECIMALS: Final = 4


def compare(
    store: Store,
    cache: FeatureCache,
    *,
    actor: str,
    via: Via,
    clock: Clock = utc_now,
    again: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Compare what was scanned since the last comparison with all that is there, and make recordings of it.

    Parameters
    ----------
    store : Store
        The database; others read and write it meanwhile.
    cache : FeatureCache
        Where the fingerprints are.
    actor, via : str
        Who compares, and through what.
    clock : Clock
        What time it is.
    again : bool
        Whether everything is compared anew.
    progress : callable, optional
        Told now and then how far it is.

    Raises
    ------
    LeaseHeld
        If another comparison is running.
    StoreError
        If another one took over, because this process was stopped for too long: it publishes nothing.
    """
    tell = progress or (lambda *_: None)
    with hold(store, "comparison", clock=clock) as comparison:
        with store.read() as connection:
            snapshot = Snapshot(latest_revision(connection), clock())
            facts, unheard = heard(connection, snapshot)
            known = compared_versions(connection, snapshot)
        library = fingerprints(cache, facts)
        packets = library.packets
        unheard += len(facts) - len(packets)
        new = [number for number, one in enumerate(packets) if again or known.get(one, (0, ""))[1] != CURRENT]
        matches = list(_matches(cache.folder, library, facts, new, tell)) if new else []
        some = frozenset(packets[number] for number in new)
        found = Found(some, matches, CURRENT, unheard, held=frozenset(packets))
        with turn(store, clock, tell) as lease:
            return written(store, comparison, lease, found, actor=actor, via=via, clock=clock)


def heard(connection: Connection, snapshot: Snapshot, names: Sequence[str] = ()) -> tuple[dict[str, Facts], int]:
    """Read what is known of all audio with a fingerprint, sorted by packets, and count the files without one.

    Parameters
    ----------
    connection : Connection
    snapshot : Snapshot
    names : sequence of str, optional
        Only of these datasets.
    """
    columns = ("packets", "sha256", "pcm", "duration_ms", "codec", "peaks", "versions")
    rows = connection.execute(
        select(*(audio_files.c[name] for name in columns))
        .where(snapshot.holds(audio_files), in_datasets(names))
        .order_by(audio_files.c.packets, audio_files.c.id),
        execution_options={"yield_per": 1000},
    )
    facts: dict[str, Facts] = {}
    unheard = 0
    for row in rows:
        if row.packets is None or row.versions.get("fingerprint") != FINGERPRINT:
            unheard += 1
        elif row.packets not in facts:
            facts[row.packets] = Facts(
                sha256=row.sha256,
                packets=row.packets,
                pcm=row.pcm,
                duration_s=(row.duration_ms or 0) / 1000,
                codec=row.codec,
                peaks=row.peaks,
            )
    return facts, unheard


def fingerprints(cache: FeatureCache, facts: Mapping[str, Facts]) -> Library[Peaks]:
    """Open the fingerprints of some audio, by `packets`, without that of which none is kept any more."""
    kept = cache.kept("fingerprint", FINGERPRINT, list(facts))
    packets = [one for one, there in zip(facts, kept, strict=True) if there]
    durations = [facts[one].duration_s for one in packets]
    return Library(cache, "fingerprint", FINGERPRINT, packets, durations, Peaks.from_bytes)


def _matches(
    folder: Path, library: Library[Peaks], facts: Mapping[str, Facts], new: Sequence[int], tell: Progress
) -> Iterator[dict[str, Any]]:
    some = None if len(new) == len(library) else new
    with scratch(folder, "comparison-") as place:
        for match in self_join(library, new=some, folder=place, progress=tell):
            yield _row(match, library.packets[match.a], library.packets[match.b], facts)


def _row(match: Match, a: str, b: str, facts: Mapping[str, Facts]) -> dict[str, Any]:
    best = match.stretches[0]
    return {
        "packets_a": a,
        "packets_b": b,
        "kind": kind(match, facts[a], facts[b]),
        "score": round(match.score, _DECIMALS),
        "candidate": match.candidate,
        "whole": one_recording(match),
        "overlap_s": round(covered(match.stretches), _DECIMALS),
        "tempo": round(best.tempo, 6),
        "pitch": round(best.pitch, _DECIMALS),
        "stretches": [
            {
                "offset_a": round(one.offset_a, _DECIMALS),
                "offset_b": round(one.offset_b, _DECIMALS),
                "overlap_s": round(one.overlap_s, _DECIMALS),
                "tempo": round(one.tempo, 6),
                "pitch": round(one.pitch, _DECIMALS),
                "score": round(one.score, _DECIMALS),
            }
            for one in match.stretches
        ],
    }


@contextmanager
def turn(store: Store, clock: Clock, tell: Progress) -> Iterator[Lease]:
    """Wait for the right to write a revision, which an import may hold for some minutes."""
    with ExitStack() as stack:
        while True:
            try:
                lease = stack.enter_context(hold(store, "import", clock=clock))
                break
            except LeaseHeld:
                tell("waiting for an import to end", 0, 0)
                time.sleep(_WAIT_S)
        undo_unpublished(store, lease, clock=clock)
        yield lease
