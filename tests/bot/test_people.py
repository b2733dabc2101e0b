"""A person is one person under an id and under a name, however it is spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.errors import DecisionRefused
from bot.people import demand_known, identified, same_person

PEOPLE = {"U0ADA": "Ada Adams", "U0GRACE": "Grace Green", "U0TWIN": "Émile  Éluard", "U0OTHER": "émile éluard"}
NAMES = st.sampled_from([*PEOPLE, *PEOPLE.values(), "ada adams", "u0ada", "somebody", "e\u0301mile éluard"])


def test_a_name_of_the_settings_stands_for_its_id() -> None:
    for spelled in ("U0ADA", "u0ada", "Ada Adams", " ada  ADAMS ", "Ａda Adams", "A\u200bda \u2066Adams"):
        assert identified(spelled, PEOPLE) == "U0ADA"


def test_a_name_that_two_bear_or_nobody_stands_for_itself() -> None:
    assert identified("Émile Éluard", PEOPLE) == "Émile Éluard"
    assert identified("mallory", PEOPLE) == "mallory"


def test_an_id_goes_before_a_name_that_reads_the_same() -> None:
    assert identified("u0ada", {**PEOPLE, "U0MAL": "U0ADA"}) == "U0ADA"


def test_namesakes_are_taken_for_one_and_others_are_not() -> None:
    assert same_person("U0TWIN", "U0OTHER", PEOPLE)
    assert same_person("Émile Éluard", "U0OTHER", PEOPLE)
    assert not same_person("U0ADA", "U0GRACE", PEOPLE)


@given(first=NAMES, second=NAMES)
def test_to_be_one_person_is_mutual_and_everybody_is_oneself(first: str, second: str) -> None:
    assert same_person(first, first, PEOPLE)
    assert same_person(first, second, PEOPLE) == same_person(second, first, PEOPLE)
    assert same_person(first, second, PEOPLE) == same_person(identified(first, PEOPLE), second, PEOPLE)


@pytest.mark.parametrize(
    "actor", ["U0ADA", "u0ada", "ada ADAMS", "A\u00adda Adams", "Émile Éluard", "U0NEWCOMER", "W12"]
)
def test_who_has_a_slack_id_or_a_name_of_the_settings_is_known(actor: str) -> None:
    demand_known(actor, PEOPLE)


@pytest.mark.parametrize("actor", ["ada", "\u0410da Adams", "", "u0newcomer", "U1", "U0 NEW", "U0ADA\nU0GRACE"])
def test_whoever_goes_by_another_name_is_told_to_say_it_in_the_settings(actor: str) -> None:
    with pytest.raises(
        DecisionRefused, match=r"is not known here\. Name yourself in cratecheck\.toml under \[people\]"
    ):
        demand_known(actor, PEOPLE)
