"""kill -9 in the middle of an import: nothing of it is visible, and the next import undoes it and goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import FOREVER, assets, checksums, track_groups, tracks
from audit_core.clock import utc_now
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ingest.report import Progress

MAPPING = b"key: id\nfields: {artist: artist}\nassets: [{role: audio, checksums: {md5: md5}}]"
IMPORT = """
import sys, time
from pathlib import Path
from audit_core.catalogue.store import Store
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping

def tell(progress):
    print(progress.rows, flush=True)
    time.sleep(0.02)

with Store(sys.argv[1]) as store:
    mapping = parse_mapping(sys.argv[3].encode(), "m.yaml")
    import_files(store, [Path(sys.argv[2])], dataset="crate", mapping=mapping, actor="nadia", via="cli", progress=tell)
"""


def table(path: Path, first: int, last: int, artist: str) -> Path:
    rows = "".join(f"t{number:06d},{artist},{number:032x}\n" for number in range(first, last))
    path.write_text(f"id,artist,md5\n{rows}")
    return path


def state(store: Store) -> dict[str, Any]:
    """Give what there is, in numbers, apart from the revisions that were abandoned."""
    with store.read() as connection:
        newest = latest_revision(connection)
        held = select(tracks.c.key, tracks.c.artist).where(Snapshot(newest, utc_now()).holds())
        return {
            "revision": newest,
            "tracks": sorted(map(tuple, connection.execute(held))),
            **{
                table.name: connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (tracks, assets, checksums, track_groups)
            },
            "closed": connection.execute(select(func.count()).where(tracks.c.to_rev != FOREVER)).scalar(),
        }


def still(store: Store) -> dict[str, Any]:
    """Give what there is once it changes no more: PostgreSQL may still be at the dead process's last statement."""
    before: dict[str, Any] = {}
    now = state(store)
    while now != before:
        time.sleep(0.2)
        before, now = now, state(store)
    return now


def test_an_import_that_is_killed_leaves_nothing_behind(store: Store, database_url: str, tmp_path: Path) -> None:
    mapping = parse_mapping(MAPPING, "m.yaml")
    before = table(tmp_path / "before.csv", 0, 3000, "Nina")
    import_files(store, [before], dataset="crate", mapping=mapping, actor="nadia", via="cli")
    settled = state(store)

    after = table(tmp_path / "after.csv", 1000, 40_000, "Otis")
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, database_url, str(after), MAPPING.decode()], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) > 5000:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    found = still(store)
    assert (found["revision"], found["tracks"]) == (1, settled["tracks"])
    assert found["closed"] > 0
    assert found["track"] > settled["track"]

    told: list[Progress] = []
    again = import_files(
        store, [before], dataset="crate", mapping=mapping, actor="nadia", via="cli", progress=told.append
    )
    assert (again.unchanged, again.revision) == (3000, None)
    assert told[0].stage == "undoing"
    assert state(store) == settled

    report = import_files(store, [after], dataset="crate", mapping=mapping, actor="nadia", via="cli")
    assert (report.added, report.changed, report.gone, report.revision) == (37_000, 2000, 1000, 3)
    assert state(store)["tracks"] == [(f"t{number:06d}", "Otis") for number in range(1000, 40_000)]
