"""People confirm what they were shown: a preview that the catalogue has outrun is made anew first."""

from __future__ import annotations

from audit_core.catalogue.store import Store
from audit_core.ledger.proposals import Proposal
from audit_core.ledger.verify import verify
from bot.messages.proposal_form import told_of
from bot.policies import Policies
from bot.proposing.proposals import Proposals, mark_of
from bot.workspace import licence_table
from rules.run import audit
from tests.bot.proposing.test_activations import House, text
from tests.support.catalogue import plant

ELSEWHERE = text().replace('{datasets: ["*"]}', '{datasets: ["*"], where: {split: train}}')


def grown(store: Store) -> tuple[House, Proposal]:
    """An edit that loosens nothing yet, as there is nothing to let go of; then tracks come in that it would."""
    house = House(store)
    plant(store, "songs", [{"key": "b", "licence": "CC-BY-4.0", "split": "train"}])
    house.activated()
    found = house.proposed(ELSEWHERE)
    assert found.confirmations == 1
    plant(store, "songs", [{"key": f"t{number}"} for number in range(5)])
    return house, found


def test_what_was_previewed_before_an_import_is_examined_anew_and_not_confirmed(store: Store) -> None:
    house, found = grown(store)
    old = mark_of(found)
    found = house.confirm(found)
    assert (found.state, found.answers) == ("examining", ())
    assert house.kinds()[-1] == "reexamination"
    assert verify(store).broken is None
    assert [one.id for one in house.at_work.waiting()] == [found.id]
    found = house.at_work.examine(found.id)
    assert (found.state, found.confirmations) == ("proposed", 2), "it lets five violations go"
    assert mark_of(found) != old, "who has the old preview in front is told"
    assert house.kinds()[-1] == "examination"
    assert house.confirm(house.confirm(found), "U0OTIS").state == "activated"
    assert verify(store).broken is None


def test_an_audit_that_finished_since_outruns_a_preview_too(store: Store) -> None:
    house = House(store)
    plant(store, "songs", [{"key": "a"}])
    house.activated()
    found = house.proposed(text(severity="high"))
    audit(store, licences=licence_table(house.settings), as_of=house.clock(), actor="x", via="cli", clock=house.clock)
    assert house.confirm(found).state == "examining"


def test_confirmations_that_were_given_before_stay(store: Store) -> None:
    house = House(store)
    plant(store, "songs", [{"key": "a"}])
    house.activated()
    found = house.confirm(house.proposed(text(severity="low")))
    assert found.confirmed == 1
    plant(store, "songs", [{"key": "b"}])
    assert house.confirm(found, "U0OTIS").state == "examining"
    found = house.at_work.examine(found.id)
    assert (found.confirmed, found.confirmations) == (1, 2)
    assert house.confirm(found, "U0OTIS").state == "activated"
    assert verify(store).broken is None


def test_to_reject_or_to_withdraw_needs_no_new_preview(store: Store) -> None:
    house, found = grown(store)
    assert house.at_work.answer(found.id, "U0GRACE", "cli", "reject", "no").state == "rejected"


def test_slack_says_that_it_is_examined_anew(store: Store) -> None:
    house, found = grown(store)
    found = house.confirm(found)
    with store.read() as connection:
        card = Proposals(Policies(house.clock), house.at_work.approvers, house.clock).card_of(connection, found)
    assert told_of(card, "confirm").endswith("which is made anew. Look at it, then confirm.")
