"""An import makes a revision of what is new, changed or gone; what was before stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from audit_core.catalogue.leases import hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import (
    FOREVER,
    assets,
    checksums,
    group_values,
    licences,
    revisions,
    source_terms,
    sources,
    track_groups,
    tracks,
)
from audit_core.errors import CratecheckError, IngestError, StoreError
from audit_core.ingest.block import Refusal
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ledger.chain import head
from audit_core.ledger.tables import ledger_entries
from audit_core.ledger.verify import verify
from audit_core.report.manifest import manifest
from tests.audit_core.ingest.conftest import NOON, Import

Written = Callable[..., Path]

WHOLE = """
key: id
fields:
  title: title
  artist: {column: artist, split: ";"}
  year: year
  duration: length
  split: {column: split, values: {"?": unknown, validation: valid}}
  licence: licence
  acquired: got
  extra.session: session
groups: [extra.session]
assets:
  - {role: midi, path: midi, checksums: {md5: midi_md5}}
  - {role: audio, path: audio, size: bytes, checksums: {md5: md5, sha256: sha}}
source: {name: Attic, kind: own, licence: CC0-1.0, acquired: 2026-01-31, acquired_by: Otis}
"""
MD5, SHA = "0123456789abcdef0123456789abcdef", "ab" * 32
TABLE = f"""\
id,title,artist,year,length,split,licence,got,session,midi,midi_md5,audio,bytes,md5,sha,mood
a,Blue,Nina; Otis,2011,245.5,validation,CC-BY-4.0,2026-02-01,s1,a.mid,{MD5},a.wav,100,{MD5.upper()},{SHA},calm
b,Red,NINA,,,?,,,S1,b.mid,,,,,,
"""


def counts(report: ImportReport) -> dict[str, int]:
    """Give the counts of a report that are not zero."""
    names = ("read", "added", "changed", "unchanged", "gone", "refused")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def keys(store: Store, revision: int) -> dict[str, str | None]:
    """Give the titles of a snapshot's tracks, by key."""
    with store.read() as connection:
        held = select(tracks.c.key, tracks.c.title).where(Snapshot(revision, NOON).holds())
        return {row.key: row.title for row in connection.execute(held)}


def everything(store: Store) -> dict[str, list[Any]]:
    """Give every row of the catalogue."""
    tables = (tracks, assets, checksums, track_groups, group_values, licences, sources, source_terms, revisions)
    with store.read() as connection:
        return {table.name: sorted(map(str, connection.execute(select(table)))) for table in tables}


