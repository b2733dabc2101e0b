"""Policies for tests, written as a policy file is, with all that a test doesn't care about filled in."""

from __future__ import annotations

from typing import Any

import yaml

from audit_core.rights import LicenceTable
from rules.policy import Policy
from rules.reader import check_text

__all__ = ["LICENCES", "policy"]

LICENCES = LicenceTable.load()


def policy(*rules: dict[str, Any], **keys: Any) -> Policy:
    """Make a policy of some rules.

    Parameters
    ----------
    *rules : dict
        The keys of each; without an id, the name of its kind; without a severity, high.
    **keys : Any
        Keys of the policy that differ from what any test would do with: ``datasets`` for short, ``safety``, ``mode``…
    """
    made = [{"id": rule["kind"], "severity": "high", **rule} for rule in rules]
    for rule in made:
        if rule["kind"] == "share" or (rule["kind"] == "crossing" and "quarantine" not in rule):
            rule.setdefault("review", {"decisions": ["approve", "waive"]})
    content = {
        "cratecheck": 1,
        "policy": keys.pop("policy", "release"),
        "title": "A policy",
        "owner": "legal@label.example",
        "applies_to": {"datasets": keys.pop("datasets", ["*"]), **keys.pop("applies_to", {})},
        "review": {"channel": "#audit", "reviewers": {"people": ["U001"]}},
        "safety": {"stop_if_over": "100 % of tracks"},
        **keys,
        "rules": made,
    }
    return check_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "policy.yaml")
