"""How many planted faults the integrity measures find, and how often they call undamaged music faulty.

    python tests/benchmarks/integrity_alarms.py [--music /usr/share/games/supertux2/music] [--excerpts 4] [--pieces 20]

The music is Debian's supertux-data, in excerpts, and pieces made here. Undamaged, each is encoded in five formats; the
first excerpt of each is also damaged in every way that a file can hold. The limits are those that a rule begins with.
What the music itself breaks, as it was published (mono stored as stereo, a band that ends early), is listed apart, and
not planted over: it counts as false where a twin shows what its original does not. Cutting a band off counts as a fault
where it takes something away (a dark piece has nothing to lose), and, in a lossy file, where no encoder would cut.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from audit_core.audio import limits
from audit_core.audio.decode import Undecodable, open_audio
from audit_core.audio.extractor import Samples, Sink
from audit_core.audio.integrity import Integrity
from audit_core.audio.loudness import Loudness
from tests.support.sound import chords, noise, stereo, write

RATE: Final = 44100
HEARD: Final = 10 ** (-70 / 20)
LOSSLESS: Final = ("flac", "pcm_s16le", "pcm_s16be", "alac")
FORMS: Final[Mapping[str, tuple[str, int | None]]] = {
    "wav": (".wav", None),
    "flac": (".flac", None),
    "mp3 128": (".mp3", 128_000),
    "opus 96": (".opus", 96_000),
    "m4a 128": (".m4a", 128_000),
}


def columns(content: bytes) -> dict[str, Any]:
    """Hear a file with both extractors."""
    with open_audio(io.BytesIO(content), pcm=False) as audio:
        sinks: list[Sink] = [Integrity().start(audio), Loudness().start(audio)]
        for block in audio.blocks():
            for sink in sinks:
                sink.feed(block)
        found: dict[str, Any] = {
            "codec": audio.codec,
            "nyquist_hz": audio.sample_rate_hz / 2,
            "header_s": audio.header_s,
            "duration_s": audio.duration_s,
            "damaged_packets": audio.damaged_packets,
            "cut_off": audio.cut_off,
        }
        for sink in sinks:
            found |= sink.finish().columns
    return found


def alarms(row: Mapping[str, Any]) -> set[str]:
    """Say which limits a file breaks."""
    lossless = row["codec"] in LOSSLESS
    least = (limits.BANDWIDTH_LOSSLESS if lossless else limits.BANDWIDTH_LOSSY) * row["nyquist_hz"]
    missing_s = (row["header_s"] or 0) - row["duration_s"]
    most_s = max(limits.TRUNCATED_MS / 1000, limits.TRUNCATED_SHARE * (row["header_s"] or 0))
    loudness = row["loudness_lufs"]
    broken = {
        "truncated": missing_s > most_s or row["cut_off"] is True,
        "damaged": row["damaged_packets"] > limits.DAMAGED_PACKETS,
        "silent": row["silent"] >= limits.SILENT,
        "clipped": row["clipped"] > limits.CLIPPED,
        "dc": row["dc"] > limits.DC,
        "dead channel": row["dead_channels"] > limits.DEAD_CHANNELS,
        "identical channels": row["identical_channels"] is True,
        "bandwidth": row["bandwidth_hz"] is not None and row["bandwidth_hz"] < least,
        "loudness": loudness is not None and not limits.QUIETEST_LUFS <= loudness <= limits.LOUDEST_LUFS,
    }
    return {name for name, is_broken in broken.items() if is_broken}


def cut_off_is_found(content: bytes) -> bool:
    """Say whether a file that ends too early is known: an m4a, whose index is at its end, can't even be opened."""
    try:
        return "truncated" in alarms(columns(content))
    except Undecodable:
        return True


def rms(y: Samples) -> float:
    """Give the level of samples."""
    return float(np.sqrt(np.mean(y.astype(np.float64) ** 2)))


def low_passed(y: Samples, hz: float) -> Samples:
    """Cut a spectrum off, as a sharp converter does."""
    spectrum = np.fft.rfft(y)
    spectrum[:, np.fft.rfftfreq(y.shape[1], 1 / RATE) > hz] = 0
    cut: Samples = np.fft.irfft(spectrum, y.shape[1]).astype(np.float32)
    return cut


def clipped(y: Samples, gain_db: float) -> Samples:
    """Turn music up from full scale, into the rails."""
    driven: Samples = np.clip(y / np.abs(y).max() * 10 ** (gain_db / 20), -1, 1).astype(np.float32)
    return driven


