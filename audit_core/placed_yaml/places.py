"""Where the values of a file stand: a tree beside the values, of next to nothing for each, for files come in thousands.

A spot is a line, a column, and whether what stands there was refused already, in one number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["Mark", "Place", "broken", "is_broken", "mark_of", "spot", "spot_of"]

_COLUMNS: Final = 1 << 20  # more than a file may have letters


class Mark(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Place:
    """Where a list, or keys with their values, stand.

    Attributes
    ----------
    spot : int
        Where it begins.
    keys : dict
        The spot of each key; empty for a list.
    below : dict
        Where the values stand, by key or position: a spot, or a place if there is more below.
    """

    spot: int
    keys: dict[str, int] = field(default_factory=dict)
    below: dict[Any, Place | int] = field(default_factory=dict)


def spot(line: int, column: int) -> int:
    """Make a spot of a line and a column, both from 0."""
    return ((line + 1) * _COLUMNS + column + 1) * 2


def spot_of(place: Place | int) -> int:
    """Give the spot of a place."""
    return place if isinstance(place, int) else place.spot


def mark_of(place: Place | int) -> Mark:
    """Give the line and the column."""
    return Mark(*divmod(spot_of(place) // 2, _COLUMNS))


def broken(where: int) -> int:
    """Note that what stands at a spot was refused."""
    return where | 1


def is_broken(place: Place | int) -> bool:
    """Tell whether what stands there was refused already, so that there is nothing more to say about it."""
    return bool(spot_of(place) & 1)
