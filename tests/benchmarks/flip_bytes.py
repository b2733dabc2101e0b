"""Flip bytes of sound files at random, by the thousand, and decode and measure what is left in a process that may die.

    python tests/benchmarks/flip_bytes.py [--count 5000] [--seed 1] [--timeout 20] [--formats .mp3 .flac]

Every format in turn: its bytes are flipped (one to thirty of them, evenly or near the beginning, where headers are),
runs of them are overwritten, left out or doubled, or its end is cut off. Each file is decoded, measured and hashed as a
scan does. Every outcome must be a result, or `Undecodable` with a reason. Another exception, a death of the process, a
file that takes longer than the timeout, and more memory than `MEMORY_MB` are faults: each is reported with the number
from which its file is made again, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.support.sound import FORMATS, chords, noise, stereo, write

RATE: Final = 44100
SECONDS: Final = 2
MEMORY_MB: Final = 900  # of the child, at its highest; it needs some 300 for its libraries


def originals(formats: Sequence[str]) -> dict[str, bytes]:
    """Encode the same short piece in every format, with tags."""
    y = stereo(chords(SECONDS, seed=7), noise(SECONDS, seed=7, level=0.05))
    tags = {"title": "Cælestial", "artist": "Nina"}
    with tempfile.TemporaryDirectory() as folder:
        return {suffix: write(Path(folder) / f"a{suffix}", y, RATE, tags=tags).read_bytes() for suffix in formats}


def damaged(content: bytes, seed: int) -> bytes:
    """Damage a file; the same seed damages it in the same way."""
    drawn = np.random.default_rng(seed)
    wrong = bytearray(content)
    kind = drawn.integers(5)
    for _ in range(int(drawn.integers(1, 30)) if kind < 2 else 1):
        at = int(drawn.integers(min(len(wrong), 400) if kind == 1 else len(wrong)))
        length = int(drawn.integers(1, 600))
        if kind < 2:
            wrong[at] ^= int(drawn.integers(1, 256))
        elif kind == 2:
            wrong[at : at + length] = drawn.bytes(len(wrong[at : at + length]))
        elif kind == 3:
            wrong[at:at] = wrong[at : at + length] if drawn.random() < 0.5 else b""
            del wrong[at : at + (length if drawn.random() < 0.5 else 0)]
        else:
            del wrong[at:]
    return bytes(wrong)


def heard(content: bytes) -> str:
    """Decode, measure and hash a file as a scan does, and say in a word what came of it."""
    from audit_core.audio.decode import Undecodable, open_audio, packets_hash
    from audit_core.audio.extractor import Sink
    from audit_core.audio.integrity import Integrity
    from audit_core.audio.loudness import Loudness

    try:
        with open_audio(io.BytesIO(content)) as audio:
            sinks: list[Sink] = [Integrity().start(audio), Loudness().start(audio)]
            for block in audio.blocks():
                for sink in sinks:
                    sink.feed(block)
            for sink in sinks:
                sink.finish()
            hashed = audio.packets
            damage = audio.damaged_packets
        if packets_hash(io.BytesIO(content)) != hashed:
            return "packets differ"
        return "damaged" if damage else "decoded"
    except Undecodable as error:
        return "undecodable" if str(error) else "undecodable without a reason"


def child(formats: Sequence[str], first: int) -> None:
    """Hear one damaged file after another, and say each outcome, until killed."""
    contents = list(originals(formats).items())
    number = first
    while True:
        suffix, content = contents[number % len(contents)]
        try:
            outcome = heard(damaged(content, number))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            outcome = f"{type(error).__name__}: {error}".splitlines()[0]
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if peak_mb > MEMORY_MB:
            outcome = f"took {peak_mb:.0f} MB"
        sys.stdout.write(f"{number}\t{suffix}\t{outcome}\n")
        sys.stdout.flush()
        if outcome.startswith("took "):
            return
        number += 1


def flipped(count: int, seed: int, *, formats: Sequence[str] = FORMATS, timeout_s: float = 20) -> Counter[str]:
    """Damage and hear so many files, and count the outcomes: ``format outcome``.

    A process that dies or hangs is replaced by another, which goes on after the file that it died of.
    """
    outcomes: Counter[str] = Counter()
    number = seed * 1_000_000
    last = number + count
    while number < last:
        command = [sys.executable, __file__, "--child", str(number), "--formats", *formats]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as process:
            assert process.stdout is not None
            waiting_s = timeout_s + 60  # for it to start, and to compile
            while number < last:
                ready, _, _ = select.select([process.stdout], [], [], waiting_s)
                line = process.stdout.readline().decode() if ready else ""
                if line:
                    _, suffix, outcome = line.rstrip("\n").split("\t")
                else:
                    suffix = formats[number % len(formats)]
                    outcome = f"died by {-process.wait()}, file {number}" if ready else f"hung, file {number}"
                known = outcome in ("decoded", "damaged", "undecodable")
                outcomes[f"{suffix} {outcome}" if known else f"{suffix} FAULT {outcome} (file {number})"] += 1
                number += 1
                waiting_s = timeout_s
                if not line:
                    break
            process.kill()
    return outcomes


def main() -> None:
    """Flip, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--formats", nargs="+", default=list(FORMATS))
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        child(options.formats, options.child)
        return
    began = time.monotonic()
    outcomes = flipped(options.count, options.seed, formats=options.formats, timeout_s=options.timeout)
    for outcome, count in sorted(outcomes.items()):
        sys.stdout.write(f"{count:7,} {outcome}\n")
    sys.stdout.write(f"{options.count:,} files in {time.monotonic() - began:.0f} s\n")
    sys.exit(any("FAULT" in outcome for outcome in outcomes))


if __name__ == "__main__":
    main()
