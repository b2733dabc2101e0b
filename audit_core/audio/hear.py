"""One file is heard once: hashed as it lies, hashed as it was encoded, and decoded for all extractors together.

What extractors find depends on what was encoded alone, so all of it is kept in the feature cache under `packets`, what
the decoder itself says included (``hear``, ``pcm``): of a file with known packets nothing is decoded.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

import numpy as np

from audit_core.audio.cache import CacheUnwritable, FeatureCache
from audit_core.audio.decimate import Decimator
from audit_core.audio.decode import Audio, Undecodable, open_audio, packets_hash
from audit_core.audio.extractor import Extracted, Extractor, Sink
from audit_core.audio.files import FileState, Missing, Outside, Root, Unreadable
from audit_core.errors import AudioError
from audit_core.wording import on_one_line

__all__ = ["OWN", "Heard", "Problem", "hear", "troubled", "versions_of"]

Problem = Literal["missing", "outside", "unreadable", "undecodable", "timeout", "crashed", "changing"]
"""Why a file was not heard, in a word."""

OWN: Final[Mapping[str, str]] = {"hear": "2", "pcm": "1"}
"""What is found without an extractor, and its versions: what the decoder says, and the hash of the samples."""

_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a file.

    Attributes
    ----------
    state : FileState or None
        Of the file as it was heard; None if there was none, or it changed.
    columns : dict
        Of `audio_file`, by name.
    versions : dict
        What was found, and by which version.
    problem, reason : str or None
        In a word and in a sentence, why it was not heard.
    reused : bool
        Whether nothing had to be decoded.
    """

    state: FileState | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    reason: str | None = None
    reused: bool = False

    @property
    def audio_s(self) -> float:
        """How long the sound is, in seconds; 0 if it was not heard."""
        return (self.columns.get("duration_ms") or 0) / 1000


def versions_of(wanted: Sequence[str], extractors: Mapping[str, Extractor]) -> dict[str, str]:
    """Give what a scan wants of each file, and its versions: what the decoder says, always, first."""
    own = {name: version for name, version in OWN.items() if name == "hear" or name in wanted}
    return own | {name: extractors[name].version for name in extractors if name in wanted}


def troubled(error: AudioError, state: FileState | None = None) -> Heard:
    """Say what came of a file that could not be read."""
    problem: Problem = "unreadable"
    for kind, word in _PROBLEMS:
        if isinstance(error, kind):
            problem = word
    reason = on_one_line(error.what, _LONGEST_REASON)
    return Heard(state, problem=problem, reason=reason)


_PROBLEMS: Final[Sequence[tuple[type[AudioError], Problem]]] = (
    (Missing, "missing"),
    (Outside, "outside"),
    (Unreadable, "unreadable"),
    (Undecodable, "undecodable"),
)


def hear(
    root: Root,
    path: str,
    wanted: Mapping[str, str],
    extractors: Mapping[str, Extractor],
    cache: FeatureCache,
    mine: Callable[[str], bool],
) -> Heard | None:
    """Hear a file.

    Parameters
    ----------
    root : Root
        Where it lies.
    path : str
        In the catalogue's spelling.
    wanted : mapping
        As `versions_of` gives it.
    extractors : mapping
        By name.
    cache : FeatureCache
        What is known, and where what is found is kept.
    mine : callable
        Asked, with its packets, before a file is decoded: False if another process is at the same sound.

    Returns
    -------
    heard : Heard or None
        None if it was not `mine`: later it will be known.

    Raises
    ------
    CacheUnwritable
        If what was found can't be kept.
    """
    columns: dict[str, Any] = {}
    state = None
    try:
        state = root.state(path)
        with root.open(path) as file:
            columns["sha256"] = _sha256(file)
            file.seek(0)
            packets = columns["packets"] = packets_hash(file)
        known = _known(cache, wanted, packets)
        missing = [name for name in wanted if name not in known]
        if missing and not mine(packets):
            return None
        with root.open(path) as file, open_audio(file, pcm="pcm" in missing) as audio:
            columns["header_ms"] = _milliseconds(audio.header_s)
            columns["cut_off"] = audio.cut_off
            if missing:
                known |= _decoded(audio, missing, extractors)
                if audio.packets != packets:
                    return _changing()
                for name in missing:
                    one = known[name]
                    cache.put(name, wanted[name], packets, one.features, one.columns)
        if root.state(path) != state:
            return _changing()
    except CacheUnwritable:
        raise
    except Undecodable as error:
        return Heard(state, columns, {"hear": wanted["hear"]}, "undecodable", on_one_line(error.what, _LONGEST_REASON))
    except AudioError as error:
        return troubled(error)
    except OSError as error:
        return troubled(Unreadable(f"can't be read: {error.strerror or error}"))
    except Exception as error:  # noqa: BLE001 - one file stops no other
        reason = f"a fault of Cratecheck's own: {type(error).__name__}: {error}"
        return Heard(state, columns, {"hear": wanted["hear"]}, "crashed", on_one_line(reason, _LONGEST_REASON))
    for one in known.values():
        columns |= one.columns
    return Heard(state, columns, dict(wanted), reused=not missing)


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 18):
        digest.update(block)
    return digest.hexdigest()


def _known(cache: FeatureCache, wanted: Mapping[str, str], packets: str) -> dict[str, Extracted]:
    found = {name: cache.entry(name, version, packets) for name, version in wanted.items()}
    return {name: one for name, one in found.items() if one is not None}


def _decoded(audio: Audio, missing: Sequence[str], extractors: Mapping[str, Extractor]) -> dict[str, Extracted]:
    """Decode a file for all that is missing."""
    sinks: dict[str, Sink] = {}
    native: list[Sink] = []
    mono: list[Sink] = []
    for name in missing:
        if name in extractors:
            sinks[name] = extractors[name].start(audio)
            (native if extractors[name].listens == "native" else mono).append(sinks[name])
    decimator = Decimator(audio.sample_rate_hz) if mono else None
    for block in audio.blocks():
        for sink in native:
            sink.feed(block)
        if decimator is not None:
            slow = decimator.feed(block)
            for sink in mono:
                sink.feed(slow)
    if decimator is not None:
        slow = decimator.finish()
        for sink in mono:
            sink.feed(slow)
    found = {name: sink.finish() for name, sink in sinks.items()}
    said = {
        "codec": audio.codec,
        "sample_rate_hz": audio.sample_rate_hz,
        "channels": audio.channels,
        "duration_ms": _milliseconds(audio.duration_s),
        "damaged_packets": audio.damaged_packets,
    }
    found |= {"hear": Extracted(said), "pcm": Extracted({"pcm": audio.pcm})}
    return {name: Extracted(_plain(found[name].columns), found[name].features) for name in missing}


def _changing() -> Heard:
    return Heard(problem="changing", reason="it changed while it was heard")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None or not 0 <= seconds < 1e12 else round(seconds * 1000)


def _plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON and the database have them; what is no number is NULL."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in columns.items()}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in plain.items()
    }
