"""A large catalogue, made straight into the tables: the same rows every time, and skewed as real ones are.

Artists and genres follow Zipf's law, one track in thirty has no artist, one in fifty no licence, one in a hundred no
split; three files in a hundred are byte-identical copies; one track in ten has MIDI beside its audio.

`listen` adds what a scan and a comparison would have heard in all of it: one track in fifty has a fault, and of one in
thirty another track holds the same recording in another file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, func, insert, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import (
    FOREVER,
    assets,
    checksums,
    datasets,
    group_values,
    licences,
    revisions,
    track_groups,
    tracks,
)
from audit_core.neighbours.tables import compared, recording_members, recordings

__all__ = ["DATASET", "LICENCES", "fill", "listen"]

DATASET = "million"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LICENCES = (
    *(f"https://creativecommons.org/licenses/{kind}/{version}/" for version in ("2.0", "2.5", "3.0", "4.0")
      for kind in ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")),
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "MIT", "Apache-2.0", "all rights reserved",
    *(f"Licence agreement no. {number}" for number in range(32)),
)  # fmt: skip

_ARTISTS, _GENRES, _BATCH = 50_000, 24, 20_000


def fill(store: Store, n_tracks: int, seed: int = 7) -> None:
    """Make the catalogue in an empty store."""
    with store.write() as connection:
        connection.execute(insert(datasets).values(id=1, name=DATASET))
        connection.execute(
            insert(revisions).values(
                id=1, dataset_id=1, actor="benchmark", origin="made up", started_at=NOW, published_at=NOW, counts={}
            )
        )
        connection.execute(insert(licences), [{"id": i, "text": text} for i, text in enumerate(LICENCES, 1)])
        connection.execute(insert(group_values), list(_group_values()))
        if not store.is_sqlite:  # its counters have not seen these numbers
            for table in (datasets, revisions, licences, group_values):
                newest = select(func.max(table.c.id)).scalar_subquery()
                connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), newest)))
    rows = _rows(n_tracks, random.Random(seed))
    while batch := list(itertools.islice(rows, _BATCH)):
        with store.write() as connection:
            for table in (tracks, track_groups, assets, checksums):
                _insert(store, connection, table, [row for made in batch for row in made[table.name]])
    with store.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def listen(store: Store, seed: int = 7) -> None:
    """Have the audio of all tracks heard, in the same revision."""
    dice = random.Random(seed)
    heard = _packets(store)
    different = sorted(set(heard.values()))
    again = dice.sample(different, len(different) // 15)
    members = [(one, f"recording {number // 2}") for number, one in enumerate(again)]
    if len(members) % 2:
        members.pop()
    with store.write() as connection:
        _insert(store, connection, recordings, [(f"recording {n}", 1, None, None) for n in range(len(members) // 2)])
        _insert(store, connection, recording_members, [
            (number, packets, recording, 1, FOREVER) for number, (packets, recording) in enumerate(members, 1)
        ])  # fmt: skip
    rows = ((number, packets, 1, FOREVER, "1") for number, packets in enumerate(different, 1))
    while batch := list(itertools.islice(rows, _BATCH)):
        with store.write() as connection:
            _insert(store, connection, compared, batch)
    files = _files(heard, dice)
    while some := list(itertools.islice(files, _BATCH)):
        with store.write() as connection:
            _insert(store, connection, audio_files, some)
    with store.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def _packets(store: Store) -> dict[int, str]:
    """Make up what was heard in each track: the same in equal files."""
    audio = (
        select(assets.c.track_id, checksums.c.value)
        .join(checksums, checksums.c.asset_id == assets.c.id)
        .where(assets.c.role == "audio")
        .order_by(assets.c.track_id)
    )
    made: dict[str, str] = {}  # one text for equal files, for a million are held
    with store.read() as connection:
        return {
            number: made.setdefault(value, hashlib.sha256(value.encode()).hexdigest())
            for number, value in connection.execute(audio, execution_options={"yield_per": 10_000})
        }


def _files(heard: dict[int, str], dice: random.Random) -> Iterator[tuple[Any, ...]]:
    versions = json.dumps({"decode": "1", "integrity": "1", "loudness": "1"})
    for number, packets in heard.items():
        faults = (0.97 if dice.random() < 0.01 else 0.02, 0.004 if dice.random() < 0.01 else 0.0, 0.0)
        found: dict[str, Any] = {
            "id": number, "dataset_id": 1, "path": f"audio/{number}", "from_rev": 1, "to_rev": FOREVER,
            "row_hash": packets.encode()[:32], "size_bytes": 1_000_000, "sha256": None, "packets": packets,
            "codec": "flac", "sample_rate_hz": 22_050 if dice.random() < 0.01 else 44_100, "channels": 2,
            "duration_ms": dice.randrange(5_000, 600_000) if dice.random() > 0.01 else 500, "damaged_packets": 0,
            "peak": 0.9, "clipped": faults[1], "silent": faults[0], "dc": faults[2], "dead_channels": 0,
            "bandwidth_hz": 20_000, "loudness_lufs": -14.0, "loudness_range_lu": 6.0, "peaks": 100,
            "versions": versions,
        }  # fmt: skip
        yield tuple(found.get(column.name) for column in audio_files.columns)


def _group_values() -> Iterator[dict[str, Any]]:
    for artist in range(_ARTISTS):
        yield {"id": 1 + artist, "field": "artist", "key": f"artist {artist}", "label": f"Artist {artist}"}
        yield {"id": 100_001 + artist, "field": "album", "key": f"album {artist}", "label": f"Album {artist}"}
    for genre in range(_GENRES):
        yield {"id": 200_001 + genre, "field": "genre", "key": f"genre {genre}", "label": f"Genre {genre}"}


def _zipf(n: int, exponent: float) -> list[float]:
    return list(itertools.accumulate(1 / rank**exponent for rank in range(1, n + 1)))


def _rows(n_tracks: int, dice: random.Random) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    artists, genres, kinds = _zipf(_ARTISTS, 0.8), _zipf(_GENRES, 1.0), _zipf(len(LICENCES), 1.2)
    asset = 0
    for i in range(1, n_tracks + 1):
        artist = bisect(artists, dice.random() * artists[-1]) if dice.random() > 1 / 30 else None
        second = dice.randrange(_ARTISTS) if artist is not None and dice.random() < 0.02 else None
        genre = bisect(genres, dice.random() * genres[-1]) if dice.random() > 0.05 else None
        album = artist if dice.random() > 0.1 else None
        draw = dice.random()
        # An artist's tracks are mostly kept together, as a careful split would have it.
        home = ("train",) * 8 + ("valid", "test")
        split = home[(artist or i) % 10] if draw > 0.02 else None if draw < 0.01 else dice.choice(home)
        year = dice.choice((0, 1889, 2999)) if dice.random() < 0.002 else dice.randrange(1950, 2027)
        original = dice.randrange(1, i) if i > 1 and dice.random() < 0.03 else i
        groups = [("artist", 1 + who) for who in {artist, second} - {None} if who is not None]
        groups += [("album", 100_001 + album)] if album is not None else []
        groups += [("genre", 200_001 + genre)] if genre is not None else []
        files = [("audio", original)] + ([("midi", -i)] if dice.random() < 0.1 else [])
        made: dict[str, list[tuple[Any, ...]]] = {
            "track": [
                (
                    i, 1, f"track-{i:07d}", 1, FOREVER, hashlib.sha256(b"%d" % i).digest(), f"Title of {i}",
                    None if artist is None else f"Artist {artist}" + ("" if second is None else f"; Artist {second}"),
                    None if album is None else f"Album {album}", None,
                    f"R{original}" if dice.random() < 0.3 else None,
                    f"GB{i:010d}" if dice.random() < 0.5 else None, None,
                    None if genre is None else f"Genre {genre}", dice.choice(("en", "fr", None)), None,
                    year if dice.random() > 0.05 else None, dice.randrange(5_000, 600_000), 44_100, 2, split,
                    bisect(kinds, dice.random() * kinds[-1]) + 1 if dice.random() > 0.02 else None,
                    None, None, None, None, None,
                )
            ],
            "track_group": [(field, group, i) for field, group in groups],
            "asset": [], "checksum": [],
        }  # fmt: skip
        for role, content in files:
            asset += 1
            made["asset"].append((asset, i, role, f"{role}/{i}", 1_000_000))
            made["checksum"].append((asset, "md5", hashlib.md5(b"%d" % content).hexdigest(), i))
        yield made


def _insert(store: Store, connection: Any, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    driver = connection.connection.driver_connection
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if store.is_sqlite:
        marks = ", ".join("?" * len(table.columns))
        driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)
    else:
        _copy(driver, f'COPY "{table.name}" ({names}) FROM STDIN', rows)


def _copy(driver: Any, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
