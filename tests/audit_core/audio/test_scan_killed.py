"""kill -9 in the middle of a scan: what was published stays, and the next scan goes on from there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from audit_core.audio.files import Root
from audit_core.audio.scan import Options, scan
from audit_core.audio.tables import audio_files
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import FOREVER, revisions
from audit_core.ledger.verify import verify
from tests.support import faults
from tests.support.catalogue import vouch
from tests.support.ledger import dataset, revision, track
from tests.support.sound import tone, write

FILES = 10
SCAN = """
import os, signal, sys
from pathlib import Path

from audit_core.audio.files import Root
from audit_core.audio.scan import Options, scan
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.revised import Revising
from tests.support import faults

url, folder, where = sys.argv[1:]


def dies(*_args, **_options):
    os.kill(os.getpid(), signal.SIGKILL)

def tell(progress):
    print(progress.done, flush=True)

if where == "in the write":
    real = Revising.open_rows
    Revising.open_rows = lambda self, *args: (real(self, *args), self.revision > 2 and dies())
if where == "at the ledger":
    Revising.publish = dies
with Store(url) as store:
    options = Options(jobs=2, batch=3)
    cache = Path(folder) / "features"
    roots = {"crate": Root(Path(folder) / "music")}
    scan(store, roots, cache, options, actor="ada", via="cli", registry=faults.slow, tell=tell)
"""


@pytest.mark.parametrize("where", ["at the ledger", "anywhere"])
def test_a_scan_that_is_killed_goes_on_where_it_was(where: str, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "cratecheck.sqlite")
    with Store(url) as store:
        killed(where, store, url, tmp_path)


def test_one_that_is_killed_while_it_publishes_leaves_nothing_half_done(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    killed("in the write", store, database_url, tmp_path)


def killed(where: str, store: Store, database_url: str, tmp_path: Path) -> None:
    """Scan in a process that is killed somewhere, look, and scan again."""
    (tmp_path / "music").mkdir()
    keys = [f"k{number:02}" for number in range(FILES)]
    with store.write() as connection:
        crate = dataset(connection, "crate")
        now = revision(connection, crate)
        for number, key in enumerate(keys):
            track(connection, crate, key, now, files=[("audio", {})])
            sound = tone(440, 0.2, 8000, level=0.1 + number / 20)
            write(tmp_path / f"{key}.wav", sound, 8000).rename(tmp_path / "music" / f"{key}.audio")
        vouch(connection, now)

    arguments = [sys.executable, "-c", SCAN, database_url, str(tmp_path), where]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    for line in process.stdout:
        if where == "anywhere" and int(line) >= 4:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()

    with store.read() as connection:
        before = connection.execute(select(func.count()).where(audio_files.c.to_rev == FOREVER)).scalar_one()
    assert before < FILES
    time.sleep(0.3)  # PostgreSQL may still be at the dead process's last statement
    options, roots = Options(jobs=1), {"crate": Root(tmp_path / "music")}
    report = scan(store, roots, tmp_path / "features", options, actor="ada", via="cli", registry=faults.sound)
    assert report.unchanged == before
    assert report.unchanged + report.heard + report.reused == FILES
    if where != "at the ledger":
        assert report.heard < FILES  # for what was heard and not published is in the cache
    with store.read() as connection:
        paths = connection.scalars(select(audio_files.c.path).where(audio_files.c.to_rev == FOREVER)).all()
        unpublished = select(func.count()).where(revisions.c.published_at.is_(None), revisions.c.abandoned_at.is_(None))
        assert connection.execute(unpublished).scalar() == 0
    assert sorted(paths) == [f"{key}.audio" for key in keys]
    assert verify(store).broken is None
