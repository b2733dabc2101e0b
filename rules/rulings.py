"""One ruling on the licences that hold for a track: by their traits, and by the lists of a rule.

Every demand of a rule is made of each licence by itself, so an expression is worked out from its licences upwards:
where all hold (``AND``, or a track's and its source's) the worst ruling counts, where one may be chosen (``OR``) the
best. Unknown is worse than a pass and better than a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, Protocol

from audit_core.rights import LicenceReading, LicenceTable, Trait, judge, reading
from audit_core.rights.spdx import evaluate

__all__ = ["Demands", "Judge", "Ruling"]

Outcome = Literal["pass", "unknown", "fail"]

_BEST_TO_WORST: Final[tuple[Outcome, ...]] = ("pass", "unknown", "fail")


class Demands(Protocol):
    """What a rule asks of a licence."""

    @property
    def require(self) -> Sequence[Trait]:
        """What it must permit."""

    @property
    def forbid(self) -> Sequence[Trait]:
        """What it must not ask for."""

    @property
    def allow(self) -> Sequence[str]:
        """The only licences that will do; any, if empty."""

    @property
    def deny(self) -> Sequence[str]:
        """Licences that won't."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether licences give what is asked.

    Attributes
    ----------
    outcome : {'pass', 'unknown', 'fail'}
        Unknown if no licence is stated, if one can't be read, or if nobody knows what it says.
    reason : str
        Why: a sentence without a full stop.
    spdx : str or None
        The licences as an SPDX expression; None unless all of them could be read.
    """

    outcome: Outcome
    reason: str
    spdx: str | None = None


class Judge:
    """Rules on licence texts, each text read once.

    Parameters
    ----------
    demands : Demands
        What is asked.
    table : LicenceTable
        What licences say.
    """

    def __init__(self, demands: Demands, table: LicenceTable) -> None:
        self._demands = demands
        self._table = table
        self._read = cache(lambda text: reading(text, table))
        self._of_one = cache(self._rule_on_one)

    def __call__(self, texts: Sequence[str]) -> Ruling:
        """Rule on the texts that hold together: those of a track and of its source."""
        readings = [read for read in map(self._read, texts) if read.state != "absent"]
        if not readings:
            return Ruling("unknown", "no licence is stated")
        rulings = [
            evaluate(read.spdx, one=self._of_one, all_of=_worst, any_of=_best)
            if read.spdx
            else Ruling("unknown", read.reason or "it can't be read")
            for read in readings
        ]
        names = dict.fromkeys(read.spdx for read in readings)
        ruling = _worst(*rulings)
        spdx = None if None in names else " AND ".join(_operand(name, len(names)) for name in names if name)
        return Ruling(ruling.outcome, ruling.reason, spdx)

    def _rule_on_one(self, identifier: str) -> Ruling:
        if self._demands.allow and identifier not in self._demands.allow:
            return Ruling("fail", f"{identifier} is not one of the licences that are allowed")
        if identifier in self._demands.deny:
            return Ruling("fail", f"{identifier} is a licence that is not accepted")
        known = LicenceReading(identifier, "known", spdx=identifier)
        verdict = judge([known], self._table, require=self._demands.require, forbid=self._demands.forbid)
        return Ruling(verdict.outcome, verdict.reason)


def _worst(*rulings: Ruling) -> Ruling:
    return _told(max(rulings, key=_rank).outcome, rulings)


def _best(*rulings: Ruling) -> Ruling:
    return _told(min(rulings, key=_rank).outcome, rulings)


def _told(outcome: Outcome, rulings: Sequence[Ruling]) -> Ruling:
    reasons = dict.fromkeys(ruling.reason for ruling in rulings if ruling.outcome == outcome)
    return Ruling(outcome, "; ".join(reasons))


def _rank(ruling: Ruling) -> int:
    return _BEST_TO_WORST.index(ruling.outcome)


def _operand(expression: str, of_how_many: int) -> str:
    return f"({expression})" if of_how_many > 1 and " OR " in expression else expression
