"""An audit from end to end: what it opens, keeps, reopens and closes, and what it leaves alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from audit_core.catalogue.leases import hold
from audit_core.catalogue.revisions import open_revision
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import revisions
from audit_core.errors import DecisionRefused, StoreError
from audit_core.ledger import decisions, violations
from audit_core.ledger.policies import retire
from audit_core.ledger.requests import Request
from audit_core.ledger.tables import findings, runs
from audit_core.ledger.tables import violations as violation_table
from audit_core.ledger.transitions import Verdict
from audit_core.ledger.verify import verify
from audit_core.ledger.violations import Violation
from audit_core.report.manifest import manifest
from rules.activation import activate
from rules.policy import Policy
from rules.run import AuditReport, audit
from tests.support.catalogue import plant, plant_comparison
from tests.support.policies import LICENCES, policy

START = datetime(2026, 11, 20, 9, tzinfo=UTC)

TITLED = {"kind": "field", "field": "title", "must": "be_present", "say": "{track} has no title."}
ONE_OF_EACH_KIND: list[dict[str, Any]] = [
    TITLED,
    {"kind": "licence", "require": ["commercial"]},
    {"kind": "duplicate", "same": ["file"]},
    {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["file", "recording"]},
    {"kind": "crossing", "field": "artist"},
    {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"},
]
MANY_FAULTS: list[dict[str, Any]] = [
    {"key": "a", "title": "A", "licence": "CC-BY-NC-4.0", "artist": "Nina", "split": "train", "md5": "1"},
    {"key": "b", "artist": ["NINA", "Otis"], "split": "test", "md5": "1", "licence": "CC0-1.0"},
    {"key": "c", "title": "C", "split": "train", "recording": "R", "licence": "whatever"},
    {"key": "d", "title": "D", "split": "test", "recording": "R"},
]
BYSTANDERS: list[dict[str, Any]] = [
    {"key": "e1", "artist": "Z1", "split": "train"},
    {"key": "e2", "artist": "Z2", "split": "test"},
]
NO_TITLE: list[dict[str, Any]] = [{"key": "a", "title": "A"}, {"key": "b"}]


class Time:
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def audited(store: Store, clock: Time) -> Callable[..., AuditReport]:
    """Audit the store under some policies, or under those that are active already."""

    def run(*policies: Policy, **more: Any) -> AuditReport:
        if policies:
            activate(store, policies, actor="U001", via="cli", clock=clock)
        return audit(store, licences=LICENCES, as_of=clock(), actor="U001", via="cli", clock=clock, **more)

    return run


@pytest.fixture
def states(store: Store) -> Callable[[], dict[str, str]]:
    """Tell the state of each violation, by subject."""

    def read() -> dict[str, str]:
        with store.read() as connection:
            return {violation.subject: violation.state for violation in violations.listed(connection)}

    return read


@pytest.fixture
def decide(store: Store, clock: Time) -> Callable[..., Violation]:
    """Decide about the violation of a subject."""

    def about(
        subject: str,
        verdict: Verdict,
        *,
        rule: str | None = None,
        targets: Sequence[tuple[str, str]] = (),
        copies_too: bool = True,
        until: datetime | None = None,
    ) -> Violation:
        with store.write() as connection:
            found = violations.listed(connection, rule=rule)
            (violation,) = (one for one in found if one.subject == subject)
            request = Request(
                verdict=verdict,
                violation_key=violation.key,
                violation_revision=violation.revision,
                person="U001",
                via="cli",
                at=clock(),
                reason="looked at it",
                evidence_url=None,
                until=until.date() if until else None,
                ends_at=until,
                policy_sha256="0" * 64,
                targets=tuple(targets),
                copies_too=copies_too,
            )
            decisions.decide(connection, request)
        return violation

    return about


def _rows(store: Store) -> tuple[int, int]:
    with store.read() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (findings, violation_table)
        ]
    return counted[0], counted[1]


def test_what_fails_is_opened_with_the_words_of_the_rule(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED))
    with store.read() as connection:
        (opened,) = violations.listed(connection)
    assert (opened.subject, opened.state, opened.message) == ("b", "open", "b has no title.")
    assert opened.evidence == {"field": "title", "value": None, "must": {"be_present": True}}
    (outcome,) = report.outcomes
    assert (outcome.result, outcome.judged, outcome.count, outcome.changes) == ("fail", 2, 1, {"opened": 1})
    assert report.open_by_severity == {"critical": 0, "high": 1, "medium": 0, "low": 0}


def test_an_audit_of_what_has_not_changed_writes_no_finding_and_no_violation(
    store: Store, audited: Callable[..., AuditReport]
) -> None:
    plant(store, "crate", MANY_FAULTS)
    audited(policy(*ONE_OF_EACH_KIND))
    before = _rows(store)
    report = audited()
    assert before[0] > 5
    assert _rows(store) == before
    assert [outcome.changes for outcome in report.outcomes] == [{}] * len(ONE_OF_EACH_KIND)


def test_what_passes_again_is_resolved_and_what_fails_once_more_is_reopened(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    plant(store, "crate", [{"key": "a", "title": "A"}, {"key": "b", "title": "B"}])
    audited()
    assert states() == {"b": "resolved"}
    plant(store, "crate", NO_TITLE)
    report = audited()
    assert states() == {"b": "open"}
    assert report.outcomes[0].changes == {"reopened": 1}


def test_a_track_that_vanished_is_gone_and_not_resolved(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    plant(store, "crate", [{"key": "a", "title": "A"}])
    audited()
    assert states() == {"b": "gone"}


@pytest.mark.parametrize(
    ("rule", "before", "resolved", "gone"),
    [
        (
            {"kind": "duplicate", "same": ["file"]},
            [{"md5": "1"}, {"md5": "1"}, {"md5": "2"}],
            [{"md5": "1"}, {"md5": "2"}, {"md5": "3"}],
            [{"md5": "2"}, {"md5": "3"}],
        ),
        (
            {"kind": "crossing", "field": "artist"},
            [{"artist": "N", "split": "train"}, {"artist": "N", "split": "test"}],
            [{"artist": "N", "split": "train"}, {"artist": "O", "split": "test"}],
            [{"artist": "O", "split": "train"}, {"artist": "P", "split": "test"}],
        ),
        (
            {"kind": "crossing", "field": "extra.session"},
            [{"extra.session": "N", "split": "train"}, {"extra.session": "n", "split": "test"}],
            [{"extra.session": "N", "split": "train"}, {"extra.session": "O", "split": "test"}],
            [{"extra.session": "O", "split": "train"}, {"extra.session": "P", "split": "test"}],
        ),
        (
            {"kind": "share", "of": "tracks", "by": "language", "at_most": "50 %"},
            [{"language": "en"}, {"language": "en"}, {"language": "fr"}],
            [{"language": "en"}, {"language": "fr"}],
            [{"language": "fr"}, {"language": "de"}],
        ),
        (
            {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["recording"]},
            [{"key": "a", "recording": "R", "split": "train"}, {"key": "b", "recording": "R", "split": "test"}],
            [{"key": "a", "recording": "R", "split": "train"}, {"key": "b", "recording": "S", "split": "test"}],
            [{"key": "b", "recording": "S", "split": "test"}, {"key": "c", "recording": "T", "split": "train"}],
        ),
    ],
)  # fmt: skip
def test_each_kind_of_subject_is_resolved_while_it_is_there_and_gone_after(
    rule: dict[str, Any],
    before: list[dict[str, Any]],
    resolved: list[dict[str, Any]],
    gone: list[dict[str, Any]],
    store: Store,
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
) -> None:
    plant(store, "crate", before)
    audited(policy(rule))
    assert list(states().values()) == ["open"]
    plant(store, "crate", resolved)
    audited()
    assert list(states().values()) == ["resolved"]
    plant(store, "crate", before)
    audited()
    assert list(states().values()) == ["open"]
    plant(store, "crate", gone)
    audited()
    assert "gone" in states().values()
    assert "resolved" not in states().values()


def test_an_approval_holds_while_its_evidence_does(
    store: Store,
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    store: Store, audited: Callable[..., AuditReport], decide: Callable[..., Violation]
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
    decide: Callable[..., Violation],
    clock: Time,
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    before = clock()
    decide("b", "quarantine", targets=[("crate", "b")])
    audit(store, licences=LICENCES, as_of=before, actor="U001", via="cli", clock=clock)
    assert states() == {"b": "quarantined"}


def test_what_a_policy_judges_no_more_is_superseded_and_not_resolved(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", [{"key": "b", "split": "train"}, {"key": "c", "split": "test"}])
    audited(policy(TITLED))
    audited(policy(TITLED, applies_to={"where": {"split": "test"}}))
    assert states() == {"b": "superseded", "c": "open"}


def test_a_policy_that_judges_nothing_any_more_supersedes_all_that_is_there(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", [{"key": "b", "split": "train"}])
    audited(policy(TITLED))
    (outcome,) = audited(policy(TITLED, applies_to={"where": {"split": "test"}})).outcomes
    assert outcome.result == "skip"
    assert states() == {"b": "superseded"}


def test_a_track_whose_split_was_blanked_is_no_longer_judged_and_so_superseded(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
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
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
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
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    rows = [
        {"artist": "Nina", "album": "Blue", "split": "train"},
        {"artist": "Nina", "album": "Red", "split": "test"},
    ]
    plant(store, "crate", rows)
    audited(policy({"kind": "crossing", "field": "artist"}))
    audited(policy({"kind": "crossing", "field": "album"}))
    assert states() == {"artist:nina": "superseded"}


def test_violations_of_a_rule_that_was_taken_out_of_its_policy_are_superseded(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
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
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]], clock: Time
) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    with store.write() as connection:
        retire(connection, "release", actor="U001", via="cli", at=clock())
    report = audited()
    assert (report.outcomes, report.superseded) == ((), 1)
    assert states() == {"b": "superseded"}


def test_violations_in_a_dataset_that_is_no_longer_covered_are_superseded(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", NO_TITLE)
    plant(store, "shelf", [{"key": "s"}])
    audited(policy(TITLED))
    report = audited(policy(TITLED, datasets=["crate"]))
    assert states() == {"b": "open", "s": "superseded"}
    assert [outcome.dataset for outcome in report.outcomes] == ["crate"]


def test_a_rule_that_breaks_is_an_error_that_resolves_nothing_and_spares_the_others(
    store: Store, audited: Callable[..., AuditReport], caplog: pytest.LogCaptureFixture
) -> None:
    plant(store, "crate", [{"key": "a", "artist": "N", "split": "train"}, {"key": "b", "artist": "N", "split": "test"}])
    crossing = {"kind": "crossing", "field": "artist"}
    audited(policy(TITLED, crossing))
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE track_group RENAME TO mislaid")
    with caplog.at_level(logging.CRITICAL, "rules.judging"):
        report = audited()
    assert [outcome.result for outcome in report.outcomes] == ["fail", "error"]
    assert report.unjudged == 1
    with store.read() as connection:
        found = {(one.rule, one.subject_kind): (one.state, one.message) for one in violations.listed(connection)}
    assert found[("crossing", "value")][0] == "open"
    assert found[("crossing", "rule")][0] == "open"
    assert found[("crossing", "rule")][1].startswith("It could not be judged: the check broke")
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE mislaid RENAME TO track_group")
    assert [outcome.changes for outcome in audited().outcomes] == [{}, {"resolved": 1}]


def test_a_rule_without_evidence_is_no_pass_and_resolves_nothing(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", [{"artist": "N", "split": "train"}, {"artist": "N", "split": "test"}])
    audited(policy({"kind": "crossing", "field": "artist"}))
    plant(store, "crate", [{"split": "train"}, {"split": "test"}])
    report = audited()
    assert [(outcome.result, outcome.reason) for outcome in report.outcomes] == [
        ("not_enough_evidence", "fewer than two splits have a track with an artist")
    ]
    assert states() == {"artist:n": "open", "crossing": "open"}


def test_a_rule_that_has_no_track_to_judge_is_skipped(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED, applies_to={"where": {"split": "train"}}))
    assert [(outcome.result, outcome.judged) for outcome in report.outcomes] == [("skip", 0)]
    assert report.unjudged == 0


def test_past_the_circuit_breaker_one_violation_stands_for_all_and_nothing_is_resolved(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", [{"key": "known"}, *({"key": f"t{number:03}", "title": "T"} for number in range(99))])
    safety = {"stop_if_over": "30 % of tracks"}
    audited(policy(TITLED, safety=safety))
    assert states() == {"known": "open"}
    plant(
        store,
        "crate",
        [{"key": f"t{number:03}"} for number in range(40)] + [{"key": f"u{n}", "title": "U"} for n in range(60)],
    )
    report = audited()
    (outcome,) = report.outcomes
    assert (outcome.result, outcome.stopped, outcome.count, outcome.judged) == ("fail", True, 40, 100)
    assert report.unjudged == 1
    with store.read() as connection:
        (summary,) = (one for one in violations.listed(connection) if one.subject_kind == "rule")
        newest = select(runs.c.outcomes).order_by(runs.c.id.desc()).limit(1)
        (statement,) = connection.execute(newest).scalar_one()[0]["statements"]
        again = connection.exec_driver_sql(*_in_driver_words(statement, store)).all()
    assert summary.message == "Stopped at 40 violations among 100 tracks: too many to be opened one by one."
    assert [one["subject"] for one in summary.evidence["sample"]] == [f"t{number:03}" for number in range(25)]
    assert len(again) == 40
    assert states() == {"known": "open", "field": "open"}


def _in_driver_words(statement: dict[str, Any], store: Store) -> tuple[str, Any]:
    parameters = statement["parameters"]
    return statement["sql"], tuple(parameters.values()) if store.is_sqlite else parameters


def test_a_stopped_rule_goes_on_once_there_is_less(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    plant(store, "crate", [{"key": f"t{number:02}"} for number in range(30)])
    audited(policy(TITLED, safety={"stop_if_over": "20 violations"}))
    assert states() == {"field": "open"}
    plant(store, "crate", [{"key": "t00"}, {"key": "t01", "title": "T"}])
    audited()
    assert states() == {"field": "resolved", "t00": "open"}


def test_a_policy_that_only_observes_is_counted_apart(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED, mode="observe"))
    with store.read() as connection:
        (observed,) = violations.listed(connection)
    assert (observed.mode, observed.state) == ("observe", "open")
    assert report.open_by_severity["high"] == 0
    assert audited(policy(TITLED)).open_by_severity["high"] == 1


def test_a_dry_run_reports_the_same_and_writes_nothing(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", NO_TITLE)
    rehearsed = audited(policy(TITLED), dry_run=True)
    assert _rows(store) == (0, 0)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(runs)).scalar() == 0
    held = audited()
    assert rehearsed.run_id is None
    assert rehearsed.outcomes == held.outcomes
    assert rehearsed.open_by_severity == held.open_by_severity


def test_a_dry_run_judges_by_what_earlier_audits_found(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", NO_TITLE)
    audited(policy(TITLED))
    with store.write() as connection:  # as if the audit had been killed before it settled
        connection.execute(delete(violation_table))
        connection.execute(update(runs).values(settled_at=None))
    (outcome,) = audited(dry_run=True).outcomes
    assert outcome.changes == {}


def test_the_same_revision_policies_moment_and_seed_give_the_same_findings(
    store: Store, clock: Time, audited: Callable[..., AuditReport]
) -> None:
    plant(store, "crate", MANY_FAULTS)
    activate(store, [policy(*ONE_OF_EACH_KIND)], actor="U001", via="cli", clock=clock)
    seen = []
    for _ in range(2):
        report = audit(store, licences=LICENCES, as_of=START, seed=3, actor="U001", via="cli", clock=clock)
        with store.read() as connection:
            leaves = select(findings).where(findings.c.run_id == report.run_id).order_by(findings.c.key)
            seen.append([{**row._mapping, "run_id": 0, "leaf": ""} for row in connection.execute(leaves)])
        with store.write() as connection:
            connection.execute(delete(violation_table))
    assert len(seen[0]) > 5
    assert seen[0] == seen[1]


def test_a_run_says_what_it_was_made_from(store: Store, audited: Callable[..., AuditReport]) -> None:
    revision = plant(store, "crate", NO_TITLE)
    held_against = policy(TITLED)
    report = audited(held_against, seed=11)
    with store.read() as connection:
        run = connection.execute(select(runs).where(runs.c.id == report.run_id)).one()
    assert (run.revision, run.seed, run.as_of) == (revision, 11, report.as_of)
    assert run.inputs == {"policies": {"release": held_against.sha256}, "licences": LICENCES.digest}
    assert run.settled_at is not None
    assert json.loads(json.dumps(report.as_dict()))["outcomes"] == run.outcomes


def test_two_audits_can_not_run_at_once(store: Store, audited: Callable[..., AuditReport]) -> None:
    with hold(store, "audit"), pytest.raises(StoreError, match="another audit is running"):
        audited(policy(TITLED))


def test_an_audit_sees_no_row_of_an_import_that_is_not_published(
    store: Store, audited: Callable[..., AuditReport]
) -> None:
    plant(store, "crate", [{"key": "a", "title": "A"}])
    revision = plant(store, "crate", NO_TITLE)
    with store.write() as connection:
        connection.execute(update(revisions).where(revisions.c.id == revision).values(published_at=None))
    (outcome,) = audited(policy(TITLED)).outcomes
    assert (outcome.result, outcome.judged) == ("pass", 1)


def test_a_dataset_whose_first_import_was_refused_is_judged_by_no_rule(
    store: Store, audited: Callable[..., AuditReport]
) -> None:
    plant(store, "crate", [{"key": "a", "title": "A"}])
    with store.write() as connection:
        _, revision = open_revision(connection, "never", actor="ada", origin="a.csv", at=START)
        connection.execute(update(revisions).where(revisions.c.id == revision).values(abandoned_at=START))
    assert [outcome.dataset for outcome in audited(policy(TITLED)).outcomes] == ["crate"]


def test_progress_is_told_rule_by_rule(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", MANY_FAULTS)
    told: list[tuple[int, int | None]] = []
    audited(policy(*ONE_OF_EACH_KIND), progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(1, 7)]


def test_the_ledger_vouches_for_what_audits_wrote(store: Store, audited: Callable[..., AuditReport]) -> None:
    plant(store, "crate", MANY_FAULTS)
    audited(policy(*ONE_OF_EACH_KIND))
    plant(store, "crate", MANY_FAULTS[1:])
    audited()
    assert verify(store).broken is None


def test_what_could_not_be_heard_again_is_not_resolved_and_what_has_vanished_is_gone(
    store: Store, audited: Callable[..., AuditReport], states: Callable[[], dict[str, str]]
) -> None:
    def comes_in(*keys: str, unheard: str = "") -> None:
        splits = {"a": "train", "b": "test", "c": "train"}
        rows = [{"key": key, "split": splits[key], "path": key, "title": "T"} for key in keys]
        plant(store, "crate", [row if row["key"] == unheard else {**row, "heard": {"packets": "A"}} for row in rows])
        plant_comparison(store, compared=["A"])

    apart = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["recording"]}
    comes_in("a", "b", "c")
    audited(policy(apart))
    assert states() == {"a": "open", "c": "open"}
    comes_in("a", "b", unheard="b")
    (outcome,) = audited().outcomes
    assert states() == {"a": "open", "c": "gone", "neighbour": "open"}
    assert (outcome.result, outcome.reason) == ("not_enough_evidence", "of 2 tracks, 1 was not scanned")
    comes_in("a")
    plant(store, "crate", [{"key": "a", "split": "train", "heard": {"packets": "A"}}, {"key": "b", "split": "test"}])
    audited()
    assert states()["a"] == "open"
    plant(
        store,
        "crate",
        [
            {"key": "a", "split": "train", "heard": {"packets": "A"}},
            {"key": "b", "split": "test", "heard": {"packets": "B"}},
        ],
    )
    plant_comparison(store, compared=["A", "B"])
    audited()
    assert states() == {"a": "resolved", "c": "gone", "neighbour": "resolved"}


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ({"kind": "duplicate", "same": ["recording"]}, "heard:packets:A"),
        ({"kind": "crossing", "field": "recording"}, "recording:heard:packets:A"),
    ],
)
def test_a_recording_that_was_heard_is_gone_when_nobody_holds_it_any_more(
    rule: dict[str, Any],
    subject: str,
    store: Store,
    audited: Callable[..., AuditReport],
    states: Callable[[], dict[str, str]],
) -> None:
    def comes_in(**audio: str) -> None:
        splits = {"a": "train", "b": "test"}
        heard = [{"key": key, "split": splits[key], "heard": {"packets": packets}} for key, packets in audio.items()]
        plant(store, "crate", heard)
        plant_comparison(store, compared=set(audio.values()))

    comes_in(a="A", b="A")
    audited(policy(rule))
    comes_in(a="A", b="B")
    audited()
    assert states() == {subject: "resolved"}
    comes_in(a="A", b="A")
    audited()
    comes_in(a="C", b="B")
    audited()
    assert states() == {subject: "gone"}
