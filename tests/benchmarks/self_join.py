"""How long a library takes to be compared with itself, and how much memory, as it doubles; and whether all is found.

    python tests/benchmarks/self_join.py [--sizes 1000 12500 25000 50000 100000] [--folder FOLDER]

Tracks are three minutes of peaks at random; one in fifty is a worn copy of another, at another tempo and pitch. They
lie in a file, five bytes a peak. Each size runs in a process of its own, whose CPU time and peak memory are told.
Goals stand beside the figures; the exit code is 1 if one is missed.

Real music is less unlike. With `--regular` half of the peaks lie on one of three beats and in one of twelve keys: more
alike than a catalogue is, so that the pairs that need a closer look grow with the square of its size.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from audit_core.audio.peaks import Peaks

LENGTH_S: Final = 180.0
PER_SECOND: Final = 60
COPY_EVERY: Final = 50
SPEED_GOAL: Final = 10_000  # seconds of audio to a CPU second, at a thousand tracks
MEMORY_GOAL: Final = 2.0  # GB
DOUBLING_GOAL: Final = 2.3


class OnDisk:
    """Peaks in a file, read one track at a time."""

    def __init__(self, path: Path, size: int) -> None:
        self._ends = np.load(path.with_suffix(".ends.npy"))[: size + 1]
        self._file = os.open(path, os.O_RDONLY)
        self.durations_s = np.full(size, LENGTH_S * 1.13)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int, /) -> Peaks:
        begin, end = int(self._ends[number]), int(self._ends[number + 1])
        return Peaks.from_bytes(os.pread(self._file, end - begin, begin))


def write(path: Path, size: int, regular: bool) -> None:
    """Write the library; every fiftieth track is a copy of the one before it."""
    from tests.support.peaks import music, played, worn

    make = music if regular else at_random
    ends = [0]
    with path.open("wb") as file:
        for number in range(size):
            peaks = make(number, LENGTH_S, per_second=PER_SECOND)
            if is_copy(number):
                tempo = 0.9 + 0.2 * (number % 7) / 6
                peaks = make(number - 1, LENGTH_S, per_second=PER_SECOND)
                peaks = played(worn(peaks, number), tempo=tempo, pitch=number % 11 - 5)
            file.write(peaks.to_bytes())
            ends.append(file.tell())
    np.save(path.with_suffix(".ends.npy"), np.array(ends))


def at_random(seed: int, seconds: float, *, per_second: int) -> Peaks:
    rng = np.random.default_rng(seed)
    count = int(seconds * per_second)
    times = np.sort(rng.uniform(0, seconds, count)).astype(np.float32)
    return Peaks(times, rng.uniform(14, 74, count).astype(np.float32), rng.uniform(1, 6, count).astype(np.float32))


def is_copy(number: int) -> bool:
    return number % COPY_EVERY == COPY_EVERY - 1


def join(path: Path, size: int, folder: Path) -> None:
    """Compare, and print: CPU seconds, wall seconds, peak memory in GB, copies that were found, other pairs."""
    from audit_core.neighbours.join import self_join

    list(self_join(OnDisk(path, 20), folder=folder))  # compiles, or loads what is compiled
    started, clock = time.process_time(), time.monotonic()
    found = {(match.a, match.b) for match in self_join(OnDisk(path, size), folder=folder) if not match.candidate}
    cpu, wall = time.process_time() - started, time.monotonic() - clock
    planted = {(number - 1, number) for number in range(size) if is_copy(number)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    _say(f"{cpu} {wall} {memory} {len(planted & found)} {len(planted)} {len(found - planted)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 12_500, 25_000, 50_000, 100_000])
    parser.add_argument("--folder", type=Path, help="where the library and what is temporary may lie: 30 GB of 100,000")
    parser.add_argument("--regular", action="store_true", help="of music that is all alike")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        join(given.one, given.sizes[0], given.folder)
        return
    met = True
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        path = Path(place) / "peaks"
        write(path, max(given.sizes), given.regular)
        _say(f"{'tracks':>8}{'CPU s':>9}{'wall s':>9}{'x audio':>9}{'ratio':>7}{'GB':>7}{'found':>13}{'false':>7}")
        before = (0, 0.0)
        for size in given.sizes:
            command = [sys.executable, __file__, "--one", str(path), "--folder", place, "--sizes", str(size)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            cpu, wall, memory, found, planted, false = (float(word) for word in done.stdout.split())
            speed = size * LENGTH_S / cpu
            doubled = size == 2 * before[0]
            ratio = cpu / before[1] if doubled else float("nan")
            enough = memory < MEMORY_GOAL and found == planted and not false
            enough = enough and (size != 1000 or speed >= SPEED_GOAL) and not (doubled and ratio > DOUBLING_GOAL)
            met = met and enough
            before = (size, cpu)
            _say(
                f"{size:8}{cpu:9.1f}{wall:9.1f}{speed:9.0f}{ratio:7.2f}{memory:7.2f}{found:6.0f}/{planted:.0f}"
                f"{false:7.0f}{'' if enough else '  MISSED'}"
            )
    _say(f"goals: {SPEED_GOAL} x at 1,000 tracks, {DOUBLING_GOAL} a doubling, {MEMORY_GOAL} GB, all found, none false")
    sys.exit(0 if met else 1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
