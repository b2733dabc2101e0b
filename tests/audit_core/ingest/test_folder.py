"""A folder of audio is imported as a table is: each file is a track, known by its path."""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import mutagen as library
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from audit_core.audio.files import Root, root_of
from audit_core.audio.tables import audio_roots
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import assets, checksums, licences, sources, tracks
from audit_core.errors import CratecheckError, IngestError
from audit_core.ingest.block import Refusal
from audit_core.ingest.folder import split_of
from audit_core.ingest.importer import import_files, import_folder
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ingest.report import ImportReport, Progress
from audit_core.ledger.tables import ledger_entries
from audit_core.ledger.verify import verify
from audit_core.settings import Settings
from tests.audit_core.ingest.conftest import NOON
from tests.conftest import Backend
from tests.support.sound import tone, write

mutagen: Any = library

Add = Callable[..., Path]
Import = Callable[..., ImportReport]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "crate"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A tenth of a second of FLAC."""
    return write(tmp_path_factory.mktemp("sound") / "a.flac", tone(440, 0.1), 44100).read_bytes()


@pytest.fixture
def add(folder: Path, sound: bytes) -> Add:
    """Puts a file of audio into the folder, with these tags."""

    def add(path: str, **tags: str | list[str]) -> Path:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sound)
        if tags:
            tagged = mutagen.File(file)
            tagged.update(tags)
            tagged.save()
        return file

    return add


@pytest.fixture
def imported(store: Store, folder: Path) -> Import:
    """Imports the folder into the dataset "crate", minute by minute."""
    minutes = iter(range(10_000))

    def run(root: Root | None = None, **options: Any) -> ImportReport:
        if isinstance(mapping := options.get("mapping"), str):
            options["mapping"] = parse_mapping(mapping.encode(), "mapping.yaml", name="mapping")
        clock: Callable[[], Any] = lambda: NOON + timedelta(minutes=next(minutes))  # noqa: E731 - one line says it
        settings: dict[str, Any] = {"dataset": "crate", "actor": "nadia", "via": "cli", "clock": clock, **options}
        return import_folder(store, root or Root(folder), **settings)

    return run


@pytest.fixture
def sidecar(tmp_path: Path) -> Callable[..., Path]:
    """Writes a table beside the folder."""

    def write(text: str, name: str = "side.csv") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def counts(report: ImportReport) -> dict[str, int]:
    names = ("read", "added", "changed", "unchanged", "gone", "refused", "warned")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def found(store: Store, *fields: str) -> list[tuple[Any, ...]]:
    """Give some columns of the tracks that are there now, by key."""
    with store.read() as connection:
        wanted = (
            select(tracks, licences.c.text.label("licence"), sources.c.name.label("source"))
            .outerjoin(licences, licences.c.id == tracks.c.licence_id)
            .outerjoin(sources, sources.c.id == tracks.c.source_id)
            .where(Snapshot(10**6, NOON).holds())
        )
        rows = [row._mapping for row in connection.execute(wanted)]
    return sorted(tuple(row[field] for field in ("key", *fields)) for row in rows)


class Faulty(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Storage with one file, which can be listed and at times not be read."""

    protocol = "faulty"
    cachable = False
    content = b""
    broken = False

    def info(self, path: str, **_: object) -> dict[str, object]:
        if path.endswith(".flac"):
            return {"name": "crate/a.flac", "size": len(self.content), "type": "file"}
        return {"name": "crate", "size": 0, "type": "directory"}

    def ls(self, path: str, detail: bool = True, **_: object) -> list[Any]:
        return [self.info("crate/a.flac") if detail else "crate/a.flac"]

    def _open(self, path: str, *_: object, **__: object) -> io.BytesIO:
        return Gone(self.content) if self.broken else io.BytesIO(self.content)


