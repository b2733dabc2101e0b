"""A manifest names the tracks that are there and not quarantined, with their files, in an order that stays."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import insert, update

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import licences, sources, tracks
from audit_core.errors import CratecheckError
from audit_core.ledger.chain import head
from audit_core.report import json_lines, manifest
from audit_core.report.json_lines import facts_json, manifest_json_lines
from audit_core.report.manifest import File, ManifestRow
from audit_core.report.manifest import facts as facts_of
from audit_core.report.manifest import manifest as rows_of
from audit_core.report.spreadsheet import manifest_csv
from tests.support.catalogue import plant
from tests.support.ledger import START, Time, audit, dataset, decided, found, key_of, request, revision, track


def rows(store: Store, name: str = "train", at: int = 1) -> list[ManifestRow]:
    with store.read() as connection:
        return list(rows_of(connection, name, Snapshot(at, START)))


def test_a_row_has_what_the_catalogue_knows_and_none_for_what_it_does_not(store: Store) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        connection.execute(insert(licences).values(id=4, text="CC BY 4.0"))
        connection.execute(insert(sources).values(id=5, name="a source"))
        track(
            connection,
            train,
            "x/1",
            now,
            title="Für Elise",
            artist="Beethoven",
            split="train",
            licence_id=4,
            source_id=5,
            duration_ms=61_250,
            files=[("midi", {"md5": "2"}), ("audio", {"sha256": "1", "md5": "0"})],
        )
        track(connection, train, "x/0", now)
    assert rows(store) == [
        ManifestRow("x/0", None, None, None, None, None, None, None, ()),
        ManifestRow(
            "x/1",
            "Für Elise",
            "Beethoven",
            None,
            "train",
            "CC BY 4.0",
            "a source",
            61.25,
            (
                File("audio", "x/1.audio", None, (("md5", "0"), ("sha256", "1"))),
                File("midi", "x/1.midi", None, (("md5", "2"),)),
            ),
        ),
    ]


def test_rows_come_in_the_order_of_code_points_through_all_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_PAGE", 2)
    names = ["Z", "a", "B", "ä", "10", "9", "a b"]
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        for name in names:
            track(connection, train, name, now, files=[("audio", {"md5": name})])
    listed = rows(store)
    assert [row.key for row in listed] == sorted(names)
    assert all(row.files[0].checksums == (("md5", row.key),) for row in listed)


def test_a_page_whose_tracks_are_all_quarantined_does_not_end_the_manifest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_PAGE", 2)
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        for name in "abcd":
            track(connection, train, name, now)
    audit(store, [found("a")], clock=Time())
    decided(store, request("quarantine", key_of("a"), targets=(("train", "a"), ("train", "b"))))
    assert [row.key for row in rows(store)] == ["c", "d"]


def test_an_older_revision_is_exported_as_it_was(store: Store) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        track(connection, train, "a", revision(connection, train), title="then")
        second = revision(connection, train)
        connection.execute(update(tracks).values(to_rev=second))
        track(connection, train, "a", second, title="now")
    assert [row.title for row in rows(store, at=1)] == ["then"]
    assert [row.title for row in rows(store, at=2)] == ["now"]
    with pytest.raises(CratecheckError, match="there is no dataset 'train'"):
        rows(store, at=0)


def test_the_facts_say_of_what_as_of_when_and_under_which_ledger(store: Store) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        now = revision(connection, train)
        for name in "abc":
            track(connection, train, name, now)
    audit(store, [found("a")], clock=Time())
    decided(store, request("quarantine", key_of("a")))
    with store.read() as connection:
        facts = facts_of(connection, "train", Snapshot(1, START))
        last = head(connection)
    assert (facts.rows, facts.quarantined, facts.ledger_head) == (2, 1, last)
    assert json.loads(facts_json(facts)) == {
        "dataset": "train",
        "revision": 1,
        "as_of": "2026-03-02T09:30:00.000000Z",
        "rows": 2,
        "quarantined_left_out": 1,
        "with_files_that_could_not_be_heard": 0,
        "ledger_head": {"seq": 2, "hash": last.hash},
    }


def test_an_unknown_dataset_is_said_with_those_that_there_are(store: Store) -> None:
    with pytest.raises(CratecheckError, match=r"no dataset 'train'\. Import one first"):
        rows(store)
    with store.write() as connection:
        revision(connection, dataset(connection, "test"))
        revision(connection, dataset(connection, "train"), published=False)
    with pytest.raises(CratecheckError, match=r"no dataset 'train'\. There are: test\."):
        rows(store)


def test_the_same_manifest_is_rendered_as_csv_and_as_json_lines(store: Store) -> None:
    with store.write() as connection:
        train = dataset(connection, "train")
        files = [("audio", {"sha256": "1", "md5": "0"}), ("midi", {})]
        track(connection, train, "k", revision(connection, train), title='a "b", c', duration_ms=500, files=files)
    listed = rows(store)
    assert list(manifest_csv(listed)) == [
        "key,title,artist,album,split,licence,source,duration_s,path,size_bytes,checksums,other_files\n",
        'k,"a ""b"", c",,,,,,0.5,k.audio,,md5:0 sha256:1,'
        '"[{""role"": ""midi"", ""path"": ""k.midi"", ""size_bytes"": null, ""checksums"": {}}]"\n',
    ]
    (line,) = manifest_json_lines(listed)
    assert json.loads(line) == {
        "key": "k",
        "title": 'a "b", c',
        "artist": None,
        "album": None,
        "split": None,
        "licence": None,
        "source": None,
        "duration_s": 0.5,
        "files": [
            {"role": "audio", "path": "k.audio", "size_bytes": None, "checksums": {"md5": "0", "sha256": "1"}},
            {"role": "midi", "path": "k.midi", "size_bytes": None, "checksums": {}},
        ],
    }


def test_no_export_calls_a_dataset_compliant() -> None:
    from pathlib import Path

    folder = Path(json_lines.__file__).parent
    for path in folder.rglob("*.py"):
        assert not re.search(r"compliant|bias-free|bias free", path.read_text(), re.IGNORECASE), path


def test_what_was_heard_counts_for_more_than_what_was_stated(store: Store) -> None:
    sums = {"sha256": "5e" * 32}
    heard = {"packets": "p", "sha256": sums["sha256"], "duration_ms": 1_567, "size_bytes": 30}
    plant(
        store,
        "train",
        [
            {"key": "a", "path": "a.mp3", "duration": 60_000, "heard": heard},
            {"key": "b", "path": "b.mp3", "duration": 60_000, "heard": {"problem": "missing", "reason": "It is gone."}},
            {"key": "c", "path": "c.mp3", "duration": 60_000},
        ],
    )
    first, second, third = rows(store)
    assert (first.duration_s, [(file.size_bytes, dict(file.checksums)) for file in first.files]) == (
        1.567,
        [(30, sums)],
    )
    assert [row.duration_s for row in (second, third)] == [60.0, 60.0]
    with store.read() as connection:
        assert facts_of(connection, "train", Snapshot(1, START)).unheard == 1
