"""The keys of a policy file, each with what may stand after it.

Keys that a kind of rule brings along are in `rules.checks`; `rules.language.reader` puts both together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from audit_core.placed_yaml.mistakes import Mistake, Refusal
from audit_core.placed_yaml.models import Strict
from audit_core.wording import listed, quoted
from rules.checks import KINDS
from rules.examples.given import ExampleKeys
from rules.language.policy import Decision, Mode, Severity
from rules.language.quantities import Date, Days, Messages, percentage_of
from rules.language.schedule import TimeZoneName, TimingWords
from rules.language.selector import EVERYTHING, DatasetPattern, Where
from rules.language.vocabulary import a_word_of, no_more_than
from rules.language.written import EACH_ONCE, one_needed, one_or_several, text

__all__ = [
    "AppliesToKeys",
    "EffectiveKeys",
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
_ID_WRITTEN: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_LONGEST_ID: Final = 60
_MOST_RENEWALS: Final = 100
_LONGEST_LINE: Final = 200
_MOST_EXAMPLES: Final = 100
_CHANNEL: Final = re.compile(r"#[^\s#@,.:A-Z]{1,79}|[CG][A-Z0-9]{6,}")
_GROUP: Final = re.compile(r"@[a-z0-9][a-z0-9._-]{0,79}|S[A-Z0-9]{6,}")
_PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,}")
_STOP_WRITTEN: Final = "^([0-9.]+ ?% of tracks|[1-9][0-9]* violations?)$"
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


def _renewals(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_RENEWALS:
        mend = "Write a whole number: 0 if none may follow another, 1 if one may, and so on."
        raise Refusal(Mistake(f"{quoted(value)} is no number of renewals", mend))
    return value


def _in_a_list(value: object) -> object:
    """Take one text as a list of one."""
    return [value] if isinstance(value, str) else value


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

Id = Annotated[str, AfterValidator(_id), text(_ID_WRITTEN, at_most=_LONGEST_ID)]
Line = Annotated[str, AfterValidator(_line), text(r"\S", at_most=_LONGEST_LINE)]
Channel = Annotated[
    str,
    AfterValidator(_fits(_CHANNEL, "channel", 'Write its name as in "#data-audit", in quotes, or its Slack id.')),
    text("^(#[^ #@,.:A-Z]+|[CG][A-Z0-9]+)$", "#data-audit"),
]
Group = Annotated[
    str,
    AfterValidator(_fits(_GROUP, "user group", 'Write its handle as in "@data-legal", in quotes, or its Slack id.')),
    text("^(@[a-z0-9][a-z0-9._-]*|S[A-Z0-9]+)$", "@data-legal"),
]
Person = Annotated[
    str,
    AfterValidator(_fits(_PERSON, "Slack id of a person", "It begins with U or W, and is in the person's profile.")),
    text("^[UW][A-Z0-9]+$", "U012AB3CD"),
]
DecisionWord = Annotated[Decision, BeforeValidator(a_word_of(_DECISIONS, "decision"))]
Evidence = Literal["required", "optional"]
Renewals = Annotated[
    int,
    BeforeValidator(_renewals),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _MOST_RENEWALS, "examples": [1]}),
]

_ONE_ID_OR_SEVERAL: Final = WithJsonSchema(one_or_several({"type": "string", "pattern": _ID_WRITTEN}))
_CHANNEL_SAID: Final = 'The Slack channel into which violations are posted, in quotes as in "#data-audit".'
_REVIEWERS_SAID: Final = "Who may decide on violations: a group, or people."


class ReviewersKeys(Strict):
    """``reviewers``: who may decide."""

    model_config = ConfigDict(json_schema_extra={"oneOf": one_needed("group", "people")})

    group: Group | None = Field(default=None, description='A user group of Slack, by its handle as in "@data-legal".')
    people: Annotated[tuple[Person, ...], AfterValidator(_each_once), EACH_ONCE] | None = Field(
        default=None, description="People, by their Slack ids as in U012AB3CD, which stand in their profiles."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> ReviewersKeys:
        if (self.group is None) == (self.people is None):
            mend = 'Write {group: "@data-legal"}, or {people: [U012AB3CD]}.'
            raise Refusal(Mistake("reviewers are either a group or people", mend))
        return self


class WaiverKeys(Strict):
    """``waiver``: on what terms a violation is tolerated."""

    longest: Days | None = Field(
        default=None, description="How long a waiver may last at most, as in 90 days; 90 days if left out."
    )
    evidence: Annotated[Evidence | None, BeforeValidator(a_word_of(("required", "optional"), "choice"))] = Field(
        default=None, description="Whether who waives has to say where the grounds can be seen; required if left out."
    )
    renewals: Renewals | None = Field(
        default=None,
        description="How often in a row a waiver may follow another of the same violation; 0: never; any if left out.",
    )


class ResponseKeys(Strict):
    """``respond_within``: the working days until a violation has to be answered."""

    critical: Days | None = Field(default=None, description="For critical rules; 1 day if left out.")
    high: Days | None = Field(default=None, description="For rules of severity high; 3 days if left out.")
    medium: Days | None = Field(default=None, description="For rules of severity medium; 10 days if left out.")
    low: Days | None = Field(default=None, description="For rules of severity low; no limit if left out.")


class ReviewKeys(Strict):
    """``review``, of a policy or of a rule that overrides some of its keys."""

    channel: Channel | None = Field(default=None, description=_CHANNEL_SAID)
    reviewers: ReviewersKeys | None = Field(default=None, description=_REVIEWERS_SAID)
    decisions: Annotated[tuple[DecisionWord, ...], AfterValidator(_each_once), EACH_ONCE] | None = Field(
        default=None,
        description="What reviewers may decide; all if left out. approve: it is fine as it is. quarantine: it is kept "
        "out of every export. waive: it is tolerated for a time. What is not listed can be decided by nobody.",
    )
    waiver: WaiverKeys | None = Field(
        default=None, description="On what terms a violation may be tolerated for a time."
    )
    respond_within: ResponseKeys | None = Field(
        default=None, description="By severity, the working days within which a violation has to be answered."
    )


class PolicyReviewKeys(ReviewKeys):
    """``review`` of a policy: it has to say where, and who."""

    channel: Channel = Field(description=_CHANNEL_SAID)
    reviewers: ReviewersKeys = Field(description=_REVIEWERS_SAID)


class EffectiveKeys(Strict):
    """``effective``: from when a policy holds, and by when it has to be looked at again."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    begins: Date | None = Field(
        alias="from",
        default=None,
        description="The day on which this text takes force, as in 2026-12-01; if left out, when it is activated.",
    )
    review_by: Date | None = Field(
        default=None,
        description="The day by which somebody looks at it again. Past that, it stays in force and the owner is told.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> EffectiveKeys:
        if self.begins is None and self.review_by is None:
            raise Refusal(Mistake("nothing is said of when", "State from, review_by or both, or delete `effective`."))
        if self.begins and self.review_by and self.review_by <= self.begins:
            what = f"review_by is {self.review_by}, and the policy begins on {self.begins}"
            raise Refusal(Mistake(what, "A policy is looked at again after it has begun.", ("review_by",)))
        return self


class ScheduleKeys(Strict):
    """``schedule``: when the audit runs, and when its digest comes."""

    model_config = ConfigDict(json_schema_extra={"anyOf": one_needed("run", "digest")})

    run: TimingWords | None = Field(
        default=None,
        description="When the audit runs: daily 06:00, weekdays 06:00, weekly monday 08:00, monthly 1 06:00, "
        "monthly last 06:00, quarterly 06:00, every 2 hours, or a cron line.",
    )
    digest: TimingWords | None = Field(default=None, description="When the digest is sent, in the same words.")
    timezone: TimeZoneName = Field(default="UTC", description="The time zone of these times, as in Europe/London.")

    @model_validator(mode="after")
    def _something_happens(self) -> ScheduleKeys:
        if self.run is None and self.digest is None:
            raise Refusal(Mistake("nothing is scheduled", "State run, digest or both, or delete the schedule."))
        return self


class AppliesToKeys(Strict):
    """``applies_to``: which tracks are judged."""

    datasets: Annotated[tuple[DatasetPattern, ...], AfterValidator(_each_once), EACH_ONCE] = Field(
        description='Names of datasets, or patterns in quotes: "train-*" is every one whose name begins with train-.'
    )
    exceptions: Annotated[tuple[DatasetPattern, ...], AfterValidator(_each_once), EACH_ONCE] = Field(
        alias="except", default=(), description="Datasets that are left out all the same, by name or pattern."
    )
    where: Where = Field(
        default=EVERYTHING,
        description="Which tracks of them: fields with the values that will do, as in {split: train}.",
    )


class SafetyKeys(Strict):
    """``safety``: what keeps one missing column from becoming a flood."""

    stop_if_over: Annotated[StopAt, BeforeValidator(_stop_at), text(_STOP_WRITTEN, "20 % of tracks")] = Field(
        default=StopAt(Fraction(1, 5), None),
        description="Past this, the audit lists a sample of a rule's violations and asks, as in 20 % of tracks (which "
        "holds if left out) or 500 violations. A share never stops at 25 violations or fewer, as in a small dataset.",
    )
    post_at_most: Messages = Field(
        default=25,
        description="How many messages an audit may post at most, as in 25 messages (which holds if left out).",
    )


class FileKeys(Strict):
    """A policy file; its rules are read one by one, each by its kind."""

    cratecheck: Annotated[int, BeforeValidator(_version)] = Field(
        description="The version of the policy language: always 1.", json_schema_extra={"const": 1}
    )
    policy: Id = Field(
        description="The policy's id: small letters, digits and single dashes. Its history hangs on it, so keep it."
    )
    title: Line = Field(description="What the policy is for, in one line, as reports and messages say it.")
    owner: Line = Field(description="Who answers for the policy, as in legal@label.example.")
    effective: EffectiveKeys | None = Field(
        default=None, description="From when the policy holds, and by when it has to be looked at again."
    )
    schedule: ScheduleKeys | None = Field(
        default=None, description="When the audit runs by itself, and when its digest is sent."
    )
    mode: Annotated[Mode, BeforeValidator(a_word_of(("enforce", "observe"), "mode"))] = Field(
        default="enforce", description="enforce: violations are posted. observe: they are counted in reports alone."
    )
    applies_to: AppliesToKeys = Field(description="Which tracks are judged.")
    review: PolicyReviewKeys = Field(description="Where violations are posted, who decides, and how.")
    safety: SafetyKeys = Field(
        default=SafetyKeys(), description="What keeps one missing column from becoming a flood of messages."
    )
    rules: Annotated[tuple[dict[str, Any], ...], AfterValidator(_some)] = Field(
        description="What every track, file or dataset has to comply with, rule by rule."
    )


class RuleKeys(Strict):
    """The keys that every rule may have."""

    id: Id = Field(description="The rule's id, which no other rule of the workspace has or had.")
    kind: Annotated[str, BeforeValidator(a_word_of(KINDS, "kind of rule"))] = Field(
        description=f"What is judged: {listed(KINDS, 'or')}. The other keys of the rule depend on it."
    )
    severity: Annotated[Severity, BeforeValidator(a_word_of(_SEVERITIES, "severity"))] = Field(
        description="How bad a violation is."
    )
    formerly: Annotated[tuple[Id, ...], BeforeValidator(_in_a_list), AfterValidator(_each_once), _ONE_ID_OR_SEVERAL] = (
        Field(
            default=(),
            description="The ids that this rule had before, the oldest first: so it keeps its history. One that it has"
            " again stays where it was: id: a, formerly: [a, b].",
        )
    )
    say: str | None = Field(default=None, description="The sentence for a violation.")
    review: ReviewKeys | None = Field(
        default=None, description="What is different for this rule, key by key, from the review of the policy."
    )
    examples: Annotated[tuple[ExampleKeys, ...], BeforeValidator(no_more_than(_MOST_EXAMPLES, "examples"))] = Field(
        default=(),
        description="Some tracks, and what the rule has to say of them; at least one that passes, and one that fails.",
    )
