"""The line of evidence below a violation: what was measured, as `name: value`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    parts = [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in evidence.items() if value not in _NOTHING]
    return " · ".join(part for part in parts if part.split(": ", 1)[1] not in said)


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
