"""Rules over what was heard, against a plain reading of them: the same violations, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.store import Store, sqlite_url
from rules.evaluate import Evaluation
from tests.support.catalogue import PLANTED_AT, plant, plant_comparison
from tests.support.policies import LICENCES, evaluate_all, policy

Track = dict[str, Any]
Comparison = dict[str, Any]
Subject = tuple[str, str]

APART: dict[str, Any] = {"kind": "neighbour", "of": {"split": "train"}, "to": {"split": "test"}}
RULES: dict[str, dict[str, Any]] = {
    "files": {**APART, "same": ["file"]},
    "recordings": {**APART, "same": ["file", "recording"]},
    "excerpts": {**APART, "same": ["excerpt"], "overlap_at_least": "5 s"},
    "anything": {**APART, "same": ["file", "recording", "excerpt", "version"]},
    "single": {"kind": "duplicate", "same": ["file", "recording"]},
    "few": {"kind": "duplicate", "same": ["recording"], "share_at_most": "40 %"},
    "artists": {"kind": "crossing", "field": "artist"},
    "crossing": {"kind": "crossing", "field": "recording"},
    "sound": {"kind": "integrity", "forbid": ["undecodable", "silent"], "length": {"at_most": "1 min"}},
}

AUDIO = ("A", "B", "C", "D")
PAIRS = tuple(combinations(AUDIO, 2))

TRACKS = st.lists(
    st.fixed_dictionaries(
        {
            "split": st.sampled_from([None, "train", "test"]),
            "artist": st.sampled_from([None, "Nina", "Otis"]),
            "recording": st.sampled_from([None, None, "R1"]),
            "sha256": st.sampled_from([None, None, "1"]),
            "heard": st.sampled_from([None, "undecodable", *AUDIO, *AUDIO]),
            "sha": st.sampled_from(["1", "2", "3", "4"]),
            "silent": st.sampled_from([0.0, 0.95]),
            "duration_ms": st.sampled_from([30_000, 90_000]),
        }
    ),
    max_size=6,
).map(lambda rows: [{"key": f"t{number}", **row} for number, row in enumerate(rows)])

COMPARISONS = st.fixed_dictionaries(
    {
        "compared": st.sampled_from([AUDIO, AUDIO, AUDIO, ("A", "B")]),
        "recordings": st.dictionaries(st.sampled_from(AUDIO), st.sampled_from(["rec-1", "rec-2"]), max_size=4),
        "pcm": st.dictionaries(st.sampled_from(AUDIO), st.sampled_from(["same"]), max_size=2),
        "matches": st.dictionaries(
            st.sampled_from(PAIRS),
            st.tuples(st.sampled_from([4.5, 5.5]), st.sampled_from([0.9, 1.0, 1.12]), st.booleans(), st.booleans()),
            max_size=4,
        ),
        "versions": st.lists(st.sampled_from(PAIRS), max_size=2, unique=True),
    }
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[list[Store]]:
    """A SQLite and a PostgreSQL store, kept over all examples: each plants revisions of its own."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    address = make_url(postgresql_server)
    admin = create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE heard_oracle"))
    admin.dispose()
    with (
        Store(sqlite_url(Path(tmp_path_factory.mktemp("oracle")) / "cratecheck.sqlite")) as one,
        Store(address.set(database="heard_oracle").render_as_string(hide_password=False)) as other,
    ):
        yield [one, other]


@pytest.mark.postgres
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=TRACKS, heard=COMPARISONS)
def test_both_databases_find_what_a_plain_reading_of_the_rules_finds(
    stores: list[Store], rows: list[Track], heard: Comparison
) -> None:
    on_sqlite, on_postgresql = (_judged(store, rows, heard) for store in stores)
    assert {name: list(one.found) for name, one in on_sqlite.items()} == {
        name: list(one.found) for name, one in on_postgresql.items()
    }
    oracle = _Oracle(rows, heard)
    found = {
        name: [(one.subject, one.discriminator.partition(" ")[0]) for one in judged.found if one.subject_kind != "rule"]
        for name, judged in on_sqlite.items()
    }
    assert found == {name: sorted(oracle.expected(name)) if rows else [] for name in RULES}
    partly = {name for name, judged in on_sqlite.items() if judged.partly}
    assert partly == {name for name in RULES if rows and oracle.unseen(name)}
    for name in partly:
        assert (on_sqlite[name].result, on_sqlite[name].complete) == (
            "fail" if found[name] else "not_enough_evidence",
            False,
        )


