"""The policy files that a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit_core.errors import PolicyError

if TYPE_CHECKING:
    from rules.language.policy import Policy

__all__ = ["Files", "policies_in"]

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE...]", help="Policy files; without any, all of the workspace's `policies/`."),
]


def policies_in(paths: list[Path] | None, workspace: Path) -> list[Policy]:
    """Read policy files; if none are named, all of the workspace's.

    Raises
    ------
    PolicyError
        If there are none.
    Problems
        All mistakes of all files.
    """
    from audit_core.ingest.own_fields import own_fields
    from rules.language.reader import check_folder

    if not paths:
        folder = workspace / "policies"
        paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
        if not paths:
            raise PolicyError(f"no policy in {folder}", mend="Write one, or copy one with `cratecheck init`.")
    return check_folder(paths, own_fields=own_fields(workspace))
