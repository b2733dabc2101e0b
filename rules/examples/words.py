"""What an example may state of a track beside the fields of the catalogue: its files, and what was heard in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from audit_core.placed_yaml.mistakes import Mistake, Refusal, Refusals
from audit_core.wording import listed
from rules.faults import FAULTS
from rules.language.quantities import (
    duration_in_words,
    frequency_in_words,
    hertz_of,
    loudness_in_words,
    lufs_of,
    milliseconds_of,
    percentage_in_words,
    percentage_of,
)
from rules.language.vocabulary import a_word_of

__all__ = ["HEARD", "WORDS", "Word", "flow"]


@dataclass(frozen=True, slots=True)
class Word:
    """What may be stated of a track beside the fields of the catalogue.

    Attributes
    ----------
    means : str
        What it says of the track: a sentence.
    read, say : callable
        Reads a value, or refuses it; and writes it as people do.
    several : bool
        Whether there may be a list of values.
    """

    means: str
    read: Callable[[object], Any]
    say: Callable[[Any], str] = str
    several: bool = False


def _text(word: str, value: object) -> str:
    if not isinstance(value, str):
        raise Refusal(Mistake(f"{word} is text, and this is not", "Put it in quotes."))
    if not value.strip():
        raise Refusal(Mistake("this text is empty", "What is unknown is left out."))
    return value


def _problem(value: object) -> str:
    text = _text("problem", value)
    a_word_of(_PROBLEMS, "problem")(text)
    return text


def _faults(value: object) -> tuple[str, ...]:
    refusals = Refusals()
    words = value if isinstance(value, list) else [value]
    if not words:
        raise Refusal(Mistake("no fault is listed", "List at least one, or leave it out."))
    for index, word in enumerate(words):
        with refusals.at(*((index,) if words is value else ())):
            a_word_of(FAULTS, "fault")(_text("a fault", word))
    refusals.tell()
    return tuple(dict.fromkeys(words))


def flow(words: tuple[str, ...]) -> str:
    """Write several words as a list, and one as it is."""
    return f"[{', '.join(words)}]" if len(words) > 1 else words[0]


_PROBLEMS: Final = ("missing", "outside", "unreadable", "undecodable", "timeout", "crashed", "changing")

_HEARD: Final = {
    "audio": Word("A name for its audio: tracks with one name hold the same audio.", partial(_text, "audio")),
    "copy_of": Word("The name of other audio that it is a copy of, however it was encoded.", partial(_text, "copy_of")),
    "excerpt_of": Word("The name of other audio that it holds a stretch of.", partial(_text, "excerpt_of")),
    "overlap": Word("How long that stretch is, as in 5 s.", milliseconds_of, duration_in_words),
    "version_of": Word(
        "The name of other audio that it may be a version of: live, cover, remix.", partial(_text, "version_of")
    ),
    "problem": Word(f"Why its file was not heard: {listed(_PROBLEMS, 'or')}.", _problem),
    "faults": Word("What is wrong with its audio, in the words of the kind `integrity`.", _faults, flow, several=True),
    "rate": Word("Its sample rate as it was measured, as in 44.1 kHz.", hertz_of, frequency_in_words),
    "length": Word("Its length as it was measured, as in 3 min.", milliseconds_of, duration_in_words),
    "silent": Word("The share of its length that is silent, as in 40 %.", percentage_of, percentage_in_words),
    "clipped": Word("The share of its samples that are clipped, as in 0.5 %.", percentage_of, percentage_in_words),
    "loudness": Word("How loud it is, as in -14 LUFS.", lufs_of, loudness_in_words),
}

HEARD: Final = tuple(_HEARD)
"""What an example writes of a track that was heard: all as it should be, but for what it says."""

WORDS: Final[Mapping[str, Word]] = MappingProxyType(
    {
        "dataset": Word("The name of its dataset, where a rule compares several.", partial(_text, "dataset")),
        "licence_of_source": Word("The licence that its `source` states.", partial(_text, "licence_of_source")),
        "file": Word(
            "A name for its file: tracks with one name hold the same file, byte by byte.",
            partial(_text, "file"),
        ),
        **_HEARD,
    }
)
"""What may be stated of a track beside the fields of the catalogue."""
