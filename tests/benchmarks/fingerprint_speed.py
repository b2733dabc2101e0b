"""How fast a fingerprint is made: seconds of audio per CPU second on one core, stage by stage, and beside `fpcalc`.

    python tests/benchmarks/fingerprint_speed.py [--seconds 60] [--files 6] [--repeat 3]

The music is Debian's `supertux-data` if it is installed, else chords and noise made on the spot; it is encoded to mp3
in a temporary folder. CPU time is measured, of this process and of `fpcalc`'s, and the best of the repeats counts. The
exit code is 1 if a goal is missed.
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

import av
import numpy as np
from scipy.fft import rfft

sys.path.insert(0, str(Path(__file__).parents[2]))
from audit_core.audio import kernels
from audit_core.audio.decimate import Decimator
from audit_core.audio.decode import open_audio, packets_hash
from audit_core.audio.extractor import Samples
from audit_core.audio.fingerprint import FingerprintExtractor
from audit_core.audio.peaks import PeakPicker
from tests.support.sound import chords, noise, stereo, write

MUSIC: Final = Path("/usr/share/games/supertux2/music")
WHOLE_GOAL, ANALYSIS_GOAL, PEER_GOAL = 750, 2500, 1.05


def main() -> int:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60, help="length of each file")
    options.add_argument("--files", type=int, default=6)
    options.add_argument("--repeat", type=int, default=3)
    chosen = options.parse_args()

    started = time.perf_counter()
    was_compiled = kernels.compiled()
    kernels.warm()
    say(f"kernels: {'from the cache' if was_compiled else 'compiled'} in {time.perf_counter() - started:.1f} s")

    with tempfile.TemporaryDirectory() as folder:
        files = _music(Path(folder), chosen.files, chosen.seconds)
        blocks = [_blocks(file) for file in files]
        seconds: float = sum(y.shape[1] for part in blocks for y in part) / 44100
        mono = [_decimated(part) for part in blocks]
        frames = np.zeros((64, 2048), np.float32) + mono[0][:2048]
        batches = round(seconds * 11025 / 256 / 64)

        def rate(stage: Callable[[], object]) -> float:
            stage()
            best: float = min(_cpu(stage) for _ in range(chosen.repeat))
            return seconds / best

        say(f"{len(files)} mp3 files, {seconds:.0f} s in all; times real time on one core")
        stages: dict[str, Callable[[], object]] = {
            "packets hash alone": lambda: [_hashed(file) for file in files],
            "PyAV decoding alone": lambda: [_decoded(file) for file in files],
            "our decoding": lambda: [_heard(file, pcm=False) for file in files],
            "our decoding, samples hashed": lambda: [_heard(file, pcm=True) for file in files],
            "decimating": lambda: [_decimated(part) for part in blocks],
            "transforming": lambda: [rfft(frames, axis=1).size for _ in range(batches)],
            "peaks, transforming too": lambda: [_peaks(y) for y in mono],
            "analysis": lambda: [_analysed(part) for part in blocks],
            "fingerprint, decoding too": lambda: [_fingerprinted(file) for file in files],
        }
        measured = {name: rate(stage) for name, stage in stages.items()}
        for name, value in measured.items():
            say(f"  {name:32}{value:9,.0f} x")
        analysis, whole = measured["analysis"], measured["fingerprint, decoding too"]
        kept = [analysis >= ANALYSIS_GOAL, whole >= WHOLE_GOAL]
        say(f"  analysis: goal {ANALYSIS_GOAL} x, {_verdict(kept[0])}")
        share = whole / measured["PyAV decoding alone"]
        say(f"  fingerprint: goal {WHOLE_GOAL} x, {_verdict(kept[1])}; {share:.2f} of PyAV's decoding")
        if shutil.which("fpcalc") is None:
            say("  fpcalc: skipped, it is not installed (Debian: libchromaprint-tools)")
            return 0 if all(kept) else 1
        peer = seconds / min(_fpcalc(files) for _ in range(chosen.repeat))
        kept.append(whole >= PEER_GOAL * peer)
        say(f"  {'fpcalc -length 0':32}{peer:9,.0f} x")
        say(f"  ours over fpcalc: {whole / peer:.2f}, goal {PEER_GOAL}, {_verdict(kept[2])}")
    return 0 if all(kept) else 1


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _verdict(kept: bool) -> str:
    return "kept" if kept else "MISSED"


def _music(folder: Path, count: int, seconds: int) -> list[Path]:
    """Encode pieces of one length as mp3, 192 kbit/s stereo."""
    made: list[Path] = []
    for source in sorted(MUSIC.glob("*/*.ogg")):
        if len(made) == count:
            break
        y = np.concatenate(_blocks(source), axis=1)
        if y.shape[1] >= seconds * 44100:
            made.append(write(folder / f"{len(made)}.mp3", y[:2, : seconds * 44100], 44100, bit_rate=192_000))
    for seed in range(count - len(made)):
        left, right = chords(seconds, seed=seed), chords(seconds, seed=seed + 1000)
        y = stereo(left, right) + noise(seconds, seed=seed, level=0.02, channels=2)
        made.append(write(folder / f"made{seed}.mp3", y, 44100, bit_rate=192_000))
    return made


def _blocks(file: Path) -> list[Samples]:
    with file.open("rb") as opened, open_audio(opened, pcm=False) as audio:
        return list(audio.blocks())


def _hashed(file: Path) -> str:
    with file.open("rb") as opened:
        return packets_hash(opened)


def _decoded(file: Path) -> int:
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        return sum(frame.samples for frame in container.decode(stream))


def _heard(file: Path, *, pcm: bool) -> int:
    with file.open("rb") as opened, open_audio(opened, pcm=pcm) as audio:
        return sum(block.shape[1] for block in audio.blocks())


def _decimated(blocks: list[Samples]) -> Samples:
    decimator = Decimator(44100)
    return np.concatenate([*(decimator.feed(block) for block in blocks), decimator.finish()])


def _peaks(mono: Samples) -> int:
    picker = PeakPicker(11025)
    for start in range(0, mono.size, 16384):
        picker.feed(mono[start : start + 16384])
    return len(picker.finish())


def _analysed(blocks: list[Samples]) -> int:
    decimator, picker = Decimator(44100), PeakPicker(11025)
    for block in blocks:
        picker.feed(decimator.feed(block))
    picker.feed(decimator.finish())
    return len(picker.finish())


def _fingerprinted(file: Path) -> int:
    with file.open("rb") as opened, open_audio(opened, pcm=False) as audio:
        sink, decimator = FingerprintExtractor().start(audio), Decimator(audio.sample_rate_hz)
        for block in audio.blocks():
            sink.feed(decimator.feed(block))
        sink.feed(decimator.finish())
        return len(sink.finish().features or b"")


def _cpu(stage: Callable[[], object]) -> float:
    started = time.process_time()
    stage()
    return time.process_time() - started


def _fpcalc(files: list[Path]) -> float:
    """Give the CPU time that fpcalc takes for whole files, a process each, as it is used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for file in files:
        subprocess.run(["fpcalc", "-length", "0", str(file)], capture_output=True, check=False)  # 3: dislikes an end
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
