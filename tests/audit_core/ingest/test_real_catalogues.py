"""Real catalogues, as they ship with the project or as excerpts, import as a plain count of their files has them."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import assets, checksums, group_values, licences, track_groups, tracks
from audit_core.errors import IngestError
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import load_mapping

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "bot" / "demo" / "data"
EXCERPTS = ROOT / "tests" / "golden" / "ingest"
FILES = {
    "freemusi-cc": SHIPPED / "freemusi-cc.csv",
    "groove-midi": SHIPPED / "groove-midi.csv",
    "gtzan": SHIPPED / "gtzan.csv",
    "medley-solos-db": EXCERPTS / "medley-solos-db.csv",
}

Rows = list[dict[str, str]]


@pytest.fixture
def catalogue(store: Store) -> Callable[[str], Rows]:
    """Imports a catalogue under its shipped mapping, and gives its rows as csv reads them."""

    def bring(name: str) -> Rows:
        with FILES[name].open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        report = import_files(store, [FILES[name]], dataset=name, mapping=load_mapping(name), actor="otis", via="cli")
        assert (report.read, report.added, report.refused) == (len(rows), len(rows), 0)
        again = import_files(store, [FILES[name]], dataset=name, mapping=load_mapping(name), actor="otis", via="cli")
        assert (again.unchanged, again.revision) == (len(rows), None)
        return rows

    return bring


def counted(connection: Connection, column: Any) -> Counter[Any]:
    """Count the tracks by a column."""
    found = connection.execute(select(column, func.count()).select_from(tracks).group_by(column))
    return Counter({value: count for value, count in found})  # noqa: C416 - rows are no pairs to `dict`


def held(connection: Connection, field: str) -> dict[str, set[str]]:
    """Give the keys of the tracks that hold each member of a group, by its folded spelling."""
    found = defaultdict(set)
    members = select(group_values.c.key, tracks.c.key.label("track")).join_from(track_groups, group_values)
    members = members.join(tracks, tracks.c.id == track_groups.c.track_id).where(track_groups.c.field == field)
    for row in connection.execute(members):
        found[row.key].add(row.track)
    return dict(found)


def by_name(rows: Rows, key: str, column: str, separator: str | None = None) -> dict[str, set[str]]:
    """Give the keys of the rows with each name of a column, however it is spelled."""
    found = defaultdict(set)
    for row in rows:
        for part in row[column].split(separator) if separator else [row[column]]:
            name = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", part).casefold()).strip()
            if name:
                found[name].add(row[key])
    return dict(found)


def known(texts: Iterable[str]) -> Counter[str | None]:
    """Count texts, with blank ones as None."""
    return Counter(text.strip() or None for text in texts)


def test_freemusi(store: Store, catalogue: Callable[[str], Rows]) -> None:
    rows = catalogue("freemusi-cc")
    with store.read() as connection:
        stated = (
            select(licences.c.text, func.count().label("n"))
            .select_from(tracks)
            .outerjoin(licences)
            .group_by(licences.c.text)
        )
        assert {row.text: row.n for row in connection.execute(stated)} == known(row["license_url"] for row in rows)
        assert counted(connection, tracks.c.artist) == known(row["artist"] for row in rows)
        assert counted(connection, tracks.c.title) == known(row["title"] for row in rows)
        assert counted(connection, tracks.c.year) == Counter(int(row["year"]) for row in rows)
        assert counted(connection, tracks.c.duration_ms) == Counter(1000 * int(row["duration_s"]) for row in rows)
        assert held(connection, "artist") == by_name(rows, "track_id", "artist")
        assert held(connection, "album") == by_name(rows, "track_id", "album")
        assert held(connection, "genre") == by_name(rows, "track_id", "genre", ",")
        assert held(connection, "tags") == by_name(rows, "track_id", "style", ",")
        labels = by_name(rows, "track_id", "label")
        assert labels.pop("?")
        assert held(connection, "extra.label") == labels
        extras = connection.execute(select(tracks.c.extra)).scalars().all()
        for name in ("rating", "activity"):
            expected = Counter(None if row[name] == "0" else row[name] for row in rows)
            assert Counter(extra.get(name) for extra in extras) == expected
        assert counted(connection, tracks.c.split) == {None: len(rows)}
        paths = connection.execute(select(assets.c.path).where(assets.c.role == "audio")).scalars()
        assert Counter(paths) == Counter(row["url"] for row in rows)
        assert connection.execute(select(func.count()).select_from(checksums)).scalar() == 0


def test_groove_midi(store: Store, catalogue: Callable[[str], Rows]) -> None:
    rows = catalogue("groove-midi")
    with store.read() as connection:
        splits = Counter({"validation": "valid"}.get(row["split"], row["split"]) for row in rows)
        assert counted(connection, tracks.c.split) == splits
        assert held(connection, "artist") == by_name(rows, "id", "drummer")
        assert held(connection, "extra.session") == by_name(rows, "id", "session")
        assert counted(connection, tracks.c.genre) == Counter(row["style"].split("/")[0] for row in rows)
        durations = connection.execute(select(tracks.c.key, tracks.c.duration_ms))
        assert all(
            abs(found - 1000 * exact) <= 0.5
            for (_, found), exact in zip(
                sorted(map(tuple, durations)), [float(row["duration"]) for row in sorted(rows, key=_id)], strict=True
            )
        )
        files = select(assets.c.role, func.count().label("n")).group_by(assets.c.role)
        without = sum(not row["audio_filename"] for row in rows)
        assert without == 60
        assert {row.role: row.n for row in connection.execute(files)} == {"midi": 1150, "audio": 1150 - without}
        sums = select(assets.c.role, checksums.c.value).join_from(assets, checksums)
        expected = Counter(
            (role, row[f"{role}_md5"]) for row in rows for role in ("midi", "audio") if row[f"{role}_md5"]
        )
        assert Counter(map(tuple, connection.execute(sums))) == expected


def _id(row: dict[str, str]) -> str:
    return row["id"]


def test_gtzan(store: Store, catalogue: Callable[[str], Rows]) -> None:
    rows = catalogue("gtzan")
    with store.read() as connection:
        assert counted(connection, tracks.c.split) == known(row["filtered_split"] for row in rows)
        assert counted(connection, tracks.c.split)[None] == 70
        assert counted(connection, tracks.c.licence_id) == {None: 1000}
        assert held(connection, "artist") == {}
        assert held(connection, "genre") == by_name(rows, "track_id", "genre")
        assert sorted(same_files(connection)) == sorted(same(rows, "md5"))
        assert len(same(rows, "md5")) == 14


def test_medley_solos(store: Store, catalogue: Callable[[str], Rows]) -> None:
    rows = catalogue("medley-solos-db")
    with store.read() as connection:
        words = {"training": "train", "validation": "valid", "test": "test"}
        assert counted(connection, tracks.c.split) == Counter(words[row["split"]] for row in rows)
        assert held(connection, "recording") == by_name(rows, "clip_id", "song_id")
        assert sorted(same_files(connection)) == sorted(same(rows, "md5"))


def same_files(connection: Connection) -> list[int]:
    """Give the sizes of the groups of tracks whose files are the same."""
    found = select(func.count()).group_by(checksums.c.algorithm, checksums.c.value).having(func.count() > 1)
    return list(connection.execute(found.select_from(checksums)).scalars())


def same(rows: Rows, column: str) -> list[int]:
    """Give the sizes of the groups of rows with the same, not blank value."""
    return [count for value, count in Counter(row[column] for row in rows).items() if value and count > 1]


def test_a_column_that_is_the_key_of_something_else_is_not_taken_for_the_key(store: Store) -> None:
    tracks_csv = EXCERPTS / "freemusi-tracks.csv"
    expected = r'freemusi-tracks.csv:4: the key "dt006" is in line 3 already: the column "id" was guessed to be the key'
    with pytest.raises(IngestError, match=expected):
        import_files(store, [tracks_csv], dataset="tracks", mapping=None, actor="otis", via="cli")
