"""The kinds of rule: one kind a file, whose docstring is its manual page.

The table is written by hand, so that reading it tells all that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection

from audit_core.placed_yaml.models import Strict
from rules.checks import crossing, duplicate, field, integrity, licence, neighbour, share
from rules.complaint import Judged, TrackList
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["KINDS", "Check"]


class Check(Protocol):
    """What the module of a kind has."""

    __doc__: str | None
    """The manual page, for `handbook.manual`: ``kind: one sentence``, prose, then RULE, PASS and FAIL examples."""

    @property
    def Spec(self) -> type[Strict]:  # noqa: N802 - it is a class
        """The keys of the kind."""

    @property
    def SAY(self) -> str:  # noqa: N802 - it is a constant
        """The sentence for a violation, if a rule has none of its own."""

    @property
    def NAMES(self) -> Mapping[str, str]:  # noqa: N802 - it is a constant
        """The names that the sentence may have in braces, and what each stands for."""

    @property
    def COPIES_TOO(self) -> bool:  # noqa: N802 - it is a constant
        """Whether a quarantine takes out byte-identical copies too: the complaint is of the content, not of places."""

    def explain(self, spec: Any, /) -> str:
        """Say a rule in a plain sentence."""

    def takes_out(self, spec: Any, /) -> bool:
        """Tell whether a quarantine has something to take out."""

    def judge(self, spec: Any, scope: Scope, connection: Connection, licences: LicenceTable, at_most: int, /) -> Judged:
        """Find what fails: all of it, sorted, or if that is more than `at_most`, how many and the first."""

    def targets(
        self, spec: Any, scope: Scope, connection: Connection, subject: str, discriminator: str, /
    ) -> TrackList:
        """List the tracks that a quarantine of a violation takes out, sorted."""


KINDS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "field": field,
        "licence": licence,
        "duplicate": duplicate,
        "neighbour": neighbour,
        "crossing": crossing,
        "integrity": integrity,
        "share": share,
    }
)
