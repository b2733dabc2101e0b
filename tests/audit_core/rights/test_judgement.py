from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.rights import (
    DUTIES,
    PERMISSIONS,
    LicenceReading,
    LicenceTable,
    Trait,
    judge,
    reading,
    terms_of,
)

DECISIONS = list(csv.DictReader((Path(__file__).parent / "decisions.csv").read_text(encoding="utf-8").splitlines()))
"""What follows from published licence texts, decided by hand; the last column names the fact."""

TEXTS = sorted({row["track"] for row in DECISIONS})


def traits(cell: str, among: tuple[Trait, ...]) -> list[Trait]:
    return [trait for trait in among if trait in cell.split()]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: "|".join(list(row.values())[:4]) or "blank")
def test_a_decision_follows_from_the_licence_texts(row: dict[str, str], table: LicenceTable) -> None:
    verdict = judge(
        [reading(row["track"], table), reading(row["source"], table)],
        table,
        require=traits(row["require"], PERMISSIONS),
        forbid=traits(row["forbid"], DUTIES),
    )
    assert verdict.outcome == row["expect"], f"{row['fact']}; {verdict.reason}"


def test_the_decision_table_is_large_and_has_every_outcome() -> None:
    outcomes = Counter(row["expect"] for row in DECISIONS)
    assert len({tuple(row.values())[:4] for row in DECISIONS}) >= 200
    assert min(outcomes["pass"], outcomes["fail"], outcomes["unknown"]) >= 40


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["CC BY-NC 3.0"], "CC-BY-NC-3.0 does not permit commercial use"),
        (["CC BY-NC-ND 3.0"], "CC-BY-NC-ND-3.0 does not permit commercial use; "
         "CC-BY-NC-ND-3.0 does not permit adaptations"),
        (["CC BY-NC 3.0", "CC BY-NC 4.0"], "CC-BY-NC-3.0 and CC-BY-NC-4.0 do not permit commercial use"),
        (["CC BY-SA 4.0"], "CC-BY-SA-4.0 asks that adaptations carry the same licence"),
        (["CC BY 4.0"], "CC-BY-4.0 permits commercial use, permits adaptations and does not ask that adaptations "
         "carry the same licence"),
        (["CC BY 4.0", "free for friends"], '"free for friends" is not a licence that the table knows'),
        (["AFL-3.0"], "nobody has put AFL-3.0 into the licence table"),
        ([None, ""], "no licence is stated"),
        (["CC DevNations 2.0"], "LicenseRef-CC-DevNations-2.0 does not plainly say whether commercial use is "
         "permitted; LicenseRef-CC-DevNations-2.0 does not plainly say whether adaptations are permitted"),
        (["CC-BY-NC-4.0 OR CC-BY-ND-4.0"], "no alternative will do: CC-BY-NC-4.0 does not permit commercial use; "
         "CC-BY-ND-4.0 does not permit adaptations"),
        (["MIT OR GPL-3.0-only"], "MIT permits commercial use, permits adaptations and does not ask that adaptations "
         "carry the same licence"),
    ],
)  # fmt: skip
def test_the_reason_names_the_licence_and_what_it_says(
    texts: list[str | None], reason: str, table: LicenceTable
) -> None:
    readings = [reading(text, table) for text in texts]
    verdict = judge(readings, table, require=["commercial", "derivatives"], forbid=["share_alike"])
    assert verdict.reason == reason


@pytest.mark.parametrize(
    ("text", "require", "forbid", "outcome", "reason"),
    [
        ("CC BY 4.0", ["attribution"], [], "pass", "CC-BY-4.0 asks that the author be credited"),
        ("CC0", ["attribution"], [], "fail", "CC0-1.0 does not ask that the author be credited"),
        ("CC0-1.0 AND CC-BY-4.0", ["attribution"], [], "pass", "CC-BY-4.0 asks that the author be credited"),
        ("CC0-1.0 OR CC-BY-4.0", ["attribution"], [], "fail", "CC0-1.0 does not ask that the author be credited"),
        ("CC BY-NC 4.0", [], ["commercial"], "pass", "CC-BY-NC-4.0 does not permit commercial use"),
        ("CC BY 4.0", [], ["commercial"], "fail", "CC-BY-4.0 permits commercial use"),
        ("AFL-3.0", [], ["commercial"], "unknown", "nobody has put AFL-3.0 into the licence table"),
    ],
)
def test_a_duty_can_be_required_and_a_permission_forbidden(
    text: str, require: list[Trait], forbid: list[Trait], outcome: str, reason: str, table: LicenceTable
) -> None:
    verdict = judge([reading(text, table)], table, require=require, forbid=forbid)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_where_nothing_is_stated_there_are_no_terms(table: LicenceTable) -> None:
    assert terms_of([LicenceReading(None, "absent"), LicenceReading("", "absent")], table) is None


several = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4)
permissions = st.sets(st.sampled_from(PERMISSIONS))
duties = st.sets(st.sampled_from(DUTIES))
MILDNESS = {"pass": 2, "unknown": 1, "fail": 0}


@given(several, permissions, duties)
def test_the_verdict_does_not_depend_on_order_or_repetition(
    table: LicenceTable, texts: list[str], require: set[Trait], forbid: set[Trait]
) -> None:
    readings = [reading(text, table) for text in texts]
    other = [*reversed(readings), *readings]
    assert judge(readings, table, require=require, forbid=forbid) == judge(other, table, require=require, forbid=forbid)


@given(several, st.sampled_from(TEXTS), permissions, duties)
def test_one_more_licence_never_makes_the_verdict_milder(
    table: LicenceTable, texts: list[str], more: str, require: set[Trait], forbid: set[Trait]
) -> None:
    readings = [reading(text, table) for text in texts]
    before = judge(readings, table, require=require, forbid=forbid)
    after = judge([*readings, reading(more, table)], table, require=require, forbid=forbid)
    nothing_was_stated = all(read.state == "absent" for read in readings)
    assert nothing_was_stated or MILDNESS[after.outcome] <= MILDNESS[before.outcome]


@given(several, permissions, duties, st.sampled_from(PERMISSIONS))
def test_asking_for_more_never_makes_the_verdict_milder(
    table: LicenceTable, texts: list[str], require: set[Trait], forbid: set[Trait], more: Trait
) -> None:
    readings = [reading(text, table) for text in texts]
    before = judge(readings, table, require=require, forbid=forbid)
    after = judge(readings, table, require={*require, more}, forbid=forbid)
    assert MILDNESS[after.outcome] <= MILDNESS[before.outcome]


@given(several, permissions, duties)
def test_an_unreadable_licence_is_never_a_pass(
    table: LicenceTable, texts: list[str], require: set[Trait], forbid: set[Trait]
) -> None:
    readings = [reading(text, table) for text in [*texts, "free for friends"]]
    assert judge(readings, table, require=require, forbid=forbid).outcome != "pass"
