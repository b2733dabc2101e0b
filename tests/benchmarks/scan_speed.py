"""How fast `cratecheck scan` is: mp3 on one worker and on two, process start included, then each extractor by itself.

Speeds are by the processor, of all processes together, for a machine that does other things too; the ratio of two
workers to one is by the clock, for that is what it is about: run it on an idle machine. The music is made (chords,
seeded), or any folder's.

Run it with ``python tests/benchmarks/scan_speed.py [--minutes 60] [--folder FOLDER]``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.sound import chords, write

LENGTH_S = 180
GOAL_SPEED = 750
GOAL_RATIO = 1.6
CRATECHECK = [sys.executable, "-c", "from bot.cli import main; main()"]


@dataclass(frozen=True)
class Took:
    """What a scan took: seconds by the clock and of the processor, and how much sound it heard."""

    wall_s: float
    cpu_s: float
    audio_s: float

    def __str__(self) -> str:
        by_cpu, by_clock = self.audio_s / self.cpu_s, self.audio_s / self.wall_s
        return (
            f"{by_cpu:7,.0f} × real time a CPU second, {by_clock:7,.0f} × by the clock, {self.audio_s:,.0f} s of sound"
        )


def made(folder: Path, minutes: float) -> None:
    """Fill a folder with mp3 of three minutes each, no two alike."""
    whole = chords(LENGTH_S, 44100, seed=1)
    for number in range(max(2, round(minutes * 60 / LENGTH_S))):
        start = number * 4001 % whole.shape[1]
        write(folder / f"{number:04}.mp3", np.roll(whole, start, axis=1).repeat(2, axis=0), 44100, bit_rate=128_000)


def workspace(folder: Path, music: Path) -> Path:
    """Make a workspace whose one dataset is the music."""
    for words in (["init"], ["import", str(music), "--dataset", "crate", "--as", "bench"]):
        folder.mkdir(exist_ok=True)
        subprocess.run([*CRATECHECK, *words], cwd=folder, check=True, capture_output=True, env=environment())
    return folder


def environment() -> dict[str, str]:
    """Let the processes find the packages, wherever they run."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def scanned(folder: Path, *words: str) -> Took:
    """Scan in a process of its own, with its workers."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [*CRATECHECK, "scan", "--as", "bench", "--format", "json", *words]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode not in (0, 1):
        raise SystemExit(ran.stderr)
    told = json.loads(ran.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + told["cpu_s"]  # the workers tell it
    return Took(wall, cpu, told["audio_s"])


def say(text: str) -> None:
    """Write a line now, for the next takes a while."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=60, help="of music to make")
    arguments.add_argument("--folder", type=Path, help="of music that there is")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="cratecheck-bench-") as name:
        place = Path(name)
        music = chosen.folder or place / "music"
        if chosen.folder is None:
            music.mkdir()
            made(music, chosen.minutes)
        say(f"warm   {scanned(workspace(place / 'warm', music), '--only', 'fingerprint')}")
        took = {}
        for jobs in ("1", "2"):
            took[jobs] = scanned(workspace(place / f"jobs{jobs}", music), "--only", "fingerprint", "--jobs", jobs)
            say(f"jobs {jobs} {took[jobs]}")
        speed = took["1"].audio_s / took["1"].cpu_s
        say(f"fingerprint on one core: {speed:,.0f} × real time; goal {GOAL_SPEED}")
        say(f"two workers are {took['1'].wall_s / took['2'].wall_s:.2f} × one; goal {GOAL_RATIO}")
        for only in ("pcm", "integrity", "loudness"):
            say(f"{only:11} {scanned(workspace(place / only, music), '--only', only, '--jobs', '1')}")
        say(f"everything  {scanned(workspace(place / 'all', music), '--jobs', '1')}")
        say(f"unchanged   {scanned(place / 'all').wall_s:.2f} s by the clock")


if __name__ == "__main__":
    main()
