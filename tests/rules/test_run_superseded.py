"""An audit under an edited policy: what it no longer judges is superseded, with its history."""

from __future__ import annotations

from typing import Any

import pytest

from audit_core.catalogue.store import Store
from audit_core.ledger import decisions, violations
from audit_core.ledger.policies import retire
from audit_core.ledger.verify import verify
from tests.support.audits import NO_TITLE, TITLED, Audited, Decide, States, Time
from tests.support.catalogue import plant
from tests.support.policies import policy


def test_what_a_policy_judges_no_more_is_superseded_and_not_resolved(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", [{"key": "b", "split": "train"}, {"key": "c", "split": "test"}])
    audited(policy(TITLED))
    audited(policy(TITLED, applies_to={"where": {"split": "test"}}))
    assert states() == {"b": "superseded", "c": "open"}


def test_a_policy_that_judges_nothing_any_more_supersedes_all_that_is_there(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", [{"key": "b", "split": "train"}])
    audited(policy(TITLED))
    report = audited(policy(TITLED, applies_to={"where": {"split": "test"}}))
    assert [outcome.result for outcome in report.outcomes] == ["skip"]
    assert report.idle_policies == ("release",)
    assert states() == {"b": "superseded"}


def test_a_policy_that_judges_tracks_of_one_dataset_is_not_idle_in_another(store: Store, audited: Audited) -> None:
    plant(store, "crate", [{"key": "b", "split": "train"}])
    plant(store, "test-crate", [{"key": "c", "split": "test"}])
    report = audited(policy(TITLED, applies_to={"where": {"split": "test"}}))
    assert [outcome.judged for outcome in report.outcomes] == [0, 1]
    assert report.idle_policies == ()


def test_a_track_whose_split_was_blanked_is_no_longer_judged_and_so_superseded(
    store: Store, audited: Audited, states: States
) -> None:
    other = {"key": "c", "split": "train", "title": "C"}
    plant(store, "crate", [{"key": "b", "split": "train"}, other])
    audited(policy(TITLED, applies_to={"where": {"split": ["train", "test"]}}))
    plant(store, "crate", [{"key": "b"}, other])
    audited()
    assert states() == {"b": "superseded"}


@pytest.mark.parametrize(
    ("rule", "subject"),
    [({"kind": "crossing", "field": "artist"}, "artist:n"), ({"kind": "duplicate", "same": ["file"]}, "md5:1")],
)
def test_a_group_that_a_policy_judges_no_more_is_superseded(
    rule: dict[str, Any],
    subject: str,
    store: Store,
    audited: Audited,
    states: States,
) -> None:
    rows = [{"artist": "N", "split": split, "md5": "1", "language": "en"} for split in ("train", "test")]
    kept = [
        {"artist": "O", "split": "train", "md5": "2", "language": "fr"},
        {"artist": "P", "split": "test", "md5": "3", "language": "fr"},
    ]
    plant(store, "crate", [*rows, *kept])
    audited(policy(rule))
    assert states() == {subject: "open"}
    audited(policy(rule, applies_to={"where": {"language": "fr"}}))
    assert states()[subject] == "superseded"


def test_a_rule_of_another_field_supersedes_what_it_said_of_the_first(
    store: Store, audited: Audited, states: States
) -> None:
    rows = [
        {"artist": "Nina", "album": "Blue", "split": "train"},
        {"artist": "Nina", "album": "Red", "split": "test"},
    ]
    plant(store, "crate", rows)
    audited(policy({"kind": "crossing", "field": "artist"}))
    audited(policy({"kind": "crossing", "field": "album"}))
    assert states() == {"artist:nina": "superseded"}


_ONE_RECORDING: list[dict[str, Any]] = [{"key": key, "artist": "Nina", "recording": "R"} for key in "abc"]
_OF_ALL_TOGETHER: list[dict[str, Any]] = [
    {"kind": "share", "of": "tracks", "by": "artist", "gini_at_most": 0.1},
    {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"},
    {"kind": "share", "of": "tracks", "by": "album", "unknown_at_most": "1 %"},
    {"kind": "duplicate", "same": ["recording"], "share_at_most": "1 %"},
    {"kind": "crossing", "field": "artist"},  # of which there is not enough evidence
]


@pytest.mark.parametrize("rule", _OF_ALL_TOGETHER)
def test_where_no_track_is_judged_any_more_nothing_is_resolved(
    rule: dict[str, Any], store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", [*_ONE_RECORDING, {"key": "z", "artist": "Otis"}])
    audited(policy(rule))
    assert set(states().values()) == {"open"}
    audited(policy(rule, applies_to={"where": {"split": "trian"}}))
    assert set(states().values()) == {"superseded"}
    audited(policy(rule))
    assert set(states().values()) == {"open"}
    plant(store, "crate", [])
    audited()
    assert set(states().values()) == {"gone"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"share_at_most": "1 %"}, {"group_at_most": 5}),
        ({"group_at_most": 1}, {"share_at_most": "99.9 %"}),
        ({"group_at_most": 1}, {"within": "split"}),
        ({"share_at_most": "1 %"}, {"share_at_most": "99 %", "within": "split"}),
    ],
)
def test_duplicates_that_are_counted_otherwise_are_superseded_and_not_resolved(
    before: dict[str, Any], after: dict[str, Any], store: Store, audited: Audited
) -> None:
    same = {"kind": "duplicate", "same": ["recording"], "review": {"decisions": ["approve", "waive"]}}
    plant(store, "crate", [{**row, "split": f"split {row['key']}"} for row in _ONE_RECORDING])
    audited(policy({**same, **before}))
    with store.read() as connection:
        (was,) = violations.listed(connection)
    audited(policy({**same, **after}))
    with store.read() as connection:
        now = violations.with_key(connection, was.key)
    assert now is not None
    assert now.state == "superseded"


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({"kind": "field", "field": "title"}, {"kind": "field", "field": "album"}, "superseded"),
        ({"kind": "licence", "forbid": ["share_alike"]}, {"kind": "licence", "require": ["commercial"]}, "superseded"),
        (
            {"kind": "licence", "require": ["commercial"]},
            {"kind": "licence", "require": ["commercial"], "deny": ["CC0-1.0"]},
            "resolved",
        ),
    ],
)
def test_what_passes_another_question_is_superseded_and_not_resolved(
    before: dict[str, Any], after: dict[str, Any], state: str, store: Store, audited: Audited, states: States
) -> None:
    keys = {"id": "asked"} | ({"must": "be_present"} if before["kind"] == "field" else {})
    plant(store, "crate", [{"key": "a", "licence": "CC-BY-NC-SA-4.0"}])
    audited(policy({**keys, **before}))
    assert states() == {"a": "open"}
    plant(store, "crate", [{"key": "a", "licence": "CC-BY-4.0", "album": "Blue"}])
    audited(policy({**keys, **after}))
    assert states() == {"a": state}


