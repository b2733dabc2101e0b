"""A folder of audio is opened in one place, and nothing outside of it is."""

from __future__ import annotations

import os
import pickle
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import insert

from audit_core.audio.files import FileState, Missing, Outside, Root, Unreadable, root_of
from audit_core.audio.paths import unspelled
from audit_core.audio.tables import audio_roots
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import datasets
from audit_core.errors import AudioError
from audit_core.settings import Settings

MakeRoot = Callable[[dict[str, bytes]], Root]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "crate"
    made.mkdir()
    return made


@pytest.fixture(params=["folder", "file://", "memory://"])
def root_with(request: pytest.FixtureRequest, folder: Path) -> MakeRoot:
    """Makes a root that holds some files, in each kind of storage."""
    address = {"folder": str(folder), "file://": f"file://{folder}"}.get(request.param, f"memory://{uuid.uuid4().hex}")

    def make(files: dict[str, bytes]) -> Root:
        if request.param == "memory://":
            from fsspec.implementations.memory import MemoryFileSystem

            for path, content in files.items():
                MemoryFileSystem().pipe(f"{address.removeprefix('memory:/')}/{path}", content)
        else:
            for path, content in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return Root(address)

    return make


def content(root: Root, path: str) -> bytes:
    with root.open(path) as file:
        return file.read()


@pytest.fixture
def humble() -> Iterator[Path]:
    """A folder of a user who may not read everything."""
    superuser = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o777)
        if superuser:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if superuser:
                os.seteuid(0)
            for path in folder.rglob("*"):
                path.chmod(0o700)


class TestAnyStorage:
    def test_gives_its_files_sorted_by_their_paths(self, root_with: MakeRoot) -> None:
        names = ["b.wav", "a/c.wav", "a.wav", "a/b/d.wav", "a b.wav"]
        assert list(root_with(dict.fromkeys(names, b"x")).walk()) == sorted(names)

    def test_gives_a_file_that_can_be_sought_in(self, root_with: MakeRoot) -> None:
        with root_with({"a/b.wav": b"0123456789"}).open("a/b.wav") as file:
            file.seek(4)
            assert file.read(3) == b"456"
            assert file.seek(0, os.SEEK_END) == 10

    def test_tells_how_long_a_file_is_and_when_it_was_written(self, root_with: MakeRoot) -> None:
        state = root_with({"a.wav": b"0123"}).state("a.wav")
        assert state.size_bytes == 4
        assert state.modified_ns is not None
        assert state.modified_ns > 1_500_000_000 * 10**9

    def test_says_that_a_file_is_not_there(self, root_with: MakeRoot) -> None:
        root = root_with({"a.wav": b""})
        for ask in (root.open, root.state):
            with pytest.raises(Missing, match=r"^b\.wav: there is no such file"):
                ask("b.wav")

    def test_says_that_a_folder_is_no_file(self, root_with: MakeRoot) -> None:
        root = root_with({"a/b.wav": b""})
        with pytest.raises(Unreadable, match="a folder, and no file"):
            root.state("a")

    @pytest.mark.parametrize("path", ["../x.wav", "a/../a/b.wav", "/etc/passwd", r"\x2e\x2e/x.wav", r"\x2fetc/passwd"])
    def test_opens_nothing_that_leads_out_by_its_words(self, root_with: MakeRoot, path: str) -> None:
        root = root_with({"a/b.wav": b""})
        for ask in (root.open, root.state):
            with pytest.raises(Outside, match="leads out of the folder"):
                ask(path)

    def test_opens_no_address(self, root_with: MakeRoot) -> None:
        with pytest.raises(Outside, match="an address, and no path in the folder"):
            root_with({"a.wav": b""}).open("https://host/a.mp3")

    def test_knows_that_no_name_has_a_nul(self, root_with: MakeRoot) -> None:
        with pytest.raises(Unreadable, match="NUL"):
            root_with({"a.wav": b""}).open("a\0.wav")

    def test_goes_to_another_process(self, root_with: MakeRoot) -> None:
        root = pickle.loads(pickle.dumps(root_with({"a.wav": b"0123"})))
        assert root.state("a.wav").size_bytes == 4

    def test_is_the_same_by_its_own_address(self, root_with: MakeRoot) -> None:
        root = root_with({"a.wav": b"0123"})
        assert list(Root(root.url).walk()) == ["a.wav"]


