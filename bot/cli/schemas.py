"""`cratecheck policy schema`: the policy language as a JSON Schema, for editors."""

from __future__ import annotations

import sys

import typer

__all__ = ["add_to_group"]


def add_to_group(group: typer.Typer) -> None:
    """Register the command in the group `policy`."""
    group.command()(schema)


def schema() -> None:
    """Write the JSON Schema by which an editor completes and checks a policy as it is typed.

    Kept as policy.schema.json beside a policy that begins with `# yaml-language-server: $schema=policy.schema.json`,
    it is found by editors that know the YAML language server.

    Example: cratecheck policy schema > policies/policy.schema.json
    """
    from rules.language.json_schema import schema_text

    sys.stdout.write(schema_text())
