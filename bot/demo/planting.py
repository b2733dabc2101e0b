"""Writes the crate: a folder of pieces in the formats that people send, in three splits, with faults planted in it."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from bot.demo.pieces.piece import Piece
from bot.demo.pieces.programme import pieces

if TYPE_CHECKING:
    from bot.demo.pieces.voices import Sound

__all__ = ["PLANTED", "PLANTS", "Fault", "Plant", "write_crate"]

PLANTED: Final = "planted.csv"
"""The table in the folder that tells what was planted, so that an audit can be held against it."""

Fault = Literal[
    "re-encode",
    "excerpt",
    "pitched copy",
    "re-tagged copy",
    "truncated",
    "silent",
    "non-commercial licence",
    "no licence",
    "artist in two splits",
]
Treatment = Literal["as it is", "excerpt", "higher", "cut off", "nothing but silence"]

_CC0: Final = "https://creativecommons.org/publicdomain/zero/1.0/"
_BY_NC: Final = "https://creativecommons.org/licenses/by-nc/4.0/"

_TEST: Final = frozenset({"Ohm Factory", "Northlight Orchestra", "Bitkid", "Camerata Alba"})
_VALID: Final = frozenset({"Ines Calder Trio", "Sekar Collective"})
_SUFFIXES: Final = (".flac", ".mp3", ".wav", ".ogg", ".flac", ".mp3", ".wav", ".m4a", ".flac", ".opus")
_BIT_RATES: Final = {".mp3": 160_000, ".m4a": 128_000, ".ogg": 128_000, ".opus": 96_000}

_EXCERPT_S: Final = (11.0, 23.0)
_HIGHER_SEMITONES: Final = 2
_CUT_AT: Final = 0.55  # of the bytes
_SILENT_S: Final = 20


@dataclass(frozen=True, slots=True)
class Plant:
    """A file with a fault, and the file that it was made of, if it is a copy."""

    path: str
    fault: Fault
    of: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the crate: what it is made of, and what its tags say."""

    path: str
    piece: Piece
    title: str
    artist: str
    licence: str = _CC0
    treatment: Treatment = "as it is"
    bit_rate: int | None = None

    @property
    def tags(self) -> dict[str, str]:
        said = {"title": self.title, "artist": self.artist, "genre": self.piece.genre, "date": "2026"}
        if self.licence:
            field = "copyright" if self.path.endswith((".wav", ".m4a")) else "license"
            said[field] = self.licence
        return said


def _slug(*words: str) -> str:
    return re.sub(r"[^\w]+", "-", " ".join(words).casefold()).strip("-")


def _split(piece: Piece) -> str:
    if piece.artist in _TEST or piece.title == "Long Wave":  # whose artist has another piece in training
        return "test"
    return "valid" if piece.artist in _VALID else "train"


def _catalogue() -> dict[str, _File]:
    """Place each piece in a split, in a format; two of them have a fault in what they say of their licence."""
    licences = {"Short Fuse": _BY_NC, "Harbour Wall": ""}
    files = {}
    for number, piece in enumerate(pieces()):
        suffix = ".flac" if piece.title == "Terrace" else _SUFFIXES[number % len(_SUFFIXES)]
        path = f"{_split(piece)}/{_slug(piece.artist, piece.title)}{suffix}"
        treatment: Treatment = "cut off" if piece.title == "Terrace" else "as it is"
        licence = licences.get(piece.title, _CC0)
        files[piece.title] = _File(path, piece, piece.title, piece.artist, licence, treatment, _BIT_RATES.get(suffix))
    return files


_FILES: Final = _catalogue()


def _copy(of: str, path: str, title: str, artist: str, treatment: Treatment = "as it is", rate: int = 0) -> _File:
    return _File(f"train/{path}", _FILES[of].piece, title, artist, _CC0, treatment, rate or None)


_COPIES: Final = (
    _copy("Cold Storage", "ohmfctry-cold-storage-rip.mp3", "cold storage", "OHMFCTRY", rate=96_000),
    _copy("Before the Storm", "loop-library-strings-03.wav", "Strings 03", "Loop Library", "excerpt"),
    _copy("Level Nine", "nightkid-lvl-9-up.mp3", "Lvl 9 (up two)", "Nightkid", "higher", 160_000),
    _copy("Sodium Light", "free-beats-sodium-free-download.mp3", "Sodium (free download)", "Free Beats", rate=160_000),
    _copy("Sodium Light", "nobody-untitled-07.flac", "Untitled 07", "Nobody", "nothing but silence"),
)

PLANTS: Final = (
    Plant(_COPIES[0].path, "re-encode", _FILES["Cold Storage"].path),
    Plant(_COPIES[1].path, "excerpt", _FILES["Before the Storm"].path),
    Plant(_COPIES[2].path, "pitched copy", _FILES["Level Nine"].path),
    Plant(_COPIES[3].path, "re-tagged copy", _FILES["Sodium Light"].path),
    Plant(_FILES["Terrace"].path, "truncated"),
    Plant(_COPIES[4].path, "silent"),
    Plant(_FILES["Short Fuse"].path, "non-commercial licence"),
    Plant(_FILES["Harbour Wall"].path, "no licence"),
    Plant(_FILES["Tidal Flat"].path, "artist in two splits", _FILES["Long Wave"].path),
)
"""What an audit has to find in the crate; `planted.csv` in the folder says it too."""


def write_crate(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Write the crate, unless it is there already.

    All pieces are CC0, whatever a planted tag says. The folder appears when all of it is written.

    Parameters
    ----------
    folder : Path
        Where; it has the folders train, valid and test then, and `PLANTED`.
    progress : callable, optional
        Told how many files are written, and how many there are.
    """
    if folder.exists():
        return
    begun = folder.with_name(folder.name + ".begun")
    shutil.rmtree(begun, ignore_errors=True)
    for split in ("train", "valid", "test"):
        (begun / split).mkdir(parents=True)
    files = (*_FILES.values(), *_COPIES)
    by_piece = [[each for each in files if each.piece is piece] for piece in pieces()]
    workers = min(4, os.cpu_count() or 1)
    done = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for written in pool.map(partial(_write, begun), by_piece):
            done += written
            if progress:
                progress(done, len(files))
    with (begun / PLANTED).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "fault", "of"))
        table.writerows((plant.path, plant.fault, plant.of) for plant in PLANTS)
    begun.rename(folder)


def _write(folder: Path, files: Sequence[_File]) -> int:
    """Render a piece once, and write all files that are made of it; in a process of its own."""
    from bot.demo.encoding import write_audio
    from bot.demo.pieces.rendering import SAMPLE_RATE_HZ, render

    samples = render(files[0].piece)
    for each in files:
        path = folder / each.path
        treated = _treated(samples, each.treatment)
        write_audio(path, treated, SAMPLE_RATE_HZ, bit_rate=each.bit_rate, tags=each.tags)
        if each.treatment == "cut off":
            os.truncate(path, int(path.stat().st_size * _CUT_AT))
    return len(files)


def _treated(samples: Sound, treatment: Treatment) -> Sound:
    from bot.demo.encoding import at_pitch
    from bot.demo.pieces.rendering import SAMPLE_RATE_HZ

    match treatment:
        case "excerpt":
            start, stop = (round(second * SAMPLE_RATE_HZ) for second in _EXCERPT_S)
            return samples[:, start:stop]
        case "higher":
            return at_pitch(samples, SAMPLE_RATE_HZ, _HIGHER_SEMITONES)
        case "nothing but silence":
            return samples[:, : _SILENT_S * SAMPLE_RATE_HZ] * 0
        case _:
            return samples
