"""What a preview costs beside the audit that it foresees: twelve rules over a large catalogue, one of them edited.

Run by ``make bench``. The catalogue was audited before, so that the audit finds what stands and changes nothing. Audit
and preview are taken in turn, each in this process; the median of each is kept, and the peak of what the process holds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from audit_core.catalogue.store import Store
from audit_core.rights import LicenceTable
from rules.activation import activate
from rules.language.policy import Policy
from rules.preview import Preview, preview
from rules.run import audit
from tests.benchmarks.evaluate_rules import RULES, database
from tests.benchmarks.import_rows import watched_memory
from tests.benchmarks.large_catalogue import fill, listen
from tests.support.policies import policy

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EDITED: dict[str, Any] = {"range": {"must": {"be_at_least": 1950, "be_at_most": 2020}}}
"""What is edited of the rules: one, which then fails for more tracks than before."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, on stdout")
    asked = parser.parse_args()
    measured: dict[str, Any] = {}
    for backend in ("sqlite", "postgresql"):
        if asked.only in (None, backend):
            with database(backend) as url, Store(url) as store:
                fill(store, asked.tracks)
                listen(store)
                measured[backend] = compared(store, asked.repeat)
                say(f"{backend}: {measured[backend]}")
    if asked.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")


def compared(store: Store, repeat: int) -> dict[str, Any]:
    """Take audits that change nothing and previews of an edit in turn."""
    licences = LicenceTable.load()
    safety = {"stop_if_over": "100 % of tracks"}
    before = policy(*({"id": name, **keys} for name, keys in RULES.items()), safety=safety)
    after = policy(*({"id": name, **keys, **EDITED.get(name, {})} for name, keys in RULES.items()), safety=safety)
    activate(store, [before], actor="benchmark", via="cli", clock=lambda: NOW)

    def audited() -> object:
        return audit(store, licences=licences, as_of=NOW, actor="benchmark", via="cli", clock=lambda: NOW)

    def previewed() -> object:
        return preview(store, before=before, after=after, licences=licences, as_of=NOW, news=250)

    audited()
    found = opened(before, previewed())
    times: dict[str, list[float]] = {"audit": [], "preview": []}
    peaks: dict[str, float] = {}
    for turn in range(repeat + 1):
        for name, work in (("audit", audited), ("preview", previewed)):
            took, peak = measured_once(work)
            if turn:  # the first only warms the caches
                times[name].append(took)
                peaks[name] = max(peaks.get(name, 0), peak)
    audit_s, preview_s = (statistics.median(times[name]) for name in ("audit", "preview"))
    return {
        **found,
        "audit_s": round(audit_s, 2),
        "preview_s": round(preview_s, 2),
        "ratio": round(preview_s / audit_s, 2),
        "audit_mb": round(peaks["audit"]),
        "preview_mb": round(peaks["preview"]),
    }


def measured_once(work: Callable[[], object]) -> tuple[float, float]:
    """Give the seconds that work takes, and the most that the process holds meanwhile, in MB."""
    with watched_memory() as memory:
        started = time.perf_counter()
        work()
        took = time.perf_counter() - started
    return took, memory["peak"]


def opened(before: Policy, found: object) -> dict[str, int]:
    """See that the preview is what it is measured for: every rule is judged, and one alone opens anything."""
    if not isinstance(found, Preview) or {one.rule for one in found.rules if one.opens} != set(EDITED):
        raise SystemExit(f"one rule is edited, and another opens: {found}")
    return {
        "rules": len(before.rules),
        "stand": sum(one.unchanged for one in found.rules),
        "opens": sum(one.opens for one in found.rules),
    }


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