def _judged(store: Store, rows: list[Track], heard: Comparison) -> dict[str, Evaluation]:
    plant(store, "crate", [_planted(row, heard) for row in rows])
    matches = [
        {"packets_a": a, "packets_b": b, "overlap_s": overlap_s, "tempo": tempo, "whole": whole, "candidate": candidate}
        for (a, b), (overlap_s, tempo, whole, candidate) in heard["matches"].items()
    ]
    revision = plant_comparison(
        store,
        compared=heard["compared"],
        recordings=heard["recordings"],
        matches=matches,
        versions=heard["versions"],
    )
    made = policy(*({"id": name, **deepcopy(rule)} for name, rule in RULES.items()))
    with store.read() as connection:
        return {
            rule.id: evaluate_all(connection, made, rule, Snapshot(revision, PLANTED_AT), LICENCES)[0]
            for rule in made.rules
        }


def _planted(row: Track, heard: Comparison) -> Track:
    measured = {name: row[name] for name in ("silent", "duration_ms")}
    kept = {name: row[name] for name in ("key", "split", "artist", "recording", "sha256")}
    if row["heard"] is None:
        return {**kept, "path": row["key"]}
    if row["heard"] == "undecodable":
        return {**kept, "heard": {"sha256": row["sha"], "problem": "undecodable"}}
    audio = {"sha256": row["sha"], "packets": row["heard"], "pcm": heard["pcm"].get(row["heard"])}
    return {**kept, "heard": {**audio, **measured}}


