"""What a quarantine does to byte-identical copies depends on what the complaint is about."""

from __future__ import annotations

import pytest

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.ledger.violations import listed
from audit_core.report.manifest import manifest
from audit_core.rights import LicenceTable
from bot.review import Click, Review
from bot.roles import Roles
from rules.activation import activate
from rules.language.reader import check_text
from rules.run import audit
from tests.support.catalogue import plant
from tests.support.ledger import Time

POLICY = """\
cratecheck: 1
policy: copies
title: Copies
owner: legal@label.example
applies_to: {{datasets: ["*"]}}
review:
  channel: "#data-audit"
  reviewers: {{people: [U0ADA]}}
  decisions: [approve, quarantine]
safety: {{stop_if_over: 100 violations}}
rules:
  - {{id: only, severity: high, {rule}}}
"""

TRACKS = [
    {"key": "a", "split": "test", "licence": "CC-BY-4.0", "artist": "Nina", "md5": "0a"},
    {"key": "b", "split": "train", "artist": "Nina", "md5": "0a"},
    {"key": "c", "split": "train", "licence": "CC-BY-4.0", "artist": "Otis", "md5": "0b"},
]


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        pytest.param("kind: field, field: licence, must: be_present", ["c"], id="a bad track goes with its copies"),
        pytest.param("kind: duplicate, same: [file]", ["a", "c"], id="of a group one stays"),
        pytest.param(
            "kind: neighbour, of: {split: train}, to: {split: test}, same: [file]",
            ["a", "c"],
            id="of a leak the other side stays",
        ),
        pytest.param(
            "kind: crossing, field: artist, quarantine: train", ["a", "c"], id="what lies in the other split stays"
        ),
    ],
)
def test_copies_go_too_only_where_the_complaint_is_of_what_they_hold(rule: str, left: list[str], store: Store) -> None:
    clock = Time()
    plant(store, "songs", TRACKS)
    activate(store, [check_text(POLICY.format(rule=rule), "copies.yaml")], actor="ada", via="cli", clock=clock)
    audit(store, licences=LicenceTable.load(), as_of=clock(), actor="ada", via="cli", clock=clock)
    with store.read() as connection:
        [violation] = listed(connection)
    review = Review(store, Roles(), clock)
    click = Click(
        verdict="quarantine", key=violation.key, revision=violation.revision, person="U0ADA", via="cli", reason="so"
    )
    told = review.matter(click)
    assert told.targets == (("songs", "b"),)
    review.decide(click)
    with store.read() as connection:
        now = Snapshot(latest_revision(connection), clock())
        assert [row.key for row in manifest(connection, "songs", now)] == left
    assert bool(told.copies) == (left == ["c"])
