"""One decision a violation and revision; who comes late is told what happened."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger import decisions, runs, violations
from audit_core.ledger.tables import decisions as decision_table
from audit_core.ledger.tables import ledger_entries, quarantines
from audit_core.ledger.transitions import ALLOWED, LEADS_TO, Verdict
from audit_core.ledger.verify import verify
from tests.support.ledger import START, Time, audit, decided, found, key_of, request

KEY = key_of("a")


@pytest.fixture
def audited(store: Store) -> Store:
    audit(store, [found("a"), found("b")], clock=Time())
    return store


def number_of_decisions(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(decision_table)).scalar_one())


@pytest.mark.parametrize("verdict", ["approve", "quarantine", "waive"])
def test_a_decision_moves_the_violation_and_makes_older_buttons_stale(audited: Store, verdict: Verdict) -> None:
    outcome = decided(audited, request(verdict, KEY))
    assert (outcome.state, outcome.violation.revision, outcome.repeated) == (LEADS_TO[verdict], 2, False)
    with audited.read() as connection:
        assert violations.one(connection, KEY) == outcome.violation
        assert decisions.history(connection, KEY) == [outcome.decision]
    assert verify(audited).holds


@pytest.mark.parametrize("verdict", ["approve", "quarantine", "waive"])
def test_the_same_request_twice_is_one_decision(audited: Store, verdict: Verdict) -> None:
    first = decided(audited, request(verdict, KEY))
    again = decided(audited, request(verdict, KEY, at=START + timedelta(hours=2)))
    assert again.repeated
    assert (again.decision, again.state, again.quarantined) == (first.decision, first.state, first.quarantined)
    assert number_of_decisions(audited) == 1


def test_the_same_request_is_repeated_even_when_the_violation_went_on(audited: Store) -> None:
    decided(audited, request("quarantine", KEY))
    decided(audited, request("release", KEY, 2))
    again = decided(audited, request("quarantine", KEY))
    assert (again.repeated, again.state, again.violation.state) == (True, "quarantined", "open")


def test_who_comes_late_is_told_who_decided_what_and_when(audited: Store) -> None:
    decided(audited, request("waive", KEY, at=START + timedelta(hours=1)))
    with pytest.raises(DecisionRefused, match=r"ada waived this violation at 2026-03-02 10:30 UTC until 2026-04-01"):
        decided(audited, request("approve", KEY, person="bob"))


def test_another_reason_is_another_request(audited: Store) -> None:
    decided(audited, request("waive", KEY, reason="first"))
    with pytest.raises(DecisionRefused, match="ada waived"):
        decided(audited, request("waive", KEY, reason="second"))


def test_of_two_who_click_at_once_one_decides_and_the_other_is_told(audited: Store) -> None:
    barrier = threading.Barrier(2)

    def click(person: str, verdict: Verdict) -> str:
        barrier.wait()
        try:
            return decided(audited, request(verdict, KEY, person=person)).decision.person
        except DecisionRefused as refused:
            return refused.what

    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(click, "ada", "approve"), pool.submit(click, "bob", "quarantine")]
        said = [one.result() for one in clicks]
    winner = next(one for one in said if one in {"ada", "bob"})
    loser = next(one for one in said if one not in {"ada", "bob"})
    assert loser.startswith(f"{winner} {'approved' if winner == 'ada' else 'quarantined'} this violation at 2026-03-02")
    assert number_of_decisions(audited) == 1
    assert verify(audited).holds


def test_one_person_who_clicks_many_times_at_once_decides_once(audited: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: decided(audited, request("quarantine", KEY)), range(8)))
    assert sorted(outcome.repeated for outcome in outcomes) == [False] + [True] * 7
    with audited.read() as connection:
        assert connection.execute(select(func.count()).select_from(quarantines)).scalar_one() == 1


def test_a_release_takes_the_quarantine_back(audited: Store) -> None:
    out = decided(audited, request("quarantine", KEY, targets=(("train", "a"), ("train", "a2"))))
    back = decided(audited, request("release", KEY, 2, person="bob", at=START + timedelta(hours=5)))
    assert (back.state, back.violation.decision_id) == ("open", None)
    with audited.read() as connection:
        rows = connection.execute(select(quarantines)).all()
    assert [(row.decision_id, row.released_by) for row in rows] == [(out.decision.id, back.decision.id)] * 2
    assert {row.released_at for row in rows} == {START + timedelta(hours=5)}
    assert verify(audited).holds


def test_a_later_reviewer_may_decide_otherwise(audited: Store) -> None:
    decided(audited, request("approve", KEY))
    decided(audited, request("waive", KEY, 2, person="bob"))
    assert decided(audited, request("quarantine", KEY, 3, person="cleo")).state == "quarantined"
    with audited.read() as connection:
        assert [one.person for one in decisions.history(connection, KEY)] == ["ada", "bob", "cleo"]


def test_a_verdict_that_the_state_does_not_allow_is_refused_with_those_it_does(audited: Store) -> None:
    assert "release" not in ALLOWED["open"]
    with pytest.raises(DecisionRefused, match=r"is open: there is nothing to release.*approve, quarantine, waive"):
        decided(audited, request("release", KEY))


def test_what_a_run_closed_can_not_be_decided_any_more(audited: Store) -> None:
    audit(audited, [found("b")], clock=Time(START + timedelta(hours=3)), settle=False)
    with pytest.raises(DecisionRefused, match=r"resolved since 2026-03-02 12:3\d UTC: the evidence passes now"):
        decided(audited, request("approve", KEY))
    assert number_of_decisions(audited) == 0


def test_a_click_on_evidence_that_changed_is_refused(audited: Store) -> None:
    audit(audited, [found("a", bound={"alpha": 0.1}), found("b")], clock=Time(START + timedelta(hours=3)))
    with pytest.raises(DecisionRefused, match=r"changed at 2026-03-02 12:3\d UTC, after you saw it"):
        decided(audited, request("approve", KEY))


def test_a_violation_that_there_is_not_is_refused(audited: Store) -> None:
    with pytest.raises(DecisionRefused, match="there is no violation"):
        decided(audited, request("approve", "0" * 32))


@pytest.mark.parametrize(
    ("verdict", "changed", "message"),
    [
        ("waive", {"reason": " \n\t "}, "a waiver needs a reason"),
        ("waive", {"reason": "\x00\x1b\u202e"}, "a waiver needs a reason"),
        ("waive", {"until": None, "ends_at": None}, "needs an end date"),
        ("waive", {"until": date(2026, 3, 1), "ends_at": START}, "2026-03-01 is in the past"),
        ("approve", {"reason": "x" * 3001}, "3001 characters"),
        ("approve", {"person": "  "}, "name of a person"),
        ("approve", {"evidence_url": "javascript:alert(1)"}, "no link"),
        ("approve", {"evidence_url": "https://a.example/|<!channel>"}, "no link"),
        ("approve", {"evidence_url": "https://a.example/" + "x" * 2000}, "no link"),
        ("quarantine", {"targets": ()}, "no track to take out"),
    ],
)
def test_a_request_that_is_not_whole_is_refused(
    audited: Store, verdict: Verdict, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(DecisionRefused, match=message):
        decided(audited, request(verdict, KEY, **changed))
    assert number_of_decisions(audited) == 0


def test_control_characters_are_taken_out_of_a_reason_and_lines_are_kept(audited: Store) -> None:
    outcome = decided(audited, request("approve", KEY, reason=" checked\r\nby\x00 \ud800ear\x1b[31m "))
    assert outcome.decision.reason == "checked\nby ear[31m"
    assert verify(audited).holds


def test_a_refused_decision_leaves_no_trace(audited: Store) -> None:
    with audited.read() as connection:
        before = connection.execute(select(func.count()).select_from(ledger_entries)).scalar_one()
    with pytest.raises(DecisionRefused):
        decided(audited, request("waive", KEY, reason=""))
    with audited.read() as connection:
        assert connection.execute(select(func.count()).select_from(ledger_entries)).scalar_one() == before


def test_an_end_belongs_to_a_waiver_alone(audited: Store) -> None:
    with pytest.raises(ValueError, match="approve has no end"):
        decided(audited, request("approve", KEY, until=date(2026, 5, 1)))


def test_a_decision_settles_its_own_violation_first(store: Store) -> None:
    clock = Time()
    audit(store, [found("a")], clock=clock, settle=False)
    assert decided(store, request("approve", KEY, at=clock())).state == "approved"
    runs.settle(store)
    with store.read() as connection:
        assert violations.one(connection, KEY).state == "approved"


def test_a_quarantine_of_more_tracks_than_a_short_write_can_hold_is_refused(audited: Store) -> None:
    many = tuple(("train", f"t{number}") for number in range(10_001))
    with pytest.raises(DecisionRefused, match="10,000 tracks at most, and here are 10,001"):
        decided(audited, request("quarantine", key_of("a"), targets=many))


def test_a_quarantine_that_does_not_say_whether_copies_are_out_too_is_a_mistake_of_the_caller(audited: Store) -> None:
    with pytest.raises(ValueError, match="copies too"):
        decided(audited, request("quarantine", key_of("a"), copies_too=None))
