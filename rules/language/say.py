"""What a rule says of a violation: a sentence with names in braces, such as ``{track} has no licence``.

The names that a rule may use are a closed set, given by its kind. A template is data, never a format string: it can't
reach into objects, convert, or pad. A brace that is meant is doubled: ``{{``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.wording import did_you_mean, quoted

__all__ = ["Say", "say_of"]

_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Say:
    """A template, read.

    Attributes
    ----------
    text : str
        As the policy has it.
    pieces : tuple of (str, str or None)
        Literal text, and the name that follows it, if one does.
    """

    text: str
    pieces: tuple[tuple[str, str | None], ...]

    @property
    def names(self) -> frozenset[str]:
        """The names that have to be filled in."""
        return frozenset(name for _, name in self.pieces if name is not None)

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values in place of the names.

        Parameters
        ----------
        values : mapping of str to str
            A value for each of `names`; more does no harm.

        Returns
        -------
        sentence : str
            Plain text, not yet escaped for any medium.
        """
        return "".join(literal + (values[name] if name is not None else "") for literal, name in self.pieces)


def say_of(text: str, allowed: Iterable[str]) -> Say:
    """Read a template.

    Parameters
    ----------
    text : str
        Such as ``"{track} has no licence."``
    allowed : iterable of str
        The names that it may use.

    Raises
    ------
    Refusal
        Naming all that is wrong with it.
    """
    known = tuple(allowed)
    if not text.strip():
        raise Refusal(Mistake("the sentence is empty", "Leave `say` out to use the sentence of the kind."))
    if len(text) > _LONGEST:
        raise Refusal(Mistake(f"the sentence is longer than {_LONGEST} letters", "Make it shorter."))
    try:
        parsed = list(Formatter().parse(text))
    except ValueError:
        raise Refusal(
            Mistake("a brace stands alone", "Names stand between { and }; a brace that is meant is doubled: {{.")
        ) from None
    pieces: list[tuple[str, str | None]] = []
    mistakes: list[Mistake] = []
    for literal, name, spec, conversion in parsed:
        if name is None:
            pieces.append((literal, None))
        elif spec or conversion is not None or name.rstrip() != name or ("." in name or "[" in name):
            mistakes.append(
                Mistake(f"{quoted(name)} has more than a name in its braces", "Write the name alone: {track}.")
            )
        elif name not in known:
            mistakes.append(Mistake(f"unknown name {quoted(name)} in braces", did_you_mean(name, known)))
        else:
            pieces.append((literal, name))
    if mistakes:
        raise Refusal(*dict.fromkeys(mistakes))
    return Say(text, tuple(pieces))