class _Oracle:
    """The meaning of the rules, over lists, with no thought for speed."""

    def __init__(self, rows: list[Track], heard: Comparison) -> None:
        self.rows = rows
        self.heard = heard
        self.audible = [row for row in rows if row["heard"] in AUDIO]

    def expected(self, name: str) -> list[Subject]:
        rule = RULES[name]
        match rule["kind"]:
            case "neighbour":
                return [
                    (row["key"], way)
                    for row in self.rows
                    if row["split"] == "train"
                    for way in self._told(row, [one for one in self.rows if one["split"] == "test"], rule)
                ]
            case "duplicate":
                groups = self._groups(rule["same"])
                if name == "single":
                    return [(self._name(group), "") for group in groups]
                known = [row for row in self.rows if row["recording"] or row in self.audible]
                count = sum(map(len, groups))
                return [("crate", "share")] if known and Fraction(count, len(known)) > Fraction(40, 100) else []
            case "integrity":
                return [(row["key"], "") for row in self.rows if self._faulty(row)]
        return self._artists() if name == "artists" else self._recordings()

    def unseen(self, name: str) -> bool:
        """Tell whether something that a rule needs was not listened to."""
        scanned = [row for row in self.rows if row["heard"]]
        match name:
            case "sound":
                return bool(self.rows and len(scanned) > 0 and len(scanned) < len(self.rows))
            case "artists" | "single" | "few":
                return bool(scanned) and self._any_blank(self.rows, self.rows, "recording")
            case "crossing":
                placed = [row for row in self.rows if row["split"]]
                return bool(scanned) and self._any_blank(placed, placed, "recording")
        sides = [[row for row in self.rows if row["split"] == split] for split in ("train", "test")]
        by_ear = name in ("excerpts", "anything")
        need = "sound" if by_ear else "file" if name == "files" else "recording"
        train, test = sides
        lacking = self._any_blank(train, test, need) or self._any_blank(test, train, need) if scanned else by_ear
        return lacking and (bool(self.expected(name)) or all(sides))

    def _any_blank(self, rows: list[Track], others: list[Track], need: str) -> bool:
        if need == "file":
            return any(not row["sha256"] and not row["heard"] for row in rows)
        stated = need == "recording" and all(other["recording"] for other in others)
        return any(row["heard"] not in self.heard["compared"] for row in rows if not (stated and row["recording"]))

    def _told(self, row: Track, others: list[Track], rule: dict[str, Any]) -> Iterator[str]:
        told: list[Track] = []
        ways, least_s = rule["same"], 5 if "overlap_at_least" in rule else 0
        for way in ("file", "recording", "excerpt", "version"):
            reached = [other for other in others if self._same(way, row, other, least_s)] if way in ways else []
            if any(other not in told for other in reached):
                told += reached
                yield way

    def _same(self, way: str, row: Track, other: Track, least_s: float) -> bool:
        if way == "file":
            return bool(_files(row) & _files(other))
        if way == "recording":
            return bool(self._held(row) & self._held(other)) or self._wholly(row, other)
        pair = tuple(sorted((row["heard"] or "", other["heard"] or "")))
        if way == "version":
            return pair in self.heard["versions"]
        if pair not in self.heard["matches"]:
            return False
        overlap_s, tempo, whole, candidate = self.heard["matches"][pair]
        in_row = overlap_s if row["heard"] == pair[0] else overlap_s * tempo
        return not whole and not candidate and in_row >= least_s

    def _wholly(self, row: Track, other: Track) -> bool:
        a, b = sorted((row["heard"] or "", other["heard"] or ""))
        _, _, whole, candidate = self.heard["matches"].get((a, b), (0, 0, False, False))
        return whole and not candidate

    def _held(self, row: Track) -> set[str]:
        held = {f"recording:{row['recording']}"} if row["recording"] else set()
        if row in self.audible:
            audio = row["heard"]
            pcm = self.heard["pcm"].get(audio)
            own = f"pcm:{pcm}" if pcm else f"packets:{audio}"
            held.add(f"heard:{self.heard['recordings'].get(audio, own)}")
        return held

    def _contents(self, row: Track, ways: list[str]) -> set[str]:
        return (_files(row) if "file" in ways else set()) | (self._held(row) if "recording" in ways else set())

    def _groups(self, ways: list[str]) -> list[list[Track]]:
        groups = [[row] for row in self.rows]
        while pair := next(
            (
                (one, other)
                for one, other in combinations(groups, 2)
                if any(self._contents(left, ways) & self._contents(right, ways) for left in one for right in other)
            ),
            None,
        ):
            groups = [group for group in groups if group not in pair] + [pair[0] + pair[1]]
        return [group for group in groups if len(group) > 1]

    def _name(self, group: list[Track]) -> str:
        held = [content for row in group for content in self._contents(row, ["file", "recording"])]
        order = ["sha256", "recording", "heard"]
        shared = {content for content in held if held.count(content) > 1}
        named = {self._called(content, self.rows) for content in shared}
        return min(named, key=lambda content: (order.index(content.partition(":")[0]), content))

    def _called(self, content: str, rows: list[Track]) -> str:
        """Name a recording that was heard by the first audio of it, whatever it is called by the comparison."""
        if not content.startswith("heard:"):
            return content
        audio: list[str] = [row["heard"] for row in rows if content in self._held(row)]
        return f"heard:packets:{min(audio)}"

    def _faulty(self, row: Track) -> bool:
        loud = row in self.audible and (row["silent"] > 0.9 or row["duration_ms"] > 60_000)
        return row["heard"] == "undecodable" or loud

    def _artists(self) -> list[Subject]:
        splits: dict[str, set[str]] = {}
        ways = ["file", "recording"]
        for row in self.rows:
            for other in self.rows:
                linked = other is row or self._contents(row, ways) & self._contents(other, ways)
                if row["split"] and linked and other["artist"]:
                    splits.setdefault(other["artist"].casefold(), set()).add(row["split"])
        return [(f"artist:{artist}", "") for artist, where in splits.items() if len(where) > 1]

    def _recordings(self) -> list[Subject]:
        found = []
        for content in {content for row in self.rows for content in self._held(row)}:
            holders = [row for row in self.rows if content in self._held(row) and row["split"]]
            if len({row["split"] for row in holders}) < 2:
                continue
            if content.startswith("recording:"):
                found.append((f"recording:{content.removeprefix('recording:').casefold()}", ""))
            elif len({row["recording"] for row in holders}) > 1 or not holders[0]["recording"]:
                found.append((f"recording:{self._called(content, holders)}", ""))
        return found


def _files(row: Track) -> set[str]:
    scanned = {f"sha256:{row['sha']}"} if row["heard"] else set()
    return scanned | ({f"sha256:{row['sha256']}"} if row["sha256"] else set())
