"""`cratecheck neighbours` as a user runs it, from a folder to a table of pairs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.bot.cli.conftest import Run
from tests.support.sound import chords, write


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_pairs_are_found_in_the_catalogue_and_for_files_of_ones_own(run: Run, tmp_path: Path) -> None:
    music, mine = tmp_path / "music", tmp_path / "mine"
    music.mkdir()
    mine.mkdir()
    song = chords(14, seed=1)
    write(music / "song.wav", song, 44100)
    write(music / "again.mp3", song, 44100)
    write(music / "other.wav", chords(14, seed=7), 44100)
    write(mine / "clip.ogg", song[..., 44100 * 4 : 44100 * 12], 44100)
    (mine / "junk.mp3").write_bytes(b"junk")
    assert run("init").status == 0
    assert run("import", "music", "--dataset", "crate").status == 0
    assert run("scan", "--only", "fingerprint", "--jobs", "1").status == 0

    whole = run("neighbours", "--format", "csv")
    assert whole.out.splitlines()[0] == "file_a,file_b,score,offset_a,offset_b,overlap_s,tempo,pitch,kind"
    (pair,) = rows(whole.out)
    assert (pair["file_a"], pair["file_b"], pair["kind"]) == ("again.mp3", "song.wav", "re-encode")
    assert "3 compared, 3 of them now: 1 pairs share audio" in whole.err

    asked = run("neighbours", "--query", "mine", "--format", "csv", "--jobs", "1")
    assert asked.status == 1
    assert "junk.mp3" in asked.err
    assert {Path(row["file_a"]).name for row in rows(asked.out)} == {"clip.ogg"}
    assert {row["file_b"] for row in rows(asked.out)} == {"again.mp3", "song.wav"}
    assert all(abs(float(row["offset_b"]) - float(row["offset_a"]) - 4) < 0.1 for row in rows(asked.out))
    assert run("ledger", "verify").status == 0


def test_asking_about_no_file_is_a_mistake_and_no_comparison(run: Run) -> None:
    assert run("init").status == 0
    Path("empty").mkdir()
    for args in (["--query"], ["--query", "--format", "csv"], ["--query", "empty"], ["--query", "nowhere.mp3"]):
        assert run("neighbours", *args).status == 2


def test_a_catalogue_in_which_nothing_was_heard_is_no_clean_bill(run: Run) -> None:
    assert run("init").status == 0
    answer = run("neighbours")
    assert answer.status == 2
    assert "Run `cratecheck scan`" in answer.err
