"""Files that a command writes: there in full, or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_core.errors import CratecheckError
from bot.cli.files import append_whole, could_be_written, write_whole


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old", encoding="utf-8")

    def lines() -> Iterator[str]:
        yield "new"
        raise OSError(28, "No space left on device")

    with pytest.raises(CratecheckError, match="can't be written: no space left on device"):
        write_whole(path, lines())
    assert [(left.name, left.read_text()) for left in tmp_path.iterdir()] == [("report", "old")]


def test_a_link_stays_one(tmp_path: Path) -> None:
    link, path = tmp_path / "link", tmp_path / "report"
    link.symlink_to(path)
    write_whole(link, ["new"])
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, ["new"])
    reader.join()
    assert read == ["new"]
    assert pipe.is_fifo()


def test_what_is_added_keeps_the_file(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("old\n", encoding="utf-8")
    number = path.stat().st_ino
    append_whole(path, "neu: ü\n")
    assert path.read_text(encoding="utf-8") == "old\nneu: ü\n"
    assert path.stat().st_ino == number


def test_a_folder_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(CratecheckError, match="is a folder"):
        could_be_written(tmp_path)
    with pytest.raises(CratecheckError, match="there is no folder"):
        could_be_written(tmp_path / "none" / "report")
