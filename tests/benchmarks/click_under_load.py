"""How long a click takes while a million rows are imported and a million tracks are audited, all at once.

    python tests/benchmarks/click_under_load.py [--tracks 1000000] [--only sqlite|postgresql]

Import and audit run in processes of their own, as they do in service. A click is a whole decision: the violation
settled, the ledger written, the approval committed; twenty a second, until both have ended.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from audit_core.catalogue.store import Store
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ledger.decisions import decide
from audit_core.ledger.requests import Request
from audit_core.ledger.violations import listed
from audit_core.rights import LicenceTable
from rules.activation import activate
from rules.run import audit
from tests.benchmarks.evaluate_rules import database, say
from tests.benchmarks.import_rows import MAPPING, write_csv
from tests.benchmarks.large_catalogue import DATASET, fill
from tests.support.policies import policy

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
PAUSE_S: Final = 0.05
CLICKED: Final = {
    "id": "dated", "kind": "field", "field": "year", "must": {"be_at_least": 1900, "be_at_most": 2027},
}  # fmt: skip
SPOKEN: Final = {"id": "spoken", "kind": "field", "field": "language", "must": "be_present"}
STYLED: Final = {"id": "styled", "kind": "field", "field": "genre", "must": "be_present"}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--work", nargs=3, metavar=("WHAT", "URL", "PATH"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(*asked.work)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        write_csv(rows, asked.tracks)
        for backend in ("sqlite", "postgresql"):
            if asked.only in (None, backend):
                with database(backend) as url, Store(url) as store:
                    fill(store, asked.tracks)
                    say(f"{backend}: {measured(store, url, rows)}")


def measured(store: Store, url: str, rows: Path) -> dict[str, Any]:
    """Click while both work."""
    licences = LicenceTable.load()
    activate(store, [policy(CLICKED, datasets=[DATASET])], actor="bench", via="cli")
    audit(store, licences=licences, as_of=NOW, actor="bench", via="cli")
    activate(store, [policy(CLICKED, SPOKEN, STYLED, datasets=[DATASET])], actor="bench", via="cli")
    with store.read() as connection:
        waiting = [(one.key, one.revision) for one in listed(connection, rule="dated", limit=20_000)]
    working = {what: _at_work(what, url, rows) for what in ("import", "audit")}
    started = time.perf_counter()
    ended: dict[str, float] = {}
    waits: list[float] = []
    both = 0
    while len(ended) < len(working) and len(waits) < len(waiting):
        for what, process in working.items():
            if what not in ended and process.poll() is not None:
                if process.returncode:
                    raise SystemExit(f"the {what} failed")
                ended[what] = round(time.perf_counter() - started, 1)
        key, revision = waiting[len(waits)]
        clicked = time.perf_counter()
        with store.write() as connection:
            decide(connection, approval(key, revision))
        waits.append(time.perf_counter() - clicked)
        both += not ended
        time.sleep(PAUSE_S)
    for process in working.values():
        process.wait()
    waits.sort()
    quantiles = {
        name: round(waits[int(len(waits) * share)], 3) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
    counted = {"clicks": len(waits), "while both worked": both}
    return {**counted, **quantiles, "max": round(waits[-1], 3), "ended_after_s": ended}


def _at_work(what: str, url: str, rows: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--work", what, url, str(rows)])


def approval(key: str, revision: int) -> Request:
    """Make the decision that a click asks for."""
    return Request(
        verdict="approve",
        violation_key=key,
        violation_revision=revision,
        person="U001",
        via="slack",
        at=datetime.now(UTC),
        policy_sha256="0" * 64,
        reason="looked at it",
    )


def work(what: str, url: str, path: str) -> None:
    """Import, or audit, in a process of its own."""
    with Store(url) as store:
        if what == "import":
            mapping = parse_mapping(MAPPING, "mapping.yaml")
            import_files(store, [Path(path)], dataset="large", mapping=mapping, actor="bench", via="cli")
        else:
            report = audit(store, licences=LicenceTable.load(), as_of=NOW, actor="bench", via="cli")
            sys.stderr.write(json.dumps([outcome.changes for outcome in report.outcomes]) + "\n")


if __name__ == "__main__":
    main()
