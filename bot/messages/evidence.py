"""The line of evidence below a violation: what was measured, as `name: value`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bot.messages.sound import faults_line, neighbours_line
from bot.messages.text import counted

__all__ = ["evidence_line"]


def evidence_line(evidence: Mapping[str, Any], said: str = "") -> str:
    """Put evidence on one line, without what the sentence above has already said.

    Parameters
    ----------
    evidence : mapping
        JSON values by their names.
    said : str
        The sentence above.
    """
    held = {name: value for name, value in evidence.items() if value not in _NOTHING and name not in _SAID_ABOVE}
    parts: list[str] = []
    match held:
        case {"tracks": int(tracks), "of": int(of)}:
            parts.append(f"{tracks:,} of {of:,} tracks")
            del held["tracks"], held["of"]
        case {"must": dict(must)}:
            parts += _demanded(must)
            del held["must"]
        case {"to": [dict(), *_] as others}:
            parts.append(neighbours_line(others))
            for name in ("to", "packets", "same", "first", "others"):
                held.pop(name, None)
        case {"faults": [dict(), *_] as faults}:
            line = faults_line(faults)
            parts += [] if all(_says(said, str(one.get("measured"))) for one in faults) else [line]
            del held["faults"]
    shown = ((name.replace("_", " "), _shown(value)) for name, value in held.items())
    parts += (f"{name}: {value}" for name, value in shown if not _says(said, value))
    return " · ".join(parts)


def _demanded(must: Mapping[str, Any]) -> list[str]:
    """Say what a field must be: "must be at least 30 s, at most 30 min"; that it must be there needs no saying."""
    said = [f"{name.replace('_', ' ')} {_shown(value)}" for name, value in must.items() if value is not True]
    return [f"must {', '.join([said[0], *(each.removeprefix('be ') for each in said[1:])])}"] if said else []


def _says(sentence: str, value: str) -> bool:
    """Tell whether a sentence holds a value as words of its own: "100.00 %" does not hold "0 %"."""
    return re.search(rf"(?<![\w-])(?<!\d[.,]){re.escape(value)}(?![\w-]|[.,]\d)", sentence) is not None


# The sentence tells these in better words: they are there for programs, and to bind an approval to.
_SAID_ABOVE: Final = frozenset({"field", "value", "share", "outcome", "reason", "require", "first", "count"})
_NOTHING: tuple[object, ...] = (None, "", [], {})


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list():
            first = ", ".join(map(_shown, value[:3]))
            return first if len(value) <= 3 else f"{first} and {counted(len(value) - 3, 'other')}"
        case dict():
            return ", ".join(f"{name} {_shown(held)}" for name, held in value.items())
        case _:
            return str(value)
