"""`cratecheck scan` as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Run
from tests.support.sound import chords, write


@pytest.fixture
def crate(run: Run, tmp_path: Path) -> Path:
    """A workspace with the dataset "crate": one song, the same with other tags, and a file that is none."""
    music = tmp_path / "music"
    music.mkdir()
    write(music / "one.mp3", chords(3), 44100)
    write(music / "two.mp3", chords(3), 44100, tags={"title": "Two"})
    (music / "junk.mp3").write_bytes(b"junk\x1b[31m")
    assert run("init").status == 0
    assert run("import", "music", "--dataset", "crate").status == 0
    return music


def test_a_scan_says_what_it_heard_and_what_it_could_not(run: Run, crate: Path) -> None:
    first = run("scan", "--jobs", "1")
    assert first.status == 1
    assert "heard           1" in first.out
    assert "reused           1" in first.out
    assert "crate/junk.mp3: it is no sound file" in first.out
    assert "looking at the files of crate" in first.err

    (crate / "junk.mp3").unlink()
    assert run("import", "music", "--dataset", "crate").status == 0
    second = run("scan")
    assert second.status == 0
    assert "unchanged           2" in second.out
    assert "nothing changed: no new revision" in second.out
    assert run("ledger", "verify").status == 0


def test_a_scan_answers_in_json(run: Run, crate: Path) -> None:
    answer = run("scan", "--only", "fingerprint", "--format", "json").json
    assert (answer["heard"], answer["reused"], answer["problems"]) == (1, 1, {"undecodable": 1})
    assert answer["files"][0]["path"] == "junk.mp3"
    assert answer["revisions"] == [2]
    full = run("scan", "--format", "json").json
    assert (full["heard"], full["reused"]) == (1, 1)


def test_datasets_without_audio_are_named_with_the_mend(run: Run, crate: Path) -> None:
    assert crate
    Path("table.csv").write_text("id,title\n1,One\n2,Two\n")
    assert run("import", "table.csv", "--dataset", "table").status == 0
    scanned = run("scan")
    assert "not scanned, for nobody says where their audio lies: table." in scanned.out
    assert "--audio-root" in scanned.out
    alone = run("scan", "--dataset", "table")
    assert alone.status == 2
    assert "--audio-root" in alone.err


def test_tracks_that_name_no_file_are_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    write(tmp_path / "music" / "a.wav", chords(1), 8000)
    Path("table.csv").write_text("id,file\n1,a.wav\n2,\n3,\n")
    Path("map.yaml").write_text("key: id\nassets: [{role: audio, path: file}]\n")
    assert run("init").status == 0
    assert run("import", "table.csv", "--dataset", "t", "--mapping", "map.yaml", "--audio-root", "music").status == 0
    scanned = run("scan", "--only", "fingerprint")
    assert scanned.status == 0, scanned.out
    assert "2 tracks of t name no audio file" in scanned.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "fingerprnt"], 'Did you mean "fingerprint"?'),
        (["--only", ","], "--only names nothing"),
        (["--dataset", "crat"], 'Did you mean "crate"?'),
    ],
)
def test_a_slip_is_told_with_what_was_probably_meant(run: Run, crate: Path, words: list[str], said: str) -> None:
    assert crate
    answer = run("scan", *words)
    assert answer.status == 2
    assert said in answer.err


def test_a_folder_that_is_not_there_is_no_reason_to_call_its_files_missing(run: Run, crate: Path) -> None:
    crate.rename(crate.with_name("unplugged"))
    answer = run("scan")
    assert answer.status == 2
    assert "there is no such folder" in answer.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_scan_that_is_interrupted_publishes_and_says_how_to_go_on(
    run: Run, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "music").mkdir()
    one = write(tmp_path / "one.wav", chords(8), 44100).read_bytes()
    for copy in range(30):
        (tmp_path / "music" / f"{copy:02}.wav").write_bytes(one[:-2] + bytes([copy, 0]))
    assert run("init").status == 0
    assert run("import", "music", "--dataset", "crate").status == 0
    command = [sys.executable, "-c", "from bot.cli import main; main()", "scan", "--jobs", "1", "--as", "ada"]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "features").glob("*/*.shard")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "It ended early. Start it again, and it goes on from there." in out
    assert "Traceback" not in err
    rest = run("scan", "--only", "fingerprint", "--format", "json").json
    assert rest["unchanged"] >= 1
    assert rest["unchanged"] + rest["heard"] + rest["reused"] == 30
