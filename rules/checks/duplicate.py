"""duplicate: no file is held by more than a few tracks.

Two tracks hold the same file if a checksum of the one equals a checksum of the other, made by the same algorithm; a
blank checksum equals nothing. `same: [file]` says so. All tracks that hold the same file are one group, and one
violation.

- `group_at_most`: how many tracks a group may have; 1 if left out, which means that no two tracks hold the same file.
- `within`: `dataset` (if left out), where the whole dataset is searched; or `split`, where tracks count together only
  if they are in the same split. Tracks without a split are then left out.

A quarantine takes out all tracks of the group but the first by key.

RULE  {same: [file]}
PASS  [{file: 1f0a}, {file: 2b7c}]
PASS  [{file: ""}, {file: ""}]
FAIL  [{file: 1f0a}, {file: 1f0a}]
RULE  {same: [file], within: split}
PASS  [{file: 1f0a, split: train}, {file: 1f0a, split: test}]
FAIL  [{file: 1f0a, split: train}, {file: 1f0a, split: train}]
RULE  {same: [file], group_at_most: 2}
PASS  [{file: 1f0a}, {file: 1f0a}]
FAIL  [{file: 1f0a}, {file: 1f0a}, {file: 1f0a}]
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, StrictInt

from rules.vocabulary import Mistake, Refusal, Strict, a_word_of

__all__ = ["NAMES", "SAY", "Spec", "explain", "takes_out"]

SAY: Final = "{count} tracks hold the same file as {track}: {other}."
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the first track of the group",
        "title": "its title",
        "artist": "its artist",
        "dataset": "the dataset",
        "count": "how many tracks the group has",
        "other": "the keys of some other tracks of the group",
    }
)

Sameness = Annotated[Literal["file"], BeforeValidator(a_word_of(("file",), "way of being the same"))]

Range = Annotated[Literal["dataset", "split"], BeforeValidator(a_word_of(("dataset", "split"), "range"))]


def _listed_once(words: tuple[Sameness, ...]) -> tuple[Sameness, ...]:
    if len(words) != 1:
        raise Refusal(Mistake("expected one way of being the same", "Write [file]."))
    return words


def _at_least_one(number: int) -> int:
    if number < 1:
        raise Refusal(Mistake(f"a group of {number} can't be", "The least is 1: no two tracks hold the same file."))
    return number


class Spec(Strict):
    """The keys of this kind of rule."""

    same: Annotated[tuple[Sameness, ...], AfterValidator(_listed_once)]
    within: Annotated[Literal["dataset", "split"], BeforeValidator(a_word_of(("dataset", "split"), "range"))] = (
        "dataset"
    )
    group_at_most: Annotated[StrictInt, AfterValidator(_at_least_one)] = 1


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    within = "dataset" if spec.within == "dataset" else "split of a dataset"
    how_many = "No two" if spec.group_at_most == 1 else f"No more than {spec.group_at_most}"
    return f"{how_many} tracks of one {within} may hold the same file, by its checksum."


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: all tracks of the group but the first."""
    return True
