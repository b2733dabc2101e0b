"""A rule that offers no waiver can be waived by nobody, on any path, whatever was open or posted before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import DecisionRefused
from audit_core.ledger.tables import decisions, waivers
from bot.review import Click, Review
from bot.roles import Roles
from tests.support.conversation import NINA, OTIS, House, activate, failing, house, policy_text
from tests.support.ledger import key_of

WITHOUT = policy_text(decisions="approve, quarantine")
WITHOUT_RENAMED = WITHOUT.replace("id: licence-known", "id: licensed\n    formerly: licence-known")
GOOD = {"reason": "a letter is on its way", "evidence_url": "https://x.example/1"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    """A violation, posted while its policy still offered waivers."""
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store, house(store, tmp_path) as opened:
        opened.audit(*failing("a"))
        yield opened


def _nothing_was_decided(here: House) -> None:
    assert here.state(key_of("a")) == "open"
    with here.store.read() as connection:
        for table in (waivers, decisions):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


@pytest.mark.parametrize("text", [WITHOUT, WITHOUT_RENAMED])
def test_a_button_from_before_the_edit_waives_nothing(here: House, text: str) -> None:
    (message,) = here.thread()
    activate(here.store, text, here.clock())
    here.desk.user("nina").click(message["ts"], "decide:waive", block_id=key_of("a"))
    (whisper,) = here.desk.wait_for(lambda: here.whispers("nina"))
    assert "can't be decided by waive" in whisper
    assert here.desk.user("nina").view is None
    _nothing_was_decided(here)


@pytest.mark.parametrize("text", [WITHOUT, WITHOUT_RENAMED])
def test_a_form_that_was_open_before_the_edit_waives_nothing(here: House, text: str) -> None:
    here.form("nina", "waive", key_of("a"))
    activate(here.store, text, here.clock())
    assert here.desk.user("nina").submit(values=GOOD).ok
    assert "can't be decided by waive" in str(here.opened("nina", "notice")["blocks"])
    _nothing_was_decided(here)


def test_the_review_behind_all_of_them_refuses_a_forged_click(here: House) -> None:
    activate(here.store, WITHOUT, here.clock())
    review = Review(here.store, Roles({"@data-legal": [NINA.id, OTIS.id]}), here.clock)
    click = Click(
        verdict="waive",
        key=key_of("a"),
        revision=1,
        person=NINA.id,
        via="slack",
        reason=GOOD["reason"],
        evidence_url=GOOD["evidence_url"],
        until=here.clock().date() + timedelta(days=9),
    )
    for refused in (review.permit, review.matter, review.decide):
        with pytest.raises(DecisionRefused, match="can't be decided by waive"):
            refused(click)
    _nothing_was_decided(here)
