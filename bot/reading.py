"""What messages and modals say, read from the database as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from audit_core.clock import Clock, utc_now
from audit_core.ledger.decisions import possible
from audit_core.ledger.tables import decisions, findings, runs, violations, waivers
from audit_core.ledger.transitions import ALLOWED
from audit_core.ledger.violations import CLOSED, STATES, Violation, counts
from audit_core.neighbours.separating import separable
from bot.deadline import working_days_after
from bot.messages.items import Decided, Item, Items
from bot.messages.parent import Parent
from bot.messages.review_modal import PAGE, Page
from bot.outbox import parent_subject
from bot.policies import Policies
from bot.roles import Roles
from bot.tables import outbox_items
from rules.checks import KINDS
from rules.language.policy import Policy, Rule
from rules.lineage import known_as

__all__ = ["Listing", "Reading"]

_ORDER_OF_VERDICTS = ("approve", "quarantine", "waive", "separate", "release")
_OFFERED_IN_THREADS = frozenset({"open", "quarantined"})
_HEARD = frozenset(STATES) - CLOSED

Audible = Callable[[Connection, Violation], bool]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which page of which rule's violations a review modal shows."""

    policy: str
    rule: str
    dataset: str
    state: str = "open"
    number: int = 0


class Reading:
    """Reads what is so now; changes nothing.

    Parameters
    ----------
    policies : Policies
        The policies in force.
    roles : Roles
        Names people.
    audible : callable
        Tells whether a violation may have something to hear.
    """

    def __init__(
        self, policies: Policies, roles: Roles, clock: Clock = utc_now, *, audible: Audible = lambda *_: False
    ) -> None:
        self._audible = audible
        self._policies = policies
        self._roles = roles
        self._clock = clock

    def parent(self, connection: Connection, policy: str, rule: str, dataset: str) -> Parent:
        """Read how a rule stands in a dataset."""
        found = self._policies.rule(connection, policy, rule)
        ids = known_as(found[1]) if found else (rule,)
        by_state = _counts(connection, policy, ids, dataset)
        if found is None:
            severity = connection.scalar(select(violations.c.severity).where(*_of(policy, ids, dataset)).limit(1))
            return Parent(
                subject=parent_subject(policy, rule, dataset),
                policy=policy,
                rule=rule,
                dataset=dataset,
                severity=severity or "low",
                says=None,
                owner="",
                reviewers="nobody",
                counts=by_state,
            )
        its_policy, its_rule = found
        respond_by = self._respond_by(connection, its_policy, its_rule, dataset)
        return Parent(
            subject=parent_subject(policy, rule, dataset),
            policy=policy,
            rule=rule,
            dataset=dataset,
            severity=its_rule.severity,
            says=KINDS[its_rule.kind].explain(its_rule.spec),
            owner=its_policy.owner,
            reviewers=self._roles.named(its_rule.review.reviewers),
            counts=by_state,
            respond_by=respond_by,
            overdue=respond_by is not None and self._clock().astimezone(its_policy.zone).date() > respond_by,
        )

    def items(self, connection: Connection, outbox_id: int, more: int = 0) -> Items:
        """Read what a thread message lists."""
        of_message = (
            select(violations)
            .join(outbox_items, outbox_items.c.violation_key == violations.c.key)
            .where(outbox_items.c.outbox_id == outbox_id)
            .order_by(outbox_items.c.position)
        )
        listed = [Violation.of(row) for row in connection.execute(of_message)]
        return Items(self._items(connection, listed, _OFFERED_IN_THREADS), more)

    def page(self, connection: Connection, listing: Listing, metadata: str) -> Page:
        """Read a page of a review modal; past the last one, the last."""
        found = self._policies.rule(connection, listing.policy, listing.rule)
        ids = known_as(found[1]) if found else (listing.rule,)
        by_state = _counts(connection, listing.policy, ids, listing.dataset)
        total = by_state.get(listing.state, 0)
        number = max(0, min(listing.number, -(-total // PAGE) - 1))
        wanted = (
            select(violations)
            .where(*_of(listing.policy, ids, listing.dataset), violations.c.state == listing.state)
            .order_by(violations.c.subject, violations.c.discriminator, violations.c.key)
            .limit(PAGE)
            .offset(number * PAGE)
        )
        listed = [Violation.of(row) for row in connection.execute(wanted)]
        return Page(
            rule=listing.rule,
            dataset=listing.dataset,
            says=KINDS[found[1].kind].explain(found[1].spec) if found else None,
            state=listing.state,
            number=number,
            counts=by_state,
            items=self._items(connection, listed, frozenset(ALLOWED)),
            metadata=metadata,
        )

    def _items(self, connection: Connection, listed: Sequence[Violation], offered: frozenset[str]) -> tuple[Item, ...]:
        decided = _decided(connection, [one.decision_id for one in listed if one.decision_id])
        return tuple(
            Item(
                key=one.key,
                revision=one.revision,
                state=one.state,
                message=one.message,
                evidence=one.evidence,
                reopened=one.reopened,
                decided=decided.get(one.decision_id or ""),
                allowed=self._allowed(connection, one) if one.state in offered else (),
                audible=one.state in _HEARD and self._audible(connection, one),
            )
            for one in listed
        )

    def _allowed(self, connection: Connection, violation: Violation) -> tuple[str, ...]:
        found = self._policies.rule(connection, violation.policy, violation.rule)
        offered = frozenset(found[1].review.decisions) if found else frozenset()
        if violation.subject_kind == "rule":  # it has no tracks that could be taken out
            offered -= {"quarantine"}
        also = {"release", "separate"} if "approve" in offered and separable(violation) else {"release"}
        verdicts = possible(connection, violation) & (offered | also)
        return tuple(verdict for verdict in _ORDER_OF_VERDICTS if verdict in verdicts)

    def _respond_by(self, connection: Connection, policy: Policy, rule: Rule, dataset: str) -> date | None:
        days = rule.review.respond_within.days(rule.severity)
        oldest = connection.scalar(
            select(func.min(_CAME_UP, type_=violations.c.opened_at.type)).where(
                *_of(policy.id, known_as(rule), dataset), violations.c.state == "open"
            )
        )
        if days is None or oldest is None:
            return None
        return working_days_after(oldest.astimezone(policy.zone).date(), days)


_RELEASED = (
    select(func.max(decisions.c.at))
    .where(decisions.c.violation_key == violations.c.key, decisions.c.verdict == "release")
    .correlate(violations)
    .scalar_subquery()
)
_REOPENED = func.coalesce(
    select(func.max(runs.c.finished_at))
    .join(findings, findings.c.run_id == runs.c.id)
    .where(findings.c.key == violations.c.key, findings.c.transition == "reopened")
    .correlate(violations)
    .scalar_subquery(),
    violations.c.changed_at,
)
# Evidence that merely changed does not set the clock back; coming up again does.
_CAME_UP = case(
    (and_(violations.c.reopened > 0, or_(_RELEASED.is_(None), _RELEASED < _REOPENED)), _REOPENED),
    (_RELEASED.is_not(None), _RELEASED),
    else_=violations.c.opened_at,
)


def _of(policy: str, ids: Sequence[str], dataset: str) -> tuple[Any, ...]:
    """Give the conditions for the violations of a rule, which may stand under ids that it had before."""
    return violations.c.policy == policy, violations.c.rule.in_(ids), violations.c.dataset == dataset


def _counts(connection: Connection, policy: str, ids: Sequence[str], dataset: str) -> dict[str, int]:
    *formerly, rule = ids
    found = counts(connection, policy, rule, dataset, formerly=formerly)
    return {state: found[state] for state in STATES}


def _decided(connection: Connection, ids: Iterable[str]) -> Mapping[str, Decided]:
    rows = connection.execute(
        select(decisions, waivers.c.until)
        .outerjoin(waivers, waivers.c.decision_id == decisions.c.id)
        .where(decisions.c.id.in_(list(ids)))
    )
    return {
        row.id: Decided(
            verdict=row.verdict,
            person=row.person,
            at=row.at,
            reason=row.reason,
            via=row.via,
            until=row.until,
            evidence_url=row.evidence_url,
        )
        for row in rows
    }