class TestARow:
    def test_becomes_a_track_with_its_files_groups_and_source(self, store: Store, imported: Import) -> None:
        imported(TABLE, WHOLE)
        with store.read() as connection:
            first, second = connection.execute(
                select(tracks, licences.c.text, sources.c.name)
                .outerjoin(licences, licences.c.id == tracks.c.licence_id)
                .join(sources, sources.c.id == tracks.c.source_id)
                .order_by(tracks.c.key)
            )
            assert (first.key, first.title, first.artist, first.year) == ("a", "Blue", "Nina; Otis", 2011)
            assert (first.duration_ms, first.split, first.text, first.name) == (245_500, "valid", "CC-BY-4.0", "Attic")
            assert (str(first.acquired), first.extra) == ("2026-02-01", {"mood": "calm", "session": "s1"})
            assert (second.year, second.duration_ms, second.split, second.text) == (None, None, None, None)
            assert second.extra == {"session": "S1"}
            files = select(tracks.c.key, assets.c.role, assets.c.path, assets.c.size_bytes)
            found = connection.execute(files.join_from(tracks, assets).order_by(tracks.c.key, assets.c.role))
            assert [tuple(row) for row in found] == [
                ("a", "audio", "a.wav", 100),
                ("a", "midi", "a.mid", None),
                ("b", "midi", "b.mid", None),
            ]
            sums = select(assets.c.role, checksums.c.algorithm, checksums.c.value, checksums.c.track_id)
            found = connection.execute(sums.join_from(assets, checksums).order_by(assets.c.role, checksums.c.algorithm))
            assert [tuple(row) for row in found] == [
                ("audio", "md5", MD5, first.id),
                ("audio", "sha256", SHA, first.id),
                ("midi", "md5", MD5, first.id),
            ]

    def test_shares_its_groups_with_other_spellings_of_the_same_name(self, store: Store, imported: Import) -> None:
        imported(TABLE, WHOLE)
        with store.read() as connection:
            members = select(track_groups.c.field, group_values.c.key, group_values.c.label, tracks.c.key)
            members = members.join_from(track_groups, group_values).join(tracks, tracks.c.id == track_groups.c.track_id)
            assert sorted(tuple(row) for row in connection.execute(members)) == [
                ("artist", "nina", "Nina", "a"),
                ("artist", "nina", "Nina", "b"),
                ("artist", "otis", "Otis", "a"),
                ("extra.session", "s1", "s1", "a"),
                ("extra.session", "s1", "s1", "b"),
            ]

    def test_that_can_not_be_imported_is_told_and_skipped(self, store: Store, imported: Import) -> None:
        report = imported("id,year\na,2011\n,2012\nc,soon\nd\ne,2014\n", "key: id\nfields: {year: year}")
        assert counts(report) == {"read": 5, "added": 2, "refused": 3}
        assert [(refusal.line, refusal.reason) for refusal in report.refusals] == [
            (3, "the key is blank"),
            (4, 'year: "soon" is no whole number'),
            (5, "1 cells where the header has 2"),
        ]
        assert keys(store, 1).keys() == {"a", "e"}

    def test_with_a_key_that_came_before_is_told_with_the_line_of_the_first(
        self, store: Store, imported: Import, written: Written
    ) -> None:
        first = written("id,title\na,A\nb,B\na,A\n", "1.csv")
        second = written("id,title\nc,C\nb,other\n", "2.csv")
        report = imported(first, paths=[first, second])
        assert counts(report) == {"read": 5, "added": 3, "refused": 2}
        assert report.refusals == (
            Refusal(str(first), 4, 'the key "a" is in line 2 already'),
            Refusal(str(second), 3, f'the key "b" is in {first}, line 3 already'),
        )
        again = imported(first, paths=[first, second])
        assert (counts(again), again.revision) == ({"read": 5, "unchanged": 3, "refused": 2}, None)

    def test_that_is_refused_leaves_its_track_as_it_was(self, store: Store, imported: Import) -> None:
        mapping = "key: id\nfields: {year: year, title: title}"
        imported("id,title,year\na,A,2011\nb,B,2012\nc,C,2013\n", mapping)
        report = imported("id,title,year\na,A,soon\nb\nc,Z,2013\n", mapping)
        assert counts(report) == {"read": 3, "changed": 1, "refused": 2}
        assert keys(store, 2) == {"a": "A", "b": "B", "c": "Z"}


