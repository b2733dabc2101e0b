"""The evaluation in SQL against an evaluation that a reader can check: the same violations, on either database.

The oracle below is the meaning of the kinds that need no ear, written plainly over a list of tracks, slow as it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store, sqlite_url
from audit_core.ledger.violations import Found
from tests.support.catalogue import PLANTED_AT, plant
from tests.support.policies import LICENCES, evaluate_all, policy

Track = dict[str, Any]
Subject = tuple[str, str, str]

RULES: dict[str, dict[str, Any]] = {
    "titled": {"kind": "field", "field": "title", "must": "be_present"},
    "begins": {"kind": "field", "field": "title", "must": {"match": "(?i)a.*"}},
    "dated": {"kind": "field", "field": "year", "must": {"be_at_least": 1950, "be_at_most": 2000}, "unknown": "skip"},
    "jazz": {"kind": "field", "field": "genre", "must": {"be_one_of": ["Jazz"]}},
    "spoken": {"kind": "field", "field": "language", "must": {"be_one_of": ["en"]}, "unknown": "skip"},
    "free": {"kind": "licence", "require": ["commercial"]},
    "listed": {"kind": "licence", "allow": ["CC0-1.0"], "unknown": "skip"},
    "single": {"kind": "duplicate", "same": ["file"]},
    "few": {"kind": "duplicate", "same": ["file"], "within": "split", "group_at_most": 2},
    "kept-apart": {
        "kind": "neighbour", "of": {"split": "train"}, "to": {"split": ["valid", "test"]},
        "same": ["file", "recording"],
    },
    "either-way": {"kind": "neighbour", "of": {"language": "en"}, "to": {"split": "test"}, "same": ["recording"]},
    "artists": {"kind": "crossing", "field": "artist"},
    "sessions": {"kind": "crossing", "field": "extra.session", "between": ["train", "test"]},
    "balanced": {"kind": "share", "of": "tracks", "by": "artist", "at_most": "40 %", "unknown_at_most": "30 %"},
    "tongues": {"kind": "share", "of": "tracks", "by": "language", "at_most": "50 %"},
    "unequal": {"kind": "share", "of": "tracks", "by": "artist", "gini_at_most": 0.1},
    "few-hours": {"kind": "share", "of": "hours", "by": "genre", "effective_number_at_least": 2},
    "top-session": {
        "kind": "share", "of": "hours", "by": "extra.session", "top": {"part": "50 %", "at_most": "60 %"},
        "needs": {"values": 2},
    },
}  # fmt: skip

TRACKS = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.sampled_from([None, "A", "alpha", "Beta", "ä <b> *x*"]),
            "artist": st.lists(st.sampled_from(["Nina", "NINA", "Otis", "ſtraße"]), max_size=2),
            "genre": st.lists(st.sampled_from(["Jazz", "jazz", "Rock"]), max_size=2),
            "language": st.sampled_from([None, "en", "fr"]),
            "duration": st.sampled_from([1_000, 1_000, 3_000, 0, None]),
            "year": st.sampled_from([None, 1949, 1950, 2000, 2001]),
            "split": st.sampled_from([None, "train", "valid", "test"]),
            "licence": st.sampled_from([None, "CC0-1.0", "CC-BY-NC-4.0", "whatever"]),
            "recording": st.sampled_from([None, "R1", "R2"]),
            "extra.session": st.sampled_from([None, "s", "S", "t"]),
            "md5": st.sampled_from([None, "1", "2", "3"]),
            "sha256": st.sampled_from([None, None, "1", "2"]),
            "midi": st.sampled_from([None, "1", "8", "9"]),
        }
    ),
    max_size=7,
).map(lambda rows: [{"key": f"t{number}", **row} for number, row in enumerate(rows)])


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[list[Store]]:
    """A SQLite and a PostgreSQL store, kept over all examples: each plants a revision of its own."""
    with (
        Store(sqlite_url(Path(tmp_path_factory.mktemp("oracle")) / "cratecheck.sqlite")) as one,
        Store(postgresql_server) as other,
    ):
        yield [one, other]


@pytest.mark.postgres
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=TRACKS, groups=st.sampled_from([[], ["extra.session"]]))
def test_both_databases_find_what_a_plain_reading_of_the_rules_finds(
    stores: list[Store], rows: list[Track], groups: list[str]
) -> None:
    on_sqlite, on_postgresql = (_found(store, rows, groups) for store in stores)
    assert on_sqlite == on_postgresql
    found = {
        name: [(one.subject_kind, one.subject, one.discriminator) for one in violations if one.subject_kind != "rule"]
        for name, violations in on_sqlite.items()
    }
    assert found == {name: sorted(_expected(name, rows)) for name in RULES}
    not_judged = {
        name for name, violations in on_sqlite.items() if any(one.subject_kind == "rule" for one in violations)
    }
    # In part: the unknown can be counted where no artist is known, and hours where some are not.
    in_part = {"balanced", "few-hours", "top-session"}
    assert not_judged == {
        name for name in RULES if rows and (not found[name] or name in in_part) and _too_little(name, rows)
    }


def _found(store: Store, rows: list[Track], groups: list[str]) -> dict[str, list[Found]]:
    revision = plant(store, "crate", [{**row, "files": [("midi", "md5", row["midi"])]} for row in rows], groups=groups)
    held_against = policy(*({"id": name, **rule} for name, rule in RULES.items()))
    with store.read() as connection:
        return {
            rule.id: [
                one
                for evaluation in evaluate_all(connection, held_against, rule, Snapshot(revision, PLANTED_AT), LICENCES)
                if evaluation.result != "skip"
                for one in evaluation.found
            ]
            for rule in held_against.rules
        }


def _expected(name: str, rows: list[Track]) -> list[Subject]:
    rule = RULES[name]
    match rule["kind"]:
        case "field":
            return [("track", row["key"], "") for row in rows if _wrong(name, row)]
        case "licence":
            fails = {"free": (None, "CC-BY-NC-4.0", "whatever"), "listed": ("CC-BY-NC-4.0",)}[name]
            return [("track", row["key"], "") for row in rows if row["licence"] in fails]
        case "duplicate":
            return _groups(rows, by_split=name == "few", at_most=rule.get("group_at_most", 1))
        case "neighbour":
            return _neighbours(name, rows)
        case "crossing":
            return _crossings(name, rows)
        case _:
            return _spreads(name, rows) if name in SPREADS else _shares(name, rows)


def _too_little(name: str, rows: list[Track]) -> bool:
    """Tell whether a rule of which nothing fails has nothing to say so by."""
    match name:
        case "single":
            return not any(_files(row) for row in rows)
        case "few":
            return not any(_files(row) for row in rows if row["split"])
        case "kept-apart" | "either-way":
            of = [row for row in rows if row["split" if name == "kept-apart" else "language"] in ("train", "en")]
            to = [row for row in rows if row["split"] in (("valid", "test") if name == "kept-apart" else ("test",))]
            comparable = _algorithms(of) & _algorithms(to) if name == "kept-apart" else set()
            recordings = all(any(row["recording"] for row in side) for side in (of, to))
            return not (comparable or recordings)
        case "artists":
            return len({row["split"] for row in rows if row["artist"]} - {None}) < 2
        case "sessions":
            return len({row["split"] for row in rows if row["extra.session"]} & {"train", "test"}) < 2
        case "unequal" | "few-hours" | "top-session":
            unmeasured = name != "unequal" and any(row["duration"] is None for row in rows)
            return unmeasured or len(_sizes(name, rows)) < (1 if name == "few-hours" else 2)
        case "balanced":
            return not any(row["artist"] for row in rows)
        case "tongues":
            return not any(row["language"] for row in rows)
    return False


def _algorithms(rows: list[Track]) -> set[str]:
    return {file.partition(":")[0] for row in rows for file in _files(row)}


def _wrong(name: str, row: Track) -> bool:
    match name:
        case "titled":
            return row["title"] is None
        case "begins":
            return row["title"] is None or not row["title"].lower().startswith("a")
        case "dated":
            return row["year"] is not None and not 1950 <= row["year"] <= 2000
        case "jazz":
            return not row["genre"] or any(genre.casefold() != "jazz" for genre in row["genre"])
        case _:
            return row["language"] not in (None, "en")


def _files(row: Track) -> set[str]:
    return _audio(row) | ({f"md5:{row['midi']}"} if row["midi"] else set())


def _audio(row: Track) -> set[str]:
    return {f"{algorithm}:{row[algorithm]}" for algorithm in ("md5", "sha256") if row[algorithm]}


def _groups(rows: list[Track], *, by_split: bool, at_most: int) -> list[Subject]:
    """Put tracks together until nothing more can be."""
    places = {row["split"] for row in rows if row["split"]} if by_split else {""}
    found: list[Subject] = []
    for place in places:
        groups = [[row] for row in rows if not by_split or row["split"] == place]
        while pair := next(
            (
                (one, other)
                for one, other in combinations(groups, 2)
                if any(_files(left) & _files(right) for left in one for right in other)
            ),
            None,
        ):
            groups = [group for group in groups if group not in pair] + [pair[0] + pair[1]]
        for group in groups:
            if len(group) > max(at_most, 1):
                held = Counter(file for row in group for file in _files(row))
                shared = [file for file, count in held.items() if count > 1]
                audio = {file for row in group for file in _audio(row)}
                found.append(("group", min(shared, key=lambda file: (file not in audio, file)), place))
    return found


def _neighbours(name: str, rows: list[Track]) -> list[Subject]:
    found: list[Subject] = []
    for row in rows:
        if not (row["split"] == "train" if name == "kept-apart" else row["language"] == "en"):
            continue
        splits = ("valid", "test") if name == "kept-apart" else ("test",)
        others = [other for other in rows if other["split"] in splits and other is not row]
        same_file = [other for other in others if _files(row) & _files(other)] if name == "kept-apart" else []
        same_recording = [other for other in others if row["recording"] and other["recording"] == row["recording"]]
        if same_file:
            shared = {file for other in same_file for file in _files(row) & _files(other)}
            everyone = [row, *(other for other in rows if other["split"] in splits or other["split"] == "train")]
            audio = {file for one in everyone for file in _audio(one)}
            first = min(shared, key=lambda file: (file not in audio, file))
            found.append(("pair", row["key"], f"file {first}"))
        if any(other not in same_file for other in same_recording):
            found.append(("pair", row["key"], f"recording {row['recording']}"))
    return found


def _crossings(name: str, rows: list[Track]) -> list[Subject]:
    splits = defaultdict(set)
    for row in rows:
        joined = [row, *(other for other in rows if _files(row) & _files(other) or _same_recording(row, other))]
        values = [value for one in joined for value in one["artist"]] if name == "artists" else [row["extra.session"]]
        for value in values:
            if value and (row["split"] if name == "artists" else row["split"] in ("train", "test")):
                splits[value.casefold()].add(row["split"])
    field = "artist" if name == "artists" else "extra.session"
    return [("value", f"{field}:{value}", "") for value, where in splits.items() if len(where) > 1]


def _same_recording(row: Track, other: Track) -> bool:
    return bool(row["recording"]) and row["recording"] == other["recording"]


def _shares(name: str, rows: list[Track]) -> list[Subject]:
    of_tracks = [
        {artist.casefold() for artist in row["artist"]} if name == "balanced" else {row["language"]} - {None}
        for row in rows
    ]
    known = sum(1 for values in of_tracks if values)
    at_most = Fraction(40, 100) if name == "balanced" else Fraction(50, 100)
    field = "artist" if name == "balanced" else "language"
    counted = Counter(value for values in of_tracks for value in values)
    found = [("value", f"{field}:{value}", "") for value, count in counted.items() if Fraction(count, known) > at_most]
    if name == "balanced" and rows and Fraction(len(rows) - known, len(rows)) > Fraction(30, 100):
        found.append(("value", "artist:?", "unknown"))
    return found


TENTH = Fraction(1, 10)

#: What a rule on all values counts them by, and what it says of their sizes, the smallest first.
SPREADS: dict[str, tuple[str, str, Callable[[list[int]], bool]]] = {
    "unequal": (
        "artist",
        "gini",
        lambda sizes: Fraction(sum(abs(a - b) for a in sizes for b in sizes), 2 * len(sizes) * sum(sizes)) > TENTH,
    ),
    "few-hours": (
        "genre",
        "effective number",
        lambda sizes: sum(sizes) ** 2 < 2 * sum(size * size for size in sizes),
    ),
    "top-session": (
        "extra.session",
        "top",
        lambda sizes: Fraction(sum(sizes[len(sizes) // 2 :]), sum(sizes)) > Fraction(60, 100),
    ),
}


def _spreads(name: str, rows: list[Track]) -> list[Subject]:
    field, word, fails = SPREADS[name]
    sizes = _sizes(name, rows)
    enough = len(sizes) >= (1 if name == "few-hours" else 2)
    return [("value", f"{field}:*", word)] if enough and fails(sizes) else []


def _sizes(name: str, rows: list[Track]) -> list[int]:
    """How much each value has, of those that have something."""
    field = SPREADS[name][0]
    counted: Counter[str] = Counter()
    for row in rows:
        held = row[field] if isinstance(row[field], list) else [row[field]]
        for value in {one.casefold() for one in held if one}:
            counted[value] += 1 if name == "unequal" else row["duration"] or 0
    return sorted(size for size in counted.values() if size)
