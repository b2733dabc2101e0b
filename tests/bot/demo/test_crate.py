"""The crate: what was planted in it is found when it is listened to, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store
from audit_core.clock import utc_now
from audit_core.ledger.violations import Violation, listed
from audit_core.settings import Settings
from bot.demo.crate import CRATE, fill_from, name_of, prepare
from bot.demo.listening import listen
from bot.demo.planting import PLANTED, PLANTS, Fault
from bot.workspace import licence_table
from rules.activation import activate
from rules.language.reader import check_folder
from rules.run import audit

pytestmark = pytest.mark.timeout(240)  # the crate is written once, by 15 s of work

SHARED: Fault = "artist in two splits"
RULES: dict[Fault, str] = {
    "re-encode": "crate-no-test-audio-in-training",
    "pitched copy": "crate-no-test-audio-in-training",
    "excerpt": "crate-no-test-excerpt-in-training",
    "re-tagged copy": "crate-no-recording-twice",
    "truncated": "crate-audio-sound",
    "silent": "crate-audio-sound",
    "non-commercial licence": "crate-licence-permits",
    "no licence": "crate-licence-known",
    SHARED: "crate-no-artist-in-two-splits",
}


def ignore(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, crate: Path) -> list[Violation]:
    """Listen to the crate, and judge it by its policy alone."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        settings = prepare(tmp_path_factory.mktemp("crate"))
        with Store(settings.database) as store:
            listen(store, settings, crate, CRATE, actor="demo", say=ignore, tell=ignore)
            activate(store, check_folder([settings.policies / "crate.yaml"]), actor="demo", via="cli")
            return judged(store, settings)


def judged(store: Store, settings: Settings) -> list[Violation]:
    audit(store, licences=licence_table(settings), as_of=utc_now(), actor="demo", via="cli")
    with store.read() as connection:
        return listed(connection, states=["open"])


def test_every_planted_fault_is_found_and_nothing_else(found: list[Violation]) -> None:
    expected = {(RULES[each.fault], each.path) for each in PLANTS if each.fault not in ("re-tagged copy", SHARED)}
    assert {(each.rule, each.subject) for each in found if each.kind not in ("duplicate", "crossing")} == expected
    (twice,) = [each for each in found if each.kind == "duplicate"]
    (copy,) = [plant for plant in PLANTS if plant.fault == "re-tagged copy"]
    assert twice.rule == RULES[copy.fault]
    assert copy.path in twice.message
    assert copy.of in twice.message


def test_an_artist_in_two_splits_is_found_also_under_the_name_that_a_copy_goes_by(found: list[Violation]) -> None:
    crossing = {each.subject.removeprefix("artist:") for each in found if each.rule == RULES[SHARED]}
    assert crossing == {"halcyon drift", "ohm factory", "ohmfctry", "bitkid", "nightkid"}


def test_a_leak_says_what_it_is_a_copy_of_and_how_it_was_changed(found: list[Violation]) -> None:
    by_subject = {each.subject: each for each in found if each.kind == "neighbour"}
    said = {plant.fault: by_subject[plant.path].message for plant in PLANTS if plant.path in by_subject}
    assert "(re-encode)" in said["re-encode"]
    assert "(the other is lower)" in said["pitched copy"]
    assert "(excerpt)" in said["excerpt"]
    assert all(plant.of in said[plant.fault] for plant in PLANTS if plant.fault in said)


def test_the_folder_tells_what_was_planted_in_it(crate: Path) -> None:
    with (crate / PLANTED).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["file"], line["fault"], line["of"]) for line in lines] == [
        (plant.path, plant.fault, plant.of) for plant in PLANTS
    ]
    assert all((crate / name).exists() for line in lines for name in (line["file"], line["of"]) if name)


def test_a_folder_of_ones_own_is_heard_and_judged_where_it_lies(crate: Path, tmp_path: Path) -> None:
    music = tmp_path / "Müsic & more"
    chosen = {plant.fault: plant for plant in PLANTS}
    for plant in (chosen["re-tagged copy"], chosen["silent"], chosen["excerpt"]):
        for path in filter(None, (plant.path, plant.of)):
            (music / path).parent.mkdir(parents=True, exist_ok=True)
            (music / path).hardlink_to(crate / path)
    before = {path: path.stat().st_mtime_ns for path in music.rglob("*")}
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        settings = prepare(tmp_path / "workspace", folder=True)
        with Store(settings.database) as store:
            lines: list[str] = []
            fill_from(store, settings, music, lines.append)
            told = {each.rule: each for each in judged(store, settings)}
    assert {path: path.stat().st_mtime_ns for path in music.rglob("*")} == before
    assert set(told) == {"folder-no-recording-twice", "folder-audio-sound", "folder-no-test-excerpt-in-training"}
    assert {each.dataset for each in told.values()} == {"my-m-sic-more"}
    assert "imported my-m-sic-more: 5 files of audio" in lines


@pytest.mark.parametrize(("folder", "name"), [("Music", "my-music"), ("my-crate", "my-crate"), ("ジャズ", "my-music")])
def test_a_folder_gives_its_dataset_a_name_that_the_policy_covers(folder: str, name: str) -> None:
    assert name_of(Path("/somewhere") / folder) == name
