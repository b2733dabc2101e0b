"""Whether a copy of a track may be passed on, unchanged and for no money: to a reviewer, as a clip to hear.

All licences that hold have to allow it, those of the track and of its source; where an expression leaves a choice, one
alternative that allows it is enough. What nobody stated or could read is ``unsaid``, and never taken for a yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from audit_core.rights import spdx
from audit_core.rights.licence import LicenceReading
from audit_core.rights.table import LicenceTable
from audit_core.rights.traits import Answer
from audit_core.wording import quoted

__all__ = ["Sharing", "sharing"]

_MILD_TO_STRICT: Final[tuple[Answer, ...]] = ("yes", "unsaid", "no")


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether copies may be passed on.

    Attributes
    ----------
    answer : {'yes', 'no', 'unsaid'}
        The strictest of all licences that hold.
    reason : str
        Why, for a person: a sentence without a full stop.
    """

    answer: Answer
    reason: str


def sharing(readings: Iterable[LicenceReading], table: LicenceTable) -> Sharing:
    """Say whether copies may be passed on under all of these licences.

    Parameters
    ----------
    readings : iterable of LicenceReading
        Of one track and of its source. Their order does not matter.
    table : LicenceTable
        What the licences say.
    """
    stated = [read for read in readings if read.state != "absent"]
    if not stated:
        return Sharing("unsaid", "no licence is stated")
    told = sorted((_of_one(read, table) for read in stated), key=lambda one: (_rank(one.answer), one.reason))
    return told[-1]


def _of_one(read: LicenceReading, table: LicenceTable) -> Sharing:
    if read.spdx is None:
        return Sharing("unsaid", f"the licence {quoted(read.text or '')} is not known")

    def of_licence(identifier: str) -> Answer:
        licence = table.licence(identifier)
        return licence.sharing if licence else "unsaid"

    answer: Answer = spdx.evaluate(read.spdx, one=of_licence, all_of=_strictest, any_of=_mildest)
    says: dict[Answer, str] = {
        "yes": "allows copies to be passed on",
        "unsaid": "does not plainly say whether copies may be passed on",
        "no": "does not allow copies to be passed on",
    }
    return Sharing(answer, f"the licence {read.spdx} {says[answer]}")


def _strictest(*several: Answer) -> Answer:
    return max(several, key=_rank)


def _mildest(*several: Answer) -> Answer:
    return min(several, key=_rank)


def _rank(answer: Answer) -> int:
    return _MILD_TO_STRICT.index(answer)
