"""Peak lists out of nothing, and audio files of a catalogue that have them: a comparison needs no sound."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from audit_core.audio.cache import FeatureCache
from audit_core.audio.fingerprint import VERSION
from audit_core.audio.peaks import Peaks
from audit_core.audio.tables import audio_files
from audit_core.catalogue.leases import hold
from audit_core.catalogue.revisions import open_revision
from audit_core.catalogue.store import Store
from audit_core.ledger.revised import Revising

__all__ = ["copy", "music", "packets_of", "scanned"]

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def music(seed: int, seconds: float = 40.0) -> Peaks:
    """Peaks of what sounds like nothing else."""
    random = np.random.default_rng(seed)
    n = int(30 * seconds)
    times = np.sort(random.uniform(0, seconds, n)).astype(np.float32)
    pitches = random.uniform(14, 74, n).astype(np.float32)
    return Peaks(times, pitches, random.uniform(1, 8, n).astype(np.float32))


def copy(of: Peaks, seed: int, *, kept: float = 0.8, begin: float = 0.0, end: float = np.inf) -> Peaks:
    """A copy that lost some peaks and has each a little off; or a stretch of one, from its own beginning on."""
    random = np.random.default_rng(seed)
    here = (of.times_s >= begin) & (of.times_s < end) & (random.uniform(size=len(of)) < kept)
    times = of.times_s[here] - np.float32(begin) + random.normal(0, 0.004, here.sum()).astype(np.float32)
    order = np.argsort(times)
    return Peaks(np.maximum(times, 0)[order], of.pitches[here][order], of.strengths[here][order])


def packets_of(name: str) -> str:
    """The `packets` of a file that `scanned` made."""
    return hashlib.sha256(name.encode()).hexdigest()


def scanned(
    store: Store, cache: FeatureCache, dataset: str, files: Mapping[str, Peaks], *, of: Mapping[str, str] | None = None
) -> None:
    """Enter files as a scan does: what `of` names is the same audio as another file's, under other tags."""
    with hold(store, "import", clock=lambda: _AT) as lease:
        with store.write() as connection:
            open_revision(connection, dataset, actor="ada", origin="test", at=_AT)
        work = Revising(lease, kind="scan", dataset=dataset, actor="ada", via="cli", origin="test")
        rows = []
        for path, peaks in files.items():
            packets = packets_of((of or {}).get(path, path))
            cache.put("fingerprint", VERSION, packets, peaks.to_bytes())
            rows.append(
                {
                    "dataset_id": 1,
                    "path": path,
                    "sha256": hashlib.sha256(f"file {path}".encode()).hexdigest(),
                    "packets": packets,
                    "duration_ms": int(float(peaks.times_s[-1]) * 1000) + 20 if len(peaks) else 0,
                    "codec": "mp3",
                    "peaks": len(peaks),
                    "versions": {"fingerprint": VERSION},
                }
            )
        with store.write() as connection:
            work.begin(connection, at=_AT)
            number = connection.exec_driver_sql(f"SELECT id FROM dataset WHERE name = '{dataset}'").scalar_one()
            work.open_rows(connection, audio_files, [{**row, "dataset_id": number} for row in rows])
            work.publish(connection, counts={"heard": len(rows)}, at=_AT)
