"""How names are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.catalogue.spelling import folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nina", "NINA"),
        ("straße", "STRASSE"),
        ("ＮＩＮＡ", "nina"),
        ("  Nina \t Simone ", "nina simone"),
        ("é", "e\u0301"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
