"""Makes a corpus to measure recall on: originals, and queries that were made of them by all that happens to audio.

    python tests/benchmarks/audio_corpus.py FOLDER [--small] [--jobs 2]

Writes reference/, query/ and truth.csv. Originals are pieces of the demo's synthesiser, longer and of other seeds than
the demo's, and, where Debian's supertux-data is installed, its music; a share of each is in no reference and stands in
query/ alone, so that whatever it matches is false. The same seed makes the same corpus.

A line of truth.csv is a query and the reference that it holds; the columns are those of `cratecheck neighbours --query`
and mean the same: file_b's time = tempo × file_a's time + …, `pitch` semitones that file_b is higher than file_a.
`also` lists other times of the reference at which the same audio returns, to the sample: music for games is looped.
A query that holds no reference has a line with an empty file_b.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import av
import numpy as np
from scipy import signal

sys.path.insert(0, str(Path(__file__).parents[2]))
from bot.demo.encoding import write_audio
from bot.demo.pieces import STYLES, Piece, render
from tests.benchmarks.audio_damage import RATE_HZ, ROWS, Damaged, Samples, missing_tool

__all__ = ["COLUMNS", "make"]

COLUMNS: Final = (*("file_a", "file_b", "row", "group", "offset_a", "offset_b", "overlap_s", "tempo", "pitch", "also"),)
SUPERTUX: Final = Path("/usr/share/games/supertux2/music")
_NOTES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class Original:
    """A track before anything happened to it: a piece to be rendered, or a file."""

    name: str
    piece: Piece | None = None
    path: Path | None = None
    negative: bool = False

    def samples(self) -> Samples:
        """Give its samples, shape=(2, n)."""
        return render(self.piece) if self.piece else decoded(self.path or Path())


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a corpus is."""

    pieces: int
    negative_pieces: int
    files: int
    negative_files: int
    seconds: tuple[float, float]  # of a piece
    excerpt_s: float


SMALL: Final = Plan(10, 8, 2, 4, (40, 60), 35)
FULL: Final = Plan(40, 60, 30, 16, (60, 120), 60)


def make(folder: Path, plan: Plan, *, seed: int, jobs: int) -> None:
    """Make a corpus in a folder that is empty or not there."""
    for name in ("reference", "query"):
        (folder / name).mkdir(parents=True)
    originals = list(_originals(plan, seed))
    positive = [each for each in originals if not each.negative]
    partners = {each.name: positive[(place + 1) % len(positive)] for place, each in enumerate(positive)}
    left_out = {row.name: why for row in ROWS if (why := missing_tool(row))}
    for name, why in left_out.items():
        _note(f"row {name!r} is left out: {why}")
    lines: list[list[str]] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        futures = [workers.submit(_queries, folder, each, partners.get(each.name), plan, seed) for each in originals]
        for number, future in enumerate(futures, start=1):
            lines += future.result()
            _note(f"{number}/{len(futures)} originals, {len(lines)} lines")
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(sorted(lines))


def _originals(plan: Plan, seed: int) -> Iterator[Original]:
    rng = np.random.default_rng(seed)
    names = list(STYLES)
    for number in range(plan.pieces + plan.negative_pieces):
        style = names[(number * 7) % len(names)]
        about = STYLES[style]
        key = f"{rng.choice(_NOTES)} {rng.choice(about.modes)}"
        seconds, bpm = float(rng.uniform(*plan.seconds)), float(rng.integers(about.bpm[0], about.bpm[1] + 1))
        piece = Piece(f"piece {number}", "", style, bpm, key, seed * 100_000 + number, seconds)
        name = f"{style.replace(' ', '-')}-{number:03d}"
        yield Original(name, piece, negative=number >= plan.pieces)
    tracks = [path for path in sorted(SUPERTUX.rglob("*.ogg")) if path.stem not in _JINGLES]
    if not tracks:
        _note(f"without real music: {SUPERTUX} is not there (apt-get install supertux-data)")
    order = [tracks[place] for place in rng.permutation(len(tracks))]
    for number, path in enumerate(order[: plan.files + plan.negative_files]):
        yield Original(f"supertux-{path.stem}", path=path, negative=number >= plan.files)


_JINGLES: Final = ("bonuscave", "intro", "invincible", "leveldone", "voc-boss")  # less than 15 s each


