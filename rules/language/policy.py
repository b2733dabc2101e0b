"""A policy, as it is after checking: frozen records, with nothing left to look up or to default.

`reader` makes them from files, `explain` says them in English, and the evaluation reads them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from audit_core.errors import Location
from audit_core.placed_yaml.models import Strict
from rules.examples.given import Example
from rules.language.say import Say
from rules.language.schedule import Schedule
from rules.language.selector import EVERYTHING, Selector, matches_any

__all__ = [
    "AppliesTo",
    "Decision",
    "Mode",
    "Policy",
    "RespondWithin",
    "Review",
    "Reviewers",
    "Rule",
    "Safety",
    "Severity",
    "WaiverTerms",
]

Severity = Literal["critical", "high", "medium", "low"]
Decision = Literal["approve", "quarantine", "waive"]
Mode = Literal["enforce", "observe"]
"""``observe``: evaluated and counted, and not posted."""


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Which tracks a policy judges.

    Attributes
    ----------
    datasets, exceptions : tuple of str
        Patterns of dataset names, in which ``*`` stands for any letters and ``?`` for one.
    where : Selector
        Which tracks of those datasets.
    """

    datasets: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    where: Selector = EVERYTHING

    def covers(self, dataset: str) -> bool:
        """Tell whether tracks of a dataset are judged."""
        return matches_any(dataset, self.datasets) and not matches_any(dataset, self.exceptions)


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Who may decide: a user group, or people by their Slack ids; exactly one of the two is set."""

    group: str | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiverTerms:
    """On what terms a violation is tolerated.

    Attributes
    ----------
    longest_days : int
        How long a waiver may last.
    evidence_required : bool
        Whether it needs evidence.
    renewals : int or None
        How often in a row a waiver may follow another of the same violation; None: as often as one likes.
    """

    longest_days: int = 90
    evidence_required: bool = True
    renewals: int | None = None


@dataclass(frozen=True, slots=True)
class RespondWithin:
    """The working days in which a violation is to be answered, by severity; None: no clock."""

    critical: int | None = 1
    high: int | None = 3
    medium: int | None = 10
    low: int | None = None

    def days(self, severity: Severity) -> int | None:
        """Look up the working days for a severity."""
        return {"critical": self.critical, "high": self.high, "medium": self.medium, "low": self.low}[severity]


@dataclass(frozen=True, slots=True)
class Review:
    """Where violations are posted, who decides, and how."""

    channel: str
    reviewers: Reviewers
    decisions: tuple[Decision, ...]
    waiver: WaiverTerms
    respond_within: RespondWithin


@dataclass(frozen=True, slots=True)
class Safety:
    """The circuit-breaker of a rule's run, and the most messages of a run.

    Attributes
    ----------
    stop_share : Fraction or None
        Past this share of the tracks that are judged, the run stores count and sample alone.
    stop_count : int or None
        The same, as a number of violations. Exactly one of the two is set.
    post_at_most : int
        Messages that a run may post into threads.
    """

    stop_share: Fraction | None = Fraction(1, 5)
    stop_count: int | None = None
    post_at_most: int = 25


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry of a policy.

    Attributes
    ----------
    id : str
        Unique in all policies of a workspace.
    kind : str
        A key of `rules.checks.KINDS`.
    severity : Severity
        How bad a violation is.
    spec : Strict
        The keys of its kind: an instance of that kind's ``Spec``.
    say : Say
        The sentence for a violation.
    review : Review
        The policy's, overlaid with the rule's own, and without decisions that make no sense for it.
    location : Location
        Where it begins.
    formerly : tuple of str
        The ids that it had before, the oldest first.
    examples : tuple of Example
        What it has to say of some tracks, as its author expects it.
    """

    id: str
    kind: str
    severity: Severity
    spec: Strict
    say: Say
    review: Review
    location: Location
    formerly: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file that has no mistakes.

    Attributes
    ----------
    effective_from : date or None
        The day on which it takes force, which begins at midnight in its time zone; None: as soon as it is activated.
    review_by : date or None
        The day by which it has to be looked at again. It stays in force past it, and its owner is reminded.
    text : str
        The file, to the letter.
    sha256 : str
        Of the file's bytes, hexadecimal.
    path : str
        Where it was read, as it was given.
    """

    id: str
    title: str
    owner: str
    effective_from: dt.date | None
    review_by: dt.date | None
    schedule: Schedule | None
    mode: Mode
    applies_to: AppliesTo
    review: Review
    safety: Safety
    rules: tuple[Rule, ...]
    text: str
    sha256: str
    path: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone by which its days begin and end."""
        return ZoneInfo(self.schedule.timezone if self.schedule else "UTC")
