"""Policies in plain English."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rules.explain import explain, explain_rule
from rules.policy import Policy, Rule

DECIDED = "a violation is high, to be decided in #data-audit within 3 working days by @data-legal, who may"
ALL = "approve it, quarantine it or waive it for at most 90 days, with evidence."


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("kind: field, field: licence, must: be_present", "Every track must state its licence"),
        (
            "kind: field, field: duration, must: {be_at_least: 30 s, be_at_most: 20 min}, unknown: skip",
            "The duration of every track must be at least 30 s and at most 20 min, unless it is unknown",
        ),
        (
            "kind: field, field: genre, must: {be_one_of: [Jazz, Rock]}",
            "The genre of every track must be Jazz or Rock, and must be known",
        ),
        (
            "kind: field, field: isrc, must: {match: '[A-Z]+'}",
            "The ISRC of every track must as a whole fit the pattern [A-Z]+, and must be known",
        ),
        (
            "kind: licence, require: [commercial, derivatives], forbid: [share_alike], deny: [MIT]",
            "The licence of every track must permit commercial use, must permit changed versions, must not put changed "
            "versions under the same licence and must not be MIT, and must be known",
        ),
        ("kind: duplicate, same: [file]", "No two tracks of one dataset may hold the same file, by its checksum"),
        (
            "kind: duplicate, same: [file], within: split, group_at_most: 3",
            "No more than 3 tracks of one split of a dataset may hold the same file, by its checksum",
        ),
        (
            "kind: neighbour, of: {split: train}, to: {split: [test, valid]}, same: [file, recording], quarantine: to",
            "No track of which the split is train may hold the same file or recording as a track of which the split is "
            "test or valid; a quarantine takes out the second",
        ),
        (
            "kind: neighbour, of: {split: train}, to: {split: test}, same: [excerpt, version], overlap_at_least: 5 s",
            "No track of which the split is train may hold the same stretch of at least 5 s or work (it seems) as a "
            "track of which the split is test; a quarantine takes out the first",
        ),
        (
            "kind: integrity, forbid: [silent, fake_stereo], silent_at_most: 50 %, length: {at_least: 1 s}",
            "The audio of every track must not be silent (more than 50 % of it) or the same in all channels and must "
            "have a length of at least 1 s",
        ),
        (
            "kind: integrity, sample_rate: {at_least: 44.1 kHz, at_most: 96 kHz}, loudness: {at_most: -5 LUFS}",
            "The audio of every track must have a sample rate of at least 44.1 kHz and at most 96 kHz and must have a "
            "loudness of at most -5 LUFS",
        ),
        (
            "kind: crossing, field: extra.session, between: [train, test], quarantine: train",
            "No session may lie in more than one of the splits train and test; a quarantine takes its tracks out of "
            "train",
        ),
    ],
)
def test_a_rule_is_one_sentence(keys: str, sentence: str, rule_of: Callable[[str], Rule]) -> None:
    assert explain_rule(rule_of(keys)) == f"{sentence}; {DECIDED} {ALL}"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("at_most: 0.5 %", "No artist may have more than 0.5 % of the tracks that state one"),
        ("at_most: 100 %, unknown_at_most: 0 %", "At most 0 % of all tracks may state no artist"),
    ],
)
def test_a_share_offers_no_quarantine(keys: str, sentence: str, rule_of: Callable[[str], Rule]) -> None:
    explained = explain_rule(rule_of(f"kind: share, of: tracks, by: artist, {keys}"))
    assert explained == f"{sentence}; {DECIDED} approve it or waive it for at most 90 days, with evidence."


def test_a_share_of_duplicates_offers_no_quarantine(rule_of: Callable[[str], Rule]) -> None:
    explained = explain_rule(rule_of("kind: duplicate, same: [file, recording], share_at_most: 1 %, within: split"))
    assert explained == (
        "No more than 1 % of the tracks of one split of a dataset may hold the same file or recording as another track "
        f"of it; {DECIDED} approve it or waive it for at most 90 days, with evidence."
    )


def test_a_policy_says_whom_and_when_and_how_much(policy_of: Callable[..., Policy]) -> None:
    lines = "mode: observe\nschedule: {run: weekdays 06:00, digest: weekly monday 08:00, timezone: Europe/London}"
    about, _, rule = explain(policy_of(lines)).split("\n")
    assert about == (
        "Audio that may train a generative model (training-audio) is owned by legal@label.example. It judges the "
        'datasets "train-*". By itself come its audit (weekdays 06:00) and digest (weekly monday 08:00), by the clock '
        "of Europe/London. Past 20 % of the tracks, a rule stops listing and asks; a run posts at most 25 messages "
        "into threads. It only observes: violations are counted, and not posted."
    )
    assert rule.startswith("a: Every track must state its title; ")