def _queries(folder: Path, original: Original, partner: Original | None, plan: Plan, seed: int) -> list[list[str]]:
    rng = np.random.default_rng([seed, zlib.crc32(original.name.encode())])
    whole = original.samples()
    size = round(plan.excerpt_s * RATE_HZ)
    if original.negative or partner is None:
        return [_write_negative(folder, original.name, whole[:, :size], rng)]
    reference = f"{original.name}.flac" if original.piece else f"{original.name}.ogg"
    if original.path:
        (folder / "reference" / reference).write_bytes(original.path.read_bytes())
    else:
        write_audio(folder / "reference" / reference, whole, RATE_HZ)
    start = int(rng.integers(0, max(1, whole.shape[1] - size)))
    excerpt = whole[:, start : start + size]
    other = partner.samples()[:, :size]
    lines = []
    for number, row in enumerate(ROWS):
        if missing_tool(row):
            continue
        query = row.damage(excerpt, other, np.random.default_rng([seed, zlib.crc32(original.name.encode()), number]))
        name = f"{original.name}--{_slug(row.name)}{query.suffix}"
        write_audio(folder / "query" / name, query.samples, query.rate_hz, bit_rate=query.bit_rate)
        query = replace(query, start_s=query.start_s + start / RATE_HZ)
        also = _returns(whole, query)
        lines.append(_line(name, reference, row.name, row.group, query, also))
        if query.other:
            partner_file = f"{partner.name}.flac" if partner.piece else f"{partner.name}.ogg"
            from_start = replace(query, start_s=0.0)
            lines.append(_line(name, partner_file, row.name, row.group, from_start, []))
    return lines


def _line(name: str, reference: str, row: str, group: str, query: Damaged, also: list[float]) -> list[str]:
    numbers = (query.offset_s, query.start_s, query.overlap_s, query.tempo, query.pitch)
    return [name, reference, row, group, *(f"{value:.4f}" for value in numbers), " ".join(f"{at:.3f}" for at in also)]


def _write_negative(folder: Path, name: str, samples: Samples, rng: np.random.Generator) -> list[str]:
    suffix, bit_rate = [(".mp3", 128_000), (".opus", 48_000), (".flac", None)][int(rng.integers(3))]
    write_audio(folder / "query" / f"{name}--negative{suffix}", samples, RATE_HZ, bit_rate=bit_rate)
    return [f"{name}--negative{suffix}", "", "negative", "negative", *[""] * 6]


def _returns(whole: Samples, query: Damaged) -> list[float]:
    """Find where else in the original the very samples of the excerpt are played again."""
    coarse = signal.resample_poly(whole.mean(axis=0), 1, 8).astype(np.float32)
    rate = RATE_HZ / 8
    start, size = round(query.start_s * rate), round(query.overlap_s * query.tempo * rate)
    excerpt = coarse[start : start + size]
    if excerpt.size >= coarse.size:
        return []
    alike = signal.correlate(coarse, excerpt, "valid", "fft")
    energy = np.cumsum(np.concatenate([[0.0], coarse.astype(np.float64) ** 2]))
    there = np.maximum(energy[size:] - energy[:-size], 1e-9)[: alike.size]
    alike = alike / np.sqrt(there * max(float(np.sum(excerpt**2)), 1e-9))
    peaks, _ = signal.find_peaks(alike, height=0.5, distance=round(0.2 * rate))
    return [float(at / rate) for at in peaks if abs(at - start) > 0.05 * rate]


def decoded(path: Path) -> Samples:
    """Decode a file to stereo at `RATE_HZ`; what the decoder refuses is left out."""
    blocks = []
    resampler = av.AudioResampler("fltp", "stereo", RATE_HZ)
    with av.open(str(path)) as file:
        for packet in file.demux(audio=0):
            with suppress(av.ArgumentError, av.InvalidDataError):
                for frame in packet.decode():
                    blocks += [each.to_ndarray() for each in resampler.resample(frame)]
    blocks += [each.to_ndarray() for each in resampler.resample(None)]
    return np.concatenate(blocks, axis=1)


def _slug(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "+-." else "_" for sign in name)


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true", help="12 originals and 12 negatives, made in two minutes")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if given.folder.exists() and any(given.folder.iterdir()):
        parser.error(f"{given.folder} is not empty")
    started = time.perf_counter()
    make(given.folder, SMALL if given.small else FULL, seed=given.seed, jobs=given.jobs)
    _note(f"made in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
