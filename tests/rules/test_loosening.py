"""Every way to loosen a critical rule is noticed, and no edit that only tightens or rewords is taken for one."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit_core.catalogue.store import Store, sqlite_url
from rules.activation import activate
from rules.language.policy import Policy
from rules.preview import preview
from rules.run import audit
from tests.support.catalogue import plant
from tests.support.policies import LICENCES, policy

ROWS: list[dict[str, Any]] = [
    {"key": "a", "split": "train", "licence": "CC0-1.0"},
    {"key": "b", "split": "test", "licence": "CC-BY-NC-4.0"},
    {"key": "c", "split": "train", "title": "C"},
    {"key": "d", "split": "train", "title": "D", "licence": "CC0-1.0"},
]
BEFORE: dict[str, Any] = {
    "rules": [
        {
            "id": "titled",
            "kind": "field",
            "severity": "critical",
            "field": "title",
            "must": "be_present",
            "review": {
                "reviewers": {"people": ["U00000001", "U00000002"]},
                "decisions": ["approve", "waive"],
                "waiver": {"longest": "30 days", "renewals": 1, "evidence": "required"},
            },
        },
        {"id": "free", "kind": "licence", "severity": "high", "require": ["commercial"]},
    ]
}


def _edited(**changed: Any) -> dict[str, Any]:
    """The policy with a change of its first rule; keys that have a dot in them are of its review."""
    keys = deepcopy(BEFORE)
    first = keys["rules"][0]
    for name, value in changed.items():
        place = first
        *path, last = name.split("__")
        for step in path:
            place = place[step]
        place[last] = value
    return keys


def _without(rule: str) -> dict[str, Any]:
    return {"rules": [one for one in BEFORE["rules"] if one["id"] != rule]}


def _of(keys: dict[str, Any]) -> Policy:
    keys = deepcopy(keys)
    return policy(*keys.pop("rules"), **keys)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store in which the policy was audited once: a and b have no title."""
    with Store(sqlite_url(Path(tmp_path_factory.mktemp("loosening")) / "one.sqlite")) as store:
        plant(store, "crate", ROWS)
        activate(store, [_of(BEFORE)], actor="U1", via="cli")
        audit(store, licences=LICENCES, as_of=datetime.now(UTC), actor="U1", via="cli")
        yield store


def _loosening(store: Store, after: dict[str, Any] | None, before: dict[str, Any] = BEFORE) -> tuple[str, ...]:
    edited = None if after is None else _of(after)
    as_of = datetime.now(UTC)
    return preview(store, before=_of(before), after=edited, licences=LICENCES, as_of=as_of).loosening


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (None, 'The critical rule "titled" is retired with its policy.'),
        (_without("titled"), 'The critical rule "titled" is dropped.'),
        (_edited(severity="high"), '"titled" is high, and no longer critical.'),
        (BEFORE | {"mode": "observe"}, '"titled" is only observed: what fails is counted, and nobody is told.'),
        (
            _edited(unknown="skip", must={"match": ".*"}),
            '"titled" lets go of 2 violations in crate that the policy in force holds on to.',
        ),
        (
            BEFORE | {"applies_to": {"where": {"split": "train"}}},
            '"titled" lets go of 1 violation in crate that the policy in force holds on to.',
        ),
        (
            BEFORE | {"datasets": ["shelf"]},
            '"titled" lets go of 2 violations in crate that the policy in force holds on to.',
        ),
        (
            _edited(review__decisions=["approve", "waive", "quarantine"]),
            '"titled" can be answered by a quarantine, too.',
        ),
        (
            _edited(review__waiver={"longest": "60 days", "renewals": 1, "evidence": "required"}),
            'A waiver of "titled" may last 60 days, and no longer 30 at most.',
        ),
        (
            _edited(review__waiver={"longest": "30 days", "renewals": 3, "evidence": "required"}),
            'A waiver of "titled" may be renewed 3 times in a row, and no longer once at most.',
        ),
        (
            _edited(review__waiver={"longest": "30 days", "evidence": "required"}),
            'A waiver of "titled" may be renewed as often as one likes, and no longer once at most.',
        ),
        (
            _edited(review__waiver={"longest": "30 days", "renewals": 1, "evidence": "optional"}),
            'A waiver of "titled" needs no evidence.',
        ),
        (
            _edited(review__reviewers={"people": ["U00000001", "U00000003"]}),
            '"titled" is decided by U00000003, too.',
        ),
        (
            _edited(review__reviewers={"group": "@others"}),
            '"titled" is decided by @others, and no longer by U00000001 and U00000002.',
        ),
    ],
)  # fmt: skip
def test_loosening_is_said(audited: Store, after: dict[str, Any] | None, said: str) -> None:
    assert _loosening(audited, after) == (said,)


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        BEFORE | {"title": "Another title", "owner": "new@label.example"},
        _edited(say="{track} wants a title."),
        _edited(must={"match": "C.*"}),
        _edited(id="has-title", formerly="titled"),
        _edited(review__decisions=["approve"]),
        _edited(review__waiver={"longest": "10 days", "renewals": 0, "evidence": "required"}),
        _edited(review__reviewers={"people": ["U00000001"]}),
        _without("free"),
        BEFORE | {"rules": [*BEFORE["rules"], {"id": "dated", "kind": "field", "field": "year", "must": "be_present"}]},
        BEFORE | {"safety": {"stop_if_over": "50 % of tracks", "post_at_most": "1 message"}},
    ],
)
def test_what_tightens_or_rewords_loosens_nothing(audited: Store, after: dict[str, Any]) -> None:
    assert _loosening(audited, after) == ()


