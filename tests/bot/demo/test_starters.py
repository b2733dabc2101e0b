"""The policies to begin with, on real catalogues: what they find is so, and small or splitless ones get no noise."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.clock import utc_now
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import load_mapping
from audit_core.rights import LicenceTable
from rules.evaluate import Evaluation
from rules.language.reader import check_text
from rules.starters import BY_DEFAULT, starter_text
from tests.support.policies import evaluate_all

DATASETS = ("freemusi-cc", "groove-midi", "gtzan")
Found = dict[str, dict[str, Evaluation]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Hold every rule against every catalogue: the evaluations by dataset and rule."""
    licences = LicenceTable.load()
    evaluations: Found = defaultdict(dict)
    with Store(sqlite_url(Path(tmp_path_factory.mktemp("starters")) / "cratecheck.sqlite")) as store:
        for dataset in DATASETS:
            with as_file(files("bot.demo") / "data" / f"{dataset}.csv") as path:
                import_files(store, [path], dataset=dataset, mapping=load_mapping(dataset), actor="test", via="cli")
        with store.read() as connection:
            snapshot = Snapshot(latest_revision(connection), utc_now())
            for name in BY_DEFAULT:
                policy = check_text(starter_text(name), f"{name}.yaml")
                for rule in policy.rules:
                    for one in evaluate_all(connection, policy, rule, snapshot, licences):
                        evaluations[one.dataset][rule.id] = one
    return evaluations


@pytest.mark.parametrize(
    ("dataset", "failing"),
    [
        (
            "freemusi-cc",
            {
                "licence-known", "licence-permits", "no-share-alike", "acquisition-dated", "no-artist-too-large",
                "no-genre-too-large", "genres-evenly-heard", "region-known",
            },
        ),
        (
            "groove-midi",
            {"acquisition-dated", "no-file-twice", "no-artist-in-two-splits", "genres-evenly-heard", "region-known"},
        ),
        (
            "gtzan",
            {
                "licence-known", "licence-permits", "acquisition-dated", "no-file-twice", "few-files-repeated",
                "few-recordings-repeated", "artists-known", "region-known",
            },
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_catalogue_is_found_and_nothing_else(
    dataset: str, failing: set[str], found: Found
) -> None:
    assert {rule for rule, one in found[dataset].items() if one.result == "fail"} == failing


def test_no_rule_breaks(found: Found) -> None:
    assert {one.result for of_dataset in found.values() for one in of_dataset.values()} <= {
        "pass", "fail", "skip", "not_enough_evidence",
    }  # fmt: skip


def test_a_dataset_without_splits_is_asked_nothing_about_leaks(found: Found) -> None:
    leaks = [rule.id for rule in check_text(starter_text("leaks"), "leaks.yaml").rules]
    assert {found["freemusi-cc"][rule].result for rule in leaks} == {"skip"}


def test_ten_drummers_are_too_few_for_shares_of_one_in_a_hundred(found: Found) -> None:
    assert found["groove-midi"]["no-artist-too-large"].reason == "10 artists are known, and the rule needs 100"


def test_what_lacks_in_a_whole_catalogue_is_one_question(found: Found) -> None:
    assert len(list(found["gtzan"]["licence-known"].found)) == 1
