"""How fast each part of the integrity measures is, on one core: seconds of sound a second of CPU.

    python tests/benchmarks/integrity_speed.py [--seconds 180] [--file TRACK]

Blocks of 44.1 kHz stereo are fed as a decoder gives them, decoded beforehand: real music if a file is given, else
chords and noise of 16 bits. FFmpeg's own command line measures loudness of the same samples beside it, where it is
installed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from audit_core.audio.bandwidth import Spectrum, wall
from audit_core.audio.decode import BLOCK, open_audio
from audit_core.audio.extractor import Samples
from audit_core.audio.integrity import IntegritySink
from audit_core.audio.levels import Levels
from audit_core.audio.loudness import LoudnessMeter
from audit_core.audio.plateaus import Plateaus
from tests.support.sound import chords, noise, stereo, write

RATE: Final = 44100
FRAME: Final = 4096
GOAL: Final = 1000


def sound(seconds: float, path: Path | None) -> list[Samples]:
    """Give blocks of stereo."""
    if path is not None:
        with path.open("rb") as file, open_audio(file, pcm=False) as audio:
            y = np.concatenate(list(audio.blocks()), axis=1)[:, : round(seconds * RATE)]
    else:
        y = stereo(chords(seconds, seed=1), chords(seconds, seed=2)) + noise(seconds, channels=2, level=0.01)
        y = (np.round(y * 2**15) / 2**15).astype(np.float32)
    return [np.ascontiguousarray(y[:, at : at + BLOCK]) for at in range(0, y.shape[1] - BLOCK + 1, BLOCK)]


def frames(block: Samples) -> Samples:
    """Cut a block as the integrity extractor does."""
    return block.reshape(len(block), -1, FRAME)


def levels(blocks: list[Samples]) -> None:
    """Measure peak, silence, DC, dead and identical channels."""
    measured = Levels(2)
    for block in blocks:
        measured.feed(frames(block))
    measured.columns()


def clipping(blocks: list[Samples]) -> None:
    """Measure clipping."""
    measured = Plateaus(2)
    for block in blocks:
        measured.feed(block)
    measured.clipped()


def bandwidth(blocks: list[Samples]) -> None:
    """Measure where the spectrum ends."""
    measured = Spectrum(FRAME)
    sounds = np.ones(BLOCK // FRAME, np.bool_)
    for block in blocks:
        measured.feed(frames(block), sounds)
    level_db = measured.level_db()
    if level_db is not None:
        wall(level_db, RATE / FRAME)


def integrity(blocks: list[Samples]) -> None:
    """Measure all of the above, as a scan does."""
    sink = IntegritySink(RATE, 2)
    for block in blocks:
        sink.feed(block)
    sink.finish()


def loudness(blocks: list[Samples]) -> None:
    """Measure loudness and its range, as a scan does."""
    sink = LoudnessMeter(RATE, 2)
    for block in blocks:
        sink.feed(block)
    sink.finish()


def fastest(part: Callable[[list[Samples]], None], blocks: list[Samples]) -> float:
    """Give the CPU seconds of the fastest of five runs, after one that compiles."""
    part(blocks)
    taken = []
    for _ in range(5):
        began = time.process_time()
        part(blocks)
        taken.append(time.process_time() - began)
    return min(taken)


def ffmpeg(blocks: list[Samples]) -> float:
    """Give the CPU seconds that FFmpeg's command line takes for loudness, one thread, reading a WAV file."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.wav", np.concatenate(blocks, axis=1), RATE)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = ["ffmpeg", "-nostats", "-threads", "1", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    blocks = sound(options.seconds, options.file)
    seconds = sum(block.shape[1] for block in blocks) / RATE
    for part in (levels, clipping, bandwidth, integrity, loudness):
        goal = f", goal {GOAL:,}" if part is integrity else ""
        sys.stdout.write(f"{part.__name__:<10} {seconds / fastest(part, blocks):7,.0f} x real time{goal}\n")
    if shutil.which("ffmpeg"):
        sys.stdout.write(f"{'ffmpeg':<10} {seconds / ffmpeg(blocks):7,.0f} x real time, loudness alone\n")


if __name__ == "__main__":
    main()
