"""The examples of a policy, held against its rules: by the engine itself, on a catalogue that lasts a moment.

An example asks what one rule says of some tracks. What the policy applies to, and how much it lets through before it
stops, is no part of the question; nor is its mode.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from audit_core.errors import Location
from audit_core.wording import listed
from rules.evaluate import Evaluation, Result, broken, evaluate
from rules.examples.given import Example, Expected
from rules.examples.scratch import planted, scratch
from rules.language.policy import Policy, Rule, Safety
from rules.scope import Scope

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["ExampleOutcome", "Lack", "evaluated", "lacks", "run_examples"]

logger = logging.getLogger(__name__)

_NEVER_STOPS: Final = Safety(stop_share=None, stop_count=1_000_000)
_PASSING: Final = ("pass", "skip")
_TOLD: Final = 2


@dataclass(frozen=True, slots=True)
class ExampleOutcome:
    """What a rule said of an example.

    Attributes
    ----------
    policy, rule : str
        Their ids.
    location : Location
        Where the example stands.
    given : str
        In short words.
    expected : Expected
        What its author expects.
    got : Result
        What the rule says.
    why : str
        The sentence of the violation, or the reason for the result.
    """

    policy: str
    rule: str
    location: Location
    given: str
    expected: Expected
    got: Result
    why: str

    @property
    def ok(self) -> bool:
        """Whether it came out as expected."""
        return self.got == self.expected

    def __str__(self) -> str:
        return f"{self.location}: given {self.given}: expected {self.expected}, got {self.got}: {self.why}"


@dataclass(frozen=True, slots=True)
class Lack:
    """A rule without an example that passes, or without one that fails, or without either.

    Attributes
    ----------
    missing : tuple of str
        Of "passes" and "fails".
    """

    policy: str
    rule: str
    location: Location
    missing: tuple[str, ...]

    @property
    def what(self) -> str:
        """Say it: "no example that passes"."""
        return f"no example that {listed(self.missing, 'or')}"

    def __str__(self) -> str:
        return f"{self.location}: the rule {self.rule} has {self.what}"


def run_examples(policies: Iterable[Policy], licences: LicenceTable) -> list[ExampleOutcome]:
    """Hold every example of some policies against its rule.

    Parameters
    ----------
    policies : iterable of Policy
    licences : LicenceTable
        What licences say.

    Returns
    -------
    outcomes : list of ExampleOutcome
        In the order of the policies, their rules and the examples. A rule that breaks is an error there.
    """
    asked = [(policy, rule, example) for policy in policies for rule in policy.rules for example in rule.examples]
    if not asked:
        return []
    with scratch() as connection:
        scopes = planted(connection, [example.given for _, _, example in asked])
        return [
            _outcome(policy, rule, example, evaluated(connection, policy, rule, scope, licences))
            for (policy, rule, example), scope in zip(asked, scopes, strict=True)
        ]


def lacks(policies: Iterable[Policy]) -> list[Lack]:
    """Find the rules of which nobody has shown that they pass something, and that they fail something."""
    found = []
    for policy in policies:
        for rule in policy.rules:
            expected = {example.expect for example in rule.examples}
            missing = [word for word, some in (("passes", _PASSING), ("fails", ("fail",))) if not expected & {*some}]
            if missing:
                found.append(Lack(policy.id, rule.id, rule.location, tuple(missing)))
    return found


def evaluated(connection: Connection, policy: Policy, rule: Rule, scope: Scope, licences: LicenceTable) -> Evaluation:
    """Hold a rule against the tracks of an example."""
    alone = replace(policy, safety=_NEVER_STOPS, mode="enforce")
    try:
        return evaluate(connection, alone, rule, scope, licences)
    except Exception as error:
        logger.exception("rule %s/%s broke on an example", policy.id, rule.id)
        return broken(alone, rule, scope.dataset.name, 0, error)


def _outcome(policy: Policy, rule: Rule, example: Example, evaluation: Evaluation) -> ExampleOutcome:
    return ExampleOutcome(
        policy=policy.id,
        rule=rule.id,
        location=example.location,
        given=str(example.given),
        expected=example.expect,
        got=evaluation.result,
        why=_why(evaluation),
    )


def _why(evaluation: Evaluation) -> str:
    if evaluation.result != "fail":
        return evaluation.reason or "nothing fails"
    said = [one.message for one in islice(evaluation.found, _TOLD)]
    more = evaluation.count - len(said)
    return " ".join(said) + (f" And {more} more." if more > 0 else "")
