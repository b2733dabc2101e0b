"""From a violation to the files that are heard, and whether they may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from audit_core.errors import AudioError
from audit_core.evidence.comparison import Comparison, Side, comparison
from audit_core.evidence.named import is_audible, named_tracks
from audit_core.evidence.permission import forbidden
from audit_core.ledger.violations import Violation
from audit_core.neighbours.match import Stretch
from audit_core.rights import LicenceTable
from audit_core.settings import Clips
from tests.support.catalogue import PLANTED_AT, plant, plant_comparison, plant_terms

TABLE = LicenceTable.load()
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

LINE = {"offset_a": 31.0, "offset_b": 12.0, "overlap_s": 20.0, "tempo": 1.04, "pitch": -0.7, "score": 90.0}


def violation(**changed: Any) -> Violation:
    values: dict[str, Any] = {
        "key": "f" * 32,
        "policy": "release",
        "rule": "no-test-neighbour",
        "kind": "neighbour",
        "dataset": "crate",
        "severity": "high",
        "mode": "enforce",
        "subject_kind": "pair",
        "subject": "a",
        "discriminator": "recording x",
        "message": "a is b",
        "evidence": {},
        "bound_hash": "0" * 64,
        "state": "open",
        "revision": 1,
        "reopened": 0,
        "opened_at": PLANTED_AT,
        "changed_at": PLANTED_AT,
        "run_id": 1,
        "decision_id": None,
    }
    return Violation(**{**values, **changed})


def crate(store: Store) -> int:
    plant_terms(store, "label", licence="all rights reserved")
    return plant(
        store,
        "crate",
        [
            {"key": "a", "title": "Blue", "licence": "CC-BY-4.0", "path": "a.mp3",
             "heard": {"packets": "p1", "pcm": "s1", "duration_ms": 90_000}},
            {"key": "b", "source": "label", "path": "b.mp3", "heard": {"packets": "p2", "duration_ms": 60_000}},
            {"key": "copy", "path": "c.mp3", "heard": {"packets": "p9", "pcm": "s1", "duration_ms": 89_000}},
            {"key": "unheard", "path": "u.mp3"},
            {"key": "silent words"},
        ],
    )  # fmt: skip


def heard(store: Store, revision: int, about: Violation) -> Comparison:
    with store.read() as connection:
        return comparison(connection, about, Snapshot(revision, PLANTED_AT))


def to(*keys: str) -> dict[str, Any]:
    return {"to": [{"dataset": "crate", "key": key} for key in keys]}


def test_a_match_of_the_catalogue_says_where_two_files_are_heard(store: Store) -> None:
    crate(store)
    match = {"packets_a": "p1", "packets_b": "p2", "stretches": [{**LINE, "overlap_s": 5.0}, LINE]}
    revision = plant_comparison(store, matches=[match])
    found = heard(store, revision, violation(evidence=to("b")))
    assert found.b is not None
    assert (found.a.path, found.b.path) == ("a.mp3", "b.mp3")
    assert found.stretch == Stretch(31.0, 12.0, 20.0, 1.04, -0.7, 90.0)
    turned = heard(store, revision, violation(subject="b", evidence=to("a")))
    assert turned.stretch is not None
    assert (turned.stretch.offset_a, turned.stretch.offset_b) == (12.0, 31.0)
    assert turned.stretch.tempo == pytest.approx(1 / 1.04)
    assert turned.stretch.overlap_s == pytest.approx(20.8)


@ON_SQLITE
def test_the_evidence_tells_where_to_listen_when_the_catalogue_does_not_any_more(store: Store) -> None:
    revision = crate(store)
    told = {"dataset": "crate", "key": "b", "packets": "p2", "stretches": [LINE]}
    found = heard(store, revision, violation(evidence={"packets": "p1", "to": [told]}))
    assert found.stretch == Stretch(31.0, 12.0, 20.0, 1.04, -0.7, 90.0)
    changed = heard(store, revision, violation(evidence={"packets": "p0", "to": [told]}))
    assert changed.stretch is None, "the file is another than the one that was judged"


@ON_SQLITE
def test_the_catalogue_tells_it_more_exactly(store: Store) -> None:
    crate(store)
    exact = {**LINE, "tempo": 1.04003}
    revision = plant_comparison(store, matches=[{"packets_a": "p1", "packets_b": "p2", "stretches": [exact]}])
    told = {"dataset": "crate", "key": "b", "packets": "p2", "stretches": [LINE]}
    found = heard(store, revision, violation(evidence={"packets": "p1", "to": [told]}))
    assert found.stretch is not None
    assert found.stretch.tempo == 1.04003


@ON_SQLITE
def test_equal_audio_is_heard_as_such(store: Store) -> None:
    revision = crate(store)
    found = heard(store, revision, violation(subject_kind="group", subject="pcm:s1", kind="duplicate",
                                             evidence={"first": "a", "others": ["b", "copy"]}))  # fmt: skip
    assert found.b is not None
    assert (found.b.key, found.identical) == ("copy", True)
    assert found.stretch is not None
    assert found.stretch.overlap_s == 89.0


@ON_SQLITE
def test_two_files_of_which_no_match_is_known_are_heard_all_the_same(store: Store) -> None:
    found = heard(store, crate(store), violation(evidence=to("unheard")))
    assert found.b is not None
    assert (found.b.path, found.stretch) == ("u.mp3", None)


@ON_SQLITE
@pytest.mark.parametrize(
    ("about", "why"),
    [
        (violation(subject="silent words", evidence={}), 'no file is known for "silent words"'),
        (violation(evidence=to("silent words")), "no second file is known"),
        (violation(subject="gone", evidence={}), 'no file is known for "gone"'),
    ],
)
def test_what_has_no_file_can_not_be_heard(about: Violation, why: str, store: Store) -> None:
    revision = crate(store)
    with pytest.raises(AudioError, match=why):
        heard(store, revision, about)


@ON_SQLITE
@pytest.mark.parametrize(("fault", "place"), [("truncated", "end"), ("silent", "start"), ("clipped", "loud")])
def test_a_faulty_file_is_heard_where_its_fault_is(fault: str, place: str, store: Store) -> None:
    about = violation(kind="integrity", subject_kind="track", evidence={"faults": [{"fault": fault}]})
    found = heard(store, crate(store), about)
    assert (found.a.path, found.b, found.place) == ("a.mp3", None, place)


@pytest.mark.parametrize(
    ("about", "audible"),
    [
        (violation(evidence=to("b")), True),
        (violation(evidence={}), False),
        (violation(kind="field", subject_kind="track"), False),
        (violation(subject_kind="rule", subject="no-test-neighbour", evidence=to("b")), False),
        (violation(kind="integrity", evidence={"faults": [{"fault": "clipped"}]}), True),
        (violation(kind="integrity", evidence={"faults": [{"fault": "undecodable"}]}), False),
        (violation(evidence={"to": "b", "first": 3, "others": [{"key": 7}, None]}), False),
    ],
)
def test_whether_there_is_something_to_hear(about: Violation, audible: bool) -> None:
    assert is_audible(about) is audible


def test_tracks_of_other_datasets_are_named_with_them() -> None:
    about = violation(evidence={"to": [{"dataset": "bench", "key": "b"}, {"key": "c"}]})
    assert named_tracks(about) == (("crate", "a"), ("bench", "b"), ("crate", "c"))


@ON_SQLITE
def test_the_licences_of_a_track_and_of_its_source_come_along(store: Store) -> None:
    found = heard(store, crate(store), violation(evidence=to("b")))
    assert found.b is not None
    assert found.a.licences == ("CC-BY-4.0", None)
    assert found.b.licences == (None, "all rights reserved")
    why = forbidden([found.a, found.b], TABLE, "unless_forbidden")
    assert why is not None
    assert why.startswith("No clip: of crate/b, the licence LicenseRef-All-Rights-Reserved does not allow copies")


SIDE = Side("crate", "a", None, None, "a.mp3")


@pytest.mark.parametrize(
    ("licence", "clips", "may"),
    [
        ("CC-BY-4.0", "unless_forbidden", True),
        ("CC-BY-4.0", "only_if_allowed", True),
        ("CC-BY-4.0", "never", False),
        (None, "unless_forbidden", True),
        (None, "only_if_allowed", False),
        ("a gift", "only_if_allowed", False),
        ("all rights reserved", "unless_forbidden", False),
    ],
)
def test_the_setting_says_whether_silence_will_do(licence: str | None, clips: Clips, may: bool) -> None:
    assert (forbidden([replace(SIDE, licences=(licence,))], TABLE, clips) is None) is may


@ON_SQLITE
def test_of_a_stated_recording_in_two_splits_the_first_track_of_each_is_heard(store: Store) -> None:
    rows = [("c", "train"), ("b", "train"), ("a", "test"), ("d", None)]
    revision = plant(
        store, "crate", [{"key": key, "split": split, "recording": "R1", "path": f"{key}.mp3"} for key, split in rows]
    )
    about = violation(kind="crossing", subject_kind="value", subject="recording:r1", evidence={"field": "recording"})
    found = heard(store, revision, about)
    assert is_audible(about)
    assert found.b is not None
    assert (found.a.key, found.b.key) == ("a", "b")
