"""Selectors joined by all, any and not: what they select, and how they are said."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import and_, select

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.spelling import folded
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.catalogue.tables import tracks
from rules.language.selector import Selector, Where
from rules.scope import terms
from tests.support.catalogue import PLANTED_AT, plant, plant_terms

where: TypeAdapter[Selector] = TypeAdapter(Where)

VALUES: dict[str, list[Any]] = {
    "split": [None, "train", "test"],
    "year": [None, 1999, 2001],
    "genre": [[], ["Jazz"], ["Rock", "jazz"]],
    "licence": [None, "MIT"],
    "source": [None, "A", "B"],
    "extra.session": [None, "s"],
}
ROWS = [
    {
        "key": f"t{number}",
        "acquired": dt.date(2026, 1, 1) if number % 3 else None,
        **dict(zip(VALUES, row, strict=True)),
    }
    for number, row in enumerate(itertools.product(*VALUES.values()))
]
LEAVES = st.dictionaries(
    st.sampled_from(["split", "year", "genre", "licence", "source", "extra.session", "acquired"]), st.none(), max_size=2
).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: {
                "split": st.sampled_from(["train", ["train", "test"], "valid"]),
                "year": st.sampled_from([1999, [1999, 2001]]),
                "genre": st.sampled_from(["Jazz", ["jazz", "ROCK"]]),
                "licence": st.sampled_from(["MIT", "CC0-1.0"]),
                "source": st.sampled_from(["A", ["A", "B"]]),
                "extra.session": st.just("s"),
                "acquired": st.just("2026-01-01"),
            }[name]
            for name in names
        }
    )
)
TREES = st.recursive(
    LEAVES.filter(bool),
    lambda inner: st.builds(
        lambda leaf, joined: {**leaf, **joined},
        LEAVES,
        st.one_of(
            st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(inner, min_size=2, max_size=3)}),
            st.fixed_dictionaries({"not": inner}),
        ),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[list[Store]]:
    """A SQLite and a PostgreSQL store that hold every combination of known and unknown values."""
    with (
        Store(sqlite_url(Path(tmp_path_factory.mktemp("selected")) / "cratecheck.sqlite")) as one,
        Store(postgresql_server) as other,
    ):
        for store in (one, other):
            plant_terms(store, "B", licence="CC0-1.0")
            plant(store, "crate", ROWS)
        yield [one, other]


def test_the_catalogue_of_this_test_knows_each_field_of_some_tracks_and_of_some_not() -> None:
    assert all(
        any(row[name] for row in ROWS) and any(not row[name] for row in ROWS) for name in ROWS[0] if name != "key"
    )


@pytest.mark.postgres
@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_both_databases_select_the_tracks_that_a_plain_reading_selects(
    stores: list[Store], tree: dict[str, Any]
) -> None:
    assume(_depth(tree) <= 5)
    try:
        selector = where.validate_python(tree)
    except ValidationError as impossible:
        refused = [error["ctx"]["error"].mistakes[0].what for error in impossible.errors()]
        assume(not all(what.startswith("no track has both") for what in refused))
        raise
    expected = {row["key"] for row in ROWS if _holds(tree, row)}
    assert [_selected(store, selector) for store in stores] == [expected, expected]


def _selected(store: Store, selector: Selector) -> set[str]:
    with store.read() as connection:
        snapshot = Snapshot(10**6, PLANTED_AT)
        return set(connection.scalars(select(tracks.c.key).where(and_(snapshot.holds(), *terms(selector, snapshot)))))


def _depth(stated: dict[str, Any]) -> int:
    inner = [*stated.get("all", ()), *stated.get("any", ()), *([stated["not"]] if "not" in stated else [])]
    return max((1 + _depth(one) for one in inner), default=0)


def _holds(stated: dict[str, Any], row: dict[str, Any]) -> bool:
    """Say what a selector means, as one would explain it."""
    return all(_key_holds(name, value, row) for name, value in stated.items())


def _key_holds(name: str, value: Any, row: dict[str, Any]) -> bool:
    if name == "all":
        return all(_holds(one, row) for one in value)
    if name == "any":
        return any(_holds(one, row) for one in value)
    if name == "not":
        return not _holds(value, row)
    wanted = value if isinstance(value, list) else [value]
    if name == "genre":
        return bool({folded(one) for one in wanted} & {folded(one) for one in row["genre"]})
    held = row[name]
    if name == "licence" and held is None and row["source"] == "B":
        held = "CC0-1.0"  # what its source states
    return held is not None and str(held) in map(str, wanted)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"not": {"split": "test"}}, "the split is not test (or is unknown)"),
        ({"not": {"split": ["test", "valid"]}}, "the split is neither test nor valid (or is unknown)"),
        ({"not": {"genre": ["Jazz", "Rock"]}}, "no genre is Jazz or Rock (or none is known)"),
        ({"not": {"tags": "live"}}, "no tag is live (or none is known)"),
        ({"tags": ["live", "demo"]}, "a tag is live or demo"),
        ({"not": {"not": {"duration": "90 s"}}}, "the duration is 1 min 30 s"),
        (
            {"any": [{"split": ["train", "valid"]}, {"year": 1999}, {"status": "new"}]},
            "either the split is train or valid, or the year is 1999, or the status is new",
        ),
        (
            {"language": "en", "any": [{"split": "train"}, {"year": 1999, "region": "GB"}]},
            "the language is en and (either the split is train, or (the year is 1999 and the region is GB))",
        ),
        ({"all": [{"split": "train"}, {"not": {"all": [{"year": 1999}]}}]},
         "the split is train and the year is not 1999 (or is unknown)"),
        (
            {"not": {"split": "test", "status": "draft"}},
            "either the split is not test (or is unknown), or the status is not draft (or is unknown)",
        ),
        (
            {"not": {"any": [{"split": "test"}, {"status": "draft"}]}},
            "the split is not test (or is unknown) and the status is not draft (or is unknown)",
        ),
    ],
)  # fmt: skip
def test_a_joined_selector_says_itself_without_a_not_of_several_things(stated: dict[str, Any], words: str) -> None:
    assert str(where.validate_python(stated)) == words


@pytest.mark.parametrize(
    "stated",
    [
        [{"split": ["train", "valid"]}, {"split": ["valid", "test"]}],
        [{"genre": "Jazz"}, {"genre": "Rock"}],
        [{"split": "train"}, {"not": {"split": "test"}}],
    ],
)
def test_what_some_track_may_satisfy_is_taken(stated: list[Any]) -> None:
    assert len(where.validate_python({"all": stated}).terms) == 1


def test_more_fields_than_a_database_compares_at_once_are_told_once() -> None:
    many = {"any": [{"year": year} for year in range(1000, 1300)]}
    with pytest.raises(ValueError, match="more than 200 fields in one selector") as caught:
        where.validate_python(many)
    assert str(caught.value).count("more than 200") == 1
