"""Policies for tests, written as a policy file is, with all that a test doesn't care about filled in."""

from __future__ import annotations

from typing import Any

import yaml
from sqlalchemy import Connection

from audit_core.catalogue.snapshot import Snapshot
from audit_core.rights import LicenceTable
from rules.evaluate import Evaluation, evaluate
from rules.language.policy import Policy, Rule
from rules.language.reader import check_text
from rules.scope import scopes

__all__ = ["LICENCES", "evaluate_all", "policy"]

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


def evaluate_all(
    connection: Connection, policy: Policy, rule: Rule, snapshot: Snapshot, licences: LicenceTable
) -> list[Evaluation]:
    """Hold a rule against every dataset that its policy covers, by name."""
    found = scopes(connection, policy.applies_to, snapshot)
    return [evaluate(connection, policy, rule, scope, licences) for scope in found]
