from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_core.rights import TRAITS, Alternative, Clause, Terms, Traits, either, strictest, strictest_traits

answers = st.sampled_from(["yes", "no", "unsaid"])
traits = st.builds(Traits, commercial=answers, derivatives=answers, share_alike=answers, attribution=answers)
single = st.builds(lambda name, said: Terms.of(Clause(name, said)), st.sampled_from("ABCDE"), traits)
terms = st.recursive(
    single, lambda inner: st.builds(strictest, inner, inner) | st.builds(either, inner, inner), max_leaves=8
)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("yes", "yes", "yes"),
        ("yes", "unsaid", "unsaid"),
        ("yes", "no", "no"),
        ("unsaid", "unsaid", "unsaid"),
        ("unsaid", "no", "no"),
        ("no", "no", "no"),
    ],
)
def test_of_two_permissions_a_no_holds_and_without_one_the_unsaid(one: str, other: str, both: str) -> None:
    assert strictest_traits(Traits(commercial=one), Traits(commercial=other)).commercial == both  # type: ignore[arg-type]  # parametrised


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("no", "no", "no"),
        ("no", "unsaid", "unsaid"),
        ("no", "yes", "yes"),
        ("unsaid", "unsaid", "unsaid"),
        ("unsaid", "yes", "yes"),
        ("yes", "yes", "yes"),
    ],
)
def test_of_two_duties_a_yes_holds_and_without_one_the_unsaid(one: str, other: str, both: str) -> None:
    assert strictest_traits(Traits(share_alike=one), Traits(share_alike=other)).share_alike == both  # type: ignore[arg-type]  # parametrised


def test_what_nobody_read_is_unsaid() -> None:
    assert {Traits().answer(trait) for trait in TRAITS} == {"unsaid"}


@given(terms, terms)
def test_the_strictest_does_not_depend_on_the_order(a: Terms, b: Terms) -> None:
    assert strictest(a, b).offers == strictest(b, a).offers
    assert either(a, b).offers == either(b, a).offers


@given(terms, terms, terms)
def test_the_strictest_does_not_depend_on_the_grouping(a: Terms, b: Terms, c: Terms) -> None:
    assert strictest(strictest(a, b), c).offers == strictest(a, strictest(b, c)).offers == strictest(a, b, c).offers
    assert either(either(a, b), c).offers == either(a, either(b, c)).offers == either(a, b, c).offers


@given(terms)
def test_the_same_twice_is_the_same(a: Terms) -> None:
    assert strictest(a, a).offers == a.offers == either(a, a).offers


@given(terms, terms)
def test_the_strictest_never_allows_more_than_either_side(a: Terms, b: Terms) -> None:
    both = strictest(a, b)
    assert a.allows_all_that(both)
    assert b.allows_all_that(both)


@given(terms, terms)
def test_a_choice_never_allows_less_than_either_side(a: Terms, b: Terms) -> None:
    choice = either(a, b)
    assert choice.allows_all_that(a)
    assert choice.allows_all_that(b)


@given(terms, terms)
def test_each_absorbs_the_other(a: Terms, b: Terms) -> None:
    assert strictest(a, either(a, b)).offers == a.offers == either(a, strictest(a, b)).offers


@given(terms, terms, terms)
def test_each_distributes_over_the_other(a: Terms, b: Terms, c: Terms) -> None:
    assert strictest(a, either(b, c)).offers == either(strictest(a, b), strictest(a, c)).offers
    assert either(a, strictest(b, c)).offers == strictest(either(a, b), either(a, c)).offers


@given(terms, terms)
def test_terms_that_allow_each_other_s_all_offer_the_same(a: Terms, b: Terms) -> None:
    assert (a.allows_all_that(b) and b.allows_all_that(a)) == (a.offers == b.offers)


@given(terms)
def test_no_alternative_allows_all_that_another_does(a: Terms) -> None:
    assert not any(one.allows_all_that(other) for one in a.offers for other in a.offers if one != other)


@given(terms)
def test_an_alternative_says_the_strictest_of_its_clauses(a: Terms) -> None:
    for alternative in a.alternatives:
        assert alternative.traits == strictest_traits(*(clause.traits for clause in alternative.clauses))


def test_a_choice_of_two_is_kept_apart_because_no_side_gives_both() -> None:
    nc = Clause("NC", Traits("no", "yes", "no", "yes"))
    nd = Clause("ND", Traits("yes", "no", "no", "yes"))

    choice = either(Terms.of(nc), Terms.of(nd))

    assert choice.alternatives == (Alternative((nc,), nc.traits), Alternative((nd,), nd.traits))
    assert choice.traits == Traits("yes", "yes", "no", "yes")


def test_ever_more_choices_leave_a_handful_of_alternatives() -> None:
    pairs = [
        either(
            Terms.of(Clause(f"A{number}", Traits("yes", "no", "no", "no"))),
            Terms.of(Clause(f"B{number}", Traits("no", "yes", "no", "no"))),
        )
        for number in range(200)
    ]
    assert len(strictest(*pairs).alternatives) == 2


def test_nothing_to_combine_is_the_callers_mistake() -> None:
    for combine in (strictest, either, strictest_traits):
        with pytest.raises(ValueError, match="nothing to combine"):
            combine()
