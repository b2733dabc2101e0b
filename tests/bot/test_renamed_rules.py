"""A rule that gets another id keeps its thread, and what is decided in it, before the next audit and after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import tracks
from audit_core.clock import utc_now
from audit_core.ledger.violations import Violation, listed
from bot.outbox import ask, parent_subject, rename_parents
from bot.tables import outbox
from rules.run import audit
from tests.support.conversation import NINA, House, activate, house, policy_text
from tests.support.ledger import revision
from tests.support.policies import LICENCES

RENAMED = policy_text().replace("id: licence-known", "id: licensed\n    formerly: licence-known")
WITHOUT_IT = policy_text().replace("id: licence-known", "id: another")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store, house(store, tmp_path) as opened:
        yield opened


def _audit(here: House) -> None:
    audit(here.store, licences=LICENCES, as_of=here.clock(), actor="ada", via="cli", clock=here.clock)
    here.sent()


def _violation(here: House, subject: str) -> Violation:
    with here.store.read() as connection:
        (found,) = (one for one in listed(connection) if one.subject == subject)
    return found


def _decide(here: House, subject: str, verdict: str, message: dict[str, Any] | None = None) -> None:
    here.form(NINA.id, verdict, _violation(here, subject).key, message)
    outcome = here.desk.user(NINA.id).submit(values={"reason": "as agreed"})
    assert outcome.ok, outcome
    here.sent()


def _begins(here: House, key: str) -> None:
    """Let a track begin that has no licence."""
    with here.store.write() as connection:
        row = connection.execute(select(tracks).where(tracks.c.key == "c")).one()._asdict()
        begun = revision(connection, row["dataset_id"])
        connection.execute(insert(tracks).values({**row, "id": 99, "key": key, "from_rev": begun}))


def test_the_thread_of_a_rule_goes_on_under_its_new_id(here: House) -> None:
    _audit(here)
    (before,) = here.parents()
    activate(here.store, RENAMED, here.clock())
    _begins(here, "d")
    _audit(here)
    (after,) = here.parents()
    assert after["ts"] == before["ts"]
    assert "licensed in train" in str(after["blocks"])
    assert len(here.thread()) == 2, "what came up since is told in the same thread"
    assert {one.rule for one in (_violation(here, subject) for subject in "abcd")} == {"licensed"}


def test_what_was_posted_under_the_old_id_can_be_decided_before_the_next_audit_and_after(here: House) -> None:
    _audit(here)
    activate(here.store, RENAMED, here.clock())
    _decide(here, "a", "approve")
    assert "3 open · 1 approved" in str(here.parents()[0]["blocks"])
    here.desk.user(NINA.id).click(here.parents()[0]["ts"], "review")
    assert "3 open · 1 approved" in str(here.opened(NINA.id, "review")["blocks"])
    _audit(here)
    _decide(here, "b", "approve")
    assert [_violation(here, subject).state for subject in "abc"] == ["approved", "approved", "open"]


def test_what_a_renamed_rule_took_out_can_be_released_after_the_rule_is_no_more(here: House) -> None:
    _audit(here)
    (message,) = here.thread()
    _decide(here, "b", "quarantine")
    activate(here.store, RENAMED, here.clock())
    _audit(here)
    assert (_violation(here, "b").state, _violation(here, "b").rule) == ("quarantined", "licensed")
    activate(here.store, WITHOUT_IT, here.clock() + timedelta(seconds=1))
    _audit(here)
    _decide(here, "b", "release", message)
    assert _violation(here, "b").state == "open"


def test_a_thread_that_there_is_under_the_new_id_already_is_left_alone(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "one.sqlite")) as store, store.write() as connection:
        for rule, channel in (("old", "audit"), ("older", "attic"), ("new", "audit")):
            ask(connection, channel=channel, subject=parent_subject("release", rule, "train"), at=utc_now())
        ask(
            connection,
            channel="audit",
            subject="items/1",
            parent=parent_subject("release", "old", "test"),
            at=utc_now(),
        )
        ask(connection, channel="audit", subject=parent_subject("release", "old", "test"), at=utc_now())
        rename_parents(connection, {("release", "old"): "new", ("release", "older"): "new"})
        found = {row.subject: row.parent for row in connection.execute(select(outbox.c.subject, outbox.c.parent))}
    assert found == {
        "rule/release/old/train": None,
        "rule/release/older/train": None,
        "rule/release/new/train": None,
        "rule/release/new/test": None,
        "items/1": "rule/release/new/test",
    }
