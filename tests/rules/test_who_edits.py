"""Who confirms edits of a policy can't be changed by one person, where it has critical rules."""

from __future__ import annotations

from rules.language.policy import Policy
from rules.language.reader import check_text
from rules.loosening import LetGo, loosening
from tests.bot.proposing.test_activations import text

_OWN = '    severity: critical\n    review: {reviewers: {group: "@data-legal"}}\n'


def _policy(reviewers: str) -> Policy:
    return check_text(text(reviewers=reviewers).replace("    severity: critical\n", _OWN), "release.yaml")


def test_other_reviewers_of_a_policy_loosen_it_though_its_critical_rules_keep_their_own() -> None:
    group, people = _policy('group: "@data-legal"'), _policy('people: ["U0MAL", "U0SOCK"]')
    said = 'An edit of "release" is decided by U0MAL and U0SOCK, and no longer by @data-legal.'
    assert list(loosening(group, people, ())) == [said]
    assert list(loosening(group, group, ())) == []


def test_a_critical_rule_that_is_judged_no_more_is_loosened_though_it_lets_go_of_nothing() -> None:
    policy = _policy('group: "@data-legal"')
    said = '"licence-known" is judged in songs by the policy in force, and would not be any more.'
    assert list(loosening(policy, policy, [LetGo("licence-known", "songs", 0)])) == [said]
