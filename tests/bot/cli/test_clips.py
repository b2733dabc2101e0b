"""`violations show --clips`: what a violation is about, as files to hear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit_core.evidence.mp3 import mp3
from tests.bot.cli.conftest import MAPPING, POLICY, Run, put_in_force

RULE = """\
  - id: no-copies
    kind: duplicate
    severity: high
    same: [file]
"""
TRACKS = """\
key,title,artist,split,licence,md5,path
a,One,Nina,train,{licence},00000000000000000000000000000001,a.mp3
b,Two,Otis,test,CC-BY-4.0,00000000000000000000000000000001,b.mp3
"""


@pytest.fixture(name="crate")
def fixture_crate(run: Run, tmp_path: Path) -> Path:
    """A folder of two tracks that are one file."""
    folder = tmp_path / "crate"
    folder.mkdir()
    t = np.arange(12 * 11_025) / 11_025
    for name in ("a.mp3", "b.mp3"):
        (folder / name).write_bytes(mp3((0.3 * np.sin(2 * np.pi * 440 * t))[None].astype(np.float32), 11_025))
    return folder


def violation(run: Run, folder: Path, licence: str = "CC-BY-4.0", setting: str = "") -> str:
    """Import the tracks, audit them, and give the key of the only violation of the rule."""
    here = folder.parent
    (here / "policies").mkdir()
    (here / "policies" / "release.yaml").write_text(POLICY + RULE, encoding="utf-8")
    assert run("init").status == 0
    (here / "tracks.csv").write_text(TRACKS.format(licence=licence), encoding="utf-8")
    mapping = MAPPING.replace("role: audio,", "role: audio, path: path,")
    (here / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (here / "cratecheck.toml").write_text(f'{setting}[audio]\nsongs = "{folder}"\n', encoding="utf-8")
    put_in_force(here)
    assert run("import", "tracks.csv", "--dataset", "songs", "--mapping", "mapping.yaml").status == 0
    run("audit")
    (found,) = run("violations", "list", "--rule", "no-copies", "--format", "json").json
    return str(found["key"])


def test_clips_and_a_picture_are_written_and_named(run: Run, crate: Path) -> None:
    key = violation(run, crate)
    shown = run("violations", "show", key, "--clips", "heard/here")
    assert shown.status == 0, shown.err
    stem = crate.parent / "heard" / "here" / key[:12]
    sizes = [stem.with_name(f"{stem.name}{end}").stat().st_size for end in ("-a.mp3", "-b.mp3", ".png")]
    assert min(sizes) > 10_000
    assert f"written  heard/here/{key[:12]}-a.mp3: A: songs/a, from 0:0" in shown.out
    assert f"written  heard/here/{key[:12]}.png: Two spectrograms, " in shown.out


def test_what_a_licence_forbids_is_not_written(run: Run, crate: Path) -> None:
    key = violation(run, crate, licence="All rights reserved")
    shown = run("violations", "show", key, "--clips", "heard")
    assert shown.status == 2
    assert "No clip: of songs/a, the licence LicenseRef-All-Rights-Reserved does not allow copies" in shown.err
    assert not (crate.parent / "heard").exists()


def test_the_settings_forbid_what_licences_leave_open(run: Run, crate: Path) -> None:
    key = violation(run, crate, licence="a gift", setting='clips = "only_if_allowed"\n')
    shown = run("violations", "show", key, "--clips", "heard")
    assert shown.status == 2
    assert 'the licence "a gift" is not known, and the settings say `clips = "only_if_allowed"`' in shown.err


def test_a_file_that_is_gone_is_said(run: Run, crate: Path) -> None:
    key = violation(run, crate)
    (crate / "b.mp3").unlink()
    shown = run("violations", "show", key, "--clips", "heard")
    assert shown.status == 2
    assert "b.mp3: there is no such file" in shown.err
