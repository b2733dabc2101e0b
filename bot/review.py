"""The review: who may decide what, and one decision a click, whether it comes from Slack, the desk or the shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection, select

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import DecisionRefused
from audit_core.ledger.chain import Via
from audit_core.ledger.decisions import Outcome, decide, possible, refusal
from audit_core.ledger.quarantine import Target, copies_of, unreleased
from audit_core.ledger.requests import Request, is_link
from audit_core.ledger.tables import decisions, quarantines
from audit_core.ledger.transitions import Verdict
from audit_core.ledger.violations import Violation, with_key
from audit_core.ledger.waivers import Row, waived_in_a_row
from audit_core.neighbours.separating import kept_apart, separable
from audit_core.wording import listed
from bot.messages.text import counted
from bot.outbox import edit_listing, edit_parents, parent_subject
from bot.policies import Policies
from bot.roles import Roles
from rules.checks import KINDS
from rules.language.policy import Policy, Rule
from rules.targets import targets

__all__ = ["AnswerRefused", "Click", "Matter", "Review", "as_policies_say"]

_SUGGESTED: Final = timedelta(days=30)


class AnswerRefused(DecisionRefused):
    """One of the person's answers won't do: `field` is reason, evidence_url, until or track."""

    def __init__(self, field: str, what: str, mend: str) -> None:
        super().__init__(what, mend=mend)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What a person wants decided about a violation, and the revision of it that the person saw."""

    verdict: Verdict
    key: str
    revision: int
    person: str
    via: Via
    reason: str = ""
    evidence_url: str | None = None
    until: date | None = None
    other_recording: str | None = None  # of a separation: `packets` of the track that is not what the rest is


@dataclass(frozen=True, slots=True)
class Matter:
    """What a person is to know before deciding.

    Attributes
    ----------
    targets : tuple of (dataset, track key)
        What a quarantine takes out, or a release brings back.
    copies : tuple of (dataset, track key)
        Byte-identical copies of these, which go with them.
    longest, suggested : date or None
        Of a waiver: the last day that the policy allows, and a day to begin with.
    separable : mapping
        Of a separation: the tracks of which one is another recording than the rest, each with `packets` of its audio.
    """

    violation: Violation
    targets: tuple[Target, ...] = ()
    copies: tuple[Target, ...] = ()
    longest: date | None = None
    suggested: date | None = None
    evidence_required: bool = False
    separable: Mapping[Target, str] = field(default_factory=dict)