class Gone(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError("the storage is gone")


class TestAFile:
    def test_becomes_a_track_known_by_its_path_with_what_its_tags_say(
        self, store: Store, add: Add, imported: Import
    ) -> None:
        path = add("rock/a.flac", title="Blue", artist=["Nina", "Otis"], date="2011-05-02", license="CC-BY-4.0")
        assert counts(imported()) == {"read": 1, "added": 1}
        fields = ("title", "artist", "year", "licence", "duration_ms", "sample_rate_hz", "channels", "split")
        assert found(store, *fields) == [("rock/a.flac", "Blue", "Nina; Otis", 2011, "CC-BY-4.0", 100, 44100, 1, None)]
        with store.read() as connection:
            [file] = connection.execute(select(assets.c.role, assets.c.path, assets.c.size_bytes))
        assert tuple(file) == ("audio", "rock/a.flac", path.stat().st_size)

    def test_with_broken_tags_is_imported_and_told(self, store: Store, add: Add, imported: Import) -> None:
        add("a.flac").write_bytes(b"\xff\xd8\xff\xe0 JFIF")
        add("b.flac").write_bytes(b"")
        report = imported()
        assert counts(report) == {"read": 2, "added": 2, "warned": 2}
        assert [(warning.file, warning.line) for warning in report.warnings] == [("a.flac", None), ("b.flac", None)]
        assert [key for (key,) in found(store)] == ["a.flac", "b.flac"]

    @pytest.mark.parametrize("name", [b"Bj\xf6rk.flac", b"two\nlines.flac", b" a/ b.flac", "Jóga.flac".encode()])
    def test_with_any_name_can_be_opened_from_the_catalogue(
        self, store: Store, folder: Path, imported: Import, sound: bytes, name: bytes
    ) -> None:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sound)
        assert counts(imported()) == {"read": 1, "added": 1}
        assert counts(imported()) == {"read": 1, "unchanged": 1}
        with store.read() as connection:
            stored = connection.execute(select(assets.c.path)).scalar_one()
            root = root_of(connection, Settings(workspace=folder), "crate")
        assert root is not None
        with root.open(stored) as file:
            assert file.read() == sound
        assert [key for (key,) in found(store)] == [stored]
        assert verify(store).broken is None

    def test_that_is_no_audio_is_no_track(self, folder: Path, store: Store, add: Add, imported: Import) -> None:
        add("a.FLAC")
        for name in ("cover.jpg", "notes.txt", "._a.flac"):
            (folder / name).write_bytes(b"x")
        assert counts(imported()) == {"read": 1, "added": 1}

    def test_that_leads_out_or_is_a_pipe_is_refused(self, folder: Path, add: Add, imported: Import) -> None:
        add("a.flac")
        (folder / "out.flac").symlink_to("/etc/passwd")
        (folder / "round.flac").symlink_to("round.flac")
        os.mkfifo(folder / "pipe.flac")
        report = imported()
        assert counts(report) == {"read": 4, "added": 1, "refused": 3}
        assert [(refusal.file, refusal.line) for refusal in report.refusals] == [
            ("out.flac", None),
            ("pipe.flac", None),
            ("round.flac", None),
        ]

    def test_that_can_not_be_read_stays_the_track_that_it_was(
        self, store: Store, imported: Import, sound: bytes
    ) -> None:
        fsspec.register_implementation("faulty", Faulty, clobber=True)
        Faulty.content, Faulty.broken = sound, False
        assert counts(imported(Root("faulty://crate"))) == {"read": 1, "added": 1}
        Faulty.broken = True
        report = imported(Root("faulty://crate"))
        assert counts(report) == {"read": 1, "refused": 1}
        assert report.refusals == (Refusal("a.flac", None, "can't be read: the storage is gone"),)
        assert found(store, "duration_ms") == [("a.flac", 100)]

    def test_with_too_long_a_path_is_refused(self, add: Add, imported: Import) -> None:
        add("a.flac")
        add("/".join(["x" * 100] * 6) + "/b.flac")
        report = imported()
        assert counts(report) == {"read": 2, "added": 1, "refused": 1}
        assert "longer than 500 characters" in report.refusals[0].reason


