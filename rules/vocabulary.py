"""The closed vocabulary: what is not in it is refused, with the word that was probably meant.

The pydantic models of policy files derive from `Strict`. Their validators raise `Refusal` where pydantic has no word
for a mistake; `rules.schema` gives each its place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

__all__ = [
    "Mistake",
    "Refusal",
    "Refusals",
    "Strict",
    "a_word_of",
    "did_you_mean",
    "listed",
    "meant",
    "no_more_than",
    "quoted",
]

_CLOSE_ENOUGH: Final = 0.6
_SHOWN: Final = 60


class Strict(BaseModel):
    """A mapping of a policy file: it can't be changed, and knows every key that it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a part of a policy.

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
    path: tuple[str | int, ...] = ()
    at_key: bool = False


class Refusal(ValueError):
    """Some words that the policy language doesn't have. A `ValueError`, as pydantic wants of its validators."""

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


def quoted(word: object) -> str:
    """Show a stranger's word: in quotes, on one line, and not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(word))
    return f'"{text[: _SHOWN - 1]}…"' if len(text) > _SHOWN else f'"{text}"'


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def meant(word: str, options: Iterable[str]) -> str | None:
    """Find the option that was probably meant; None if none is near."""
    found = process.extractOne(
        word[:_SHOWN],
        list(options),
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=_CLOSE_ENOUGH,
        processor=str.casefold,
    )
    return str(found[0]) if found else None


def did_you_mean(word: str, options: Iterable[str], all_of_them: str = "Choose from") -> str:
    """Say which option was probably meant, or name them all."""
    known = list(options)
    found = meant(word, known)
    return f"Did you mean {quoted(found)}?" if found else f"{all_of_them}: {', '.join(known)}."


def a_word_of(options: Iterable[str], called: str) -> Callable[[object], object]:
    """Make a validator that refuses all but some words, and names the one that was meant."""
    known = tuple(options)

    def choose(value: object) -> object:
        if isinstance(value, str) and value not in known:
            raise Refusal(Mistake(f"unknown {called} {quoted(value)}", did_you_mean(value, known)))
        return value

    return choose


def no_more_than(most: int, what: str) -> Callable[[object], object]:
    """Make a validator that refuses a list too long to be meant, before each of its entries is looked up."""

    def count(value: object) -> object:
        if isinstance(value, list) and len(value) > most:
            raise Refusal(Mistake(f"more than {most} {what} in one list", "Nobody can review that."))
        return value

    return count
