"""A rule that gets another id: its violations go on under it, with all that was decided of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger import violations
from audit_core.ledger.tables import findings
from audit_core.ledger.verify import verify
from audit_core.ledger.violations import Violation
from rules.lineage import must_carry_on
from tests.support.audits import Audited, Decide, Time
from tests.support.catalogue import plant
from tests.support.policies import policy

TITLED = {"id": "titled", "kind": "field", "field": "title", "must": "be_present"}
RENAMED = {**TITLED, "id": "has-title", "formerly": "titled"}
AGAIN = {**TITLED, "id": "named", "formerly": ["titled", "has-title"]}
ROWS: list[dict[str, Any]] = [{"key": key} for key in "abcd"]


def _standing(store: Store) -> dict[str, Violation]:
    with store.read() as connection:
        return {one.subject: one for one in violations.listed(connection)}


def test_everything_that_stands_follows_a_rule_to_its_new_id(
    store: Store, audited: Audited, decide: Decide, clock: Time
) -> None:
    plant(store, "crate", [*ROWS, {"key": "e"}])
    audited(policy(TITLED))
    plant(store, "crate", ROWS)
    audited()
    decide("a", "approve")
    decide("b", "waive", until=clock() + timedelta(days=9))
    decide("c", "quarantine", targets=[("crate", "c")])
    before = _standing(store)
    report = audited(policy(RENAMED))
    after = _standing(store)
    assert {key: (one.rule, one.state) for key, one in after.items()} == {
        "a": ("has-title", "approved"),
        "b": ("has-title", "waived"),
        "c": ("has-title", "quarantined"),
        "d": ("has-title", "open"),
        "e": ("titled", "gone"),
    }
    for key in "abcd":
        was, now = before[key], after[key]
        assert (now.key, now.decision_id, now.revision, now.opened_at) == (
            was.key, was.decision_id, was.revision, was.opened_at,
        )  # fmt: skip
    (outcome,) = report.outcomes
    assert (outcome.changes, outcome.open, report.open_by_severity["high"]) == ({"renamed": 4}, 1, 1)
    plant(store, "crate", [*ROWS, {"key": "e"}])
    audited(policy(AGAIN))
    came_back = _standing(store)["e"]
    assert (came_back.rule, came_back.state, came_back.reopened) == ("named", "open", 1)
    assert verify(store).broken is None


def test_a_second_audit_under_the_new_id_changes_nothing(store: Store, audited: Audited) -> None:
    plant(store, "crate", ROWS)
    audited(policy(TITLED))
    audited(policy(RENAMED))
    with store.read() as connection:
        written = connection.execute(select(func.count()).select_from(findings)).scalar_one()
    assert written == 8
    assert audited().outcomes[0].changes == {}


def test_what_cannot_be_judged_goes_on_under_the_new_id_too(store: Store, audited: Audited) -> None:
    apart = {"id": "apart", "kind": "crossing", "field": "artist"}
    plant(store, "crate", [{"artist": "N", "split": "train"}, {"artist": "N", "split": "test"}])
    audited(policy(apart))
    plant(store, "crate", [{"split": "train"}, {"split": "test"}])
    report = audited(policy({**apart, "id": "artists", "formerly": "apart"}))
    assert report.outcomes[0].changes == {"opened": 1, "renamed": 1}
    assert {one.rule for one in _standing(store).values()} == {"artists"}


def test_a_rule_that_takes_up_an_id_without_saying_so_is_another_rule(store: Store, audited: Audited) -> None:
    plant(store, "crate", ROWS[:1])
    audited(policy(TITLED))
    audited(policy({**TITLED, "id": "has-title"}))
    with store.read() as connection:
        found = {one.rule: one.state for one in violations.listed(connection)}
    assert found == {"titled": "superseded", "has-title": "open"}


@pytest.mark.parametrize(
    ("before", "after", "mend"),
    [
        ([RENAMED], [{**RENAMED, "formerly": []}], "Write `formerly: [titled]`."),
        ([RENAMED], [{**AGAIN, "formerly": ["has-title"]}], "Write `formerly: [titled, has-title]`."),
        ([TITLED], [{**TITLED, "formerly": "older"}], "Leave out `formerly`, or give the rule an id"),
        (
            [TITLED, {**TITLED, "id": "other"}],
            [{**TITLED, "id": "both", "formerly": ["titled", "other"]}],
            "A rule carries on one other",
        ),
    ],
)
def test_an_edit_by_which_a_rule_would_lose_its_history_is_refused(
    before: list[dict[str, Any]], after: list[dict[str, Any]], mend: str
) -> None:
    stripped = [{key: value for key, value in rule.items() if value != []} for rule in after]
    with pytest.raises(Problems) as refused:
        must_carry_on(policy(*before), policy(*stripped))
    assert "would lose the history of" in str(refused.value)
    assert mend in str(refused.value)


@pytest.mark.parametrize("after", [[TITLED], [RENAMED], [AGAIN], [{**TITLED, "id": "other"}]])
def test_renaming_keeping_and_dropping_a_rule_lose_nothing_unsaid(after: list[dict[str, Any]]) -> None:
    must_carry_on(policy(TITLED), policy(*after))
    must_carry_on(None, policy(*after))
    must_carry_on(policy(TITLED), None)
