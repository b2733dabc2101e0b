"""Small catalogues, policies and edits of them, drawn at random: what a preview has to foresee."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rules.language.policy import Policy
from tests.support.policies import policy

__all__ = ["CATALOGUES", "EDITS", "REUSES", "RULES", "policy_of"]

Drawn = dict[str, Any]

RULES: dict[str, list[Drawn]] = {
    "titled": [
        {"kind": "field", "field": "title", "must": "be_present"},
        {"kind": "field", "field": "title", "must": {"match": "A.*"}},
        {"kind": "field", "field": "artist", "must": "be_present"},
    ],
    "free": [
        {"kind": "licence", "require": ["commercial"]},
        {"kind": "licence", "require": ["commercial"], "unknown": "skip"},
        {"kind": "field", "field": "licence", "must": "be_present"},
    ],
    "single": [
        {"kind": "duplicate", "same": ["file"]},
        {"kind": "duplicate", "same": ["file"], "within": "split"},
    ],
    "apart": [{"kind": "crossing", "field": "artist"}, {"kind": "crossing", "field": "album"}],
    "balanced": [
        {"kind": "share", "of": "tracks", "by": "artist", "at_most": "50 %"},
        {"kind": "share", "of": "tracks", "by": "artist", "at_most": "70 %"},
    ],
}
"""Rules by their ids, each in all that an edit may make of it."""

CATALOGUES = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.sampled_from([None, "A", "B"]),
            "artist": st.sampled_from([None, "Nina", "Otis"]),
            "album": st.sampled_from([None, "Blue"]),
            "split": st.sampled_from([None, "train", "test"]),
            "licence": st.sampled_from([None, "CC0-1.0", "CC-BY-NC-4.0"]),
            "md5": st.sampled_from([None, "1", "2"]),
        }
    ),
    min_size=1,
    max_size=6,
).map(lambda rows: [{"key": f"t{number}", **row} for number, row in enumerate(rows)])

_POLICIES = st.fixed_dictionaries(
    {
        "rules": st.dictionaries(
            st.sampled_from(sorted(RULES)),
            st.tuples(st.integers(0, 2), st.sampled_from(["critical", "low"])),
            min_size=1,
        ),
        "mode": st.sampled_from(["enforce", "enforce", "observe"]),
        "where": st.sampled_from([None, None, {"split": ["train", "test"]}]),
        "channel": st.sampled_from(["#audit", "#audit", "#legal"]),
        "stop": st.sampled_from(["100 % of tracks", "100 % of tracks", "2 violations"]),
    }
)


def _edit(drawn: tuple[Drawn, Drawn, list[str], list[str], list[str]]) -> tuple[Drawn, Drawn]:
    """Let an edit leave alone what it is not to touch, and rename some rules: to another id, or back to the first."""
    before, after, kept, renamed, moved = drawn
    rules = {**after["rules"], **{name: before["rules"][name] for name in kept if name in before["rules"]}}
    was = {name: "anew" if name in moved else "first" for name in before["rules"]}
    then = {"first": "anew", "anew": "back"}
    now = {name: then[what] if name in renamed else what for name, what in was.items()}
    return {**before, "called": was}, {**after, "rules": rules, "called": now}


_SOME = st.lists(st.sampled_from(sorted(RULES)), unique=True, max_size=2)
EDITS = st.tuples(_POLICIES, _POLICIES, st.lists(st.sampled_from(sorted(RULES)), unique=True), _SOME, _SOME).map(_edit)
"""A policy, and what is made of it."""


def _reuse(drawn: tuple[Drawn, Drawn, str]) -> tuple[Drawn, Drawn]:
    before, after, name = drawn
    one = {name: (0, "low")}
    before = {**before, "rules": {**one, **before["rules"]}, "called": {name: "anew"}}
    return before, {**after, "rules": {**one, **after["rules"]}}


REUSES = st.tuples(_POLICIES, _POLICIES, st.sampled_from(sorted(RULES))).map(_reuse)
"""A policy, and one in which a rule has the first id of a rule of the other, and does not say that it is the same."""


def policy_of(drawn: Drawn, name: str) -> Policy:
    """Make the policy of a dataset that is called as it is."""
    rules = []
    for rule, (variant, severity) in sorted(drawn["rules"].items()):
        spec = RULES[rule][variant % len(RULES[rule])]
        first = f"{name}-{rule}"
        names: dict[str, Drawn] = {
            "first": {"id": first},
            "anew": {"id": f"{first}-anew", "formerly": first},
            "back": {"id": first, "formerly": [first, f"{first}-anew"]},
        }
        rules.append({**names[drawn.get("called", {}).get(rule, "first")], "severity": severity, **spec})
    where = {"where": drawn["where"]} if drawn["where"] else {}
    return policy(
        *rules,
        policy=name,
        datasets=[name],
        applies_to=where,
        mode=drawn["mode"],
        review={"channel": drawn["channel"], "reviewers": {"people": ["U001"]}},
        safety={"stop_if_over": drawn["stop"], "post_at_most": "2 messages"},
    )