FAULTS: Final[Mapping[str, tuple[str, Callable[[Samples], Samples]]]] = {
    "all silent": ("silent", lambda y: y * np.float32(0)),
    "silent but for 5 %": ("silent", lambda y: y * (np.arange(y.shape[1]) < 0.05 * y.shape[1])),
    "clipped by 6 dB": ("clipped", lambda y: clipped(y, 6)),
    "clipped by 12 dB, then turned down to 0.8": ("clipped", lambda y: clipped(y, 12) * np.float32(0.8)),
    "DC of 0.1": ("dc", lambda y: y * np.float32(0.8) + np.float32(0.1)),
    "right channel dead": ("dead channel", lambda y: y * np.array([[1], [0]], np.float32)),
    "left in both channels": ("identical channels", lambda y: np.repeat(y[:1], 2, axis=0)),
    "cut off at 16 kHz": ("bandwidth", lambda y: low_passed(y, 16_000)),
    "cut off at 11 kHz (22.05 → 44.1)": ("bandwidth", lambda y: low_passed(y, 11_025)),
    "40 dB too quiet": ("loudness", lambda y: y * np.float32(0.01)),
}


def music(folder: Path, excerpts: int, seconds: int, pieces: int) -> Iterator[tuple[str, Samples]]:
    """Give excerpts of real music, then pieces: bright, dark, and a bass alone."""
    for path in sorted(folder.rglob("*.ogg")):
        with path.open("rb") as file, open_audio(file, pcm=False) as audio:
            if audio.sample_rate_hz == RATE:
                y = np.concatenate(list(audio.blocks()), axis=1)
                for at in np.linspace(0, max(y.shape[1] - seconds * RATE, 0), excerpts).astype(int):
                    yield f"{path.stem} at {at / RATE:.0f} s", y[:, at : at + seconds * RATE]
    t = np.arange(seconds * RATE) / RATE
    for seed in range(pieces):
        dark = stereo(chords(seconds, seed=seed), chords(seconds, seed=seed, level=0.3) * np.float32(0.9))
        hats = noise(seconds, seed=seed, channels=2, level=0.1) * np.exp(-20 * (t % 0.25)).astype(np.float32)
        bass = np.tile((0.7 * np.sin(2 * np.pi * (40 + 3 * seed) * t)).astype(np.float32), (2, 1))
        yield f"{seed} dark piece", dark + noise(seconds, seed=seed, channels=2, level=1e-5)
        yield f"{seed} bright piece", dark * np.float32(0.8) + hats
        yield f"{seed} bass", bass * np.array([[1], [0.9]], np.float32)


def say(line: str) -> None:
    """Write a line where it is seen at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Plant, listen, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, default=Path("/usr/share/games/supertux2/music"))
    parser.add_argument("--excerpts", type=int, default=4)
    parser.add_argument("--pieces", type=int, default=20, help="of each kind")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    planted: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    twins: Counter[str] = Counter()
    false: Counter[tuple[str, str]] = Counter()
    published: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:

        def encoded(y: Samples, form: str) -> bytes:
            suffix, bit_rate = FORMS[form]
            return write(Path(name) / f"a{suffix}", y, RATE, bit_rate=bit_rate).read_bytes()

        for title, y in music(options.music, options.excerpts, options.seconds, options.pieces):
            # A transcoded original is cut off for a lossless file, rightly: it is judged as the lossy file that it was.
            own = alarms(columns(encoded(y, "wav")) | {"codec": "vorbis"})
            full_band = columns(encoded(y, "wav"))["bandwidth_hz"] or 0
            published.update(own)
            full_band = full_band >= limits.BANDWIDTH_LOSSLESS * RATE / 2
            for form in FORMS:
                content = encoded(y, form)
                lossy = {} if full_band else {"codec": "vorbis"}
                twins[form] += 1
                for alarm in alarms(columns(content) | lossy) - own:
                    false[form, alarm] += 1
                    say(f"false: {alarm} in {title} as {form}")
                if not title.endswith((" at 0 s", " piece", " bass")):
                    continue
                planted["truncated", form] += 1
                found["truncated", form] += cut_off_is_found(content[: len(content) // 2])
                for fault, (alarm, damage) in FAULTS.items():
                    damaged = damage(y)
                    if alarm in own:
                        continue
                    if alarm == "bandwidth" and not (full_band and rms(damaged - y) > HEARD):
                        continue
                    if alarm == "bandwidth" and FORMS[form][1] and "16" in fault:
                        continue
                    planted[fault, form] += 1
                    found[fault, form] += alarm in alarms(columns(encoded(damaged, form)))
    say(f"\n{sum(twins.values())} undamaged files; as published: {dict(published)}")
    say(f"false alarms: {sum(false.values())} {dict(false)}")
    say("\n| found of planted | " + " | ".join(FORMS) + " |")
    for fault in ("truncated", *FAULTS):
        cells = (f"{found[fault, form]}/{planted[fault, form]}" if planted[fault, form] else "–" for form in FORMS)
        say(f"| {fault} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