class TestARevision:
    def test_is_not_opened_by_importing_the_same_again(self, add: Add, imported: Import) -> None:
        add("a.flac", title="A")
        add("b/c.flac", title="C")
        assert imported().revision == 1
        report = imported()
        assert (counts(report), report.revision) == ({"read": 2, "unchanged": 2}, None)

    def test_holds_what_changed_and_what_is_gone(self, store: Store, add: Add, imported: Import) -> None:
        add("a.flac", title="A")
        gone = add("b.flac")
        imported()
        add("a.flac", title="new")
        gone.unlink()
        report = imported()
        assert (counts(report), report.vanished) == ({"read": 1, "changed": 1, "gone": 1}, ("b.flac",))
        assert found(store, "title") == [("a.flac", "new")]
        assert verify(store).broken is None

    def test_takes_nothing_for_gone_if_a_folder_could_not_be_looked_into(
        self, folder: Path, store: Store, add: Add, imported: Import, tmp_path: Path
    ) -> None:
        add("a.flac")
        add("b/c.flac")
        imported()
        (folder / "b").rename(tmp_path / "elsewhere")
        (folder / "b").symlink_to(tmp_path / "elsewhere")
        report = imported()
        assert (counts(report), report.incomplete) == ({"read": 2, "unchanged": 1, "refused": 1}, True)
        assert [key for (key,) in found(store)] == ["a.flac", "b/c.flac"]

    def test_is_in_the_ledger_with_the_folder_it_came_from(self, store: Store, add: Add, imported: Import) -> None:
        size = add("a.flac").stat().st_size
        imported()
        with store.read() as connection:
            payload = json.loads(connection.execute(select(ledger_entries.c.payload)).scalar_one())
        [listed] = payload["files"]
        assert (listed["name"], listed["files"], listed["bytes"]) == ("crate", 1, size)
        assert payload["audio_root"].endswith("/crate")

    def test_is_not_made_of_a_folder_without_audio(self, folder: Path, imported: Import) -> None:
        with pytest.raises(IngestError, match="no audio in the folder: there are no files in it"):
            imported()
        (folder / "tracks.csv").write_text("id\n")
        (folder / "cover.jpg").touch()
        with pytest.raises(
            IngestError, match=r"none of its 2 files .* Tables are named one by one; in it are tracks\.csv"
        ):
            imported()

    def test_is_not_made_if_the_folder_is_not_there_any_more(self, store: Store, add: Add, imported: Import) -> None:
        add("a.flac").parent.rename(add("a.flac").parent.with_name("moved"))
        with pytest.raises(CratecheckError, match="there is no such folder"):
            imported()

    def test_shows_progress_in_files(self, add: Add, imported: Import) -> None:
        for name in "abc":
            add(f"{name}.flac")
        told: list[Progress] = []
        imported(progress=told.append)
        assert (told[-1].stage, told[-1].done, told[-1].total) == ("reading", 3, 3)


class TestWhereTheAudioLies:
    def test_is_noted(self, store: Store, folder: Path, add: Add, imported: Import) -> None:
        add("a.flac")
        report = imported()
        assert (report.audio_root, report.audio_root_before) == (str(folder), None)
        with store.read() as connection:
            assert connection.execute(select(audio_roots.c.url)).scalars().all() == [str(folder)]

    def test_is_told_when_it_changes_and_makes_a_revision(
        self, store: Store, folder: Path, add: Add, imported: Import
    ) -> None:
        add("a.flac")
        imported()
        moved = folder.rename(folder.with_name("moved"))
        report = imported(Root(moved))
        assert (counts(report), report.revision) == ({"read": 1, "unchanged": 1}, 2)
        assert (report.audio_root, report.audio_root_before) == (str(moved), str(folder))

    def test_is_one_place_for_all_parts(self, folder: Path, add: Add, imported: Import, tmp_path: Path) -> None:
        add("a.flac")
        imported()
        other = tmp_path / "other"
        other.mkdir()
        (folder / "a.flac").rename(other / "b.flac")
        with pytest.raises(IngestError, match="a part of the dataset can't lie elsewhere than the rest"):
            imported(Root(other), partial=True)

    def test_is_noted_of_a_table_too(self, store: Store, folder: Path, sidecar: Callable[..., Path]) -> None:
        table = sidecar("id,path\na,a.flac\n")
        given: dict[str, Any] = {"dataset": "crate", "mapping": None, "actor": "nadia", "via": "cli"}
        assert import_files(store, [table], **given, audio_root=Root(folder)).audio_root == str(folder)
        report = import_files(store, [table], **given)
        assert (report.revision, report.audio_root) == (None, str(folder))

    def test_may_be_storage_that_fsspec_reads(self, store: Store, imported: Import, sound: bytes) -> None:
        from fsspec.implementations.memory import MemoryFileSystem

        name = uuid.uuid4().hex
        MemoryFileSystem().pipe(f"/{name}/train/a.flac", sound)
        assert counts(imported(Root(f"memory://{name}"))) == {"read": 1, "added": 1}
        assert found(store, "duration_ms") == [("train/a.flac", 100)]

    def test_is_no_other_for_a_link_to_a_folder_in_it(self, folder: Path, add: Add, imported: Import) -> None:
        add("a/b.flac")
        (folder / "a" / "up").symlink_to("..")
        report = imported()
        assert (counts(report), report.incomplete) == ({"read": 1, "added": 1, "warned": 1}, False)
        assert report.warnings == (Refusal("a/up/", None, "a link to a folder, which is not followed"),)


