"""Policies in plain English: one sentence a rule, with its thresholds, its reviewers and the limits of its waivers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audit_core.wording import listed
from rules.checks import KINDS
from rules.complaint import SAMPLE
from rules.language.policy import AppliesTo, Decision, Policy, Review, Rule, Safety, WaiverTerms
from rules.language.quantities import date_in_words, days_in_words, percentage_in_words
from rules.language.schedule import Schedule
from rules.language.selector import EVERYTHING, pattern_in_words
from rules.language.timing_words import timing_in_words

__all__ = ["explain", "explain_rule"]

_TIMES: Final = {1: "once", 2: "twice"}


def explain(policy: Policy) -> str:
    """Say a whole policy.

    Returns
    -------
    text : str
        Its title, a paragraph on it, and one on each rule, beginning with the rule's id; a blank line between them.
    """
    rules = (f"{_called(rule)}: {explain_rule(rule)}" for rule in policy.rules)
    return "\n\n".join([policy.title, " ".join(_about(policy)), *rules])


def explain_rule(rule: Rule) -> str:
    """Say a rule in one sentence."""
    demand = KINDS[rule.kind].explain(rule.spec).removesuffix(".")
    review = rule.review
    who = review.reviewers.group or listed(review.reviewers.people, "or")
    decisions = listed((_decision(word, review) for word in review.decisions), "or")
    days = review.respond_within.days(rule.severity)
    has = "has" if len(review.reviewers.people) == 1 else "have"
    may = f"{has} {days_in_words(days).replace(' ', ' working ')} to" if days else "may"
    how_bad = "critical" if rule.severity == "critical" else f"of {rule.severity} severity"
    return f"{demand}; a violation is {how_bad} and goes to {who} in {review.channel}, who {may} {decisions}."


def _called(rule: Rule) -> str:
    others = [name for name in rule.formerly if name != rule.id]  # its own, too, if it has it again
    return f"{rule.id} (formerly {listed(others)})" if others else rule.id


def _about(policy: Policy) -> Iterator[str]:
    yield f"This is the policy {policy.id}, owned by {policy.owner}."
    if policy.effective_from:
        yield f"It holds from {date_in_words(policy.effective_from)} on."
    yield f"It judges {_judged(policy.applies_to)}."
    yield _when(policy.schedule)
    yield _brake(policy.safety)
    if policy.mode == "observe":
        yield "For now it only observes: what it finds is counted in reports, and not posted."
    if policy.review_by:
        by = date_in_words(policy.review_by)
        yield f"It is to be looked at again by {by}; past that day it still holds, and its owner is told every Monday."


def _decision(word: Decision, review: Review) -> str:
    return _waiver(review.waiver) if word == "waive" else f"{word} it"


def _waiver(terms: WaiverTerms) -> str:
    evidence = ", with evidence" if terms.evidence_required else ""
    longest = days_in_words(terms.longest_days)
    if terms.renewals is None:
        return f"waive it for at most {longest}{evidence}"
    if terms.renewals == 0:
        return f"waive it once, for at most {longest}{evidence}"
    times = _TIMES.get(terms.renewals, f"{terms.renewals} times")
    return f"waive it for at most {longest}{evidence}, and renew that no more than {times}"


def _judged(applies_to: AppliesTo) -> str:
    names, exceptions = applies_to.datasets, applies_to.exceptions
    unless = f"unless its name {listed(map(pattern_in_words, exceptions), 'or')}" if exceptions else ""
    if "*" in names:
        judged = f"every dataset, {unless}" if unless else "every dataset"
    else:
        judged = f"each dataset whose name {listed(map(pattern_in_words, names), 'or')}"
        judged += f", {unless.replace('its name', 'it')}" if unless else ""
    if applies_to.where != EVERYTHING:
        judged += f", and in it only the tracks of which {applies_to.where}"
    return judged


def _when(schedule: Schedule | None) -> str:
    run = timing_in_words(schedule.run) if schedule and schedule.run else None
    digest = timing_in_words(schedule.digest) if schedule and schedule.digest else None
    parts = [f"it is audited {run or 'when somebody asks for it'}"]
    parts += [f"its digest comes {digest}"] if digest else []
    clock = f", by the clock of {schedule.timezone}" if schedule and (run or digest) else ""
    sentence = listed(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}{clock}."


def _brake(safety: Safety) -> str:
    if safety.stop_share is not None:
        share = percentage_in_words(safety.stop_share)
        past = f"If more than {share} of the tracks, and more than {SAMPLE} of them, violate one rule"
    else:
        past = f"If one rule has more than {safety.stop_count:,} violations"
    return f"{past}, an audit lists a sample and asks; it posts at most {safety.post_at_most} messages into threads."