@pytest.mark.parametrize(
    "rule",
    [{"kind": "field", "field": "album", "must": "be_present"}, {"kind": "licence", "require": ["commercial"]}],
)
@pytest.mark.parametrize("stop", ["100 % of tracks", "1 violation"])
def test_a_rule_that_asks_another_question_lets_go_of_all_that_it_had(
    tmp_path: Path, rule: dict[str, Any], stop: str
) -> None:
    before = BEFORE | {"safety": {"stop_if_over": stop}}
    first = BEFORE["rules"][0]
    shared = {key: first[key] for key in ("id", "severity", "review")}
    with Store(sqlite_url(tmp_path / "one.sqlite")) as store:
        plant(store, "crate", [{"key": key} for key in "abc"])
        (said,) = _loosening(store, before | {"rules": [{**shared, **rule}, BEFORE["rules"][1]]}, before=before)
        assert said.startswith('"titled" lets go of 3 violations in crate')
        activate(store, [_of(before)], actor="U1", via="cli")
        audit(store, licences=LICENCES, as_of=datetime.now(UTC), actor="U1", via="cli")
        (said,) = _loosening(store, before | {"rules": [{**shared, **rule}, BEFORE["rules"][1]]}, before=before)
        assert said.startswith('"titled" lets go of 3 violations in crate')


def _licences(**keys: Any) -> dict[str, Any]:
    return {"rules": [{"id": "free", "kind": "licence", "severity": "critical", **keys}]}


@pytest.mark.parametrize(
    ("before", "after", "lets_go"),
    [
        ({"forbid": ["share_alike"]}, {"require": ["commercial"]}, True),
        ({"forbid": ["share_alike"]}, {"forbid": ["share_alike"], "require": ["commercial"]}, False),
        ({"require": ["commercial"]}, {"require": ["commercial"], "allow": ["CC0-1.0"]}, False),
        ({"allow": ["CC0-1.0", "CC-BY-4.0"]}, {"allow": ["CC0-1.0"]}, False),
        ({"allow": ["CC0-1.0"]}, {"allow": ["CC0-1.0", "CC-BY-4.0"]}, True),
        ({"allow": ["CC0-1.0"]}, {"deny": ["CC-BY-NC-SA-4.0"]}, True),
        ({"deny": ["CC-BY-NC-SA-4.0"]}, {"deny": ["CC-BY-NC-SA-4.0", "CC-BY-4.0"]}, False),
        ({"deny": ["CC-BY-NC-SA-4.0", "CC-BY-4.0"]}, {"deny": ["CC-BY-NC-SA-4.0"]}, True),
    ],
)
def test_a_licence_rule_that_asks_for_no_less_lets_go_of_nothing(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], lets_go: bool
) -> None:
    with Store(sqlite_url(tmp_path / "one.sqlite")) as store:
        plant(store, "crate", [{"key": "a", "licence": "CC-BY-NC-SA-4.0"}])
        said = _loosening(store, _licences(**after), before=_licences(**before))
    assert bool(said) == lets_go


def test_a_rule_that_was_not_critical_may_be_loosened_by_one(audited: Store) -> None:
    milder = _edited()
    milder["rules"][1]["unknown"] = "skip"
    assert _loosening(audited, milder) == ()
    assert _loosening(audited, milder, before=_edited(severity="high")) == ()


def test_what_was_never_audited_counts_as_let_go_too(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "one.sqlite")) as store:
        plant(store, "crate", ROWS)
        (said,) = _loosening(store, _edited(unknown="skip", must={"match": ".*"}))
    assert said.startswith('"titled" lets go of 2 violations in crate')


def test_a_rule_that_is_stopped_is_loosened_if_fewer_would_fail(tmp_path: Path) -> None:
    stopped = {"safety": {"stop_if_over": "1 violation"}}
    with Store(sqlite_url(tmp_path / "one.sqlite")) as store:
        plant(store, "crate", [{"key": f"t{number}", "split": "train" if number else "test"} for number in range(9)])
        before, fewer = BEFORE | stopped, BEFORE | stopped | {"applies_to": {"where": {"split": "train"}}}
        (said,) = _loosening(store, fewer, before=before)
        assert said.startswith('"titled" lets go of 1 violation in crate')
        assert _loosening(store, BEFORE, before=before) == (), "to look at all of it is no loosening"
        (said,) = _loosening(store, before, before=BEFORE)
        assert said.startswith('"titled" lets go of 9 violations in crate'), "to be stopped sooner is"
