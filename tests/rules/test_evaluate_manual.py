"""The examples of the manual pages, judged: what a page promises is what the rule does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit_core.catalogue.fields import field_named
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store
from rules.checks import KINDS
from rules.manual import HEARD, Example, page
from rules.quantities import hertz_of, lufs_of, milliseconds_of, percentage_of
from rules.selector import value_for
from tests.support.catalogue import PLANTED_AT, plant, plant_comparison
from tests.support.policies import LICENCES, evaluate_all, policy

SOUND: dict[str, Any] = {
    "sample_rate_hz": 44_100, "channels": 2, "header_ms": 180_000, "duration_ms": 180_000, "damaged_packets": 0,
    "clipped": 0.0, "silent": 0.0, "dc": 0.0, "dead_channels": 0, "identical_channels": False,
    "bandwidth_hz": 22_050, "loudness_lufs": -14.0, "versions": {"integrity": "1", "loudness": "1"},
}  # fmt: skip

MEASURES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "problem": ("problem", str),
    "rate": ("sample_rate_hz", hertz_of),
    "length": ("duration_ms", milliseconds_of),
    "silent": ("silent", lambda share: float(percentage_of(share))),
    "clipped": ("clipped", lambda share: float(percentage_of(share))),
    "loudness": ("loudness_lufs", lambda loudness: float(lufs_of(loudness))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_a_manual_page_come_out_as_it_says(kind: str, store: Store) -> None:
    for example in page(kind).examples:
        plant(store, "crate", [_track(track) for track in example.tracks])
        revision = _compare(store, example.tracks)
        rule = {"kind": kind, **example.rule}
        held_against = policy(rule)
        with store.read() as connection:
            (evaluation,) = evaluate_all(
                connection, held_against, held_against.rules[0], Snapshot(revision, PLANTED_AT), LICENCES
            )
        assert evaluation.result == example.expect.lower(), (example, evaluation)


def _track(written: dict[str, Any]) -> dict[str, Any]:
    track: dict[str, Any] = {}
    for name, value in written.items():
        field = field_named(name)
        if name == "audio":
            track["heard"] = {"packets": value, **SOUND, **_measured(written)}
        elif name not in HEARD:
            track["md5" if name == "file" else name] = value_for(field, value) if field and value else value
    return track


def _measured(written: dict[str, Any]) -> dict[str, Any]:
    """Read what an example says of a track's sound as the columns that a scan would fill."""
    return {column: read(written[name]) for name, (column, read) in MEASURES.items() if name in written}


def _compare(store: Store, tracks: list[dict[str, Any]]) -> int:
    """Leave what a comparison of the tracks' audio would have found."""
    packets = [track["audio"] for track in tracks if "audio" in track]
    excerpts = [
        {
            "packets_a": track["audio"],
            "packets_b": track["excerpt_of"],
            "overlap_s": milliseconds_of(track["overlap"]) / 1000,
        }
        for track in tracks
        if "excerpt_of" in track
    ]
    copies = [(track["audio"], track["copy_of"]) for track in tracks if "copy_of" in track]
    return plant_comparison(
        store,
        compared=packets,
        matches=excerpts,
        recordings={one: f"rec-{original}" for copy, original in copies for one in (copy, original)},
        versions=[(track["audio"], track["version_of"]) for track in tracks if "version_of" in track],
    )


def test_an_example_is_read_with_its_expectation() -> None:
    assert page("field").examples[0] == Example(
        {"field": "licence", "must": "be_present"}, [{"licence": "CC-BY-4.0"}], "PASS"
    )
