"""Policy files: what is said of broken ones, and what right ones become."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from audit_core.errors import Location, Problems
from rules.language.policy import Policy, RespondWithin, Reviewers, WaiverTerms
from rules.language.reader import check_folder, check_text
from rules.language.selector import Term

GOLDEN = Path(__file__).parents[2] / "golden" / "policies"
BROKEN = sorted(path.name for path in GOLDEN.iterdir() if path.suffix != ".txt")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_is_refused_in_these_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(Problems) as caught:
        check_folder([Path(name)])
    expected = (GOLDEN / f"{Path(name).stem}.txt").read_text(encoding="utf-8")
    assert f"{caught.value}\n" == expected


def test_a_policy_keeps_its_text_its_hash_and_its_path(tmp_path: Path, policy_of: Callable[..., Policy]) -> None:
    text = policy_of().text.replace("\n", "\r\n")
    path = tmp_path / "release.yaml"
    path.write_bytes(text.encode())
    (policy,) = check_folder([path])
    assert policy.text == text
    assert policy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert policy.path == str(path)
    assert check_text(policy.text, str(path)) == policy


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path, policy_of: Callable[..., Policy]) -> None:
    text = policy_of().text
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(text.replace("training-audio", name).replace("id: a", f"id: {name}"))
    (tmp_path / "notes.txt").write_text("not a policy")
    assert [policy.id for policy in check_folder([tmp_path])] == ["a", "b"]


def test_a_folder_without_a_policy_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="no policy in this folder"):
        check_folder([tmp_path])


def test_the_mistakes_of_all_files_are_told_together(tmp_path: Path, policy_of: Callable[..., Policy]) -> None:
    text = policy_of().text
    (tmp_path / "a.yaml").write_text(text.replace("owner", "ownr"))
    (tmp_path / "b.yaml").write_text("[")
    (tmp_path / "c.yaml").write_text(text.replace("high", "hihg"))
    with pytest.raises(Problems) as caught:
        check_folder([tmp_path, tmp_path / "d.yaml"])
    files = [Path(problem.at.file).name for problem in caught.value.problems if problem.at]
    assert files == ["a.yaml", "b.yaml", "c.yaml", "c.yaml", "c.yaml", "d.yaml"]


def test_a_rule_knows_where_it_begins(policy_of: Callable[..., Policy]) -> None:
    assert policy_of().rules[0].location == Location("policy.yaml", 9, 5)


def test_what_a_policy_leaves_out_has_these_defaults(policy_of: Callable[..., Policy]) -> None:
    policy = policy_of()
    assert policy.mode == "enforce"
    assert policy.schedule is None
    assert (policy.safety.stop_share, policy.safety.stop_count, policy.safety.post_at_most) == (
        Fraction(1, 5),
        None,
        25,
    )
    assert policy.review.decisions == ("approve", "quarantine", "waive")
    assert policy.review.waiver == WaiverTerms(90, evidence_required=True)
    assert policy.review.respond_within == RespondWithin(1, 3, 10, None)


def test_a_limit_may_be_a_share_or_a_number(policy_of: Callable[..., Policy]) -> None:
    share = policy_of("safety: {stop_if_over: 0.1 % of tracks}").safety
    count = policy_of("safety: {stop_if_over: 500 violations}").safety
    assert (share.stop_share, share.stop_count) == (Fraction(1, 1000), None)
    assert (count.stop_share, count.stop_count) == (None, 500)


def test_datasets_are_covered_by_pattern_and_excepted_by_pattern(policy_of: Callable[..., Policy]) -> None:
    lines = 'applies_to: {datasets: ["train-*", extra], except: ["*-sandbox"], where: {split: [train, valid]}}'
    text = policy_of().text.replace('applies_to: {datasets: ["train-*"]}', lines)
    applies_to = check_text(text, "policy.yaml").applies_to
    covered = [name for name in ("train-a", "extra", "extras", "Train-a", "train-sandbox") if applies_to.covers(name)]
    assert covered == ["train-a", "extra"]
    assert applies_to.where.terms == (Term("split", ("train", "valid")),)


def test_a_rules_review_wins_over_the_policys_key_by_key(policy_of: Callable[..., Policy]) -> None:
    base = (
        'review: {channel: "#data-audit", reviewers: {group: "@data-legal"}, waiver: {longest: 60 days}, '
        "respond_within: {critical: 2 days}}"
    )
    own = "{reviewers: {people: [U012AB3CD]}, waiver: {evidence: optional}, respond_within: {high: 5 days}}"
    policy = policy_of(
        review=base, rule=f"{{id: a, kind: field, severity: high, field: title, must: be_present, review: {own}}}"
    )
    review = policy.rules[0].review
    assert review.channel == "#data-audit"
    assert review.reviewers == Reviewers(people=("U012AB3CD",))
    assert review.waiver == WaiverTerms(60, evidence_required=False)
    assert review.respond_within == RespondWithin(2, 5, 10, None)
    assert policy.review.reviewers == Reviewers(group="@data-legal")


def test_a_policy_is_frozen(policy_of: Callable[..., Policy]) -> None:
    policy = policy_of()
    for record, name in [(policy, "title"), (policy.rules[0], "severity"), (policy.rules[0].spec, "field")]:
        with pytest.raises((AttributeError, ValueError), match="frozen|cannot assign"):
            setattr(record, name, "x")


def test_the_same_text_makes_equal_policies_that_can_be_kept_in_a_set(policy_of: Callable[..., Policy]) -> None:
    assert len({policy_of(), policy_of()}) == 1


@pytest.mark.parametrize(
    "keys",
    [
        "kind: licence, allow: [{words}]",
        "kind: field, field: title, must: {be_one_of: [{numbers}]}",
        "kind: field, field: title, must: be_present, review: {reviewers: {people: [{words}]}}",
        "kind: share, of: tracks, by: artist, at_most: 1 %, review: {decisions: [{words}]}",
        "kind: neighbour, same: [file], of: {split: [{words}]}, to: {{fields}}",
        "kind: field, field: title, must: {match: '{pattern}'}",
        "kind: field, {fields}",
    ],
)
def test_a_policy_full_of_mistakes_is_refused_quickly(keys: str, trouble_with: Callable[[str], str]) -> None:
    count = 10_000
    replacements = {
        "{words}": ", ".join(f"CC-BY-{n}" for n in range(count)),
        "{numbers}": ", ".join(map(str, range(count))),
        "{fields}": ", ".join(f"splt{n}: x" for n in range(count)),
        "{pattern}": "((a{1,1000}){1,1000}){1,1000}" + "(a|b)*" * count,
    }
    for name, replacement in replacements.items():
        keys = keys.replace(name, replacement)
    began = time.perf_counter()
    assert trouble_with(keys)
    assert time.perf_counter() - began < 5
