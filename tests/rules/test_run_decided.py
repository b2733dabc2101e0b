"""An audit of what was decided: approvals, waivers and quarantines, and how long they hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.errors import DecisionRefused
from audit_core.ledger import violations
from audit_core.ledger.verify import verify
from audit_core.ledger.waivers import waived_keys
from audit_core.report.manifest import manifest
from rules.preview import preview
from rules.run import audit
from tests.support.audits import NO_TITLE, START, TITLED, Audited, Decide, States, Time
from tests.support.catalogue import plant
from tests.support.policies import LICENCES, policy

BYSTANDERS: list[dict[str, Any]] = [
    {"key": "e1", "artist": "Z1", "split": "train"},
    {"key": "e2", "artist": "Z2", "split": "test"},
]


def test_an_approval_holds_while_its_evidence_does(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
) -> None:
    rule = {"kind": "duplicate", "same": ["file"]}
    plant(store, "crate", [{"md5": "1"}, {"md5": "1"}])
    audited(policy(rule))
    decide("md5:1", "approve")
    audited()
    assert states() == {"md5:1": "approved"}
    plant(store, "crate", [{"md5": "1"}, {"md5": "1"}, {"md5": "1"}])
    audited()
    assert states() == {"md5:1": "open"}


def test_a_waiver_ends_and_the_violation_is_open_again(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    decide("b", "waive", until=clock() + timedelta(hours=1))
    audited()
    assert states() == {"b": "waived"}
    clock.now += timedelta(hours=2)
    audited()
    assert states() == {"b": "open"}


def test_a_quarantined_track_is_judged_by_no_rule_nor_is_its_identical_twin(
    store: Store, audited: Audited, decide: Decide
) -> None:
    nameless = {"id": "artist-known", "kind": "field", "field": "artist", "must": "be_present"}
    plant(
        store,
        "crate",
        [
            {"key": "a", "title": "A", "artist": "N"},
            {"key": "b", "md5": "1"},
            {"key": "twin", "artist": "N", "md5": "1"},
        ],
    )
    audited(policy({**TITLED, "id": "titled"}, nameless))
    decide("b", "quarantine", rule="artist-known", targets=[("crate", "b")])
    report = audited()
    with store.read() as connection:
        found = {(one.rule, one.subject): one.state for one in violations.listed(connection)}
    assert found == {("artist-known", "b"): "quarantined", ("titled", "b"): "gone", ("titled", "twin"): "gone"}
    assert [(outcome.judged, outcome.result) for outcome in report.outcomes] == [(1, "pass"), (1, "pass")]


def test_a_waiver_granted_while_an_audit_runs_holds(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    before = clock()
    decide("b", "waive", until=START + timedelta(days=30))
    audit(store, licences=LICENCES, as_of=before, actor="U001", via="cli", clock=clock)
    assert states() == {"b": "waived"}


def test_a_waiver_that_has_ended_is_over_even_where_its_rule_is_stopped(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    decide("b", "waive", until=clock() + timedelta(days=1))
    clock.now += timedelta(days=5)
    plant(store, "crate", [{"key": "b"}, *({"key": f"n{number}"} for number in range(60))])
    (outcome,) = audited(policy(TITLED, safety={"stop_if_over": "10 violations"})).outcomes
    assert outcome.stopped
    assert states() == {"b": "open", "field": "open"}


@pytest.mark.parametrize(
    ("rule", "rows", "newcomer", "subject", "out"),
    [
        (
            {"kind": "crossing", "field": "artist", "quarantine": "train"},
            [
                *BYSTANDERS,
                {"key": "t1", "artist": "N", "split": "train"},
                {"key": "t9", "artist": "N", "split": "test"},
            ],
            {"key": "t2", "artist": "N", "split": "train"},
            "artist:n",
            "t1",
        ),
        (
            {"kind": "duplicate", "same": ["file"]},
            [{"key": "a", "md5": "1"}, {"key": "b", "md5": "1"}],
            {"key": "c", "md5": "1"},
            "md5:1",
            "b",
        ),
    ],
)
def test_a_newcomer_to_a_quarantined_group_opens_it_again_and_a_release_brings_all_of_it_back(
    rule: dict[str, Any],
    rows: list[dict[str, Any]],
    newcomer: dict[str, Any],
    subject: str,
    out: str,
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    def left() -> list[str]:
        with store.read() as connection:
            return [row.key for row in manifest(connection, "crate", Snapshot(latest_revision(connection), clock()))]

    every = [row["key"] for row in rows]
    plant(store, "crate", rows)
    audited(policy(rule))
    decide(subject, "quarantine", targets=[("crate", out)], copies_too=False)
    audited()
    assert states() == {subject: "quarantined"}
    plant(store, "crate", [*rows, newcomer])
    (outcome,) = audited().outcomes
    assert (states(), outcome.changes) == ({subject: "open"}, {"reopened": 1})
    assert out not in left()
    decide(subject, "quarantine", targets=[("crate", newcomer["key"])], copies_too=False)
    audited()
    assert states() == {subject: "quarantined"}
    assert not {out, newcomer["key"]} & set(left())
    decide(subject, "release")
    assert left() == sorted([*every, newcomer["key"]])
    assert verify(store).broken is None


def test_what_is_out_can_be_released_after_the_newcomers_went_away_again(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
) -> None:
    rows = [*BYSTANDERS, {"key": "t1", "artist": "N", "split": "train"}, {"key": "t9", "artist": "N", "split": "test"}]
    plant(store, "crate", rows)
    audited(policy({"kind": "crossing", "field": "artist", "quarantine": "train"}))
    decide("artist:n", "quarantine", targets=[("crate", "t1")])
    plant(store, "crate", [*rows, {"key": "t2", "artist": "N", "split": "train"}])
    audited()
    plant(store, "crate", rows)
    audited()
    assert states() == {"artist:n": "resolved"}
    decide("artist:n", "release")
    assert states() == {"artist:n": "open"}
    with pytest.raises(DecisionRefused):
        decide("artist:n", "release")
    audited()
    assert states() == {"artist:n": "open"}
    assert verify(store).broken is None


def test_a_quarantine_decided_while_an_audit_runs_stands(
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    before = clock()
    decide("b", "quarantine", targets=[("crate", "b")])
    audit(store, licences=LICENCES, as_of=before, actor="U001", via="cli", clock=clock)
    assert states() == {"b": "quarantined"}


_ASKED = [
    (
        {"kind": "field", "field": "title", "must": "be_present"},
        {"kind": "field", "field": "isrc", "must": "be_present"},
    ),
    ({"kind": "licence", "forbid": ["share_alike"]}, {"kind": "licence", "require": ["commercial"]}),
    ({"kind": "field", "field": "title", "must": "be_present"}, {"kind": "licence", "require": ["commercial"]}),
]


@pytest.mark.parametrize(("before", "after"), _ASKED)
def test_what_was_decided_about_another_question_is_open_again_and_a_quarantine_stays(
    before: dict[str, Any],
    after: dict[str, Any],
    store: Store,
    audited: Audited,
    states: States,
    decide: Decide,
    clock: Time,
) -> None:
    first, then = policy({**before, "id": "asked"}), policy({**after, "id": "asked"})
    plant(store, "crate", [{"key": key, "licence": "CC-BY-NC-SA-4.0"} for key in "abc"])
    audited(first)
    decide("a", "approve", under=first)
    decide("b", "waive", until=clock() + timedelta(days=9), under=first)
    decide("c", "quarantine", targets=[("crate", "c")], under=first)
    audited()
    assert states() == {"a": "approved", "b": "waived", "c": "quarantined"}
    (foreseen,) = preview(store, before=first, after=then, licences=LICENCES, as_of=clock()).rules
    assert (foreseen.reopens, foreseen.lapsing) == (2, 2)
    assert [(one.key, one.state) for one in foreseen.lapses] == [
        (_key(store, "a"), "approved"),
        (_key(store, "b"), "waived"),
    ]
    audited(then)
    assert states() == {"a": "open", "b": "open", "c": "quarantined"}
    with store.read() as connection:
        assert not waived_keys(connection, clock())
    decide("a", "approve", under=then)
    audited()
    assert states() == {"a": "approved", "b": "open", "c": "quarantined"}
    assert verify(store).broken is None


def test_what_was_decided_holds_while_the_question_is_the_same(
    store: Store, audited: Audited, states: States, decide: Decide, clock: Time
) -> None:
    stricter = policy({**TITLED, "severity": "critical", "must": {"match": "A.*"}})
    plant(store, "crate", [{"key": "a"}])
    audited(policy(TITLED))
    decide("a", "waive", until=clock() + timedelta(days=9), under=policy(TITLED))
    audited(stricter)
    assert states() == {"a": "waived"}
    with store.read() as connection:
        assert waived_keys(connection, clock()) == {_key(store, "a")}


def _key(store: Store, subject: str) -> str:
    with store.read() as connection:
        return next(one.key for one in violations.listed(connection) if one.subject == subject)
