"""What is wrong with a part of a file, before its place is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

__all__ = ["Mistake", "Refusal", "Refusals", "Steps"]

Steps = tuple[str | int, ...]
"""The way to a value: keys and list positions."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a part of a file.

    Attributes
    ----------
    what : str
        What is wrong, without a full stop.
    mend : str or None
        How to put it right: a sentence or two.
    path : tuple of (str or int)
        Where, as keys and list positions below the value that is being judged.
    at_key : bool
        Whether the key at the end of `path` is wrong, and not what it holds.
    """

    what: str
    mend: str | None = None
    path: Steps = ()
    at_key: bool = False


class Refusal(ValueError):
    """A value that is not taken. A `ValueError`, as pydantic wants of its validators."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistake.what for mistake in mistakes))


class Refusals:
    """Collects refusals, so that all mistakes of a value are told at once."""

    def __init__(self) -> None:
        self._mistakes: list[Mistake] = []

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Note a refusal that is raised inside as one of the value below `path`."""
        try:
            yield
        except Refusal as refusal:
            self._mistakes += (replace(mistake, path=path + mistake.path) for mistake in refusal.mistakes)

    def tell(self) -> None:
        """Raise one refusal with all mistakes that were noted, if there are any."""
        if self._mistakes:
            raise Refusal(*self._mistakes)
