"""What a preview came to: for each rule and dataset what would open and close, and how critical rules are loosened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from audit_core.ledger.chain import instant
from audit_core.ledger.transitions import Closing, Transition
from audit_core.ledger.violations import Mode, Severity
from rules.evaluate import Result

__all__ = ["Anyway", "Ending", "Lapse", "Opening", "Preview", "RulePreview"]


@dataclass(frozen=True, slots=True)
class Opening:
    """A violation that would be opened, or open again."""

    key: str
    message: str
    again: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """A violation that would be closed."""

    key: str
    message: str
    how: Closing


@dataclass(frozen=True, slots=True)
class Lapse:
    """A violation whose waiver or approval would match no more.

    Attributes
    ----------
    state : str
        What it is now: waived or approved.
    until : date or None
        The last day of its waiver.
    """

    key: str
    message: str
    state: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Anyway:
    """Of what would be opened and closed, what the next audit does even without the edit."""

    opens: int = 0
    closes: int = 0


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What would become of a rule in a dataset.

    Attributes
    ----------
    rule, dataset : str
        Which.
    severity, mode : str
        As the edited policy has them; of a rule that it lacks, as the one in force has.
    result : Result or None
        Of the evaluation; None if the edited policy lacks the rule, or does not cover the dataset.
    judged, failing : int
        How many tracks would be in scope, and how many subjects fail.
    stopped : bool
        Whether these are too many to be opened one by one.
    reason : str or None
        Why the result is none of pass and fail, or tells of a part alone.
    opens, reopens : int
        How many violations would be opened that there never were, and how many that were decided or closed.
    resolved, gone, superseded : int
        How many would be closed, by how.
    changed, renamed : int
        How many would stay and read otherwise, and how many would merely come under the rule's new name.
    enforced : int
        How many of those changed are open, were only observed, and would be posted and decided about.
    unchanged : int
        How many that are not closed would stay as they are decided; those changed and renamed are among them.
    anyway : Anyway
        How many of these the next audit opens and closes without the edit.
    opening, closing : tuple
        The first ten of each, by subject.
    lapsing : int
        How many waivers and approvals would match no more because of the edit.
    lapses : tuple of Lapse
        The first hundred of them.
    news : tuple of Transition
        The first of what would be posted, as many as could be.
    posted : int
        How many would be opened or reopened under an enforcing policy, or enforced.
    touched : bool
        Whether anything changes that is told in Slack.
    """

    rule: str
    dataset: str
    severity: Severity
    mode: Mode
    result: Result | None
    judged: int = 0
    failing: int = 0
    stopped: bool = False
    reason: str | None = None
    opens: int = 0
    reopens: int = 0
    resolved: int = 0
    gone: int = 0
    superseded: int = 0
    changed: int = 0
    renamed: int = 0
    enforced: int = 0
    unchanged: int = 0
    anyway: Anyway = Anyway()
    opening: tuple[Opening, ...] = ()
    closing: tuple[Ending, ...] = ()
    lapsing: int = 0
    lapses: tuple[Lapse, ...] = ()
    news: tuple[Transition, ...] = ()
    posted: int = 0
    touched: bool = False

    @property
    def closes(self) -> int:
        """How many violations would be closed."""
        return self.resolved + self.gone + self.superseded

    def as_dict(self) -> dict[str, Any]:
        """Give it as a JSON value."""
        told = asdict(self)
        for name in ("news", "posted", "touched"):
            del told[name]
        told["lapses"] = [{**one, "until": one["until"] and one["until"].isoformat()} for one in told["lapses"]]
        return told | {"opening": list(told["opening"]), "closing": list(told["closing"])}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit of a policy would change.

    Attributes
    ----------
    policy : str
        Its id.
    before, after : str or None
        The SHA-256 of the text in force, and of the edited one; None: there is none.
    revision, as_of : int, datetime
        What was judged, and the moment by which quarantines and waivers were.
    rules : tuple of RulePreview
        In the order of the edited policy, then those that it lacks; by dataset.
    loosening : tuple of str
        How the edit loosens critical rules, a sentence each; none if it does not.
    """

    policy: str
    before: str | None
    after: str | None
    revision: int
    as_of: datetime
    rules: tuple[RulePreview, ...]
    loosening: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the preview as a JSON value."""
        return {
            "policy": self.policy,
            "before": self.before,
            "after": self.after,
            "revision": self.revision,
            "as_of": instant(self.as_of),
            "rules": [one.as_dict() for one in self.rules],
            "loosening": list(self.loosening),
        }
