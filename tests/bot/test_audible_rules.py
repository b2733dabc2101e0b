"""What the rules say of sound can be heard: their evidence leads to the files, and to the place in them."""

from __future__ import annotations

from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.evidence.comparison import Comparison, comparison
from audit_core.evidence.named import is_audible
from audit_core.ledger.violations import Found, Violation
from tests.support.catalogue import PLANTED_AT, plant, plant_comparison
from tests.support.policies import LICENCES, evaluate_all, policy

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

STRETCH = {"offset_a": 31.0, "offset_b": 12.0, "overlap_s": 20.0, "tempo": 1.04, "pitch": -0.7, "score": 90.0}
HEARD = {"peaks": 900, "duration_ms": 60_000, "header_ms": 60_000}


def as_violation(found: Found) -> Violation:
    """The violation that an audit makes of what a check found."""
    held = {name: getattr(found, name) for name in Violation.__dataclass_fields__ if hasattr(found, name)}
    more: dict[str, Any] = {"state": "open", "revision": 1, "reopened": 0, "opened_at": PLANTED_AT}
    return Violation(**{**held, **more, "changed_at": PLANTED_AT, "run_id": 1, "decision_id": None})


def heard(store: Store, rule: dict[str, Any]) -> tuple[Violation, Comparison]:
    """Plant a crate in which a test track is found in training, audit it, and find what the violation sounds like."""
    plant(
        store,
        "crate",
        [
            {"key": "a", "split": "train", "artist": "Nina", "heard": {"packets": "p2", "sha256": "s2", **HEARD}},
            {"key": "b", "split": "test", "artist": "Otis", "heard": {"packets": "p1", "sha256": "s1", **HEARD}},
            {"key": "c", "split": "train", "heard": {"packets": "p3", **HEARD, "duration_ms": 20_000}},
        ],
    )
    match = {"packets_a": "p1", "packets_b": "p2", "stretches": [STRETCH], "overlap_s": 20.0, "score": 90.0}
    one = rule["kind"] == "crossing" or "recording" in rule.get("same", ())
    recordings = {"p1": "R1", "p2": "R1"} if one else {}
    revision = plant_comparison(store, compared=["p1", "p2", "p3"], recordings=recordings, matches=[match])
    made = policy(rule)
    snapshot = Snapshot(revision, PLANTED_AT)
    with store.read() as connection:
        (evaluation,) = evaluate_all(connection, made, made.rules[0], snapshot, LICENCES)
        found = next(iter(evaluation.found))
        violation = as_violation(found)
        return violation, comparison(connection, violation, snapshot)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["recording"]},
        {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}, "same": ["excerpt"]},
        {"kind": "duplicate", "same": ["recording"]},
        {"kind": "crossing", "field": "recording"},
        {"kind": "crossing", "field": "artist"},
    ],
)
def test_two_tracks_are_heard_where_they_match(rule: dict[str, Any], store: Store) -> None:
    violation, found = heard(store, rule)
    assert is_audible(violation)
    assert found.b is not None
    assert {found.a.key, found.b.key} == {"a", "b"}
    assert found.stretch is not None
    first = 12.0 if found.a.key == "a" else 31.0
    assert found.stretch.offset_a == first
    assert found.stretch.tempo == pytest.approx(1 / 1.04 if found.a.key == "a" else 1.04, abs=1e-4)


def test_a_file_that_breaks_off_is_heard_at_its_end(store: Store) -> None:
    violation, found = heard(store, {"kind": "integrity", "forbid": ["truncated"]})
    assert is_audible(violation)
    assert (found.a.key, found.b, found.place) == ("c", None, "end")
