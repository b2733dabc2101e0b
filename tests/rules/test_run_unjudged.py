"""An audit that can't judge: an error, too little evidence, too many to open. It is no pass, and resolves nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from sqlalchemy import select

from audit_core.catalogue.store import Store
from audit_core.ledger import violations
from audit_core.ledger.tables import runs
from tests.support.audits import NO_TITLE, TITLED, Audited, States
from tests.support.catalogue import plant, plant_comparison
from tests.support.policies import policy


def test_a_rule_that_breaks_is_an_error_that_resolves_nothing_and_spares_the_others(
    store: Store, audited: Audited, caplog: pytest.LogCaptureFixture
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


def test_a_policy_whose_tracks_cant_be_counted_is_an_error_that_spares_the_other_policies(
    store: Store, audited: Audited, caplog: pytest.LogCaptureFixture
) -> None:
    plant(store, "crate", [{"key": "a", "artist": "N"}])
    ours = policy(TITLED, policy="ours", applies_to={"where": {"artist": "N"}})
    audited(ours, policy({**TITLED, "id": "others"}, policy="theirs"))
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE track_group RENAME TO mislaid")
    with caplog.at_level(logging.CRITICAL, "rules.judging"):
        report = audited()
    assert [(outcome.policy, outcome.result) for outcome in report.outcomes] == [("ours", "error"), ("theirs", "fail")]
    assert (report.superseded, report.idle_policies) == (0, ())
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE mislaid RENAME TO track_group")
    assert [outcome.changes for outcome in audited().outcomes] == [{"resolved": 1}, {}]


@pytest.mark.parametrize(
    "where",
    [
        {"any": [{"year": [2**31 - 1, 1 - 2**31]}, {"year": 1999}]},
        {"not": {"sample_rate": 2**31 - 1}},
        {"not": {"duration": ["999999999.999 h"]}},
    ],
)
def test_the_largest_numbers_that_can_be_written_are_compared_on_every_database(
    where: dict[str, Any], store: Store, audited: Audited
) -> None:
    plant(store, "crate", [{"key": "a", "year": 1999}])
    bounds = {"kind": "field", "field": "year", "must": {"be_at_least": 1 - 2**31, "be_at_most": 2**31 - 1}}
    (outcome,) = audited(policy(bounds, applies_to={"where": where})).outcomes
    assert (outcome.result, outcome.judged) == ("pass", 1)


def test_a_rule_without_evidence_is_no_pass_and_resolves_nothing(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", [{"artist": "N", "split": "train"}, {"artist": "N", "split": "test"}])
    audited(policy({"kind": "crossing", "field": "artist"}))
    plant(store, "crate", [{"split": "train"}, {"split": "test"}])
    report = audited()
    assert [(outcome.result, outcome.reason) for outcome in report.outcomes] == [
        ("not_enough_evidence", "fewer than two splits have a track with an artist")
    ]
    assert states() == {"artist:n": "open", "crossing": "open"}


def test_a_rule_that_has_no_track_to_judge_is_skipped(store: Store, audited: Audited) -> None:
    plant(store, "crate", NO_TITLE)
    report = audited(policy(TITLED, applies_to={"where": {"split": "train"}}))
    assert [(outcome.result, outcome.judged) for outcome in report.outcomes] == [("skip", 0)]
    assert report.unjudged == 0


def test_past_the_circuit_breaker_one_violation_stands_for_all_and_nothing_is_resolved(
    store: Store, audited: Audited, states: States
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


def test_a_stopped_rule_goes_on_once_there_is_less(store: Store, audited: Audited, states: States) -> None:
    plant(store, "crate", [{"key": f"t{number:02}"} for number in range(30)])
    audited(policy(TITLED, safety={"stop_if_over": "20 violations"}))
    assert states() == {"field": "open"}
    plant(store, "crate", [{"key": "t00"}, {"key": "t01", "title": "T"}])
    audited()
    assert states() == {"field": "resolved", "t00": "open"}


def test_what_could_not_be_heard_again_is_not_resolved_and_what_has_vanished_is_gone(
    store: Store, audited: Audited, states: States
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
