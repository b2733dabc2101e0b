"""Which tracks an import has met, and in which line of which file: four bytes a track."""

from __future__ import annotations

from array import array
from bisect import bisect_right

__all__ = ["Seen"]


class Seen:
    """The place at which each track was met.

    Parameters
    ----------
    lowest, highest : int
        Between which numbers the tracks of the dataset are. Those of new tracks follow those of all others.
    next_number : int
        The first number of a new track.
    """

    def __init__(self, lowest: int, highest: int, next_number: int) -> None:
        self._lowest = lowest
        self._known = array("I", bytes(4 * max(0, highest - lowest + 1)))
        self._first_new = next_number
        self._new = array("I")
        self._files: list[str] = []
        self._begin: list[int] = []
        self._last = 0

    @property
    def next_number(self) -> int:
        """The number that a new track gets."""
        return self._first_new + len(self._new)

    def open(self, file: str) -> None:
        """Say that the lines that follow are of another file."""
        self._files.append(file)
        self._begin.append(self._last)

    def meet(self, line: int, number: int | None = None) -> int:
        """Note the line of a track, and give its number: the next one, if it has none."""
        place = self._begin[-1] + line
        self._last = max(self._last, place)
        if number is None:
            self._new.append(place)
            return self._first_new + len(self._new) - 1
        self._known[number - self._lowest] = place
        return number

    def place(self, number: int) -> tuple[str, int] | None:
        """Give the file and line in which a track was met; None if it was not."""
        new = number - self._first_new
        place = self._new[new] if new >= 0 else self._known[number - self._lowest]
        if not place:
            return None
        file = bisect_right(self._begin, place - 1) - 1
        return self._files[file], place - self._begin[file]
