"""The terms of a licence expression: every alternative that it leaves to the licensee, with its traits.

``AND`` means that all licences hold at once: the strictest answer per trait. ``OR`` means that the licensee may choose
*one* side, and that choice is kept open here instead of being mixed into one row of traits: ``CC-BY-NC-4.0 OR
CC-BY-ND-4.0`` allows commercial use on one side and adaptations on the other, but no side allows both. ``WITH`` adds an
exception, and the traits are those of the licence before it.

An alternative that is stricter than another, or as strict, in every trait is left out, since nobody would choose it. So
there are never more than a handful, however long the expression, and the terms form a lattice: `strictest` and `either`
are commutative, associative and idempotent, each absorbs the other, and `strictest` never allows more than either side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import product

from audit_core.rights.traits import TRAITS, Answer, Trait, Traits, strictest_traits, strictness

__all__ = ["Alternative", "Clause", "Terms", "either", "strictest"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One licence within an expression.

    Attributes
    ----------
    licence : str
        Its identifier; or, of a text that is no known licence, that text in quotes.
    traits : Traits
        What it says.
    open_because : str or None
        Why nothing is known of its traits: a sentence without a full stop. None if somebody has read it.
    """

    licence: str
    traits: Traits
    open_because: str | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Licences that all hold together, sorted by name, with the strictest of their answers."""

    clauses: tuple[Clause, ...]
    traits: Traits


@dataclass(frozen=True, slots=True)
class Terms:
    """The alternatives among which a licensee may choose, none of them allowing all that another does.

    Attributes
    ----------
    alternatives : tuple of Alternative
        At least one; those of the fewest licences first, then by their names.
    """

    alternatives: tuple[Alternative, ...]

    @classmethod
    def of(cls, clause: Clause) -> Terms:
        """Make the terms of a single licence."""
        return cls((Alternative((clause,), clause.traits),))

    @property
    def offers(self) -> frozenset[Traits]:
        """What is on offer, whatever the licences are called: terms with the same offers judge alike."""
        return frozenset(alternative.traits for alternative in self.alternatives)

    @property
    def traits(self) -> Traits:
        """The most permissive answer to each trait *by itself*, over all alternatives: to show, not to judge by.

        Where there is a choice, no one alternative need allow all of it; `judge` takes them one by one.
        """
        return Traits(**{trait: self._mildest(trait) for trait in TRAITS})

    def allows_all_that(self, other: Terms) -> bool:
        """Say whether for each alternative of the other there is one here that is nowhere stricter."""
        return all(any(mine.allows_all_that(theirs) for mine in self.offers) for theirs in other.offers)

    def _mildest(self, trait: Trait) -> Answer:
        return min((offer.answer(trait) for offer in self.offers), key=lambda answer: strictness(trait, answer))


def strictest(*several: Terms) -> Terms:
    """Combine terms that all hold, as those of a track and of the source that it came from.

    Raises
    ------
    ValueError
        If nothing is given.
    """
    return reduce(_both, several) if several else _nothing()


def either(*several: Terms) -> Terms:
    """Combine terms of which the licensee may choose one.

    Raises
    ------
    ValueError
        If nothing is given.
    """
    return (
        _worth_choosing(alternative for terms in several for alternative in terms.alternatives)
        if several
        else _nothing()
    )


def _both(one: Terms, other: Terms) -> Terms:
    return _worth_choosing(
        Alternative(
            tuple(sorted({*left.clauses, *right.clauses}, key=lambda clause: clause.licence)),
            strictest_traits(left.traits, right.traits),
        )
        for left, right in product(one.alternatives, other.alternatives)
    )


def _worth_choosing(alternatives: Iterable[Alternative]) -> Terms:
    """Keep one alternative for each offer that no other offer outdoes: the one with the fewest licences."""
    by_offer: dict[Traits, Alternative] = {}
    for alternative in sorted(alternatives, key=_names):
        by_offer.setdefault(alternative.traits, alternative)
    best = [
        alternative
        for offer, alternative in by_offer.items()
        if not any(other.allows_all_that(offer) for other in by_offer if other != offer)
    ]
    return Terms(tuple(sorted(best, key=_names)))


def _names(alternative: Alternative) -> tuple[int, tuple[str, ...]]:
    return len(alternative.clauses), tuple(clause.licence for clause in alternative.clauses)


def _nothing() -> Terms:
    raise ValueError("nothing to combine")
