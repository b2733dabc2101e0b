"""A person who hears two recordings says so once, and it holds."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger.verify import verify
from audit_core.neighbours.tables import separations
from tests.support.ledger import Time, audit, decided, found, key_of, request

KEY = key_of("a")
PAIRS = (("01", "02"), ("01", "03"))


@pytest.fixture
def separated(store: Store) -> Store:
    audit(store, [found("a"), found("b")], clock=Time())
    decided(store, request("separate", KEY, separated=PAIRS))
    return store


def test_a_separation_is_kept_pair_by_pair_and_closes_the_matter(store: Store) -> None:
    audit(store, [found("a")], clock=Time())
    outcome = decided(store, request("separate", KEY, separated=(*PAIRS, *PAIRS)))
    with store.read() as connection:
        kept = connection.execute(select(separations.c.packets_a, separations.c.packets_b, separations.c.decision_id))
        assert [tuple(row) for row in kept] == [(a, b, outcome.decision.id) for a, b in PAIRS]
    assert outcome.state == "approved"
    assert verify(store).holds


def test_what_no_comparison_brought_together_cannot_be_separated(store: Store) -> None:
    audit(store, [found("a")], clock=Time())
    with pytest.raises(DecisionRefused, match="nothing to separate"):
        decided(store, request("separate", KEY))


def test_a_separation_that_was_taken_out_breaks_the_ledger(separated: Store) -> None:
    with separated.write() as connection:
        connection.execute(delete(separations).where(separations.c.packets_b == "03"))
    assert "separation of decision" in str(verify(separated).broken)


def test_a_separation_that_was_altered_breaks_the_ledger(separated: Store) -> None:
    with separated.write() as connection:
        connection.execute(update(separations).where(separations.c.packets_b == "03").values(packets_b="04"))
    assert "was altered" in str(verify(separated).broken)
