"""An audit from end to end: what it opens, keeps, reopens and closes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from audit_core.catalogue.store import Store
from audit_core.ledger import violations
from audit_core.ledger.tables import findings
from audit_core.ledger.tables import violations as violation_table
from audit_core.ledger.verify import verify
from tests.support.audits import MANY_FAULTS, NO_TITLE, ONE_OF_EACH_KIND, TITLED, Audited, States
from tests.support.catalogue import plant, plant_comparison
from tests.support.policies import policy


def _rows(store: Store) -> tuple[int, int]:
    with store.read() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (findings, violation_table)
        ]
    return counted[0], counted[1]


def test_what_fails_is_opened_with_the_words_of_the_rule(store: Store, audited: Audited) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED))
    with store.read() as connection:
        (opened,) = violations.listed(connection)
    assert (opened.subject, opened.state, opened.message) == ("b", "open", "b has no title.")
    assert opened.evidence == {"field": "title", "value": None, "must": {"be_present": True}}
    (outcome,) = report.outcomes
    assert (outcome.result, outcome.judged, outcome.count, outcome.changes) == ("fail", 2, 1, {"opened": 1})
    assert report.open_by_severity == {"critical": 0, "high": 1, "medium": 0, "low": 0}


def test_an_audit_of_what_has_not_changed_writes_no_finding_and_no_violation(store: Store, audited: Audited) -> None:
    plant(store, "crate", MANY_FAULTS)
    audited(policy(*ONE_OF_EACH_KIND))
    before = _rows(store)
    report = audited()
    assert before[0] > 5
    assert _rows(store) == before
    assert [outcome.changes for outcome in report.outcomes] == [{}] * len(ONE_OF_EACH_KIND)


def test_what_passes_again_is_resolved_and_what_fails_once_more_is_reopened(
    store: Store, audited: Audited, states: States
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


def test_a_track_that_vanished_is_gone_and_not_resolved(store: Store, audited: Audited, states: States) -> None:
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
    audited: Audited,
    states: States,
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
    audited: Audited,
    states: States,
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


def test_a_policy_that_only_observes_is_counted_apart(store: Store, audited: Audited) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED, mode="observe"))
    with store.read() as connection:
        (observed,) = violations.listed(connection)
    assert (observed.mode, observed.state) == ("observe", "open")
    assert report.outcomes[0].result == "warn"
    assert report.open_by_severity["high"] == 0
    enforced = audited(policy(TITLED))
    assert enforced.outcomes[0].result == "fail"
    assert enforced.open_by_severity["high"] == 1


def test_what_is_only_observed_is_resolved_as_all_else_and_is_never_missing_evidence(
    store: Store, audited: Audited, states: States
) -> None:
    apart = {"kind": "crossing", "field": "artist"}
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED, apart, mode="observe", safety={"stop_if_over": "100 % of tracks"}))
    assert [outcome.result for outcome in report.outcomes] == ["warn", "not_enough_evidence"]
    assert report.unjudged == 0
    plant(store, "crate", [{"key": "b", "title": "B"}])
    audited()
    assert states()["b"] == "resolved"


def test_progress_is_told_rule_by_rule(store: Store, audited: Audited) -> None:
    plant(store, "crate", MANY_FAULTS)
    told: list[tuple[int, int | None]] = []
    audited(policy(*ONE_OF_EACH_KIND), progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(1, 7)]


def test_the_ledger_vouches_for_what_audits_wrote(store: Store, audited: Audited) -> None:
    plant(store, "crate", MANY_FAULTS)
    audited(policy(*ONE_OF_EACH_KIND))
    plant(store, "crate", MANY_FAULTS[1:])
    audited()
    assert verify(store).broken is None