class TestARevision:
    def test_is_not_opened_by_importing_the_same_again(self, store: Store, imported: Import) -> None:
        assert counts(imported(TABLE, WHOLE)) == {"read": 2, "added": 2}
        before = everything(store)
        report = imported(TABLE, WHOLE)
        assert (counts(report), report.revision) == ({"read": 2, "unchanged": 2}, None)
        assert everything(store) == before

    def test_is_not_opened_by_another_order_of_columns_and_rows(self, store: Store, imported: Import) -> None:
        imported("id,title,mood\na,A,calm\nb,B,tense\n")
        assert imported("mood,id,title\ntense,b,B\ncalm,a,A\n").revision is None

    def test_holds_what_changed_and_the_one_before_what_was(self, store: Store, imported: Import) -> None:
        mapping = "key: id\nfields: {title: title}"
        imported("id,title\na,A\nb,B\nc,C\n", mapping)
        report = imported("id,title\na,A\nb,new\nd,D\n", mapping)
        assert counts(report) == {"read": 3, "added": 1, "changed": 1, "unchanged": 1, "gone": 1}
        assert (report.revision, report.vanished) == (2, ("c",))
        assert keys(store, 1) == {"a": "A", "b": "B", "c": "C"}
        assert keys(store, 2) == {"a": "A", "b": "new", "d": "D"}

    def test_takes_back_a_track_that_had_gone(self, store: Store, imported: Import) -> None:
        imported("id\na\nb\n")
        imported("id\na\n")
        assert counts(imported("id\na\nb\n")) == {"read": 2, "added": 1, "unchanged": 1}
        assert [sorted(keys(store, revision)) for revision in (1, 2, 3)] == [["a", "b"], ["a"], ["a", "b"]]

    def test_of_a_part_marks_nothing_as_gone(self, store: Store, imported: Import) -> None:
        imported("id\na\nb\n")
        assert counts(imported("id\nc\n", partial=True)) == {"read": 1, "added": 1}
        assert keys(store, 2).keys() == {"a", "b", "c"}

    def test_of_one_dataset_leaves_the_others_alone(self, store: Store, imported: Import) -> None:
        imported("id\na\n")
        assert counts(imported("id\nb\n", dataset="other")) == {"read": 1, "added": 1}
        assert keys(store, 2).keys() == {"a", "b"}

    def test_is_in_the_ledger_with_the_files_it_came_from(self, store: Store, imported: Import) -> None:
        imported("id\na\n")
        with store.read() as connection:
            entry = connection.execute(select(ledger_entries)).one()
        assert (entry.kind, entry.actor, entry.via) == ("import", "nadia", "cli")
        payload = json.loads(entry.payload)
        assert (payload["dataset"], payload["revision"], payload["counts"]["added"]) == ("crate", 1, 1)
        sha256 = hashlib.sha256(b"id\na\n").hexdigest()
        assert payload["files"] == [{"name": "tracks.csv", "bytes": 5, "sha256": sha256}]

    def test_follows_when_only_the_terms_of_the_source_change(self, store: Store, imported: Import) -> None:
        imported(TABLE, WHOLE)
        report = imported(TABLE, WHOLE.replace("CC0-1.0", "CC-BY-4.0"))
        assert (counts(report), report.revision) == ({"read": 2, "unchanged": 2}, 2)
        with store.read() as connection:
            terms = select(source_terms.c.from_rev, source_terms.c.to_rev, licences.c.text).join(licences)
            found = connection.execute(terms.order_by(source_terms.c.from_rev))
            assert [tuple(row) for row in found] == [(1, 2, "CC0-1.0"), (2, FOREVER, "CC-BY-4.0")]


class TestNothingBecomesVisible:
    def test_if_one_row_is_refused_and_all_must_be_good(self, store: Store, imported: Import) -> None:
        report = imported("id,year\na,2011\nb,soon\n", "key: id\nfields: {year: year}", strict=True)
        assert (counts(report), report.revision) == ({"read": 2, "refused": 1}, None)
        with store.read() as connection:
            assert latest_revision(connection) == 0
            assert connection.execute(select(tracks.c.id)).all() == []
            assert head(connection).seq == 0
            with pytest.raises(CratecheckError, match="there is no dataset 'crate'"):
                list(manifest(connection, "crate", Snapshot(1, NOON)))

    def test_if_a_file_turns_out_to_be_damaged(self, store: Store, imported: Import) -> None:
        imported("id,title\na,A\nb,B\n")
        rows = "".join(f"n{number},N\n" for number in range(3000)).encode()
        with pytest.raises(IngestError, match="not UTF-8"):
            imported(b"id,title\na,changed\n" + rows + b"z" * 3_000_000 + b"\nz,\xff\n")
        assert keys(store, 99).keys() == {"a", "b"}
        with store.read() as connection:
            assert len(connection.execute(select(tracks.c.id)).all()) == 2
            assert connection.execute(select(tracks.c.to_rev).distinct()).scalars().all() == [FOREVER]

    def test_if_every_row_is_refused(self, store: Store, imported: Import) -> None:
        imported("id\na\n")
        report = imported("id,x\n,1\n,2\n")
        assert (counts(report), report.revision) == ({"read": 2, "refused": 2}, None)
        assert keys(store, 99).keys() == {"a"}

    def test_if_there_is_a_header_and_no_row(self, store: Store, imported: Import) -> None:
        imported("id\na\n")
        with pytest.raises(IngestError, match="a header, and no rows"):
            imported("id\n")
        assert keys(store, 99).keys() == {"a"}

    def test_while_another_import_runs(self, store: Store, imported: Import) -> None:
        with (
            hold(store, "import", clock=lambda: NOON, ttl_s=3600),
            pytest.raises(StoreError, match="another import is running"),
        ):
            imported("id\na\n")