class Review:
    """Judges who may decide, and decides.

    Parameters
    ----------
    store : Store
    roles : Roles
        Who the reviewers are.
    policies : Policies, optional
        The policies in force.
    decided : callable, optional
        Called after each decision is committed: wakes who sends messages.
    """

    def __init__(
        self,
        store: Store,
        roles: Roles,
        clock: Clock = utc_now,
        *,
        policies: Policies | None = None,
        patience_s: float = 20.0,
        decided: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._roles = roles
        self._clock = clock
        self._policies = policies or Policies()
        self._patience_s = patience_s
        self._decided = decided

    def permit(self, click: Click) -> None:
        """Say beforehand whether a decision could be taken; reads only.

        Raises
        ------
        DecisionRefused
            As `decide`, but for what the person is still to fill in.
        """
        with self._store.read() as connection:
            violation, policy, rule = self._judged(connection, click)
            if violation.revision != click.revision or click.verdict not in possible(connection, violation):
                raise refusal(connection, self._request(click, policy, rule, None, ()), violation)
            if click.verdict == "waive":
                self._last_day(connection, click, policy, rule)

    def matter(self, click: Click) -> Matter:
        """Read what the person is to know before deciding.

        Raises
        ------
        DecisionRefused
            As `permit`.
        """
        with self._store.read() as connection:
            violation, policy, rule = self._judged(connection, click)
            terms = rule.review.waiver
            now = Snapshot(latest_revision(connection), self._clock())
            today = self._today(policy)
            waive = click.verdict == "waive"
            longest = self._last_day(connection, click, policy, rule) if waive else today
            taken_out = self._targets(connection, click, policy, rule, violation)
            if click.verdict == "quarantine" and not taken_out:
                raise DecisionRefused("there is no track to take out", mend="Approve or waive it instead.")
            return Matter(
                violation=violation,
                targets=taken_out,
                copies=copies_of(connection, taken_out, now) if KINDS[rule.kind].COPIES_TOO else (),
                longest=longest if waive else None,
                suggested=min(longest, today + _SUGGESTED) if waive else None,
                evidence_required=waive and terms.evidence_required,
                separable=separable(violation) if click.verdict == "separate" else {},
            )

    def decide(self, click: Click) -> Outcome:
        """Decide: once, however often the same click arrives.

        The decision, its entry in the ledger and the messages that tell of it are one transaction.

        Raises
        ------
        DecisionRefused
            If the person is no reviewer, the rule does not offer the verdict, a waiver lasts too long or lacks its
            evidence, or the violation was decided or changed since the person saw it.
        StoreError
            If the database is busy for longer than `patience_s`: nothing is decided then.
        """
        with self._store.read() as connection:
            violation, before, rule = self._judged(connection, click)
            taken_out = (
                self._targets(connection, click, before, rule, violation) if click.verdict == "quarantine" else ()
            )
        with self._store.write(patience_s=self._patience_s) as connection:
            violation, policy, rule = self._judged(connection, click)
            if policy.sha256 != before.sha256:
                raise DecisionRefused("the policy was changed a moment ago", mend="Look at it again, then decide.")
            ends_at = self._end(connection, click, policy, rule)
            apart = self._apart(connection, click, violation) if click.verdict == "separate" else ()
            outcome = decide(connection, self._request(click, policy, rule, ends_at, taken_out, apart))
            edit_listing(connection, violation.key)
            edit_parents(connection, parent_subject(violation.policy, violation.rule, violation.dataset))
        self._decided()
        return outcome

    def _judged(self, connection: Connection, click: Click) -> tuple[Violation, Policy, Rule]:
        violation = with_key(connection, click.key)
        if violation is None:
            raise DecisionRefused("this violation is no longer there", mend="Nothing is left to decide.")
        found = self._policies.rule(connection, violation.policy, violation.rule)
        if found is None and click.verdict == "release":
            found = self._rule_of_decision(connection, violation)  # else nobody could bring its tracks back
        if found is None:
            raise DecisionRefused(
                f"the rule {violation.rule} is no longer in force", mend="The next audit closes its violations."
            )
        policy, rule = found
        self._roles.demand(connection, rule.review.reviewers, click.person)
        if click.verdict != "release" and as_policies_say(click.verdict) not in rule.review.decisions:
            offered = ", ".join(rule.review.decisions) or "nothing"
            raise DecisionRefused(
                f"the rule {rule.id} can't be decided by {click.verdict}", mend=f"The policy allows: {offered}."
            )
        return violation, policy, rule

    def _rule_of_decision(self, connection: Connection, violation: Violation) -> tuple[Policy, Rule] | None:
        under = select(decisions.c.policy_sha256).where(decisions.c.id.in_(unreleased(connection, violation.key)))
        sha256 = connection.scalars(under.order_by(decisions.c.seq.desc())).first()
        return self._policies.rule_then(connection, sha256, violation) if sha256 else None

    def _targets(
        self, connection: Connection, click: Click, policy: Policy, rule: Rule, violation: Violation
    ) -> tuple[Target, ...]:
        if click.verdict == "quarantine":
            now = Snapshot(latest_revision(connection), self._clock())
            return targets(connection, policy, rule, violation, now)
        if click.verdict == "release":
            out = select(quarantines.c.dataset, quarantines.c.track_key).where(
                quarantines.c.decision_id.in_(unreleased(connection, violation.key)),
                quarantines.c.released_at.is_(None),
            )
            return tuple((row.dataset, row.track_key) for row in connection.execute(out.order_by(quarantines.c.id)))
        return ()

    def _apart(self, connection: Connection, click: Click, violation: Violation) -> tuple[tuple[str, str], ...]:
        """Give the pairs of audio that a separation keeps apart; none if there is nothing to separate."""
        tracks = separable(violation)
        if not tracks:
            return ()
        first, *others = tracks.values()
        chosen = click.other_recording or (first if violation.subject_kind == "pair" or len(others) == 1 else None)
        if chosen is None or chosen not in tracks.values():
            named = ", ".join(key for _, key in tracks)
            raise AnswerRefused(
                "track", "which track is another recording than the rest is not said", f"Name one of {named}."
            )
        return kept_apart(connection, violation, chosen, Snapshot(latest_revision(connection), self._clock()))

    def _today(self, policy: Policy) -> date:
        return self._clock().astimezone(policy.zone).date()

    def _last_day(self, connection: Connection, click: Click, policy: Policy, rule: Rule) -> date:
        """Give the last day that a waiver may have now.

        Raises
        ------
        DecisionRefused
            If there is none: the violation was waived as often in a row as the policy allows.
        """
        longest = self._today(policy) + timedelta(days=rule.review.waiver.longest_days)
        row = _used_up(connection, click, rule)
        if row is None or row.until is None:
            return longest
        if row.until < self._today(policy):
            what, mend = _no_more(row, rule)
            raise DecisionRefused(what, mend=mend)
        return min(longest, row.until)

    def _end(self, connection: Connection, click: Click, policy: Policy, rule: Rule) -> datetime | None:
        """Give the moment at which a waiver's last day ends for the policy."""
        if not click.reason.strip():
            raise AnswerRefused("reason", "a decision needs a reason", "Say why: an auditor will ask.")
        if click.verdict != "waive":
            return None
        terms, zone = rule.review.waiver, policy.zone
        if click.evidence_url and not is_link(click.evidence_url):
            raise AnswerRefused(
                "evidence_url",
                "the evidence is no link",
                "Give an address that begins with https:// and has no space in it.",
            )
        if terms.evidence_required and not click.evidence_url:
            raise AnswerRefused(
                "evidence_url", "the policy asks for evidence", "Give a link to it that begins with https://."
            )
        today = self._today(policy)
        if click.until is None or click.until < today:
            raise AnswerRefused("until", "a waiver needs an end that is still to come", "Give its last day.")
        longest = today + timedelta(days=terms.longest_days)
        if click.until > longest:
            raise AnswerRefused(
                "until",
                f"a waiver until {click.until.isoformat()} is longer than the policy allows",
                f"The last day that it allows is {longest.isoformat()}.",
            )
        if (row := _used_up(connection, click, rule)) and row.extended(click.until):
            raise AnswerRefused("until", *_no_more(row, rule))
        return datetime.combine(click.until + timedelta(days=1), time(), zone).astimezone(UTC)

    def _request(
        self,
        click: Click,
        policy: Policy,
        rule: Rule,
        ends_at: datetime | None,
        taken_out: tuple[Target, ...],
        apart: tuple[tuple[str, str], ...] = (),
    ) -> Request:
        waive = click.verdict == "waive"
        return Request(
            verdict=click.verdict,
            violation_key=click.key,
            violation_revision=click.revision,
            person=click.person,
            via=click.via,
            at=self._clock(),
            policy_sha256=policy.sha256,
            reason=click.reason,
            evidence_url=click.evidence_url if waive else None,
            until=click.until if waive else None,
            ends_at=ends_at,
            targets=taken_out,
            copies_too=KINDS[rule.kind].COPIES_TOO,
            separated=apart,
        )


def as_policies_say(verdict: Verdict) -> str:
    """Give the decision by which policies allow a verdict: who may approve may find recordings to be different."""
    return "approve" if verdict == "separate" else verdict


def _used_up(connection: Connection, click: Click, rule: Rule) -> Row | None:
    """Read the waivers in a row that the rule lets nobody renew any more; None if it does."""
    allowed = rule.review.waiver.renewals
    if allowed is None:
        return None
    row = waived_in_a_row(connection, click.key, before=click.revision)
    return row if row.until is not None and row.renewals >= allowed else None


def _no_more(row: Row, rule: Rule) -> tuple[str, str]:
    """Say that a waiver can't be renewed, and what can be done."""
    allowed = rule.review.waiver.renewals
    renewals = "no renewal" if not allowed else f"{counted(allowed, 'renewal')} in a row and no more"
    others = [word for word in rule.review.decisions if word != "waive"]
    instead = listed((f"{word} it" for word in [*others, "mend"]), "or")
    return (
        f"this violation was waived until {row.until}, and the policy allows {renewals}",
        f"{instead[:1].upper()}{instead[1:]}: what was approved or mended, and fails again, may be waived again.",
    )
