"""What a scan would have found in the audio of an example: all as it should be, but for what the example says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from rules.faults import FaultWord

__all__ = ["measured"]

_LENGTH_MS: Final = 180_000
_RATE_HZ: Final = 44_100

_Columns = dict[str, Any]

_FAULTY: Final[Mapping[FaultWord, Callable[[_Columns], _Columns]]] = MappingProxyType(
    {
        "unreadable": lambda _: {"problem": "unreadable"},
        "undecodable": lambda _: {"problem": "undecodable"},
        "damaged": lambda _: {"damaged_packets": 12},
        "truncated": lambda file: {"header_ms": 2 * file["duration_ms"]},
        "silent": lambda _: {"silent": 1.0, "loudness_lufs": None},
        "clipped": lambda _: {"clipped": 0.5},
        "dc": lambda _: {"dc": 0.5},
        "dead_channel": lambda _: {"dead_channels": 1},
        "fake_stereo": lambda _: {"identical_channels": True},
        "upsampled": lambda file: {"bandwidth_hz": file["sample_rate_hz"] // 8},
    }
)
"""What a file with a fault has in the columns of `audio_file`, past any limit that a rule may set."""


def measured(facts: Mapping[str, Any]) -> _Columns:
    """Give the columns of `audio_file` that a scan would fill for a track of an example.

    Parameters
    ----------
    facts : mapping
        What is known of the track, its ``audio`` included.
    """
    length, rate, loudness = facts.get("length", _LENGTH_MS), facts.get("rate", _RATE_HZ), facts.get("loudness", -14)
    file: _Columns = {
        "problem": facts.get("problem"),
        "codec": "flac",
        "sample_rate_hz": rate,
        "channels": 2,
        "header_ms": length,
        "duration_ms": length,
        "damaged_packets": 0,
        "clipped": float(facts.get("clipped", 0)),
        "silent": float(facts.get("silent", 0)),
        "dc": 0.0,
        "dead_channels": 0,
        "identical_channels": False,
        "bandwidth_hz": rate // 2,
        "loudness_lufs": None if facts.get("silent") == 1 else float(loudness),
        "versions": {"integrity": "1", "loudness": "1"},
    }
    for fault in facts.get("faults", ()):
        file |= _FAULTY[fault](file)
    if file["problem"] is None:
        return file
    return {**dict.fromkeys(file), "problem": file["problem"], "versions": {}}
