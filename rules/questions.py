"""What a rule asks: whether an edited one asks the same, or no less. How strictly it asks is no part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # not at run time: the kinds say what they ask by this
    from rules.language.policy import Rule

__all__ = ["Question", "asks_no_less", "asks_the_same"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the keys of a rule ask, beyond what its kind does.

    Attributes
    ----------
    of : str
        Of what: another word is another question.
    demands : frozenset of str
        What has to hold, all of it: with more of them, it asks no less.
    among : frozenset of str or None
        The only ones that will do: with fewer of them, it asks no less. None: any.
    """

    of: str = ""
    demands: frozenset[str] = frozenset()
    among: frozenset[str] | None = None


def asks_the_same(was: Rule, now: Rule) -> bool:
    """Tell whether what was found, and decided, of a rule answers another, too."""
    return was.kind == now.kind and _question(was) == _question(now)


def asks_no_less(was: Rule, now: Rule) -> bool:
    """Tell whether all that a rule asks is asked by another, too."""
    old, new = _question(was), _question(now)
    narrower = old.among is None or (new.among is not None and new.among <= old.among)
    return was.kind == now.kind and old.of == new.of and old.demands <= new.demands and narrower


def _question(rule: Rule) -> Question:
    question = getattr(rule.spec, "question", None)  # of some kinds, the keys of violations say all of it
    return question if isinstance(question, Question) else Question()
