"""A database that can't be written ends an import with the reason, and leaves what was there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from audit_core.catalogue.snapshot import latest_revision
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import tracks
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping

MAPPING = parse_mapping(b"key: id\nfields: {title: title}", "m.yaml")
FULL_DISK = """
import resource, sys
from pathlib import Path
from audit_core.catalogue.store import Store
from audit_core.errors import StoreError
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping

with Store(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
    mapping = parse_mapping(b"key: id\\nfields: {title: title}", "m.yaml")
    try:
        import_files(store, [Path(sys.argv[2])], dataset="crate", mapping=mapping, actor="nadia", via="cli")
    except StoreError as error:
        print(error)
"""


def test_a_full_disk(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "c.sqlite")
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text("id,title\na,A\n")
    large.write_text("id,title\n" + "".join(f"{number},{'x' * 200}\n" for number in range(30_000)))
    with Store(url) as store:
        import_files(store, [small], dataset="crate", mapping=MAPPING, actor="nadia", via="cli")
    said = subprocess.run(
        [sys.executable, "-c", FULL_DISK, url, str(large)], capture_output=True, text=True, check=True
    )
    assert "the disk" in said.stdout
    with Store(url) as store:
        with store.read() as connection:
            assert latest_revision(connection) == 1
        report = import_files(store, [large], dataset="crate", mapping=MAPPING, actor="nadia", via="cli")
        assert (report.added, report.gone) == (30_000, 1)
        with store.read() as connection:
            assert connection.execute(select(func.count()).select_from(tracks)).scalar() == 30_001
