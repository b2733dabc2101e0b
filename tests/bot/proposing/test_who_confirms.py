"""Who may confirm a proposal is never left to the proposed text, but where there is nothing else to go by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activate_text, retire
from audit_core.ledger.verify import verify
from tests.bot.proposing.test_activations import House, text

STRANGERS = "people: [U0MAL]"
UNREADABLE = "cratecheck: 7\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield House(store)


def put_in_force(house: House, policy: str, body: str) -> None:
    with house.store.write() as connection:
        activate_text(connection, policy, body, actor="x", via="cli", at=house.clock())


def demand_reviewers(house: House, **proposed: str) -> None:
    """Demand that the reviewers whom a text names can't confirm it, and that Grace, of @data-legal, can."""
    found = house.proposed(text(reviewers=STRANGERS, severity="low", **proposed))
    with pytest.raises(DecisionRefused, match="Mallory Moor has no say in this"):
        house.confirm(found, "U0MAL")
    assert house.confirm(found).confirmed == 1


def test_of_a_policy_that_is_yet_to_take_force_the_reviewers_of_that_text(house: House) -> None:
    house.activated(text(more="effective: {from: 2026-04-01}\n"))
    demand_reviewers(house)


def test_of_a_policy_whose_text_in_force_can_not_be_read_those_of_the_one_before(house: House) -> None:
    house.activated()
    put_in_force(house, "release", UNREADABLE)
    demand_reviewers(house)


def test_of_a_policy_that_was_retired_those_of_its_last_text(house: House) -> None:
    house.activated()
    with house.store.write() as connection:
        retire(connection, "release", actor="x", via="cli", at=house.clock())
    demand_reviewers(house)


def test_of_a_policy_that_never_was_those_of_the_policies_in_force(house: House) -> None:
    house.activated()
    found = house.proposed(text(policy="other", rule="another", reviewers=STRANGERS))
    with house.store.read() as connection:
        named = house.at_work.approvers.named(connection, found)
    assert named == "@data-legal (who review the policies in force)"
    with pytest.raises(DecisionRefused, match=r"The policies in force name @data-legal\."):
        house.confirm(found, "U0MAL")
    assert house.confirm(found).state == "activated"


def test_of_a_policy_that_never_was_where_all_are_retired_those_of_the_last_one(house: House) -> None:
    house.activated()
    with house.store.write() as connection:
        retire(connection, "release", actor="x", via="cli", at=house.clock())
    house.clock.now += timedelta(minutes=1)
    demand_reviewers(house, policy="other", rule="another")


def test_where_nothing_that_was_activated_can_be_read_nobody_until_the_settings_name_somebody(house: House) -> None:
    put_in_force(house, "release", UNREADABLE)
    found = house.proposed(text(reviewers=STRANGERS))
    with pytest.raises(DecisionRefused, match="Name who has, as policy_approvers in cratecheck.toml"):
        house.confirm(found, "U0MAL")
    with house.store.read() as connection:
        assert house.at_work.approvers.able(connection, found) == 0


def test_a_group_that_is_not_known_does_not_hide_another_that_is(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        house = House(store, policy_approvers=["@unknown", "@data-legal"])
        found = house.proposed()
        with pytest.raises(DecisionRefused, match="who belongs to @unknown is not known"):
            house.confirm(found, "U0MAL")
        assert house.confirm(found).state == "activated"


def test_who_confirmed_may_still_reject_while_another_confirmation_is_out(store: Store) -> None:
    house = House(store)
    house.activated()
    found = house.proposed(text(severity="low"))
    house.confirm(found)
    found = house.at_work.answer(found.id, "U0GRACE", "slack", "reject", "I overlooked the waivers")
    assert found.state == "rejected"
    assert [(one.person, one.answer) for one in found.answers] == [("U0GRACE", "reject")]
    assert house.kinds()[-2:] == ["confirmation", "rejection"]
    assert verify(store).broken is None


@pytest.mark.parametrize("name", ["ada", "\u0410da Adams", "root"])
def test_nobody_proposes_under_a_name_that_is_not_known(house: House, name: str) -> None:
    with pytest.raises(DecisionRefused, match="is not known here"):
        house.propose(person=name)
    assert house.kinds() == []
