"""Validators of a closed vocabulary: what is not in it is refused, with the word that was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic_core import PydanticKnownError

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.wording import did_you_mean, quoted

__all__ = ["a_word_of", "no_more_than"]


def a_word_of(options: Iterable[str], called: str) -> Callable[[object], object]:
    """Make a validator that refuses all but some words, and names the one that was meant."""
    known = tuple(options)

    def choose(value: object) -> object:
        if value is None:  # what was written there was refused before, and an optional word takes None
            raise PydanticKnownError("literal_error", {"expected": ", ".join(f"'{word}'" for word in known)})
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
