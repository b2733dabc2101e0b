"""Policies in plain English."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rules.language.explain import explain, explain_rule
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.language.schedule import timing_of
from rules.language.timing_words import timing_in_words

DECIDED = "a violation is of high severity and goes to @data-legal in #data-audit, who have 3 working days to"
ALL = "approve it, quarantine it or waive it for at most 90 days, with evidence."
RULE = "{{id: a, kind: field, severity: {severity}, field: title, must: be_present{more}}}"


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
    lines = "schedule: {run: weekdays 06:00, digest: weekly monday 08:00, timezone: Europe/London}"
    title, about, rule = explain(policy_of(lines)).split("\n\n")
    assert title == "Audio that may train a generative model"
    assert about == (
        "This is the policy training-audio, owned by legal@label.example. It judges each dataset whose name begins "
        'with "train-". It is audited on weekdays at 06:00 and its digest comes every Monday at 08:00, by the clock of '
        "Europe/London. If more than 20 % of the tracks, and more than 25 of them, violate one rule, an audit lists "
        "a sample and asks; it posts at most 25 messages into threads."
    )
    assert rule.startswith("a: Every track must state its title; ")


def test_a_policy_that_observes_says_so(policy_of: Callable[..., Policy]) -> None:
    said = "For now it only observes: what it finds is counted in reports, and not posted."
    assert said in explain(policy_of("mode: observe"))


def test_a_policy_says_from_when_it_holds_and_by_when_it_is_looked_at(policy_of: Callable[..., Policy]) -> None:
    explained = explain(policy_of("effective: {from: 2026-12-01, review_by: 2027-06-01}"))
    assert "It holds from 1 December 2026 on. It judges" in explained
    assert (
        "It is to be looked at again by 1 June 2027; past that day it still holds, and its owner is told every Monday."
    ) in explained


@pytest.mark.parametrize(
    ("applies_to", "said"),
    [
        ('{datasets: ["*"]}', "every dataset."),
        (
            '{datasets: ["*"], except: ["*-sandbox", old]}',
            'every dataset, unless its name ends in "-sandbox" or is "old".',
        ),
        (
            '{datasets: [crate, "gtzan-?"], except: ["*test*"]}',
            'each dataset whose name is "crate" or fits "gtzan-?", unless it has in it "test".',
        ),
        (
            '{datasets: ["*"], where: {any: [{split: train}, {not: {status: draft}}]}}',
            "every dataset, and in it only the tracks of which either the split is train, or the status is not draft "
            "(or is unknown).",
        ),
    ],
)
def test_a_policy_says_whom_it_judges(applies_to: str, said: str, policy_of: Callable[..., Policy]) -> None:
    text = policy_of().text.replace('{datasets: ["train-*"]}', applies_to)
    assert f"It judges {said}" in explain(check_text(text, "policy.yaml"))


@pytest.mark.parametrize(
    ("waiver", "said"),
    [
        ("{renewals: 0}", "waive it once, for at most 90 days, with evidence."),
        ("{renewals: 1}", "waive it for at most 90 days, with evidence, and renew that no more than once."),
        (
            "{renewals: 2, longest: 1 day}",
            "waive it for at most 1 day, with evidence, and renew that no more than twice.",
        ),
        ("{renewals: 5, evidence: optional}", "waive it for at most 90 days, and renew that no more than 5 times."),
    ],
)
def test_a_waiver_is_said_with_its_limits(waiver: str, said: str, rule_of: Callable[[str], Rule]) -> None:
    keys = f"kind: field, field: title, must: be_present, review: {{decisions: [waive], waiver: {waiver}}}"
    assert explain_rule(rule_of(keys)).endswith(f"who have 3 working days to {said}")


def test_a_rule_names_people_and_its_former_ids(policy_of: Callable[..., Policy]) -> None:
    more = ", formerly: [titled, has-title], review: {reviewers: {people: [U012AB3CD]}}"
    explained = explain(policy_of(rule=RULE.format(severity="critical", more=more)))
    assert "\n\na (formerly titled and has-title): Every track must state its title" in explained
    assert "is critical and goes to U012AB3CD in #data-audit, who has 1 working day to approve it" in explained


def test_without_a_clock_a_violation_may_be_decided_whenever(policy_of: Callable[..., Policy]) -> None:
    assert "#data-audit, who may approve it" in explain(policy_of(rule=RULE.format(severity="low", more="")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("daily 6:00", "every day at 06:00"),
        ("weekly sunday 23:59", "every Sunday at 23:59"),
        ("monthly 22 06:00", "on the 22nd of each month at 06:00"),
        ("monthly last 06:00", "on the last day of each month at 06:00"),
        ("quarterly 06:00", "on the first day of each quarter at 06:00"),
        ("every 1 hour", "every hour"),
        ("every 90 minutes", "every 90 minutes"),
        ("0 6 * * 1-5", "on weekdays at 06:00"),
        ("5 6 * * 0,3", "every Sunday and Wednesday at 06:05"),
        ("0 6 * * 0-7", "every day at 06:00"),
        ("*/20 6 * * *", 'by the cron line "*/20 6 * * *"'),
        ("0 6 1 2 *", 'by the cron line "0 6 1 2 *"'),
        ("0 6 1-5 * *", 'by the cron line "0 6 1-5 * *"'),
    ],
)
def test_a_timing_is_said_in_words_where_words_will_do(words: str, said: str) -> None:
    assert timing_in_words(timing_of(words)) == said