class TestAGuess:
    def test_is_given_with_the_report(self, imported: Import) -> None:
        report = imported("id,Title,mood\na,A,calm\n", None)
        assert report.mapping.guessed
        assert report.mapping.text == "key: id\nfields:\n  title: Title\n# kept as they are: extra.mood\n"

    @pytest.mark.parametrize("table", ["id,t\na,1\nb,2\na,3\n", "id,t\na,1\n,2\n"])
    def test_of_a_key_that_is_none_asks_for_the_key(self, store: Store, imported: Import, table: str) -> None:
        with pytest.raises(IngestError, match=r"was guessed to be the key, and is none\. .*`key: COLUMN`"):
            imported(table, None)
        assert keys(store, 99) == {}

    def test_holds_for_all_files_together(self, imported: Import, written: Written) -> None:
        first, second = written("id,title\na,A\n", "1.csv"), written("id,artist\nb,B\n", "2.csv")
        assert counts(imported(first, None, paths=[first, second])) == {"read": 2, "added": 2}


class TestOtherKindsOfFile:
    def test_say_the_same_and_so_change_nothing(self, imported: Import, written: Written) -> None:
        mapping = 'key: id\nfields: {title: title, genre: {column: genre, split: ";"}, year: year}'
        imported("id,title,genre,year\na,A,Pop; Rock,2011\n", mapping)
        assert imported("id\ttitle\tgenre\tyear\na\tA\tPop;Rock\t2011\n", mapping, name="t.tsv").revision is None
        line = '{"id": "a", "title": "A", "genre": ["Pop", "Rock"], "year": 2011}\n'
        assert imported(line, mapping, name="t.jsonl").revision is None

    def test_are_read_as_the_mapping_says(self, imported: Import) -> None:
        assert counts(imported("id|t\na|1\n", 'key: id\nformat: csv\ndelimiter: "|"', name="dump.txt"))["added"] == 1

    def test_json_lines_must_have_the_columns_of_the_mapping_somewhere(self, imported: Import) -> None:
        mapping = "key: id\nfields: {title: title}"
        assert counts(imported('{"id": 1}\n{"id": 2, "title": "B"}\n', mapping, name="t.jsonl"))["added"] == 2
        with pytest.raises(IngestError, match='no column "title" in .*t.jsonl. Did you mean "titel"'):
            imported('{"id": 1, "titel": "A"}\n', mapping, name="t.jsonl")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none.csv", "there is no such file"),
        (lambda folder: folder, "an empty folder, or one without a table"),
        (lambda folder: _touched(folder / "songs.xlsx"), "its name doesn't tell what kind of table it is"),
        (lambda folder: _touched(folder / "songs.csv"), "the file is empty"),
    ],
)
def test_what_is_no_table_is_said(imported: Import, tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IngestError, match=message):
        imported(make(folder))


def _touched(path: Path) -> Path:
    path.touch()
    return path