class TestAFolder:
    def test_is_known_by_the_link_that_its_user_chose(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(folder)
        (folder / "a.wav").touch()
        root = Root(tmp_path / "link")
        assert (root.url, list(root.walk())) == (str(tmp_path / "link"), ["a.wav"])

    def test_keeps_names_that_are_no_unicode_or_have_line_ends(self, folder: Path) -> None:
        for name in (b"Bj\xf6rk.wav", b"two\nlines.wav", b" blank.wav "):
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
        root = Root(folder)
        found = list(root.walk())
        assert found == [r"Bj\xf6rk.wav", r"\x20blank.wav\x20", r"two\x0alines.wav"]
        assert [content(root, path) for path in found] == [b"Bj\xf6rk.wav", b" blank.wav ", b"two\nlines.wav"]

    def test_may_itself_have_such_a_name(self, tmp_path: Path) -> None:
        odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
        odd.mkdir()
        (odd / "a.wav").touch()
        root = Root(odd)
        assert root.url == rf"{tmp_path}/\xff"
        assert list(Root(root.url).walk()) == ["a.wav"]

    def test_follows_a_link_to_a_file_within(self, folder: Path) -> None:
        (folder / "a.wav").write_bytes(b"0123")
        (folder / "b.wav").symlink_to("a.wav")
        root = Root(folder)
        assert list(root.walk()) == ["a.wav", "b.wav"]
        assert content(root, "b.wav") == b"0123"

    def test_follows_no_link_that_leads_out(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "secret.wav").touch()
        (tmp_path / "crate-2").mkdir()
        (folder / "file.wav").symlink_to(tmp_path / "secret.wav")
        (folder / "away").symlink_to(tmp_path)
        (folder / "sibling").symlink_to(tmp_path / "crate-2")
        root, troubles = Root(folder), list[str]()
        assert list(root.walk(lambda trouble: troubles.append(str(trouble)))) == []
        assert len(troubles) == 3
        assert all("leads out of the folder" in trouble for trouble in troubles)
        for path in ("file.wav", "away/secret.wav"):
            for ask in (root.open, root.state):
                with pytest.raises(Outside, match="a symbolic link that leads out of the folder"):
                    ask(path)

    def test_gives_nothing_outside_where_a_folder_becomes_a_link_before_it_is_opened(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for place in (folder / "sub", tmp_path / "out"):
            place.mkdir()
            (place / "a.wav").write_bytes(b"")
        root, system_opens = Root(folder), os.open

        def too_late(path: str, flags: int) -> int:
            (folder / "sub").rename(folder / "gone")
            (folder / "sub").symlink_to(tmp_path / "out")
            return system_opens(path, flags)

        monkeypatch.setattr(os, "open", too_late)
        with pytest.raises(Outside, match="leads out of the folder"):
            root.open("sub/a.wav")

    @pytest.mark.parametrize("scheme", ["file", "FILE", "local"])
    def test_follows_no_such_link_by_an_address_either(self, folder: Path, tmp_path: Path, scheme: str) -> None:
        (tmp_path / "secret.wav").touch()
        (folder / "file.wav").symlink_to(tmp_path / "secret.wav")
        root = Root(f"{scheme}://{folder}")
        assert list(root.walk()) == []
        with pytest.raises(Outside):
            root.open("file.wav")

    def test_ends_where_links_go_round_in_a_circle(self, folder: Path) -> None:
        (folder / "a").mkdir()
        (folder / "a" / "up").symlink_to("..")
        (folder / "self.wav").symlink_to("self.wav")
        (folder / "a" / "b.wav").touch()
        root, troubles = Root(folder), list[str]()
        assert list(root.walk(lambda trouble: troubles.append(str(trouble)))) == ["a/b.wav"]
        assert troubles == [
            "self.wav: a symbolic link that goes round in a circle",
            "a/up/: a link to a folder, which is not followed",
        ]
        with pytest.raises(Unreadable, match="goes round in a circle"):
            root.open("self.wav")

    def test_waits_at_no_pipe(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe.wav")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "s.wav"))
        root, troubles = Root(folder), list[str]()
        assert list(root.walk(lambda trouble: troubles.append(str(trouble)))) == []
        assert sorted(troubles) == ["pipe.wav: a pipe, and no file", "s.wav: a socket, and no file"]
        for ask in (root.open, root.state):
            with pytest.raises(Unreadable, match="a pipe, and no file"):
                ask("pipe.wav")

    def test_tells_of_what_may_not_be_read(self, humble: Path) -> None:
        for path in (humble / "b", humble / "a.wav"):
            path.mkdir(mode=0) if path.suffix == "" else path.touch(mode=0)
        root, troubles = Root(humble), list[str]()
        assert list(root.walk(lambda trouble: troubles.append(str(trouble)))) == ["a.wav"]
        assert troubles == ["b/: this user may not read it"]
        with pytest.raises(Unreadable, match="this user may not read it"):
            root.open("a.wav")

    def test_tells_that_a_file_vanished(self, folder: Path) -> None:
        (folder / "a.wav").touch()
        root = Root(folder)
        [path] = root.walk()
        (folder / "a.wav").unlink()
        with pytest.raises(Missing):
            root.open(path)

    def test_knows_a_file_that_was_written_anew(self, folder: Path) -> None:
        (folder / "a.wav").write_bytes(b"0123")
        before = Root(folder).state("a.wav")
        os.utime(folder / "a.wav", ns=(0, 1_234_567_891))
        assert Root(folder).state("a.wav") == FileState(4, 1_234_567_891) != before

    @pytest.mark.parametrize("path", ["a" * 300 + ".wav", "a" * 5000])
    def test_knows_that_no_file_has_so_long_a_name(self, folder: Path, path: str) -> None:
        with pytest.raises(Missing, match="name that long"):
            Root(folder).open(path)

    def test_is_missed_before_any_file_is(self, folder: Path) -> None:
        with pytest.raises(Missing, match="there is no such folder"):
            Root(folder / "none")
        (folder / "a.wav").touch()
        with pytest.raises(Missing, match="not a folder"):
            Root(folder / "a.wav")


class TestAnAddress:
    def test_that_needs_more_than_is_installed_says_what(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(AudioError, match=r'Install it with `pip install "cratecheck\[s3\]"`'):
            Root("s3://bucket/crate")

    def test_that_nobody_reads_is_a_mistake(self) -> None:
        with pytest.raises(AudioError, match=r'nothing reads the address "gopher://host/crate"'):
            Root("gopher://host/crate")

    def test_holds_no_password(self) -> None:
        with pytest.raises(AudioError, match="a password") as refused:
            Root("sftp://nina:secret@host/crate")
        assert "secret" not in str(refused.value)

    def test_where_nothing_is_has_nothing_to_walk(self) -> None:
        with pytest.raises(Missing, match="there is no such folder"):
            list(Root(f"memory://{uuid.uuid4().hex}").walk())


class TestAWebServer:
    @pytest.fixture
    def asked(self, folder: Path, tmp_path: Path) -> Iterator[tuple[Root, list[str]]]:
        """A root that a server gives, and the addresses it was asked for; beside the root lies something else."""
        paths = list[str]()

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments, directory=str(tmp_path))

            def log_message(self, *_: Any, **__: Any) -> None:
                paths.append(self.path)

        (tmp_path / "secret.wav").write_bytes(b"secret")
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            yield Root(f"http://127.0.0.1:{server.server_port}/{folder.name}"), paths
            server.shutdown()
            serving.join()

    @pytest.mark.parametrize(
        "path", ["%2e%2e/secret.wav", "..%2fsecret.wav", "a.wav?x=1", "a.wav#x", r"%2e\x2e/secret.wav"]
    )
    def test_is_asked_for_nothing_but_the_file_of_that_name(
        self, asked: tuple[Root, list[str]], folder: Path, path: str
    ) -> None:
        (folder / "a.wav").write_bytes(b"0123")
        root, paths = asked
        with pytest.raises(Missing):
            root.open(path)
        assert {unquote(one) for one in paths} == {f"/{folder.name}/{unspelled(path)}"}
        assert not any("?" in one for one in paths)

    def test_gives_what_it_lists_whatever_it_is_called(self, asked: tuple[Root, list[str]], folder: Path) -> None:
        names = ["100%25 a?b.wav", "a b.wav", "Björk #1.wav"]
        for name in names:
            (folder / name).write_bytes(name.encode())
        root, _ = asked
        assert list(root.walk()) == sorted(names)
        assert [content(root, name) for name in names] == [name.encode() for name in names]


class TestTheAudioOfADataset:
    @pytest.fixture
    def known(self, store: Store, folder: Path) -> Store:
        with store.write() as connection:
            number = connection.execute(insert(datasets).values(name="crate").returning(datasets.c.id)).scalar_one()
            connection.execute(insert(audio_roots).values(dataset_id=number, url=str(folder)))
        return store

    def test_lies_where_it_was_imported_from(self, known: Store, folder: Path, tmp_path: Path) -> None:
        with known.read() as connection:
            root = root_of(connection, Settings(workspace=tmp_path), "crate")
        assert root is not None
        assert root.url == str(folder)

    def test_lies_where_the_settings_say_if_they_do(self, known: Store, tmp_path: Path) -> None:
        with known.read() as connection:
            root = root_of(connection, Settings(workspace=tmp_path, audio={"crate": str(tmp_path)}), "crate")
        assert root is not None
        assert root.url == str(tmp_path)

    def test_lies_nowhere_if_nobody_said(self, known: Store, tmp_path: Path) -> None:
        with known.read() as connection:
            assert root_of(connection, Settings(workspace=tmp_path), "other") is None
