"""A rule that gets another id: its violations go on under it, with all that was decided of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from audit_core.catalogue.store import Store, sqlite_url
from audit_core.errors import Problems
from audit_core.ledger import violations
from audit_core.ledger.policies import retire
from audit_core.ledger.tables import findings
from audit_core.ledger.verify import verify
from audit_core.ledger.violations import Violation
from rules.activation import activate
from rules.lineage import must_carry_on
from rules.run import audit
from tests.support.audits import Audited, Decide, Time
from tests.support.catalogue import plant
from tests.support.edits import CATALOGUES, REUSES, policy_of
from tests.support.policies import LICENCES, policy

TITLED = {"id": "titled", "kind": "field", "field": "title", "must": "be_present"}
RENAMED = {**TITLED, "id": "has-title", "formerly": "titled"}
AGAIN = {**TITLED, "id": "named", "formerly": ["titled", "has-title"]}
BACK = {**TITLED, "formerly": ["titled", "has-title"]}
ROWS: list[dict[str, Any]] = [{"key": key} for key in "abcd"]


NUMBERS = count()
CLOCK = Time()


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is kept over all examples: each has a dataset and a policy of its own."""
    with Store(sqlite_url(Path(tmp_path_factory.mktemp("renamed")) / "cratecheck.sqlite")) as one:
        yield one


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
        ([RENAMED], [{**TITLED, "formerly": ["has-title", "titled"]}], "Write `formerly: [titled, has-title]`."),
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


@pytest.mark.parametrize("after", [TITLED, {**TITLED, "id": "other", "formerly": "titled"}])
def test_an_edit_by_which_a_rule_would_take_up_the_violations_of_one_that_is_dropped_is_refused(
    after: dict[str, Any],
) -> None:
    with pytest.raises(Problems) as refused:
        must_carry_on(policy(RENAMED), policy(after))
    assert 'would take up the violations of "has-title", which was "titled" first' in str(refused.value)
    assert "If it is the same rule, write `formerly: [titled, has-title]`; else" in str(refused.value)


def test_a_rule_that_gets_its_first_id_back_keeps_all_that_stands(
    store: Store, audited: Audited, decide: Decide, clock: Time
) -> None:
    plant(store, "crate", ROWS)
    audited(policy(TITLED))
    decide("a", "approve")
    decide("c", "quarantine", targets=[("crate", "c")])
    audited(policy(RENAMED))
    must_carry_on(policy(RENAMED), policy(BACK))
    report = audited(policy(BACK))
    states = {"a": "approved", "b": "open", "c": "quarantined", "d": "open"}
    assert report.outcomes[0].changes == {"renamed": 4}
    assert {key: (one.rule, one.state) for key, one in _standing(store).items()} == {
        key: ("titled", state) for key, state in states.items()
    }
    for later in (RENAMED, {**RENAMED, "formerly": ["titled", "has-title"]}, AGAIN):
        must_carry_on(policy(BACK), policy(later))
    audited(policy(AGAIN))
    assert {key: (one.rule, one.state) for key, one in _standing(store).items()} == {
        key: ("named", state) for key, state in states.items()
    }
    assert verify(store).broken is None


def test_an_audit_survives_a_rule_that_takes_up_the_first_id_of_another_unsaid(
    store: Store, audited: Audited, decide: Decide
) -> None:
    plant(store, "crate", ROWS)
    audited(policy(TITLED))
    decide("a", "approve")
    audited(policy(RENAMED))
    audited(policy(TITLED))
    assert {one.subject: (one.rule, one.state) for one in _standing(store).values()} == {
        "a": ("titled", "approved"), **dict.fromkeys("bcd", ("titled", "open")),
    }  # fmt: skip
    audited(policy({**TITLED, "id": "has-title"}, TITLED))
    assert verify(store).broken is None


def test_an_audit_survives_a_former_id_that_goes_to_one_rule_and_its_violations_to_another(
    store: Store, audited: Audited
) -> None:
    plant(store, "crate", ROWS)
    audited(policy(TITLED))
    audited(policy(RENAMED))
    audited(policy({**TITLED, "id": "has-title", "field": "isrc"}, TITLED))
    assert all(one.state == "open" for one in _standing(store).values())
    assert audited().outcomes[1].changes == {}
    assert verify(store).broken is None


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=CATALOGUES, edit=REUSES)
def test_an_id_that_is_taken_up_unsaid_is_refused_and_hurts_no_audit(
    one_store: Store, rows: list[dict[str, Any]], edit: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    name = f"crate-{next(NUMBERS)}"
    before, after = (policy_of(one, name) for one in edit)
    with pytest.raises(Problems, match="would take up the violations of"):
        must_carry_on(before, after)
    plant(one_store, name, rows)
    for text in (before, after, before, after):
        activate(one_store, [text], actor="U1", via="cli", clock=CLOCK)
        audit(one_store, licences=LICENCES, as_of=CLOCK(), actor="U1", via="cli", clock=CLOCK)
    with one_store.write() as connection:
        retire(connection, name, actor="U1", via="cli", at=CLOCK())


@pytest.mark.parametrize("after", [[TITLED], [RENAMED], [AGAIN], [{**TITLED, "id": "other"}]])
def test_renaming_keeping_and_dropping_a_rule_lose_nothing_unsaid(after: list[dict[str, Any]]) -> None:
    must_carry_on(policy(TITLED), policy(*after))
    must_carry_on(None, policy(*after))
    must_carry_on(policy(TITLED), None)
