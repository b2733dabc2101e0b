"""The examples of policies as JUnit XML: a policy is a suite, and an example a case."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from bot.reports.junit_parts import document, xml_text
from rules.examples.run import ExampleOutcome, Lack
from rules.language.policy import Policy

__all__ = ["example_junit"]


def example_junit(policies: Sequence[Policy], outcomes: Sequence[ExampleOutcome], missing: Sequence[Lack]) -> str:
    """Write what came of examples as a JUnit file, to be encoded as UTF-8.

    Parameters
    ----------
    policies : sequence of Policy
    outcomes : sequence of ExampleOutcome
        Of all examples. One that comes out otherwise than it says is a failure.
    missing : sequence of Lack
        Rules without an example that passes or fails: each is a failure of its own.
    """
    root = Element("testsuites", name="cratecheck policy test")
    for policy in policies:
        suite = SubElement(root, "testsuite", name=xml_text(policy.id))
        for outcome in outcomes:
            if outcome.policy == policy.id:
                name = f"{outcome.rule}, line {outcome.location.line}: {outcome.given}"
                failing = None if outcome.ok else f"expected {outcome.expected}, got {outcome.got}: {outcome.why}"
                _add(suite, policy, name, failing, str(outcome))
        for lack in missing:
            if lack.policy == policy.id:
                _add(suite, policy, f"{lack.rule} is shown", lack.what, str(lack))
    return document(root)


def _add(suite: Element, policy: Policy, name: str, failing: str | None, whole: str) -> None:
    case = SubElement(suite, "testcase", classname=xml_text(policy.id), name=xml_text(name), time="0.000")
    if failing is not None:
        SubElement(case, "failure", type="example", message=xml_text(failing)).text = xml_text(whole)
