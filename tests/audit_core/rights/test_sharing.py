"""Whether a copy may be passed on: of all licences that hold, the strictest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.rights import Answer, LicenceTable, reading, sharing

TABLE = LicenceTable.load()

TEXTS = [
    "CC-BY-4.0",
    "CC BY-NC-ND 3.0",
    "MIT OR LicenseRef-All-Rights-Reserved",
    "all rights reserved",
    "a gift",
    "",
    None,
]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("CC0-1.0", "yes"),
        ("CC BY 4.0", "yes"),
        ("CC BY-NC-ND 3.0", "yes"),  # 3.a: to Reproduce and to Distribute the Work, for no commercial advantage
        ("sampling+", "yes"),
        ("LicenseRef-CC-Sampling-1.0", "no"),
        ("MIT", "yes"),
        ("All rights reserved", "no"),
        ("FMA-Limited: Download Only", "no"),
        ("research only", "unsaid"),
        ("LicenseRef-CC-DevNations-2.0", "unsaid"),
        ("a gift from a friend", "unsaid"),
        ("MIT AND LicenseRef-All-Rights-Reserved", "no"),
        ("MIT OR LicenseRef-All-Rights-Reserved", "yes"),
        (None, "unsaid"),
    ],
)
def test_what_licences_say_of_passing_a_copy_on(text: str | None, answer: Answer) -> None:
    assert sharing([reading(text, TABLE)], TABLE).answer == answer


def test_the_reason_names_the_licence_that_forbids_it() -> None:
    held = [reading("CC-BY-4.0", TABLE), reading("all rights reserved", TABLE)]
    assert sharing(held, TABLE).reason == (
        "the licence LicenseRef-All-Rights-Reserved does not allow copies to be passed on"
    )


def test_a_source_without_a_licence_does_not_cloud_that_of_the_track() -> None:
    assert sharing([reading("CC-BY-4.0", TABLE), reading(None, TABLE)], TABLE).answer == "yes"


@given(texts=st.lists(st.sampled_from(TEXTS), min_size=1))
def test_the_order_does_not_matter_and_one_more_licence_never_allows_more(texts: list[str | None]) -> None:
    readings = [reading(text, TABLE) for text in texts]
    told = sharing(readings, TABLE)
    assert told == sharing(readings[::-1], TABLE)
    stated = [read for read in readings if read.state != "absent"]
    if len(stated) > 1:
        rank = ("yes", "unsaid", "no").index
        assert rank(told.answer) >= rank(sharing(stated[1:], TABLE).answer)
