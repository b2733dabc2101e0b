"""Who is in a group: as the settings say, else as Slack last told, and not for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused, ServiceError
from bot.desk import ApiFault, Desk
from bot.posting import client_for
from bot.roles import Roles, groups_named, refresh_groups
from rules.language.policy import Reviewers
from rules.language.reader import check_text
from tests.support.conversation import MALLORY, NINA, opened_desk, policy_text
from tests.support.ledger import Time

GROUP = Reviewers(group="@data-legal")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened_desk(tmp_path) as desk:
        yield desk


def learn(store: Store, desk: Desk, clock: Time, *handles: str) -> None:
    client = client_for(desk.config.bot_token, f"{desk.url}/api/", timeout_s=2)
    refresh_groups(store, client, handles or ("@data-legal",), clock)


def may(store: Store, roles: Roles, person: str, reviewers: Reviewers = GROUP) -> bool:
    with store.read() as connection:
        try:
            roles.demand(connection, reviewers, person)
        except DecisionRefused:
            return False
    return True


def test_a_members_list_in_the_settings_wins(store: Store, desk: Desk) -> None:
    clock = Time()
    learn(store, desk, clock)
    roles = Roles({"@data-legal": [MALLORY.id]}, clock=clock)
    assert may(store, roles, MALLORY.id)
    assert not may(store, roles, NINA.id)


def test_members_are_learnt_from_slack(store: Store, desk: Desk) -> None:
    clock = Time()
    learn(store, desk, clock)
    roles = Roles(clock=clock)
    assert may(store, roles, NINA.id)
    assert not may(store, roles, MALLORY.id)


def test_a_change_of_members_counts_at_the_next_refresh(store: Store, desk: Desk) -> None:
    clock = Time()
    learn(store, desk, clock)
    desk.set_usergroup("data-legal", ("mallory",))
    learn(store, desk, clock)
    roles = Roles(clock=clock)
    assert may(store, roles, MALLORY.id)
    assert not may(store, roles, NINA.id)


def test_what_slack_told_long_ago_counts_no_more(store: Store, desk: Desk) -> None:
    clock = Time()
    learn(store, desk, clock)
    roles = Roles(clock=clock)
    clock.now += timedelta(minutes=13)
    assert may(store, roles, NINA.id)
    clock.now += timedelta(minutes=2)
    with store.read() as connection, pytest.raises(DecisionRefused, match="more than 15 minutes ago"):
        roles.demand(connection, GROUP, NINA.id)


def test_a_group_that_slack_never_told_of_has_no_members(store: Store) -> None:
    with store.read() as connection, pytest.raises(DecisionRefused, match="who belongs to @data-legal is not known"):
        Roles().demand(connection, GROUP, NINA.id)


def test_a_group_that_slack_no_longer_has_is_forgotten(
    store: Store, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Time()
    learn(store, desk, clock)
    learn(store, desk, clock, "@gone")
    assert not may(store, Roles(clock=clock), NINA.id)
    assert "Slack has no user group @gone" in caplog.text


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (ApiFault("error", error="missing_scope"), "does not tell its user groups: missing_scope"),
        (ApiFault("drop"), "can't be asked"),
    ],
)
def test_when_slack_does_not_tell_the_last_answer_stays(
    store: Store, desk: Desk, fault: ApiFault, message: str
) -> None:
    clock = Time()
    learn(store, desk, clock)
    desk.arm(fault)
    with pytest.raises(ServiceError, match=message):
        learn(store, desk, clock)
    assert may(store, Roles(clock=clock), NINA.id)


def test_the_groups_of_a_policy_and_of_its_rules_are_asked_for() -> None:
    own = policy_text().replace("review: {decisions:", 'review: {reviewers: {group: "@others"}, decisions:')
    assert groups_named([check_text(own, "p")]) == {"@data-legal", "@others"}
