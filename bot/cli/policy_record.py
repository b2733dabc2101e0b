"""`cratecheck policy list` and `show`: what is in force, what ever was, and the very texts."""

from __future__ import annotations

import re
import sys
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from audit_core.errors import PolicyError
from bot.cli.output import RowFormat, RowFormatOption, say, show_rows
from bot.cli.workspaces import WorkspaceOption, opened

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from audit_core.ledger.policies import Activated
    from audit_core.ledger.proposals import Proposal
    from bot.roles import Roles

__all__ = ["add_to_group"]

_DIGITS: Final = re.compile(r"[0-9a-f]{8,64}", re.IGNORECASE | re.ASCII)


def add_to_group(group: typer.Typer) -> None:
    """Register the commands in the group `policy`."""
    group.command("list")(list_)
    group.command()(show)


def list_(
    history: Annotated[
        bool, typer.Option("--history", help="Every text that was put in force, and every policy that was retired.")
    ] = False,
    workspace: WorkspaceOption = Path(),
    style: RowFormatOption = RowFormat.TABLE,
) -> None:
    """List the policies in force and those that are to take force: since when, and who proposed and confirmed them.

    Example: cratecheck policy list --history --format json
    """
    from audit_core.clock import utc_now
    from audit_core.ledger.policies import activations, effective, pending
    from audit_core.ledger.proposals import proposals
    from bot.roles import Roles

    with opened(workspace) as (settings, store), store.read() as connection:
        now = utc_now()
        by_id = {one.id: one for one in proposals(connection, now, is_open=False)}
        roles = Roles(settings.groups, settings.people)
        listed = (
            activations(connection) if history else [*effective(connection, now).values(), *pending(connection, now)]
        )
        rows = [_row(connection, one, by_id.get(one.proposal_id or ""), roles, now) for one in listed]
    if history:
        columns = ["at", "policy", "text", "effective_at", "proposed_by", "confirmed_by", "via", "commit"]
        show_rows(rows, columns, style, empty="nothing was ever activated")
    else:
        rows.sort(key=lambda row: (row["policy"], row["effective_at"]))
        columns = ["policy", "text", "state", "effective_at", "proposed_by", "confirmed_by", "review_by"]
        show_rows(rows, columns, style, empty="no policy is active")


def _row(
    connection: Connection, one: Activated, proposal: Proposal | None, roles: Roles, now: datetime
) -> dict[str, Any]:
    from bot.policies import readable_text

    policy = readable_text(connection, one.sha256)
    review_by = policy.review_by if policy else None
    overdue = review_by is not None and policy is not None and now.astimezone(policy.zone).date() > review_by
    confirmed = [given.person for given in proposal.answers if given.answer == "confirm"] if proposal else []
    return {
        "at": one.at,
        "policy": one.policy,
        "text": one.sha256[:12] if one.sha256 else "retired",
        "state": "in force" if one.effective_at <= now else "pending",
        "effective_at": one.effective_at,
        "proposed_by": roles.name(proposal.person if proposal else one.person),
        "confirmed_by": ", ".join(map(roles.name, confirmed)) or None,
        "review_by": f"{review_by.isoformat()}{', overdue' if overdue else ''}" if review_by else None,
        "overdue": overdue,
        "via": one.via,
        "commit": one.commit,
        "sha256": one.sha256,
        "proposal": one.proposal_id,
        "activated_by": one.person,
        "reason": proposal.reason if proposal else None,
        "ledger_row": one.seq,
    }


def show(
    which: Annotated[
        str,
        typer.Argument(
            metavar="HASH|POLICY", help="A text, by the first eight digits of its hash or more; or a policy."
        ),
    ],
    diff: Annotated[bool, typer.Option("--diff", help="What it changed in the text that it replaced.")] = False,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Print the text of a policy to the letter: the one in force, or any that was ever proposed or activated.

    Example: cratecheck policy show release --diff
    """
    from audit_core.clock import utc_now
    from audit_core.ledger.policies import effective, text_of

    with opened(workspace) as (_settings, store), store.read() as connection:
        now = effective(connection, utc_now()).get(which)
        sha256 = now.sha256 if now else _text_named(connection, which)
        text = text_of(connection, sha256 or "") or ""
        before = _replaced(connection, sha256 or "") if diff else None
        old = text_of(connection, before) if before else None
    _write("".join(_difference(old or "", text, before, sha256 or "")) if diff else text)


def _text_named(connection: Connection, which: str) -> str:
    from audit_core.clock import utc_now
    from audit_core.ledger.policies import activated_last, activations, effective, texts_like
    from audit_core.wording import did_you_mean, quoted

    if (last := activated_last(connection, which)) is not None:
        texts = [one.sha256 for one in activations(connection, which) if one.sha256]
        what = "is retired" if last.sha256 is None else f"takes force {last.effective_at:%Y-%m-%d %H:%M} UTC"
        mend = f"Its last text: `cratecheck policy show {texts[-1][:12]}`."
        raise PolicyError(f"the policy {quoted(which)} {what}", mend=mend)
    if not _DIGITS.fullmatch(which):
        known = list(effective(connection, utc_now()))
        mend = did_you_mean(which, known) if known else "A text is named by eight digits of its hash, or more."
        raise PolicyError(f"no policy {quoted(which)} was ever activated", mend=mend)
    found = texts_like(connection, which)
    if len(found) > 1:
        mend = f"Choose from: {', '.join(f'{sha256} ({policy})' for sha256, policy in found.items())}."
        raise PolicyError(f"{quoted(which)} is the beginning of more than one text's hash", mend=mend)
    for sha256 in found:
        return sha256
    raise PolicyError(
        f"no text has a hash that begins with {quoted(which)}", mend="`cratecheck policy list --history` lists them."
    )


def _replaced(connection: Connection, sha256: str) -> str | None:
    """Find the text that a text replaced, or would replace: None if there was none before it."""
    from audit_core.clock import utc_now
    from audit_core.ledger.policies import activations, texts_like
    from audit_core.ledger.proposals import proposals

    policy = texts_like(connection, sha256)[sha256]
    before: str | None = None
    found: list[str | None] = []
    for one in activations(connection, policy):
        if one.sha256 == sha256:
            found.append(before)
        before = one.sha256
    if found:
        return found[-1]
    of_text = [one for one in proposals(connection, utc_now(), policy=policy, is_open=False) if one.sha256 == sha256]
    return of_text[-1].base_sha256 if of_text else None


def _difference(old: str, new: str, before: str | None, after: str) -> list[str]:
    lines = unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        fromfile=before[:12] if before else "nothing",
        tofile=after[:12],
    )
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


def _write(text: str) -> None:
    """Write to the letter into a file or a pipe, and so that nothing is taken for a command into a terminal."""
    if sys.stdout.isatty():
        say(text.removesuffix("\n"))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
