"""Announcing a run: the parents of what it changed, and thread messages for what is new or open again.

What was open and only observed is new too, from when it is enforced.

One transaction a run puts all of it into the outbox and says that the run is announced, so that a crash loses and
doubles nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select, update

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.evidence.named import is_audible
from audit_core.ledger.runs import settle
from audit_core.ledger.tables import findings, runs, violations
from audit_core.ledger.violations import SEVERITIES, Violation
from bot.messages.items import ITEMS_AT_MOST, Item, packed
from bot.outbox import (
    ask_items,
    ask_parent_of,
    edit_listings,
    edit_parents,
    move_parents,
    parent_subject,
    rename_parents,
)
from bot.policies import Policies
from rules.language.policy import Policy

__all__ = ["announce", "in_messages", "shares"]

K = TypeVar("K")

_CAME_UP: Final = ("opened", "reopened")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """A rule in a dataset, of which a run has something to say."""

    policy: str
    rule: str
    dataset: str
    channel: str
    severity: str
    offered: tuple[str, ...]

    @property
    def gravity(self) -> int:
        """0 for the gravest."""
        return SEVERITIES.index(self.severity)


@dataclass(frozen=True, slots=True)
class _News:
    """Thread messages for one place: the keys of each, and how many violations they leave out."""

    place: _Place
    messages: tuple[tuple[str, ...], ...]
    more: int


def announce(store: Store, policies: Policies, clock: Clock = utc_now) -> int:
    """Announce every run that has finished and is not announced yet; settles first.

    Returns
    -------
    announced : int
        How many runs. Cheap when there are none.
    """
    waiting = select(runs.c.id).where(runs.c.finished_at.is_not(None), runs.c.announced_at.is_(None))
    with store.read() as connection:
        due = list(connection.scalars(waiting.order_by(runs.c.id)))
    if not due:
        return 0
    settle(store, clock=clock)
    return sum(_announce(store, policies, run_id, clock()) for run_id in due)


def _announce(store: Store, policies: Policies, run_id: int, now: datetime) -> bool:
    with store.read() as connection:
        in_force = policies(connection)
        places = sorted(_places(connection, run_id, in_force), key=lambda place: place.gravity)
        news = [one for policy in in_force.values() for one in _news(connection, run_id, policy, places)]
        news.sort(key=lambda one: one.place.gravity)
    with store.write() as connection:
        mine = update(runs).where(runs.c.id == run_id, runs.c.announced_at.is_(None)).values(announced_at=now)
        if connection.execute(mine).rowcount == 0:
            return False
        rules = [(policy.id, rule) for policy in in_force.values() for rule in policy.rules]
        rename_parents(connection, {(policy, former): rule.id for policy, rule in rules for former in rule.formerly})
        for place in places:
            ask_parent_of(
                connection,
                policy=place.policy,
                rule=place.rule,
                dataset=place.dataset,
                channel=place.channel,
                at=now,
            )
        move_parents(connection, {(policy, rule.id): rule.review.channel for policy, rule in rules}, at=now)
        edit_parents(connection)  # in the others nothing may have changed but the time
        edit_listings(connection, run_id)
        for one in news:
            _ask_news(connection, run_id, one, now)
    logger.info("run %d is announced: %d rules, %d thread messages", run_id, len(places), sum(map(_length, news)))
    return True


def _length(news: _News) -> int:
    return len(news.messages)


def _places(connection: Connection, run_id: int, in_force: Mapping[str, Policy]) -> Iterator[_Place]:
    named = findings.c.policy, findings.c.rule, findings.c.dataset
    touched = select(*named).where(findings.c.run_id == run_id, findings.c.mode == "enforce").distinct()
    for row in connection.execute(touched.order_by(*named)):
        policy = in_force.get(row.policy)
        for rule in policy.rules if policy else ():
            if rule.id == row.rule:
                yield _Place(
                    row.policy, row.rule, row.dataset, rule.review.channel, rule.severity, rule.review.decisions
                )


def _news(connection: Connection, run_id: int, policy: Policy, places: list[_Place]) -> Iterator[_News]:
    """Share the messages that a policy may post among its rules in turn, the gravest first."""
    own = [place for place in places if place.policy == policy.id]
    most = policy.safety.post_at_most
    ready = {place: _messages(connection, run_id, place, most) for place in own}
    given = shares({place: len(messages) for place, messages in ready.items()}, most)
    for place, messages in ready.items():
        posted = messages[: given[place]]
        yield _News(place, tuple(posted), _total(connection, run_id, place) - sum(map(len, posted)))


def shares(wanted: Mapping[K, int], at_most: int) -> Mapping[K, int]:
    """Share messages among rules that want some, one each in turn, as long as there are any."""
    given = dict.fromkeys(wanted, 0)
    left = at_most
    while left and (short := [one for one in wanted if given[one] < wanted[one]]):
        for one in short[:left]:
            given[one] += 1
        left -= min(left, len(short))
    return given


def _came_up(told: FromClause) -> ColumnElement[bool]:
    """Give the condition under which a finding is news: of what is opened, or of what was only observed until then."""
    earlier = findings.alias()
    mode_before = (
        select(earlier.c.mode)
        .join(runs, runs.c.id == earlier.c.run_id)
        .where(earlier.c.key == told.c.key, earlier.c.run_id < told.c.run_id, runs.c.finished_at.is_not(None))
        .order_by(earlier.c.run_id.desc())
        .limit(1)
        .correlate(told)
    )
    was_observed = mode_before.scalar_subquery() == "observe"
    enforced = and_(told.c.transition == "changed", told.c.mode == "enforce", was_observed)
    return or_(told.c.transition.in_(_CAME_UP), enforced)


def _is_news(run_id: int, place: _Place) -> ColumnElement[bool]:
    later = findings.alias("later")
    came_up_later = (
        select(later.c.key)
        .join(runs, runs.c.id == later.c.run_id)
        .where(
            later.c.key == findings.c.key,
            later.c.run_id > run_id,
            _came_up(later),
            runs.c.finished_at.is_not(None),
        )
    )
    return and_(
        findings.c.run_id == run_id,
        _came_up(findings),
        findings.c.mode == "enforce",
        findings.c.policy == place.policy,
        findings.c.rule == place.rule,
        findings.c.dataset == place.dataset,
        violations.c.state == "open",  # somebody may have been quicker
        ~came_up_later.exists(),  # where runs wait to be announced, only the last one tells of it
    )


def _total(connection: Connection, run_id: int, place: _Place) -> int:
    joined = findings.join(violations, violations.c.key == findings.c.key)
    total = select(func.count()).select_from(joined).where(_is_news(run_id, place))
    return connection.execute(total).scalar_one()


def _messages(connection: Connection, run_id: int, place: _Place, most: int) -> list[tuple[str, ...]]:
    """Share the keys of a place's news among messages, as many as the policy may post."""
    news = (
        select(violations)
        .join(findings, violations.c.key == findings.c.key)
        .where(_is_news(run_id, place))
        .order_by(findings.c.subject, findings.c.discriminator, findings.c.key)
        .limit(most * ITEMS_AT_MOST)
    )
    return in_messages(map(Violation.of, connection.execute(news)), place.offered, most)


def in_messages(violations: Iterable[Violation], offered: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """Share violations among thread messages, and give the keys of each.

    Parameters
    ----------
    violations : iterable of Violation
        In their order.
    offered : sequence of str
        The decisions that their rule offers.
    most : int
        How many messages there may be.
    """
    items = [
        Item(
            key=one.key,
            revision=one.revision,
            state=one.state,
            message=one.message,
            evidence=one.evidence,
            reopened=one.reopened,
            allowed=tuple(offered),
            audible=is_audible(one),
        )
        for one in violations
    ]
    return [tuple(item.key for item in message) for message in packed(items)[:most]]


def _ask_news(connection: Connection, run_id: int, news: _News, now: datetime) -> None:
    place = news.place
    for number, keys in enumerate(news.messages):
        last = number == len(news.messages) - 1
        ask_items(
            connection,
            channel=place.channel,
            subject=f"items/{run_id}/{number}/{place.policy}/{place.rule}/{place.dataset}",
            parent=parent_subject(place.policy, place.rule, place.dataset),
            keys=keys,
            more=news.more if last else 0,
            at=now,
        )