def test_violations_of_a_rule_that_was_taken_out_of_its_policy_are_superseded(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    report = audited(policy({"kind": "field", "id": "other", "field": "title", "must": "be_present"}))
    assert report.superseded == 1
    assert sorted(states().values()) == ["open"]  # of one subject, the older of the two is listed first
    with store.read() as connection:
        found = {one.rule: one.state for one in violations.listed(connection)}
    assert found == {"field": "superseded", "other": "open"}


def test_violations_of_a_policy_that_was_retired_are_superseded(
    store: Store, audited: Audited, states: States, clock: Time
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    with store.write() as connection:
        retire(connection, "release", actor="U001", via="cli", at=clock())
    report = audited()
    assert (report.outcomes, report.superseded) == ((), 1)
    assert states() == {"b": "superseded"}


def test_violations_in_a_dataset_that_is_no_longer_covered_are_superseded(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", NO_TITLE)
    plant(store, "shelf", [{"key": "s"}])
    audited(policy(TITLED))
    report = audited(policy(TITLED, datasets=["crate"]))
    assert states() == {"b": "open", "s": "superseded"}
    assert [outcome.dataset for outcome in report.outcomes] == ["crate"]


def test_what_is_superseded_keeps_its_history_and_goes_on_with_it_when_its_rule_returns(
    store: Store, audited: Audited, decide: Decide
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    before = decide("b", "approve")
    audited(policy({**TITLED, "id": "other"}))
    audited(policy(TITLED))
    with store.read() as connection:
        after = violations.with_key(connection, before.key)
        decided = decisions.history(connection, before.key)
    assert after is not None
    assert (after.state, after.reopened, after.opened_at) == ("open", 1, before.opened_at)
    assert [one.verdict for one in decided] == ["approve"]
    assert verify(store).broken is None
