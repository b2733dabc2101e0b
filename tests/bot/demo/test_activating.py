"""The demo's policies come into force by the way that all do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store
from audit_core.clock import utc_now
from audit_core.ledger.policies import activations, effective
from audit_core.ledger.proposals import proposals
from audit_core.ledger.verify import verify
from audit_core.settings import Settings
from bot.demo.activating import put_in_force
from bot.demo.crate import prepare


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Settings]]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = prepare(tmp_path / "demo")
    with Store(settings.database) as store:
        yield store, settings


def started(demo: tuple[Store, Settings]) -> list[str]:
    """What is said of the policies when the demo is started."""
    said: list[str] = []
    put_in_force(*demo, proposer="U0NADIA", confirmer="U0MIRA", say=said.append, tell=lambda *_: None, clock=utc_now)
    return said


def test_one_of_its_people_proposes_them_and_another_confirms(demo: tuple[Store, Settings]) -> None:
    assert started(demo) == [f"policy {name}: activated" for name in ("crate", "freemusi", "groove", "gtzan")]
    with demo[0].read() as connection:
        proposed = proposals(connection, utc_now(), is_open=False)
        assert len(proposed) == len(effective(connection, utc_now())) == 4
        assert {(one.person, one.via, one.answers[0].person, one.answers[0].via) for one in proposed} == {
            ("U0NADIA", "cli", "U0MIRA", "cli")
        }
    assert verify(demo[0]).holds


def test_an_edited_file_waits_for_its_people(demo: tuple[Store, Settings]) -> None:
    started(demo)
    crate = demo[1].policies / "crate.yaml"
    crate.write_text(crate.read_text() + "# edited\n")
    assert started(demo)[0] == "policy crate: edited; `cratecheck policy activate` proposes the edit"
    with demo[0].read() as connection:
        assert len(activations(connection)) == 4


def test_a_policy_of_ones_own_that_lacks_examples_is_refused_and_the_demo_goes_on(
    demo: tuple[Store, Settings],
) -> None:
    crate = (demo[1].policies / "gtzan.yaml").read_text()
    lines = [line for line in crate.splitlines() if "given" not in line and "examples" not in line]
    own = "\n".join(lines).replace("gtzan", "mine")
    (demo[1].policies / "mine.yaml").write_text(own + "\n")
    said = started(demo)
    assert said[-1].startswith("policy mine: refused: ")
    assert said[0] == "policy crate: activated"
