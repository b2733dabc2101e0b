"""An audit under a rule about shares that was edited: what it no longer asks is superseded, and not resolved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit_core.catalogue.store import Store, sqlite_url
from tests.support.audits import Audited, States
from tests.support.catalogue import plant
from tests.support.policies import policy

ROWS = [{"artist": "Nina"}, {"artist": "Nina"}, {"artist": "Nina"}, {"artist": "Otis"}, {"title": "A"}]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(sqlite_url(tmp_path / "cratecheck.sqlite")) as store:
        yield store


def share(**keys: Any) -> dict[str, Any]:
    return {"kind": "share", "of": "tracks", "by": "artist", **keys}


@pytest.mark.parametrize(
    ("before", "after", "closed"),
    [
        ({"gini_at_most": 0.1}, {"evenness_at_least": 0.1}, {"artist:*": "superseded"}),
        ({"gini_at_most": 0.1}, {"gini_at_most": 0.9}, {"artist:*": "resolved"}),
        ({"at_most": "50 %"}, {"gini_at_most": 0.9}, {"artist:nina": "superseded"}),
        ({"at_most": "50 %"}, {"at_most": "80 %"}, {"artist:nina": "resolved"}),
        ({"unknown_at_most": "1 %"}, {"at_most": "80 %"}, {"artist:?": "superseded"}),
        ({"unknown_at_most": "1 %"}, {"unknown_at_most": "20 %"}, {"artist:?": "resolved"}),
    ],
)
def test_a_measure_that_is_no_longer_asked_for_is_superseded(
    before: dict[str, Any],
    after: dict[str, Any],
    closed: dict[str, str],
    store: Store,
    audited: Audited,
    states: States,
) -> None:
    plant(store, "crate", ROWS)
    audited(policy(share(**before)))
    assert states() == dict.fromkeys(closed, "open")
    audited(policy(share(**after)))
    assert states() == closed


def test_a_measure_that_can_t_be_taken_any_more_resolves_nothing(
    store: Store, audited: Audited, states: States
) -> None:
    plant(store, "crate", ROWS)
    audited(policy(share(gini_at_most=0.1)))
    plant(store, "crate", [{"artist": "Nina"}, {"artist": "Nina"}])
    audited()
    assert states() == {"artist:*": "open", "share": "open"}