def test_a_folder_of_tables_is_answered_with_their_names(imported: Import, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    _touched(tmp_path / "folder" / "a.csv")
    with pytest.raises(IngestError, match=r"a folder. Name the files that are meant; in it are a\.csv"):
        imported(tmp_path / "folder")


def test_progress_is_told(imported: Import) -> None:
    told: list[Progress] = []
    imported("id\na\nb\n", progress=told.append)
    imported("id\na\n", progress=told.append)
    assert [(each.stage, each.rows, each.done, each.total) for each in told] == [
        ("reading", 2, 7, 7),
        ("reading", 1, 5, 5),
        ("closing", 1, 1, 1),
    ]


def test_a_title_that_is_a_formula_is_kept_as_it_is(store: Store, imported: Import) -> None:
    imported('id,title\na,"=cmd()"\n', "key: id\nfields: {title: title}")
    assert keys(store, 1) == {"a": "=cmd()"}


@pytest.mark.parametrize("name", ["", " crate", "a\nb"])
def test_a_dataset_needs_a_name_that_can_be_read(imported: Import, name: str) -> None:
    with pytest.raises(IngestError, match="can't be the name of a dataset"):
        imported("id\na\n", dataset=name)


def test_the_name_of_a_dataset_is_as_long_as_a_policy_may_write_it(imported: Import) -> None:
    assert imported("id\na\n", dataset="x" * 120).added == 1
    with pytest.raises(IngestError, match="too long for the name of a dataset. It may have 120 characters"):
        imported("id\na\n", dataset="x" * 121)


def test_texts_as_long_as_they_may_be_are_taken_by_any_database(imported: Import) -> None:
    long = "".join(chr(0x1F300 + number) for number in range(500))  # four bytes each, and hard to compress
    row = ",".join([long] * 4)
    mapping = "key: id\nfields: {split: set, licence: terms, source: origin}"
    assert imported(f"id,set,terms,origin\n{row}\n", mapping, dataset="\U0001f3b5" * 120).added == 1


def test_a_file_whose_name_is_no_unicode_is_named_with_backslashes(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv"))
    path.write_text("id\na\n\n,\n", encoding="utf-8")
    report = imported(path)
    assert report.added == 1
    assert all(refusal.file.endswith("\\udcff.csv") for refusal in report.refusals)
    with store.read() as connection:
        assert connection.execute(select(revisions.c.origin)).scalar_one() == "\\udcff.csv"


class TestTheLedgerVouchesFor:
    @pytest.fixture
    def twice(self, store: Store, imported: Import) -> Store:
        imported("id,title\na,A\nb,B\nc,C\nd,D\n")
        imported("id,title\nd,DD\na,A\nb,BB\ne,E\n")
        return store

    def test_the_tracks_that_came_and_went(self, twice: Store) -> None:
        assert verify(twice).broken is None

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE track SET key = 'z' WHERE key = 'a'", "the tracks of revision 1 are not those"),
            ("UPDATE track SET key = 'z' WHERE key = 'e'", "the tracks of revision 2 are not those"),
            ("UPDATE track SET row_hash = (SELECT row_hash FROM track WHERE key = 'e') WHERE key = 'a'", "the tracks"),
            ("DELETE FROM track WHERE key = 'a'", "the tracks of revision 1 are not those"),
            ("UPDATE track SET to_rev = 2 WHERE key = 'a'", "the tracks of revision 2 are not those"),
            ("UPDATE track SET to_rev = 2147483647 WHERE key = 'c'", "the tracks of revision 2 are not those"),
            ("UPDATE track SET to_rev = 7 WHERE key = 'a'", "track a belongs to revision 7"),
            ("UPDATE dataset SET name = 'elsewhere'", "revision 1 does not match ledger row 1: of which dataset"),
            ("UPDATE revision SET published_at = NULL WHERE id = 2", "revision 2 does not match ledger row 2"),
            ("UPDATE revision SET actor = 'mallory' WHERE id = 2", "revision 2 does not match ledger row 2"),
            ("UPDATE revision SET counts = '{}' WHERE id = 1", "revision 1 does not match ledger row 1"),
            (
                "INSERT INTO revision SELECT 3, dataset_id, actor, origin, started_at, published_at, NULL, counts"
                " FROM revision WHERE id = 2",
                "revision 3 is published, but no ledger row vouches for it",
            ),
        ],
    )
    def test_what_was_altered_is_named(self, twice: Store, statement: str, said: str) -> None:
        with twice.write() as connection:
            connection.execute(text(statement))
        assert str(verify(twice).broken).startswith(said)

    def test_no_row_of_an_import_that_is_not_done(self, twice: Store, imported: Import) -> None:
        imported("id,title\nf,F\n", partial=True)
        with twice.write() as connection:
            connection.execute(text("UPDATE revision SET published_at = NULL WHERE id = 3"))
            connection.execute(text("DELETE FROM ledger WHERE seq = 3"))
        assert verify(twice).broken is None
