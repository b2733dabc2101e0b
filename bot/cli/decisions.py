"""`cratecheck decide`: the same decisions as in Slack, by the same rules."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import Format, FormatOption, say, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened
from bot.people import identified

if TYPE_CHECKING:
    from audit_core.ledger.transitions import Verdict
    from audit_core.ledger.violations import Violation

__all__ = ["add_to"]

Key = Annotated[str, typer.Argument(help="The violation's key, or its first six digits or more.")]
Reason = Annotated[str, typer.Option(help="Why: an auditor will ask.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        help="Decide about a violation, as a reviewer that its policy names.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command()(approve)
    group.command()(quarantine)
    group.command()(waive)
    group.command()(release)
    group.command()(separate)
    app.add_typer(group, name="decide")


def approve(
    key: Key,
    reason: Reason,
    actor: ActorOption,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Accept it as compliant after review, for as long as the evidence stays what it is.

    Example: cratecheck decide approve 3f9a2c --reason "Licensed by e-mail of 3 May, contract 117" --as U0123ABCD
    """
    _decide("approve", key, reason, actor, workspace, style)


def quarantine(
    key: Key,
    reason: Reason,
    actor: ActorOption,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Take its tracks out, with every byte-identical copy: at once, and everywhere.

    Example: cratecheck decide quarantine 3f9a2c --reason "No licence to be had" --as U0123ABCD
    """
    _decide("quarantine", key, reason, actor, workspace, style)


def release(
    key: Key,
    reason: Reason,
    actor: ActorOption,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Take a quarantine back: its tracks return, and the violation is open again.

    Example: cratecheck decide release 3f9a2c --reason "The label sent the contract" --as U0123ABCD
    """
    _decide("release", key, reason, actor, workspace, style)


def separate(
    key: Key,
    reason: Reason,
    actor: ActorOption,
    track: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The track that is another recording than the rest, where it is not clear."),
    ] = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Say that these are different recordings: they are kept apart from now on, whatever is measured.

    Who may approve may do so. The recordings are made anew at the next audit or comparison.

    Example: cratecheck decide separate 3f9a2c --reason "Another take: the bridge differs" --as U0123ABCD
    """
    _decide("separate", key, reason, actor, workspace, style, track=track)


def waive(
    key: Key,
    reason: Reason,
    actor: ActorOption,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day on which it is tolerated.")],
    evidence: Annotated[str | None, typer.Option(metavar="URL", help="A link to the evidence.")] = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Tolerate it until a day, though it is not compliant.

    Example: cratecheck decide waive 3f9a2c --until 2026-12-31 --reason "Renewal is signed in December" --as U0123ABCD
    """
    _decide("waive", key, reason, actor, workspace, style, until=until, evidence=evidence)


def _decide(
    verdict: Verdict,
    key: str,
    reason: str,
    actor: str,
    workspace: Path,
    style: Format,
    *,
    until: datetime | None = None,
    evidence: str | None = None,
    track: str | None = None,
) -> None:
    from audit_core.ledger.runs import settle
    from audit_core.ledger.violations import one
    from bot.review import Click, Review
    from bot.roles import Roles

    with opened(workspace) as (settings, store):
        settle(store)
        with store.read() as connection:
            violation = one(connection, key)
        roles = Roles(settings.groups, settings.people)
        click = Click(
            verdict=verdict,
            key=violation.key,
            revision=violation.revision,
            person=identified(actor, settings.people),
            via="cli",
            reason=reason,
            evidence_url=evidence,
            until=until.date() if until else None,
            other_recording=_named(violation, track),
        )
        outcome = Review(store, roles).decide(click)
    if style is Format.JSON:
        show_value(
            {
                "decision": outcome.decision.id,
                "violation": violation.key,
                "state": outcome.state,
                "quarantined": [{"dataset": dataset, "track": track} for dataset, track in outcome.quarantined],
            }
        )
        return
    said = "found to be different recordings, and kept apart from now on" if verdict == "separate" else outcome.state
    say(f"{said}: {violation.message}")
    say(f"by {roles.name(outcome.decision.person)}, ledger entry {outcome.decision.seq}")
    for dataset, track in outcome.quarantined:
        say(f"out: {dataset}/{track}")


def _named(violation: Violation, key: str | None) -> str | None:
    """Find the audio of a track of a violation by its key, with or without its dataset and a slash before it."""
    from audit_core.errors import DecisionRefused
    from audit_core.neighbours.separating import separable
    from audit_core.wording import did_you_mean, quoted

    if key is None:
        return None
    tracks = separable(violation)
    found = [audio for (dataset, name), audio in tracks.items() if key in (name, f"{dataset}/{name}")]
    if len(found) != 1:
        mend = did_you_mean(key, [f"{dataset}/{name}" for dataset, name in tracks])
        raise DecisionRefused(f"{quoted(key)} is no track of this violation that matched another", mend=mend)
    return found[0]
