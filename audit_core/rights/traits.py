"""What a licence says of four things, and which of two licences says it more strictly.

Two traits are *permissions*: may copies of the whole work be used commercially, may adaptations be made and shared.
Two are *duties*: must adaptations carry the same licence, must the author be credited.

Each has one of three answers. ``unsaid`` is what a licence leaves open, grants in part, or what nobody has read yet: it
is a value of its own, between the other two, and is never taken for a yes or a no. From permissive to strict:

==========  =======================
permission  ``yes < unsaid < no``
duty        ``no < unsaid < yes``
==========  =======================

"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

__all__ = ["DUTIES", "PERMISSIONS", "TRAITS", "Answer", "Trait", "Traits", "strictest_traits"]

Answer = Literal["yes", "no", "unsaid"]
Trait = Literal["commercial", "derivatives", "share_alike", "attribution"]

TRAITS: Final[tuple[Trait, ...]] = get_args(Trait)
PERMISSIONS: Final[tuple[Trait, ...]] = ("commercial", "derivatives")
DUTIES: Final[tuple[Trait, ...]] = ("share_alike", "attribution")

_PERMISSIVE_TO_STRICT: Final[tuple[Answer, ...]] = ("yes", "unsaid", "no")


@dataclass(frozen=True, slots=True)
class Traits:
    """The four answers of one licence, or of several that all hold. Unsaid, unless somebody read otherwise."""

    commercial: Answer = "unsaid"
    derivatives: Answer = "unsaid"
    share_alike: Answer = "unsaid"
    attribution: Answer = "unsaid"

    def answer(self, trait: Trait) -> Answer:
        """Look one answer up by the name of its trait."""
        return cast(Answer, getattr(self, trait))

    def allows_all_that(self, other: Traits) -> bool:
        """Say whether no answer here is stricter than the other's. Equal ones allow all that the other does."""
        return all(strictness(trait, self.answer(trait)) <= strictness(trait, other.answer(trait)) for trait in TRAITS)


def strictness(trait: Trait, answer: Answer) -> int:
    """Place an answer on its trait's scale: 0 permissive, 1 unsaid, 2 strict."""
    rank = _PERMISSIVE_TO_STRICT.index(answer)
    return rank if trait in PERMISSIONS else 2 - rank


def strictest_traits(*several: Traits) -> Traits:
    """Combine licences that all hold: per trait, the strictest answer.

    A commercial "no" on either side stays "no"; without one, an "unsaid" on either side stays "unsaid"; only "yes" on
    all sides is "yes". Duties likewise, the other way round. The order and the number of repetitions don't matter.

    Raises
    ------
    ValueError
        If nothing is given: no licence is not the freest of licences.
    """
    if not several:
        raise ValueError("nothing to combine")
    return Traits(**{trait: _strictest(trait, several) for trait in TRAITS})


def _strictest(trait: Trait, several: tuple[Traits, ...]) -> Answer:
    return max((traits.answer(trait) for traits in several), key=lambda answer: strictness(trait, answer))
