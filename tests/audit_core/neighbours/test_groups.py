"""Matches become recordings, whose ids stay."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from audit_core.neighbours.groups import Grouping, Link, components, grouped

NAMES = "abcdefgh"


@st.composite
def some_links(draw: st.DrawFn) -> list[Link]:
    pairs = draw(st.lists(st.sampled_from(list(combinations(NAMES, 2))), unique=True, max_size=14))
    return [Link(a, b, draw(st.integers(10, 14))) for a, b in pairs]


separations = st.lists(st.sampled_from(list(combinations(NAMES, 2))), unique=True, max_size=5)


def _ids(found: Sequence[tuple[str, ...]], earlier: Grouping | None = None, known: tuple[str, ...] = ()) -> Grouping:
    now = earlier.members if earlier else {}
    return grouped(found, now, {}, (*known, *now.values()))


def test_a_chain_of_links_is_one_recording() -> None:
    assert components([Link("a", "b", 20), Link("b", "c", 20), Link("x", "y", 20)], []) == [("a", "b", "c"), ("x", "y")]


def test_what_is_linked_to_nothing_is_no_recording_unless_several_files_hold_it() -> None:
    assert components([], [], alone=["a"]) == [("a",)]


def test_of_a_chain_across_a_separation_the_weakest_link_breaks() -> None:
    links = [Link("a", "b", 90), Link("b", "c", 15), Link("c", "d", 60)]
    assert components(links, [("a", "d")]) == [("a", "b"), ("c", "d")]


@given(links=some_links(), separated=separations)
def test_no_recording_holds_what_a_person_separated(links: list[Link], separated: list[tuple[str, str]]) -> None:
    for some in components(links, separated):
        assert not any(a in some and b in some for a, b in separated)


@given(links=some_links(), separated=separations, order=st.randoms(use_true_random=False))
def test_the_order_of_links_changes_nothing(links: list[Link], separated: list[tuple[str, str]], order: object) -> None:
    shuffled = [Link(link.b, link.a, link.score) for link in reversed(links)]
    assert components(shuffled, [(b, a) for a, b in separated]) == components(links, separated)


@given(links=some_links())
def test_without_separations_all_that_is_linked_is_together(links: list[Link]) -> None:
    of = {one: number for number, some in enumerate(components(links, [])) for one in some}
    assert all(of[link.a] == of[link.b] for link in links)


@given(links=some_links(), separated=separations)
def test_grouping_the_same_again_mints_and_merges_nothing(links: list[Link], separated: list[tuple[str, str]]) -> None:
    found = components(links, separated)
    first = _ids(found)
    again = _ids(found, first)
    assert (again.members, again.minted, again.merged, again.restored) == (first.members, (), {}, ())


@given(links=some_links(), more=some_links())
def test_a_recording_that_only_grows_keeps_its_id_unless_it_is_merged(links: list[Link], more: list[Link]) -> None:
    first = _ids(components(links, []))
    then = _ids(components([*links, *more], []), first)
    for one, recording in first.members.items():
        assert then.members[one] == then.merged.get(recording, recording)


@given(links=some_links(), separated=separations)
def test_no_two_recordings_have_one_id(links: list[Link], separated: list[tuple[str, str]]) -> None:
    joined = _ids(components(links, []))
    apart = _ids(components(links, separated), joined)
    for members in (joined.members, apart.members):
        found = components(links, []) if members is joined.members else components(links, separated)
        assert len({members[some[0]] for some in found}) == len(found)


def test_of_two_that_merge_the_larger_keeps_its_id() -> None:
    first = _ids([("a", "b", "c"), ("x", "y")])
    then = _ids([("a", "b", "c", "x", "y")], first)
    assert set(then.members.values()) == {first.members["a"]}
    assert then.merged == {first.members["x"]: first.members["a"]}


def test_a_merge_that_is_undone_brings_the_other_id_back() -> None:
    first = _ids([("a", "b", "c"), ("x", "y")])
    merged = _ids([("a", "b", "c", "x", "y")], first)
    held = {one: [first.members[one]] for one in first.members}
    then = grouped([("a", "b", "c"), ("x", "y")], merged.members, held, set(first.members.values()))
    assert then.members == first.members
    assert then.restored == (first.members["x"],)


def test_an_id_that_was_minted_once_is_not_minted_for_another() -> None:
    first = _ids([("a", "b")])
    then = grouped([("a", "c")], {}, {}, first.members.values())
    assert then.members["a"] != first.members["a"]
