"""Policies in plain English: one sentence a rule, with its thresholds, its reviewers and the limits of its waivers."""

from __future__ import annotations

from audit_core.wording import listed, quoted
from rules.checks import KINDS
from rules.policy import AppliesTo, Decision, Policy, Review, Rule, Safety
from rules.quantities import days_in_words, percentage_in_words
from rules.schedule import Schedule
from rules.selector import EVERYTHING

__all__ = ["explain", "explain_rule"]


def explain(policy: Policy) -> str:
    """Say a whole policy.

    Returns
    -------
    text : str
        A paragraph on the policy, then a line for each rule, beginning with its id.
    """
    about = [
        f"{policy.title} ({policy.id}) is owned by {policy.owner}.",
        f"It judges {_judged(policy.applies_to)}.",
        _when(policy.schedule),
        _brake(policy.safety),
    ]
    if policy.mode == "observe":
        about.append("It only observes: violations are counted, and not posted.")
    return "\n".join([" ".join(about), "", *(f"{rule.id}: {explain_rule(rule)}" for rule in policy.rules)])


def explain_rule(rule: Rule) -> str:
    """Say a rule in one sentence."""
    demand = KINDS[rule.kind].explain(rule.spec).removesuffix(".")
    review = rule.review
    days = review.respond_within.days(rule.severity)
    within = f" within {days_in_words(days).replace(' ', ' working ')}" if days else ""
    who = review.reviewers.group or listed(review.reviewers.people, "or")
    decisions = listed((_decision(word, review) for word in review.decisions), "or")
    where = f"{review.channel}{within} by {who}"
    return f"{demand}; a violation is {rule.severity}, to be decided in {where}, who may {decisions}."


def _decision(word: Decision, review: Review) -> str:
    if word != "waive":
        return f"{word} it"
    evidence = "with evidence" if review.waiver.evidence_required else "with or without evidence"
    return f"waive it for at most {days_in_words(review.waiver.longest_days)}, {evidence}"


def _judged(applies_to: AppliesTo) -> str:
    if applies_to.datasets == ("*",):
        judged = "every dataset"
    else:
        many = len(applies_to.datasets) > 1 or any(letter in applies_to.datasets[0] for letter in "*?")
        judged = f"the {'datasets' if many else 'dataset'} {listed(map(quoted, applies_to.datasets))}"
    if applies_to.exceptions:
        judged += f", except {listed(map(quoted, applies_to.exceptions))}"
    if applies_to.where != EVERYTHING:
        judged += f", and there the tracks of which {applies_to.where}"
    return judged


def _when(schedule: Schedule | None) -> str:
    if schedule is None:
        return "It runs when someone asks for it."
    parts = [f"audit ({schedule.run.words})"] if schedule.run else []
    parts += [f"digest ({schedule.digest.words})"] if schedule.digest else []
    return f"By itself come its {listed(parts)}, by the clock of {schedule.timezone}."


def _brake(safety: Safety) -> str:
    if safety.stop_share is not None:
        limit = f"{percentage_in_words(safety.stop_share)} of the tracks"
    else:
        limit = f"{safety.stop_count} violations"
    return (
        f"Past {limit}, a rule stops listing and asks; a run posts at most {safety.post_at_most} messages into threads."
    )
