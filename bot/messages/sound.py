"""What was heard, on one line: how another track lies in this one, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.messages.text import counted

__all__ = ["faults_line", "neighbours_line"]

_SHOWN: Final = 3
_A_TEMPO: Final = 0.001  # from here on it is said
_A_PITCH: Final = 0.1


def neighbours_line(others: Sequence[Mapping[str, Any]]) -> str:
    """Say how tracks lie in the one that is judged: "test/b: excerpt, 12.4 s from 0:31, there from 1:02"."""
    return _some([_neighbour(other) for other in others])


def faults_line(faults: Sequence[Mapping[str, Any]]) -> str:
    """Say what was measured of a file, and what is permitted: "clipped: 2.1 % (at most 0.1 %)"."""
    return _some([_fault(fault) for fault in faults])


def _neighbour(other: Mapping[str, Any]) -> str:
    name = f"{other.get('dataset')}/{other.get('key')}"
    if not other.get("kind"):
        return name
    parts = [f"{name}: {other['kind']}"]
    stretches = [one for one in other.get("stretches", ()) if isinstance(one, Mapping)]
    if stretches and other.get("score") is not None:
        longest = max(stretches, key=lambda one: float(one.get("overlap_s", 0)))
        here, there = (_clock(float(longest.get(name, 0))) for name in ("offset_a", "offset_b"))
        parts.append(f"{float(longest.get('overlap_s', 0)):.1f} s from {here}, there from {there}")
        parts += _difference(float(longest.get("tempo", 1)), float(longest.get("pitch", 0)))
        if len(stretches) > 1:
            parts.append(f"and {counted(len(stretches) - 1, 'more stretch', 'more stretches')}")
    if other.get("score") is not None:
        parts.append(f"score {float(other['score']):.4g}")
    return ", ".join(parts)


def _difference(tempo: float, pitch: float) -> list[str]:
    said = [f"{abs(tempo - 1) * 100:.1f} % {'slower' if tempo > 1 else 'faster'}"] if abs(tempo - 1) > _A_TEMPO else []
    higher = f"{abs(pitch):.1f} semitones {'higher' if pitch > 0 else 'lower'}"
    return [*said, higher] if abs(pitch) > _A_PITCH else said


def _fault(fault: Mapping[str, Any]) -> str:
    where = f" in {fault['path']}" if fault.get("path") else ""
    measured = f": {fault['measured']}" if fault.get("measured") else ""
    limit = f" ({fault['limit']})" if fault.get("limit") else ""
    return f"{str(fault.get('fault')).replace('_', ' ')}{where}{measured}{limit}"


def _some(told: Sequence[str]) -> str:
    more = f"; and {counted(len(told) - _SHOWN, 'other')}" if len(told) > _SHOWN else ""
    return "; ".join(told[:_SHOWN]) + more


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