class TestASidecar:
    @pytest.fixture
    def backend(self) -> Backend:
        """One is enough: no other database sees the table."""
        return "sqlite"

    def test_wins_over_the_tags_where_it_has_a_value(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac", title="tag", album="tag")
        add("b.flac", title="tag", album="tag")
        table = sidecar("file,title,album,mood\na.flac,table,,calm\nb.flac,,table,\n")
        assert counts(imported(sidecar=table)) == {"read": 2, "added": 2}
        assert found(store, "title", "album", "extra") == [
            ("a.flac", "table", "tag", {"mood": "calm"}),
            ("b.flac", "tag", "table", None),
        ]
        assert imported(sidecar=table).revision is None

    def test_is_read_by_its_mapping(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac", title="tag", license="CC0-1.0", artist="tag")
        mapping = """
        key: id
        fields: {title: name, split: {column: set, values: {dev: valid, "?": unknown}}, region: {constant: GB}}
        assets: [{role: audio, path: where, checksums: {md5: sum}}]
        source: {name: Attic}
        """
        md5 = "ab" * 16
        table = sidecar(f"id,name,set,where,sum\n7,table,dev,a.flac,{md5}\n")
        report = imported(sidecar=table, mapping=mapping)
        assert counts(report) == {"read": 1, "added": 1}
        fields = ("title", "split", "region", "source", "licence", "extra")
        assert found(store, *fields) == [("a.flac", "table", "valid", "GB", "Attic", "CC0-1.0", {"id": "7"})]
        with store.read() as connection:
            assert connection.execute(select(checksums.c.value)).scalars().all() == [md5]

    def test_that_says_unknown_wins_too(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac", license="CC0-1.0")
        mapping = 'key: file\nfields: {licence: {column: terms, values: {"?": unknown}}}'
        imported(sidecar=sidecar("file,terms\na.flac,?\n"), mapping=mapping)
        assert found(store, "licence") == [("a.flac", None)]

    def test_of_any_kind_is_read(self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]) -> None:
        add("a.flac")
        lines = '{"path": "a.flac", "title": "T"}\n{"path": "b.flac", "artist": ["N", "O"]}\n'
        add("b.flac")
        assert counts(imported(sidecar=sidecar(lines, "side.jsonl"))) == {"read": 2, "added": 2}
        assert found(store, "title", "artist") == [("a.flac", "T", None), ("b.flac", None, "N; O")]

    def test_names_files_in_several_ways(
        self, store: Store, folder: Path, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        for name in ("a/1.flac", "a/2.flac", "a/3.flac", "a/Jóga.flac"):
            add(name)
        rows = f"./a/1.flac,1\n{folder}/a/2.flac,2\na\\3.flac,3\na//Jo\u0301ga.flac,4\n"
        assert counts(imported(sidecar=sidecar(f"path,title\n{rows}"))) == {"read": 4, "added": 4}
        assert [title for _, title in found(store, "title")] == ["1", "2", "3", "4"]

    def test_has_its_rows_without_a_file_refused_with_their_line(
        self, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac")
        table = sidecar("path,year\na.flac,2011\n,2012\nnone.flac,2013\n../a.flac,2014\na.flac,2015\nx,1,2\n")
        report = imported(sidecar=table)
        assert counts(report) == {"read": 6, "added": 1, "refused": 5}
        told = {refusal.line: refusal.reason for refusal in report.refusals}
        assert {refusal.file for refusal in report.refusals} == {str(table)}
        assert told[3] == 'the path of the file is blank, in the column "path"'
        assert told[4].startswith('there is no file "none.flac" in the folder')
        assert told[5] == '"../a.flac" leads out of the folder'
        assert told[6] == 'the file "a.flac" is in line 2 already'
        assert told[7] == "3 cells where the header has 2"

    def test_has_its_bad_rows_refused_with_their_line_and_the_track_kept_as_it_was(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac")
        add("b.flac")
        imported(sidecar=sidecar("path,year\na.flac,2011\nb.flac,2012\n"))
        table = sidecar("path,year\na.flac,soon\nb.flac,2012,x\n")
        report = imported(sidecar=table)
        assert (counts(report), report.revision) == ({"read": 2, "refused": 2}, None)
        assert set(report.refusals) == {
            Refusal(str(table), 2, 'year: "soon" is no whole number'),
            Refusal(str(table), 3, "3 cells where the header has 2"),
        }
        assert found(store, "year") == [("a.flac", 2011), ("b.flac", 2012)]

    def test_that_leaves_files_out_is_told(self, add: Add, imported: Import, sidecar: Callable[..., Path]) -> None:
        for name in "abcdefg":
            add(f"{name}.flac")
        report = imported(sidecar=sidecar("path\na.flac\n"))
        assert counts(report) == {"read": 7, "added": 7, "warned": 1}
        assert report.warnings[0].reason.startswith("6 files have no row in it")

    def test_says_which_column_names_the_files(self, add: Add, imported: Import, sidecar: Callable[..., Path]) -> None:
        add("a.flac")
        table = sidecar("which,title\na.flac,T\n")
        with pytest.raises(IngestError, match="no column is called as the path of a file is .*--path-column"):
            imported(sidecar=table)
        with pytest.raises(IngestError, match='no column "wich" in .*Did you mean "which"'):
            imported(sidecar=table, path_column="wich")
        assert counts(imported(sidecar=table, path_column="which")) == {"read": 1, "added": 1}

    def test_has_no_column_that_every_folder_has(
        self, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac")
        with pytest.raises(IngestError, match='a column is called "file.size", as one that every folder'):
            imported(sidecar=sidecar("path,file.size\na.flac,1\n"))

    def test_may_have_a_column_that_tags_have_too(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac", copyright="tag")
        imported(sidecar=sidecar("path,copyright\na.flac,table\n"))
        assert found(store, "extra") == [("a.flac", {"copyright": "table"})]

    def test_that_is_damaged_leaves_everything_as_it_was(
        self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]
    ) -> None:
        add("a.flac", title="A")
        imported()
        with pytest.raises(IngestError, match="before it is closed"):
            imported(sidecar=sidecar('path,title\na.flac,"B\n'))
        assert found(store, "title") == [("a.flac", "A")]


def test_a_mapping_without_a_sidecar_says_more_of_the_folder(store: Store, add: Add, imported: Import) -> None:
    add("a.flac", title="A", license="tag")
    mapping = "key: file.path\nfields: {licence: {constant: CC0-1.0}}\nsource: {name: Attic, kind: own}"
    imported(mapping=mapping)
    assert found(store, "title", "licence", "source") == [("a.flac", "A", "CC0-1.0", "Attic")]


class TestASplit:
    @pytest.fixture
    def backend(self) -> Backend:
        """One is enough: nothing is asked of the database."""
        return "sqlite"

    @pytest.mark.parametrize(
        ("path", "split"),
        [
            ("train/a.wav", "train"),
            ("Training/x/a.wav", "train"),
            ("audio/VAL/a.wav", "valid"),
            ("validation/a.wav", "valid"),
            ("dev/a.wav", "valid"),
            ("eval/a.wav", "test"),
            ("train-clean-100/a.wav", "train"),
            ("my_test_set/a.wav", "test"),
            ("test/Train/a.wav", "test"),
            ("train-test/a.wav", ""),
            ("rock/a.wav", ""),
            ("contest/trainer/a.wav", ""),
            ("train.wav", ""),
        ],
    )
    def test_is_told_by_the_uppermost_folder_that_tells_one(self, path: str, split: str) -> None:
        assert split_of(path) == split

    @given(st.text(alphabet="abc-_. /", max_size=20))
    def test_is_blank_if_no_word_of_a_folder_tells_it(self, path: str) -> None:
        assert split_of(path) == ""

    def test_is_read_only_when_told_to(self, store: Store, add: Add, imported: Import) -> None:
        add("train/a.flac")
        add("other/b.flac")
        imported()
        assert [split for _, split in found(store, "split")] == [None, None]
        imported(splits=True)
        assert found(store, "split") == [("other/b.flac", None), ("train/a.flac", "train")]

    def test_of_the_sidecar_wins(self, store: Store, add: Add, imported: Import, sidecar: Callable[..., Path]) -> None:
        add("train/a.flac")
        add("train/b.flac")
        imported(splits=True, sidecar=sidecar("path,split\ntrain/a.flac,validation\ntrain/b.flac,\n"))
        assert found(store, "split") == [("train/a.flac", "valid"), ("train/b.flac", "train")]
