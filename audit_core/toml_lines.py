"""The line of a TOML file in which something is said: its reader doesn't tell.

A file is read again up to each of its lines: what a longer beginning says, and a shorter one doesn't, stands between.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

__all__ = ["line_of"]


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Find the line, from 1, where a value begins.

    Parameters
    ----------
    text : str
        Valid TOML.
    path : sequence of (str or int)
        Keys and positions. What leads nowhere is left out, from the end: then it is the line of what holds it.

    Returns
    -------
    line : int or None
        None if nothing on the way is there.
    """
    depth = _depth(tomllib.loads(text), path)
    if depth == 0:
        return None
    lines = text.replace("\r\n", "\n").split("\n")
    begins = 0
    for end in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:  # it ends within a value
            continue
        if _depth(content, path) == depth:
            said = (number for number, line in enumerate(lines[begins:end], begins + 1) if _says(line))
            return next(said, end)
        begins = end
    return None


def _depth(content: Any, path: Sequence[str | int]) -> int:
    """Count the steps that lead somewhere."""
    for depth, step in enumerate(path):
        of_list = isinstance(content, list) and isinstance(step, int) and step < len(content)
        if not of_list and not (isinstance(content, dict) and step in content):
            return depth
        content = content[step]
    return len(path)


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
