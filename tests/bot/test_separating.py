"""A reviewer hears two recordings where the comparison heard one, says so, and it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger.violations import Found
from audit_core.neighbours.tables import separations
from bot.review import AnswerRefused, Click, Review
from bot.roles import Roles
from tests.support.conversation import NINA, House, house
from tests.support.ledger import found, key_of


def alike(kind: str, *others: str) -> Found:
    """A track whose audio was matched with that of others."""
    to = [{"dataset": "train", "key": key, "packets": f"packets of {key}"} for key in others]
    evidence: dict[str, Any] = {"packets": "packets of a", "to": to, "first": "a"}
    return found("a", subject_kind=kind, evidence=evidence)


def apart(store: Store) -> set[tuple[str, str]]:
    with store.read() as connection:
        return {tuple(row) for row in connection.execute(select(separations.c.packets_a, separations.c.packets_b))}


@pytest.fixture
def rooms(store: Store, tmp_path: Path) -> Any:
    with house(store, tmp_path) as opened:
        yield opened


def key(kind: str) -> str:
    return key_of("a", subject_kind=kind)


def test_the_judged_track_of_a_pair_is_kept_apart_from_the_others(rooms: House) -> None:
    rooms.audit(alike("pair", "b", "c"))
    form = rooms.form("nina", "separate", key("pair"))
    assert rooms.desk.user("nina").submit(values={"reason": "Another take: the bridge differs"}).ok, form
    rooms.sent()
    assert apart(rooms.store) == {("packets of a", "packets of b"), ("packets of a", "packets of c")}
    assert rooms.state(key("pair")) == "approved"


def test_of_a_group_the_form_asks_which_track_is_another_recording(rooms: House) -> None:
    rooms.audit(alike("group", "b", "c"))
    rooms.form("nina", "separate", key("group"))
    answers = {"reason": "A cover by another band", "track": "packets of c"}
    assert rooms.desk.user("nina").submit(values=answers).ok
    rooms.sent()
    assert apart(rooms.store) == {("packets of a", "packets of c"), ("packets of b", "packets of c")}


def test_a_group_is_not_separated_without_saying_which_track(rooms: House) -> None:
    rooms.audit(alike("group", "b", "c"))
    with pytest.raises(AnswerRefused, match="which track"):
        review(rooms).decide(wanted(key("group")))
    assert apart(rooms.store) == set()


def test_what_no_comparison_matched_offers_no_separation_and_refuses_one(rooms: House) -> None:
    rooms.audit(found("a"))
    (message,) = rooms.thread()
    assert "decide:separate" not in str(message["blocks"])
    with pytest.raises(DecisionRefused, match="nothing to separate"):
        review(rooms).decide(wanted(key_of("a")))


def review(rooms: House) -> Review:
    return Review(rooms.store, Roles({"@data-legal": [NINA.id]}, {NINA.id: NINA.real_name}), rooms.clock)


def wanted(violation: str) -> Click:
    return Click(verdict="separate", key=violation, revision=1, person=NINA.id, via="cli", reason="another take")
