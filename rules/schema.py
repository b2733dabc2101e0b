"""The keys of a policy file, each with what may stand after it.

Keys that a kind of rule brings along are in `rules.checks`; `rules.reader` puts both together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import quoted
from rules.checks import KINDS
from rules.policy import Decision, Mode, Severity
from rules.quantities import Days, Messages, percentage_of
from rules.schedule import TimeZoneName, TimingWords
from rules.selector import EVERYTHING, DatasetPattern, Where
from rules.vocabulary import a_word_of

__all__ = [
    "AppliesToKeys",
    "FileKeys",
    "PolicyReviewKeys",
    "ResponseKeys",
    "ReviewKeys",
    "ReviewersKeys",
    "RuleKeys",
    "SafetyKeys",
    "ScheduleKeys",
    "StopAt",
    "WaiverKeys",
]

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_ID: Final = 60
_LONGEST_LINE: Final = 200
_CHANNEL: Final = re.compile(r"#[^\s#@,.:A-Z]{1,79}|[CG][A-Z0-9]{6,}")
_GROUP: Final = re.compile(r"@[a-z0-9][a-z0-9._-]{0,79}|S[A-Z0-9]{6,}")
_PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,}")
_STOP: Final = re.compile(r"(?:(?P<share>.+%) of tracks|(?P<count>[1-9]\d{0,8}) violations?)", re.ASCII)


def _fits(pattern: re.Pattern[str], called: str, mend: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise Refusal(Mistake(f"{quoted(text)} is no {called}", mend))
        return text

    return check


def _id(text: str) -> str:
    if not _ID.fullmatch(text) or len(text) > _LONGEST_ID:
        mend = f"Use small letters, digits and single dashes between them, {_LONGEST_ID} at most."
        raise Refusal(Mistake(f"{quoted(text)} can't be an id", mend))
    return text


def _line(text: str) -> str:
    if not text.strip():
        raise Refusal(Mistake("this text is empty"))
    if len(text) > _LONGEST_LINE or "\n" in text:
        raise Refusal(Mistake("this text is too long", f"One line of {_LONGEST_LINE} letters is the most."))
    return text.strip()


def _version(number: object) -> object:
    if number != 1 or isinstance(number, bool | float):
        raise Refusal(Mistake(f"{quoted(number)} is no version of the policy language", "Write `cratecheck: 1`."))
    return number


def _each_once(words: tuple[Any, ...]) -> tuple[Any, ...]:
    if not words:
        raise Refusal(Mistake("an empty list", "List at least one."))
    seen: set[Any] = set()
    for index, word in enumerate(words):
        if word in seen:
            raise Refusal(Mistake(f"{quoted(word)} is listed twice", "Once is enough.", (index,)))
        seen.add(word)
    return words


def _some(rules: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    if not rules:
        raise Refusal(Mistake("a policy without rules", "Write at least one."))
    return rules


@dataclass(frozen=True, slots=True)
class StopAt:
    """Past what a run stops listing violations: a share of the tracks, or a number."""

    share: Fraction | None
    count: int | None


def _stop_at(value: object) -> StopAt:
    match = _STOP.fullmatch(value) if isinstance(value, str) else None
    if not match:
        mend = 'Write it as in "20 % of tracks" or "500 violations".'
        raise Refusal(Mistake(f"{quoted(value)} is no limit", mend))
    if match["count"]:
        return StopAt(None, int(match["count"]))
    return StopAt(percentage_of(match["share"]), None)


_DECISIONS: Final = ("approve", "quarantine", "waive")
_SEVERITIES: Final = ("critical", "high", "medium", "low")

Id = Annotated[str, AfterValidator(_id)]
Line = Annotated[str, AfterValidator(_line)]
Channel = Annotated[
    str, AfterValidator(_fits(_CHANNEL, "channel", 'Write its name as in "#data-audit", in quotes, or its Slack id.'))
]
Group = Annotated[
    str,
    AfterValidator(_fits(_GROUP, "user group", 'Write its handle as in "@data-legal", in quotes, or its Slack id.')),
]
Person = Annotated[
    str,
    AfterValidator(_fits(_PERSON, "Slack id of a person", "It begins with U or W, and is in the person's profile.")),
]
DecisionWord = Annotated[Decision, BeforeValidator(a_word_of(_DECISIONS, "decision"))]
Evidence = Literal["required", "optional"]


class ReviewersKeys(Strict):
    """``reviewers``: who may decide."""

    group: Group | None = None
    people: Annotated[tuple[Person, ...], AfterValidator(_each_once)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> ReviewersKeys:
        if (self.group is None) == (self.people is None):
            mend = 'Write {group: "@data-legal"}, or {people: [U012AB3CD]}.'
            raise Refusal(Mistake("reviewers are either a group or people", mend))
        return self


class WaiverKeys(Strict):
    """``waiver``: on what terms a violation is tolerated."""

    longest: Days | None = None
    evidence: Annotated[Evidence, BeforeValidator(a_word_of(("required", "optional"), "choice"))] | None = None


class ResponseKeys(Strict):
    """``respond_within``: the working days until a violation has to be answered."""

    critical: Days | None = None
    high: Days | None = None
    medium: Days | None = None
    low: Days | None = None


class ReviewKeys(Strict):
    """``review``, of a policy or of a rule that overrides some of its keys."""

    channel: Channel | None = None
    reviewers: ReviewersKeys | None = None
    decisions: Annotated[tuple[DecisionWord, ...], AfterValidator(_each_once)] | None = None
    waiver: WaiverKeys | None = None
    respond_within: ResponseKeys | None = None


class PolicyReviewKeys(ReviewKeys):
    """``review`` of a policy: it has to say where, and who."""

    channel: Channel
    reviewers: ReviewersKeys


class ScheduleKeys(Strict):
    """``schedule``: when the audit runs, and when its digest comes."""

    run: TimingWords | None = None
    digest: TimingWords | None = None
    timezone: TimeZoneName = "UTC"

    @model_validator(mode="after")
    def _something_happens(self) -> ScheduleKeys:
        if self.run is None and self.digest is None:
            raise Refusal(Mistake("nothing is scheduled", "State run, digest or both, or delete the schedule."))
        return self


class AppliesToKeys(Strict):
    """``applies_to``: which tracks are judged."""

    datasets: Annotated[tuple[DatasetPattern, ...], AfterValidator(_each_once)]
    exceptions: Annotated[tuple[DatasetPattern, ...], AfterValidator(_each_once)] = Field(alias="except", default=())
    where: Where = EVERYTHING


class SafetyKeys(Strict):
    """``safety``: what keeps one missing column from becoming a flood."""

    stop_if_over: Annotated[StopAt, BeforeValidator(_stop_at)] = StopAt(Fraction(1, 5), None)
    post_at_most: Messages = 25


class FileKeys(Strict):
    """A policy file; its rules are read one by one, each by its kind."""

    cratecheck: Annotated[int, BeforeValidator(_version)]
    policy: Id
    title: Line
    owner: Line
    schedule: ScheduleKeys | None = None
    mode: Annotated[Mode, BeforeValidator(a_word_of(("enforce", "observe"), "mode"))] = "enforce"
    applies_to: AppliesToKeys
    review: PolicyReviewKeys
    safety: SafetyKeys = SafetyKeys()
    rules: Annotated[tuple[dict[str, Any], ...], AfterValidator(_some)]


class RuleKeys(Strict):
    """The keys that every rule may have."""

    id: Id
    kind: Annotated[str, BeforeValidator(a_word_of(KINDS, "kind of rule"))]
    severity: Annotated[Severity, BeforeValidator(a_word_of(_SEVERITIES, "severity"))]
    say: str | None = None
    review: ReviewKeys | None = None
