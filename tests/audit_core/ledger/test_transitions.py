"""What a run changes, and how findings and decisions fold: the table at the head of the module, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from audit_core.ledger.transitions import (
    ALLOWED,
    LEADS_TO,
    Closing,
    Transition,
    decided,
    folded,
    superseded,
    transitions,
)
from audit_core.ledger.violations import CLOSED, STATES, Found, Standing, State, Violation
from tests.support.ledger import START, found

LATER = START + timedelta(days=1)


def standing(one: Found, state: State = "open", revision: int = 1) -> Standing:
    values: dict[str, Any] = {column.name: getattr(one, column.name, None) for column in fields(Standing)}
    return Standing(**{**values, "state": state, "revision": revision})


def changes(one: Found | None, stands: Standing | None, **more: Any) -> list[str]:
    known = {stands.key: stands} if stands else {}
    return [change.transition for change in transitions([one] if one else [], known, **more)]


def violation(one: Found, state: State = "open", **changed: Any) -> Violation:
    opened = folded(None, transition(one, "opened"), run_id=1, at=START)
    assert opened
    return replace(opened, state=state, **changed)


def outlived(state: State, revision: int) -> dict[str, Violation]:
    return {found("a").key: violation(found("a"), state, revision=revision)}


def transition(one: Found, name: Any, seen: int = 1) -> Transition:
    (opened,) = transitions([one], {})
    return replace(opened, transition=name, seen_revision=seen)


def test_what_is_found_for_the_first_time_opens() -> None:
    assert changes(found("a"), None) == ["opened"]


def test_what_is_found_again_unchanged_changes_nothing() -> None:
    assert changes(found("a"), standing(found("a"))) == []


@pytest.mark.parametrize(
    "now",
    [
        found("a", message="Another sentence."),
        found("a", evidence={"licence": "?"}),
        found("a", severity="low"),
        found("a", mode="observe"),
        found("a", bound={"alpha": 0.4}),
    ],
)
def test_what_is_found_again_otherwise_is_changed_while_it_is_open(now: Found) -> None:
    assert changes(now, standing(found("a"))) == ["changed"]


def test_an_approval_stands_while_the_bound_evidence_is_the_same() -> None:
    approved = standing(found("a", bound={"alpha": 0.6}), "approved", 2)
    assert changes(found("a", bound={"alpha": 0.6}, message="Another sentence."), approved) == []
    assert changes(found("a", bound={"alpha": 0.4}), approved) == ["reopened"]


def test_a_quarantine_stands_unless_the_violation_is_found_without_the_tracks_that_are_out() -> None:
    out = standing(found("a"), "quarantined", 2)
    assert changes(None, out) == []
    assert changes(found("a"), out) == []
    assert changes(found("a"), out, outlived=outlived("quarantined", 2)) == ["reopened"]


@pytest.mark.parametrize("state", ["quarantined", "waived"])
def test_a_decision_that_came_after_the_run_began_is_not_outlived(state: State) -> None:
    assert changes(found("a"), standing(found("a"), state, 3), outlived=outlived(state, 2)) == []


def test_a_waived_violation_opens_again_when_its_waiver_has_ended() -> None:
    waived = standing(found("a"), "waived", 2)
    assert changes(found("a"), waived) == []
    assert changes(found("a"), waived, outlived=outlived("waived", 2)) == ["reopened"]


def test_a_waiver_that_has_ended_needs_no_evaluation_to_be_over() -> None:
    waived, ended = standing(found("a"), "waived", 2), outlived("waived", 2)
    (change,) = transitions([], {waived.key: waived}, outlived=ended, complete=False)
    assert (change.transition, change.evidence) == ("reopened", {"licence": None})
    assert changes(None, waived, outlived=ended) == ["resolved"]
    assert changes(None, standing(found("a"), "quarantined", 2), outlived=outlived("quarantined", 2)) == []


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_what_was_closed_and_is_found_again_is_reopened(state: State) -> None:
    assert changes(found("a"), standing(found("a"), state, 2)) == ["reopened"]


@pytest.mark.parametrize("state", ["open", "approved", "waived"])
def test_what_is_not_found_any_more_is_resolved_or_gone_with_its_subject(state: State) -> None:
    stands = standing(found("a"), state)
    assert changes(None, stands) == ["resolved"]
    for how in ("gone", "superseded"):
        assert changes(None, stands, closing=lambda missing, how=how: {one.key: how for one in missing}) == [how]


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_what_is_closed_and_not_found_stays_as_it_is(state: State) -> None:
    assert changes(None, standing(found("a"), state)) == []


def test_a_rule_that_was_not_wholly_evaluated_resolves_nothing() -> None:
    stands = standing(found("a"))
    assert changes(None, stands, complete=False) == []
    assert changes(found("b"), stands, complete=False) == ["opened"]


def test_a_rule_that_is_no_longer_active_supersedes_all_but_quarantines() -> None:
    every = [standing(found(state), state) for state in STATES]
    assert [one.subject for one in superseded(every)] == ["open", "approved", "waived"]


def test_one_key_found_twice_counts_once() -> None:
    assert len(list(transitions([found("a"), found("a")], {}))) == 1


def test_no_one_is_asked_how_it_closes_when_nothing_is_missing() -> None:
    def never(_: object) -> Mapping[str, Closing]:
        raise AssertionError("asked")

    assert changes(found("a"), standing(found("a")), closing=never) == []


def test_a_reopened_violation_counts_it_and_asks_for_a_decision() -> None:
    resolved = violation(found("a"), "resolved", revision=3)
    again = folded(resolved, transition(found("a", message="Again."), "reopened", 3), run_id=2, at=LATER)
    assert again == replace(
        resolved, state="open", revision=4, reopened=1, message="Again.", changed_at=LATER, run_id=2, decision_id=None
    )


def test_a_quiet_change_leaves_the_revision_so_that_buttons_stay_valid() -> None:
    before = violation(found("a"))
    after = folded(before, transition(found("a", message="Other words."), "changed"), run_id=2, at=LATER)
    assert after
    assert (after.message, after.revision, after.changed_at) == ("Other words.", 1, START)


def test_a_change_of_bound_evidence_makes_older_buttons_stale() -> None:
    after = folded(violation(found("a")), transition(found("a", bound={"alpha": 0.2}), "changed"), run_id=2, at=LATER)
    assert after
    assert (after.state, after.revision) == ("open", 2)


@pytest.mark.parametrize("name", ["resolved", "gone", "superseded"])
def test_a_closing_run_beats_a_decision_taken_meanwhile_but_for_a_quarantine(name: State) -> None:
    closing = transition(found("a"), name, seen=1)
    for state in ("approved", "waived"):
        after = folded(violation(found("a"), state, revision=2), closing, run_id=2, at=LATER)
        assert after
        assert (after.state, after.revision) == (name, 3)
    out = violation(found("a"), "quarantined", revision=2)
    assert folded(out, closing, run_id=2, at=LATER) == replace(out, run_id=2)


def test_a_waiver_granted_while_the_run_looked_is_not_ended_by_it() -> None:
    waived = violation(found("a"), "waived", revision=5)
    assert folded(waived, transition(found("a"), "reopened", 4), run_id=2, at=LATER) == replace(waived, run_id=2)
    ended = folded(waived, transition(found("a"), "reopened", 5), run_id=2, at=LATER)
    assert ended
    assert ended.state == "open"


def test_an_approval_of_evidence_that_the_run_found_changed_is_opened_again() -> None:
    approved = violation(found("a"), "approved", revision=2)
    changed = transition(found("a", bound={"alpha": 0.1}), "changed", 1)
    after = folded(approved, changed, run_id=2, at=LATER)
    assert after
    assert (after.state, after.reopened, after.bound_hash) == ("open", 1, changed.bound_hash)


def test_a_closing_finding_of_an_unknown_key_is_nothing() -> None:
    assert folded(None, transition(found("a"), "resolved"), run_id=1, at=START) is None


@pytest.mark.parametrize("state", STATES)
def test_a_verdict_leads_where_the_table_says_or_is_not_possible(state: State) -> None:
    for verdict, target in LEADS_TO.items():
        before = violation(found("a"), state)
        if verdict != "release" and verdict not in ALLOWED[state]:
            with pytest.raises(ValueError, match="not possible"):
                decided(before, verdict, decision_id="d", at=LATER)
            continue
        after = decided(before, verdict, decision_id="d", at=LATER)
        assert (after.state, after.revision, after.changed_at) == (target, 2, LATER)
        assert after.decision_id == (None if target == "open" else "d")


def test_nothing_is_left_to_decide_about_what_is_closed() -> None:
    assert [state for state in STATES if not ALLOWED[state]] == sorted(CLOSED, key=STATES.index)


@pytest.mark.parametrize("state", ["open", "approved", "quarantined", "waived"])
@pytest.mark.parametrize("again", [True, False])
def test_a_rule_that_was_renamed_takes_over_what_stands_under_its_old_name(state: State, again: bool) -> None:
    before = found("a")
    now = found("a", rule="licensed", born=before.rule)
    stands = {before.key: standing(before, state, 3)}
    (change,) = transitions([now] if again else [], stands, complete=False, rule="licensed")
    assert (change.transition, change.rule, change.key) == ("renamed", "licensed", before.key)
    as_it_was = violation(before, state, revision=3, reopened=2, decision_id="d")
    assert folded(as_it_was, change, run_id=2, at=LATER) == replace(as_it_was, rule="licensed", run_id=2)


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_what_is_closed_comes_under_the_new_name_when_it_fails_again(state: State) -> None:
    before = found("a")
    now = found("a", rule="licensed", born=before.rule)
    stands = {before.key: standing(before, state, 3)}
    assert list(transitions([], stands, rule="licensed")) == []
    (change,) = transitions([now], stands, rule="licensed")
    again = folded(violation(before, state, revision=3), change, run_id=2, at=LATER)
    assert again
    assert (again.state, again.rule, again.reopened) == ("open", "licensed", 1)


def test_what_closes_under_a_new_name_is_told_under_it() -> None:
    before = found("a")
    (change,) = transitions([], {before.key: standing(before)}, rule="licensed")
    closed = folded(violation(before), change, run_id=2, at=LATER)
    assert closed
    assert (closed.state, closed.rule) == ("resolved", "licensed")


def test_what_a_renamed_rule_covers_no_more_is_superseded_but_for_what_is_quarantined() -> None:
    every = [standing(found(state), state) for state in ("open", "quarantined", "resolved")]
    changed = {one.subject: one.transition for one in superseded(every, "licensed")}
    assert changed == {"open": "superseded", "quarantined": "renamed"}
