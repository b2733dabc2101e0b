"""What a judgement would change: its transitions counted as they are read, and as few kept as are shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

from audit_core.ledger.transitions import Change, Transition
from audit_core.ledger.violations import CLOSED, State
from rules.evaluate import Evaluation
from rules.judging import Judgement

__all__ = ["NOTHING", "SAMPLE", "Foreseen"]

SAMPLE: Final = 10
"""How many are shown of what opens, and of what closes."""

_OPENS: Final[frozenset[Change]] = frozenset({"opened", "reopened"})
_CLOSES: Final[frozenset[Change]] = frozenset({"resolved", "gone", "superseded"})
_MAY_LAPSE: Final[frozenset[State]] = frozenset({"approved", "waived"})


class Foreseen:
    """What a judgement would change.

    Parameters
    ----------
    judgement : Judgement or None
        Its transitions are read to their end. None: nothing changes.
    keys : bool
        Whether to keep the keys of what opens and closes, to compare it with another.
    news : int
        How much to keep of what would be opened and posted.

    Attributes
    ----------
    evaluation : Evaluation or None
        The judgement's.
    numbers : Counter
        How many transitions of each kind.
    holds : int
        How many violations stand afterwards, decided or not, but for one of the rule itself.
    unchanged : int
        How many violations that are not closed stay as they are decided.
    opens, closes : set of str
        Keys, if they are kept.
    opening, closing, news : First
        The first by subject: of what opens, of what closes, and of what would be posted.
    enforced : int
        How many that are open, and only observed, would be enforced.
    posted : int
        How many would be posted: what opens under an enforcing policy, and what is enforced.
    touched : bool
        Whether anything changes of an enforcing policy.
    """

    def __init__(self, judgement: Judgement | None = None, *, keys: bool = False, news: int = 0) -> None:
        self.evaluation: Evaluation | None = judgement.evaluation if judgement else None
        self.numbers: Counter[Change] = Counter()
        self.holds = 0
        self.unchanged = 0
        self.opens: set[str] = set()
        self.closes: set[str] = set()
        self.opening, self.closing, self.news = First(SAMPLE), First(SAMPLE), First(news)
        self.enforced = 0
        self.posted = 0
        self.touched = False
        self._of_rules: set[str] = set()
        self._may_lapse: list[str] = []
        if judgement is not None:
            self._read(judgement, keys)

    def _read(self, judgement: Judgement, keys: bool) -> None:
        self.unchanged = sum(one.state not in CLOSED for one in judgement.before.values())
        self.holds = sum(one.state not in CLOSED and one.subject_kind != "rule" for one in judgement.before.values())
        for change in judgement.changes:
            self.numbers[change.transition] += 1
            self.touched |= change.mode == "enforce"
            before = judgement.before.get(change.key)
            opens = change.transition in _OPENS
            enforced = change.transition == "changed" and before is not None and before.mode != change.mode == "enforce"
            self.enforced += enforced
            if enforced or (opens and change.mode == "enforce"):
                self.posted += 1
                self.news.take(change)
            if not opens and change.transition not in _CLOSES:
                continue
            stood = before is not None and before.state not in CLOSED
            self.unchanged -= stood
            if change.subject_kind != "rule":
                self.holds += opens - stood
            (self.opening if opens else self.closing).take(change)
            if keys:
                (self.opens if opens else self.closes).add(change.key)
                if change.subject_kind == "rule":
                    self._of_rules.add(change.key)
                if before is not None and before.state in _MAY_LAPSE:
                    self._may_lapse.append(change.key)

    @property
    def judges(self) -> bool:
        """Whether it comes to a result at all."""
        return self.evaluation is not None and self.evaluation.result in ("pass", "fail", "warn")

    @property
    def stopped(self) -> bool:
        """Whether the rule is stopped by its circuit-breaker."""
        return self.evaluation is not None and self.evaluation.stopped

    @property
    def failing(self) -> int:
        """How many subjects fail."""
        return self.evaluation.count if self.evaluation else 0

    def lapsed(self, without: Foreseen) -> list[str]:
        """Give the keys of waivers and approvals that match no more, but for those that don't in another either."""
        return [key for key in self._may_lapse if key not in without.opens and key not in without.closes]

    def lets_go(self, without: Foreseen) -> int:
        """Count the violations that another judgement keeps or opens, and this one does not."""
        closed, missing = self.closes - without.closes, without.opens - self.opens
        return len((closed | missing) - self._of_rules - without._of_rules)


class First:
    """Keeps the first transitions by subject, of many that come in any order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Transition] = []

    def take(self, change: Transition) -> None:
        """Keep a transition, if it is among the first."""
        self._kept.append(change)
        if len(self._kept) > 2 * self._most:
            self._kept = self.sorted()

    def sorted(self) -> list[Transition]:
        """Give those that were kept, in order."""
        return sorted(self._kept, key=lambda one: (one.subject, one.discriminator, one.key))[: self._most]


NOTHING: Final = Foreseen()
