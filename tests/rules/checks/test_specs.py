"""The keys of each kind of rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from audit_core.placed_yaml.models import Strict
from rules.checks import KINDS, field
from rules.language.policy import Rule


def spec(kind: str, **keys: Any) -> Any:
    """Read the keys of a kind."""
    read: Strict = KINDS[kind].Spec.model_validate(keys)
    return read


@pytest.mark.parametrize(
    ("name", "must", "read"),
    [
        ("licence", "be_present", field.BePresent()),
        ("extra.bpm", {"match": r"\d+"}, field.Match(r"\d+")),
        ("tags", {"match": "a.*"}, field.Match("a.*")),
        ("year", {"be_one_of": [1999, 2000]}, field.BeOneOf((1999, 2000))),
        ("duration", {"be_at_least": "5 s"}, field.LieBetween(5_000, None)),
        ("acquired", {"be_at_most": "2026-01-31"}, field.LieBetween(None, dt.date(2026, 1, 31))),
        ("year", {"be_at_least": 1, "be_at_most": 1}, field.LieBetween(1, 1)),
    ],
)
def test_a_field_rule_is_read_by_the_type_of_its_field(name: str, must: Any, read: field.Must) -> None:
    assert spec("field", field=name, must=must).must == read


@pytest.mark.parametrize(
    ("kind", "keys", "takes_out"),
    [
        ("field", {"field": "title", "must": "be_present"}, True),
        ("licence", {"require": ["commercial"]}, True),
        ("duplicate", {"same": ["file"]}, True),
        ("duplicate", {"same": ["file"], "share_at_most": "1 %"}, False),
        ("integrity", {"forbid": ["silent"]}, True),
        ("neighbour", {"of": {"split": "train"}, "to": {"split": "test"}, "same": ["file"]}, True),
        ("crossing", {"field": "artist"}, False),
        ("crossing", {"field": "artist", "quarantine": "train"}, True),
        ("share", {"of": "tracks", "by": "artist", "at_most": "1 %"}, False),
    ],
)
def test_a_kind_says_whether_a_quarantine_takes_something_out(kind: str, keys: dict[str, Any], takes_out: bool) -> None:
    assert KINDS[kind].takes_out(spec(kind, **keys)) is takes_out


def test_shares_are_exact() -> None:
    share = spec("share", of="tracks", by="artist", at_most="0.1 %", unknown_at_most="0 %")
    assert (share.at_most, share.unknown_at_most) == (Fraction(1, 1000), 0)


def test_a_crossing_may_leave_its_splits_out() -> None:
    assert spec("crossing", field="extra.session").between is None


def test_a_share_inherits_the_decisions_without_quarantine(rule_of: Callable[[str], Rule]) -> None:
    rule = rule_of("kind: share, of: tracks, by: artist, at_most: 1 %")
    assert rule.review.decisions == ("approve", "waive")


def test_a_crossing_that_reviewers_can_t_quarantine_needs_no_split(rule_of: Callable[[str], Rule]) -> None:
    rule = rule_of("kind: crossing, field: artist, review: {decisions: [approve, waive]}")
    assert rule.review.decisions == ("approve", "waive")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("kind: duplicate, same: [file], group_at_most: 0", "a group of 0 can't be"),
        ("kind: duplicate, same: [file], group_at_most: 1.5", "expected a whole number, and found the number 1.5"),
        ("kind: duplicate, same: [file], group_at_most: true", "expected a whole number, and found true"),
        ("kind: duplicate, same: file", "expected a list, and found the text"),
        ("kind: duplicate, same: []", "expected each way of being the same once"),
        ("kind: duplicate, same: [file], group_at_most: 2, share_at_most: 1 %", "don't go together"),
        ("kind: duplicate, same: [file], share_at_most: 100 %", "no share is more than 100 %"),
        ("kind: integrity, silent_at_most: 1 %", "the rule asks for nothing"),
        ("kind: integrity, forbid: [slient]", 'Did you mean "silent"?'),
        ("kind: integrity, forbid: [dc, dc]", "expected each fault once"),
        ("kind: integrity, forbid: [dc], silent_at_most: 1 %", "Add silent to `forbid`"),
        ("kind: integrity, sample_rate: {at_least: 44100}", 'Write it as in "44.1 kHz"'),
        ("kind: integrity, sample_rate: {}", "nothing is asked for"),
        ("kind: integrity, length: {at_least: 2 s, at_most: 1 s}", "the least is more than the most"),
        ("kind: integrity, loudness: {at_lest: -30 LUFS}", 'Did you mean "at_least"?'),
        ("kind: integrity, loudness: {at_least: -30 dB}", "is not a loudness"),
        ("kind: neighbour, of: {split: a}, to: {split: b}, same: [file, file]", "each way of being the same once"),
        ("kind: neighbour, of: {split: a}, to: {split: b}, same: [excerp]", 'Did you mean "excerpt"?'),
        ("kind: neighbour, of: {split: a}, to: {split: b}, same: [file], overlap_at_least: 5 s", "says nothing here"),
        ("kind: neighbour, of: {split: a}, to: {split: b}, same: [excerpt], overlap_at_least: 5", "is not a duration"),
        ("kind: crossing, field: artist, between: [a, b], quarantine: c", '"c" is not under between'),
        ("kind: crossing, field: artist, between: [a, a], quarantine: a", "expected two splits or more"),
        ("kind: share, of: tracks, by: artist, at_most: 100 %", "no share is more than 100 %"),
        ("kind: share, of: tracks, by: duration, at_most: 1 %", 'tracks are not counted by "duration"'),
        ("kind: licence, require: [commercial], forbid: [commercial]", "stands under require and under forbid"),
        ("kind: licence, allow: [LicenseRef-]", "unknown licence"),
        ("kind: agreement, labels: mood", 'unknown kind of rule "agreement"'),
        ("kind: field, field: titel, must: {be_at_least: 5}", 'Did you mean "title"?'),
        ("kind: field, field: extra.bpm, must: {be_at_least: 5}", "is text, which has no least"),
        ("kind: field, field: title, must: {}", "expected what the field must be"),
        ("kind: field, field: title, must: {be_present: true}", "`be_present` stands alone"),
        ("kind: field, field: title, must: {mach: x}", 'Did you mean "match"?'),
    ],
)
def test_what_makes_no_sense_is_refused(keys: str, said: str, trouble_with: Callable[[str], str]) -> None:
    assert said in trouble_with(keys)


def test_a_rule_tells_all_its_mistakes_at_once(trouble_with: Callable[[str], str]) -> None:
    trouble = trouble_with('kind: licence, requier: [x], forbid: [y], allow: [Z], say: "{nobody}", review: {chanel: x}')
    said = ['"requier"', 'trait "y"', 'licence "Z"', '"nobody"', '"chanel"']
    assert [word for word in said if word not in trouble] == []


def test_a_kind_that_is_misspelt_does_not_hide_misspelt_keys(trouble_with: Callable[[str], str]) -> None:
    trouble = trouble_with("knd: licence, requier: [commercial]")
    assert 'Did you mean "kind"?' in trouble
    assert 'Did you mean "require"?' in trouble
    assert "is missing" not in trouble
