"""`cratecheck policy test`: the examples in policy files, run as a test runner runs tests."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.exit_codes import ExitCode
from bot.cli.files import could_be_written, write_whole
from bot.cli.output import Format, FormatOption, say, show_value
from bot.cli.policy_files import Files, policies_in
from bot.cli.workspaces import WorkspaceOption

if TYPE_CHECKING:
    from audit_core.errors import Location
    from audit_core.rights import LicenceTable
    from rules.examples.run import ExampleOutcome, Lack
    from rules.language.policy import Policy

__all__ = ["add_to_group"]

_WIDEST = 24  # marks beside the name of a rule


def add_to_group(group: typer.Typer) -> None:
    """Register the command in the group `policy`."""
    group.command("test")(run)


def run(
    paths: Files = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JUnit file: a case for each example.")
    ] = None,
) -> None:
    """Run the examples in policy files: tracks, and what a rule has to say of them; no database is needed.

    Every rule needs an example that passes and one that fails. The exit status is 1 if an example comes out otherwise
    than it says, or if a rule lacks one.

    Example: cratecheck policy test policies/rights.yaml --junit policies.xml
    """
    from rules.examples.run import lacks, run_examples

    policies = policies_in(paths, workspace)
    if junit is not None:
        could_be_written(junit)
    outcomes, missing = run_examples(policies, _licences(workspace)), lacks(policies)
    if junit is not None:
        from bot.reports.example_junit import example_junit

        write_whole(junit, [example_junit(policies, outcomes, missing)])
    if style is Format.JSON:
        show_value(_as_dict(policies, outcomes, missing))
    else:
        _show(policies, outcomes, missing)
    if missing or not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(ExitCode.BAD_ANSWER)


def _licences(workspace: Path) -> LicenceTable:
    """Load the table of licences by which the workspace judges; the shipped one, where there is no workspace."""
    from audit_core.rights import LicenceTable
    from audit_core.settings import SETTINGS_FILE, load_settings
    from bot.workspace import licence_table

    at_home = (workspace / SETTINGS_FILE).is_file()
    return licence_table(load_settings(workspace)) if at_home else LicenceTable.load()


def _show(policies: list[Policy], outcomes: list[ExampleOutcome], missing: list[Lack]) -> None:
    by_rule = {key: list(some) for key, some in groupby(outcomes, key=lambda outcome: (outcome.policy, outcome.rule))}
    right, wrong = ("✓", "✗") if _speaks_unicode() else (".", "F")
    lacking = {(lack.policy, lack.rule): lack for lack in missing}
    for policy in policies:
        say(f"{policy.id} ({policy.path})")
        marks = {
            rule.id: "".join(right if one.ok else wrong for one in by_rule.get((policy.id, rule.id), ()))
            for rule in policy.rules
        }
        width = min(max(map(len, marks.values())), _WIDEST)
        for rule, marked in marks.items():
            lack = lacking.get((policy.id, rule))
            say(f"  {marked:<{width}}  {rule}{f'   {lack.what}' if lack else ''}")
        say()
    for outcome in outcomes:
        if not outcome.ok:
            say(f"{outcome.location}: {outcome.rule}")
            say(f"  given     {outcome.given}")
            say(f"  expected  {outcome.expected}")
            say(f"  got       {outcome.got}: {outcome.why}")
            say()
    for lack in missing:
        say(str(lack))
    if missing:
        say()
    say(_summary(policies, outcomes, missing))


def _summary(policies: list[Policy], outcomes: list[ExampleOutcome], missing: list[Lack]) -> str:
    rules = sum(len(policy.rules) for policy in policies)
    wrong = sum(not outcome.ok for outcome in outcomes)
    some = f"{_counted(rules, 'rule')}, {_counted(len(outcomes), 'example')}: {len(outcomes) - wrong} as expected"
    lacking = f"; {_counted(len(missing), 'rule')} without one that passes or one that fails" if missing else ""
    return f"{some}, {wrong} not{lacking}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _speaks_unicode() -> bool:
    return sys.stdout.isatty() and (sys.stdout.encoding or "").lower().startswith("utf")


def _as_dict(policies: list[Policy], outcomes: list[ExampleOutcome], missing: list[Lack]) -> dict[str, Any]:
    return {
        "rules": sum(len(policy.rules) for policy in policies),
        "examples": [
            {
                "policy": outcome.policy,
                "rule": outcome.rule,
                **_place(outcome.location),
                "given": outcome.given,
                "expected": outcome.expected,
                "got": outcome.got,
                "why": outcome.why,
                "ok": outcome.ok,
            }
            for outcome in outcomes
        ],
        "lacks": [
            {"policy": lack.policy, "rule": lack.rule, **_place(lack.location), "missing": list(lack.missing)}
            for lack in missing
        ],
    }


def _place(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "column": location.column}
