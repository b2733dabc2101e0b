"""What is wrong with a part of a file, before its place is looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import TracebackType

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

    def at(self, *path: str | int) -> _At:
        """Note a refusal that is raised inside as one of the value below `path`."""
        return _At(self._mistakes, path)

    def tell(self) -> None:
        """Raise one refusal with all mistakes that were noted, if there are any."""
        if self._mistakes:
            raise Refusal(*self._mistakes)


class _At:
    """A class, and no generator: files have thousands of values, and nearly all are taken."""

    __slots__ = ("_mistakes", "_path")

    def __init__(self, mistakes: list[Mistake], path: Steps) -> None:
        self._mistakes = mistakes
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(raised, Refusal):
            return False
        self._mistakes += (replace(mistake, path=self._path + mistake.path) for mistake in raised.mistakes)
        return True
