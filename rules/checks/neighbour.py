"""neighbour: no track of one selection holds the same as a track of another, such as a test track in training.

`of` selects the tracks that are judged, among those that the policy applies to. `to` selects the tracks that they are
compared with: among those that the policy applies to as well, or, if it names a `dataset`, in that dataset and
without regard to what the policy applies to. Both are written as fields with their values, as in `{split: train}`,
and may name datasets by patterns, as in `{dataset: "benchmark-*"}`.

`same` says what counts, and one is enough:

- `file`: a checksum of the one equals a checksum of the other, made by the same algorithm.
- `recording`: the catalogue states the same recording for both.

A blank equals nothing, and no track is its own neighbour.

`quarantine` says which side a quarantine takes out: `of` (if left out) or `to`.

RULE  {of: {split: train}, to: {split: [valid, test]}, same: [file, recording]}
PASS  [{split: train, file: 1f0a}, {split: test, file: 2b7c}]
PASS  [{split: train, file: 1f0a}, {split: train, file: 1f0a}]
PASS  [{split: train, file: ""}, {split: test, file: ""}]
FAIL  [{split: train, file: 1f0a}, {split: test, file: 1f0a}]
FAIL  [{split: train, recording: R1}, {split: valid, recording: R1}]
RULE  {of: {split: train}, to: {split: test}, same: [file]}
PASS  [{split: train, recording: R1}, {split: test, recording: R1}]
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from rules.selector import Pick
from rules.vocabulary import Mistake, Refusal, Strict, a_word_of, listed

__all__ = ["NAMES", "SAY", "Spec", "explain", "takes_out"]

SAY: Final = "{track} holds the same {reason} as {other}."
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "track": "the key of the track that is judged",
        "title": "its title",
        "artist": "its artist",
        "dataset": "its dataset",
        "other": "the key of the track that it is near to",
        "reason": "what they share: file or recording",
    }
)

Sameness = Annotated[
    Literal["file", "recording"], BeforeValidator(a_word_of(("file", "recording"), "way of being the same"))
]


def _listed_once(words: tuple[Sameness, ...]) -> tuple[Sameness, ...]:
    if not words or len(set(words)) != len(words):
        raise Refusal(Mistake("expected each way of being the same once", "Write [file], or [file, recording]."))
    return words


class Spec(Strict):
    """The keys of this kind of rule."""

    of: Pick
    to: Pick
    same: Annotated[tuple[Sameness, ...], AfterValidator(_listed_once)]
    quarantine: Annotated[Literal["of", "to"], BeforeValidator(a_word_of(("of", "to"), "side"))] = "of"

    @model_validator(mode="after")
    def _two_selections(self) -> Spec:
        if self.of == self.to:
            mend = "For tracks that repeat each other inside one selection, use the kind duplicate."
            raise Refusal(Mistake("`of` and `to` select the same tracks", mend, ("to",)))
        return self


def explain(spec: Spec) -> str:
    """Say the rule in a plain sentence."""
    return (
        f"No track of which {spec.of} may hold the same {listed(spec.same, 'or')} as a track of which {spec.to}; "
        f"a quarantine takes out the {'first' if spec.quarantine == 'of' else 'second'}."
    )


def takes_out(spec: Spec) -> bool:
    """Tell whether a quarantine has something to take out: the side that is named."""
    return True
