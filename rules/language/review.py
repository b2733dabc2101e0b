"""Lays a rule's own review over its policy's, and fills in what neither states."""

from __future__ import annotations

from typing import Final

from rules.language.policy import Decision, RespondWithin, Review, Reviewers, WaiverTerms
from rules.language.schema import PolicyReviewKeys, ResponseKeys, ReviewKeys, WaiverKeys

__all__ = ["ALL_DECISIONS", "resolved"]

ALL_DECISIONS: Final[tuple[Decision, ...]] = ("approve", "quarantine", "waive")


def resolved(base: PolicyReviewKeys, own: ReviewKeys, *, may_quarantine: bool = True) -> Review:
    """Lay one review over another.

    Parameters
    ----------
    base : PolicyReviewKeys
        The policy's.
    own : ReviewKeys
        The rule's. What it states wins; of ``waiver`` and ``respond_within``, key by key.
    may_quarantine : bool
        Whether a quarantine would take something out. If not, it is no decision here.
    """
    decisions = own.decisions or base.decisions or ALL_DECISIONS
    who = own.reviewers or base.reviewers
    waiver, days = _waiver(base.waiver, own.waiver), _days(base.respond_within, own.respond_within)
    return Review(
        channel=own.channel or base.channel,
        reviewers=Reviewers(who.group, who.people or ()),
        decisions=tuple(word for word in decisions if may_quarantine or word != "quarantine"),
        waiver=waiver,
        respond_within=days,
    )


def _waiver(*layers: WaiverKeys | None) -> WaiverTerms:
    terms = WaiverTerms()
    longest, evidence, renewals = terms.longest_days, terms.evidence_required, terms.renewals
    for layer in layers:
        if layer is not None:
            longest = layer.longest or longest
            evidence = evidence if layer.evidence is None else layer.evidence == "required"
            renewals = renewals if layer.renewals is None else layer.renewals
    return WaiverTerms(longest, evidence, renewals)


def _days(*layers: ResponseKeys | None) -> RespondWithin:
    stated: dict[str, int] = {}
    for layer in layers:
        if layer is not None:
            stated |= layer.model_dump(exclude_none=True)
    return RespondWithin(**stated)
