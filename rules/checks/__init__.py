"""The kinds of rule: one kind a file, whose docstring is its manual page.

The table is written by hand, so that reading it tells all that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from rules.checks import crossing, duplicate, field, licence, neighbour, share
from rules.vocabulary import Strict

__all__ = ["KINDS", "Check"]


class Check(Protocol):
    """What the module of a kind has."""

    __doc__: str | None
    """The manual page: ``kind: one sentence``, prose, then RULE, PASS and FAIL examples (`rules.manual` reads it)."""

    @property
    def Spec(self) -> type[Strict]:  # noqa: N802 - it is a class
        """The keys of the kind."""

    @property
    def SAY(self) -> str:  # noqa: N802 - it is a constant
        """The sentence for a violation, if a rule has none of its own."""

    @property
    def NAMES(self) -> Mapping[str, str]:  # noqa: N802 - it is a constant
        """The names that the sentence may have in braces, and what each stands for."""

    def explain(self, spec: Any, /) -> str:
        """Say a rule in a plain sentence."""

    def takes_out(self, spec: Any, /) -> bool:
        """Tell whether a quarantine has something to take out."""


KINDS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "field": field,
        "licence": licence,
        "duplicate": duplicate,
        "neighbour": neighbour,
        "crossing": crossing,
        "share": share,
    }
)
