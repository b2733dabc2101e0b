"""A proposal whose text this program can't read any more, as after an upgrade: it is shown and ended, not activated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activate_text
from audit_core.ledger.proposals import Answer, examined, proposed
from audit_core.ledger.verify import verify
from bot.policies import Policies
from bot.proposing.proposals import Proposals
from tests.bot.proposing.test_activations import House, text

OLDER = text().replace("kind: field", "kind: ancient")


def proposed_once(house: House) -> str:
    """Propose and examine a text, as a program did that could read it."""
    with house.store.write() as connection:
        said: dict[str, Any] = {"via": "cli", "at": house.clock()}
        number = proposed(connection, "release", OLDER, base_sha256=None, person="U0ADA", **said)
        examined(connection, number, preview={"loosening": [], "rules": []}, actor="cratecheck", **said)
    return number


@pytest.mark.parametrize(("answer", "person"), [("reject", "U0GRACE"), ("withdraw", "U0ADA")])
def test_it_can_be_rejected_and_withdrawn(store: Store, answer: Answer, person: str) -> None:
    house = House(store)
    house.activated(text(policy="other", rule="other"))
    found = house.at_work.answer(proposed_once(house), person, "slack", answer, "nobody can read it")
    assert found.state == {"reject": "rejected", "withdraw": "withdrawn"}[answer]


def test_it_can_be_shown_and_who_confirms_it_is_told_why_not(store: Store) -> None:
    house = House(store)
    house.activated(text(policy="other", rule="other"))
    number = proposed_once(house)
    with store.read() as connection:
        card = Proposals(Policies(house.clock), house.at_work.approvers, house.clock).card(connection, number)
    assert card is not None
    assert (card.title, card.state) == ("release", "proposed")
    with pytest.raises(DecisionRefused, match=r"can't read the text of the proposal .*ancient"):
        house.at_work.answer(number, "U0GRACE", "slack", "confirm")


def test_one_that_is_to_be_examined_is_refused_in_words_of_its_file(store: Store) -> None:
    house = House(store)
    with store.write() as connection:
        said: dict[str, Any] = {"person": "U0ADA", "via": "cli", "at": house.clock(), "origin": "policies/old.yaml"}
        number = proposed(connection, "release", OLDER, base_sha256=None, **said)
    found = house.at_work.examine(number)
    assert found.state == "refused"
    assert found.refused is not None
    assert found.refused.startswith("policies/old.yaml:12:")


def test_no_text_is_parsed_while_the_database_is_kept_from_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rules.language.reader import check_text

    house, inside, parsed = House(store), [False], [0]
    with store.write() as connection:
        for number in range(3):
            body, at = text(policy=f"p{number}", rule=f"unmet-{store.is_sqlite}-{number}".lower()), house.clock()
            later = at + timedelta(days=9)
            activate_text(connection, f"p{number}", body, actor="U0ADA", via="cli", at=at, effective_at=later)
    write = store.write

    @contextmanager
    def written(*args: Any, **more: Any) -> Iterator[Any]:
        with write(*args, **more) as connection:
            inside[0] = True
            try:
                yield connection
            finally:
                inside[0] = False

    def counted(body: str, name: str) -> object:
        parsed[0] += inside[0]
        return check_text(body, name)

    monkeypatch.setattr(store, "write", written)
    monkeypatch.setattr("bot.policies.check_text", counted)
    found = house.proposed(text(policy="new", rule="new"))
    house.confirm(found)
    assert parsed == [0]


def test_what_nobody_can_read_is_left_out_of_names_and_reasons(store: Store) -> None:
    house = House(store)
    found = house.proposed(person="U0ADA\udcfc", reason="ge\udcfcndert ")
    assert (found.person, found.reason) == ("U0ADA", "gendert")
    found = house.at_work.answer(found.id, "U0GRACE\udc80", "cli", "reject", "\udce4 no\x00")
    assert (found.answers[-1].person, found.answers[-1].reason) == ("U0GRACE", "no")
    assert verify(store).broken is None
