"""A proposal is held against what is on its way, too: texts that are yet to take force, and other proposals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused, Problems
from audit_core.ledger.proposals import Proposal
from bot.messages.proposal import proposal_message
from bot.policies import Policies
from bot.proposing.proposals import Proposals
from tests.bot.proposing.test_activations import House, text

NO_WAIVER = "critical\n    review: {decisions: [quarantine]}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield House(store)


def of_day(house: House, days: int) -> str:
    return f"effective: {{from: {(house.clock() + timedelta(days=days)).date()}}}\n"


def tightened(house: House, days: int) -> Proposal:
    """A text by which nobody waives, agreed on to take force some days later."""
    house.activated()
    return house.activated(text(severity=NO_WAIVER, more=of_day(house, days)))


def preview(found: Proposal) -> dict[str, object]:
    assert found.preview is not None
    return dict(found.preview)


def test_to_put_aside_a_tightening_before_its_day_loosens(house: House) -> None:
    later = tightened(house, 2)
    found = house.proposed(text() + "# a comment\n")
    which = f"the text {str(later.sha256)[:12]} that takes force on 2026-03-04"
    assert preview(found)["notes"] == [f"It puts aside {which}."]
    loosened = preview(found)["loosening"]
    assert isinstance(loosened, list)
    (said,) = loosened
    assert said.startswith(f'Of {which}: "licence-known" can be answered by ')
    assert found.confirmations == 2
    assert house.confirm(found).state == "proposed"


def test_to_undo_a_tightening_after_its_day_loosens(house: House) -> None:
    later = tightened(house, 1)
    found = house.proposed(text(more=of_day(house, 2)))
    assert preview(found)["notes"] == [f"It follows the text {str(later.sha256)[:12]} that takes force on 2026-03-03."]
    assert found.confirmations == 2


def test_to_keep_what_is_tightened_loosens_nothing(house: House) -> None:
    tightened(house, 2)
    assert house.proposed(text(severity=NO_WAIVER)).confirmations == 1


def test_a_history_that_a_rule_has_by_then_is_carried_on(house: House) -> None:
    house.activated()
    house.activated(text(rule="licence-there\n    formerly: [licence-known]", more=of_day(house, 1)))
    with pytest.raises(Problems, match="licence-there"):
        house.propose(text(more=of_day(house, 2)))
    taken_back = house.proposed(text())
    assert (taken_back.state, taken_back.confirmations) == ("proposed", 2)


def test_what_is_put_aside_is_named_in_the_message(house: House) -> None:
    tightened(house, 2)
    found = house.proposed(text() + "# a comment\n")
    policies = Policies(house.clock)
    with house.store.read() as connection:
        card = Proposals(policies, house.at_work.approvers, house.clock).card_of(connection, found)
    assert "It puts aside the text " in str(proposal_message(card, {}).blocks)


def test_an_id_of_another_proposal_is_noted_and_refused_when_it_is_confirmed_second(house: House) -> None:
    first = house.proposed(person="U0OTIS")
    second = house.proposed(text(policy="other"))
    assert preview(second)["notes"] == [
        f"The proposal {first.short} of the policy release has a rule of the same id:"
        " whichever is confirmed first keeps the other out."
    ]
    assert house.confirm(first).state == "activated"
    with pytest.raises(DecisionRefused, match='the rule id "licence-known" is taken'):
        house.confirm(second)
