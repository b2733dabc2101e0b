"""The preview of an edited policy, with what Slack would see of it: channels, people, and how many messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from audit_core.catalogue.members import among
from audit_core.catalogue.store import Store
from audit_core.ledger.runs import settle
from audit_core.ledger.tables import violations
from audit_core.ledger.transitions import folded
from audit_core.ledger.violations import SEVERITIES, Violation
from bot.announce import in_messages, shares
from bot.messages.items import ITEMS_AT_MOST
from bot.outbox import parents_of
from bot.roles import Roles
from rules.activation import effective_at
from rules.language.policy import Policy, Rule
from rules.lineage import known_as
from rules.preview import Preview, Progress, preview
from rules.preview_report import RulePreview

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["previewed"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A rule in a dataset, of which the next audit would have something to say, and how many messages it wants."""

    rule: Rule
    dataset: str
    news: int
    messages: tuple[tuple[str, ...], ...]


def previewed(
    store: Store,
    *,
    before: Policy | None,
    after: Policy | None,
    licences: LicenceTable,
    as_of: datetime,
    roles: Roles,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Say what an edit of a policy would change, and what would be posted where, as a JSON value.

    Nothing of it is written. What a finished audit left to be settled is settled first, as by everyone who reads it.

    Parameters
    ----------
    store, before, after, licences, as_of, progress
        As for `rules.preview.preview`.
    roles : Roles
        Names people.

    Returns
    -------
    preview : dict
        As `Preview.as_dict` (``loosening`` lists the sentences on critical rules); ``holds_from``, the day that the
        edited policy names, if it lies ahead; ``judges_nothing``, whether it applies to no track; ``regroups``,
        whether the next audit makes the recordings anew before it judges, which this does not; and ``channels``: for
        each channel into which something would be posted ``channel``, ``threads`` (parent messages that are new
        there), ``messages`` (in threads), ``left_out`` (violations that these don't list) and ``people`` (the reviewers
        whom these ask).

    Raises
    ------
    Problems
        If a rule no longer says what it was called before, so that its history would be lost.
    """
    from audit_core.neighbours.regrouping import is_to_regroup  # not at start-up: it reads what joins recordings

    settle(store)
    news = after.safety.post_at_most * ITEMS_AT_MOST if after else 0
    found = preview(store, before=before, after=after, licences=licences, as_of=as_of, news=news, progress=progress)
    channels: Sequence[dict[str, Any]] = ()
    if after is not None:
        with store.read() as connection:
            channels = _channels(connection, after, found, roles)
    return {
        **found.as_dict(),
        "holds_from": _holds_from(after, as_of),
        "judges_nothing": after is not None and not any(one.judged or one.result == "error" for one in found.rules),
        "regroups": is_to_regroup(store),
        "channels": list(channels),
    }


def _holds_from(policy: Policy | None, at: datetime) -> str | None:
    if policy is None or policy.effective_from is None or effective_at(policy, at) <= at:
        return None
    return policy.effective_from.isoformat()


def _channels(connection: Connection, policy: Policy, found: Preview, roles: Roles) -> list[dict[str, Any]]:
    rules = {rule.id: rule for rule in policy.rules}
    told = [one for one in found.rules if one.touched and one.rule in rules]
    told.sort(key=lambda one: (SEVERITIES.index(one.severity), one.rule, one.dataset))  # as they are announced
    places = [_place(connection, policy, rules[one.rule], one, found.as_of) for one in told]
    most = policy.safety.post_at_most
    given = shares({number: len(place.messages) for number, place in enumerate(places)}, most)
    by_channel: dict[str, dict[str, Any]] = {}
    people: dict[str, set[str]] = defaultdict(set)

    def at(channel: str) -> dict[str, Any]:
        name = f"#{channel.removeprefix('#')}"
        return by_channel.setdefault(name, {"channel": name, "threads": 0, "messages": 0, "left_out": 0})

    for rule, _ in _new_parents(connection, policy, places):
        at(rule.review.channel)["threads"] += 1
    for number, place in enumerate(places):
        if place.news:
            here = at(place.rule.review.channel)
            here["messages"] += given[number]
            here["left_out"] += place.news - sum(map(len, place.messages[: given[number]]))
            people[here["channel"]].add(roles.named(place.rule.review.reviewers))
    return [{**here, "people": sorted(people[channel])} for channel, here in sorted(by_channel.items())]


def _place(connection: Connection, policy: Policy, rule: Rule, told: RulePreview, at: datetime) -> _Place:
    standing = select(violations).where(among(violations.c.key, [one.key for one in told.news]))
    known: Mapping[str, Violation] = {row.key: Violation.of(row) for row in connection.execute(standing)}
    would_be = [folded(known.get(one.key), one, run_id=0, at=at) for one in told.news]
    listed = [one for one in would_be if one is not None and one.state == "open"]
    messages = in_messages(listed, rule.review.decisions, policy.safety.post_at_most)
    return _Place(rule, told.dataset, told.posted, tuple(messages))


def _new_parents(connection: Connection, policy: Policy, places: Sequence[_Place]) -> Iterator[tuple[Rule, str]]:
    """Find the parent messages that would be posted: of what is new, and of rules that have another channel now."""
    there = parents_of(connection, policy.id)
    touched = {(place.rule.id, place.dataset) for place in places}
    for rule in policy.rules:
        of_rule = {
            dataset: channel for name in known_as(rule) for (one, dataset), channel in there.items() if one == name
        }
        for dataset in sorted(of_rule.keys() | {dataset for one, dataset in touched if one == rule.id}):
            if of_rule.get(dataset) != rule.review.channel.removeprefix("#"):
                yield rule, dataset
