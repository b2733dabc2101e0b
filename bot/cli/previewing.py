"""`cratecheck policy preview`: what an edit of policies would change, before anybody is asked to confirm it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit_core.errors import PolicyError, Problems
from bot.cli.output import RowFormat, clean, say, show_rows, show_value
from bot.cli.policy_files import policies_in
from bot.cli.workspaces import WorkspaceOption, opened

if TYPE_CHECKING:
    from rules.language.policy import Policy

__all__ = ["add_to_group", "tell_preview"]


class PreviewFormat(StrEnum):
    """How a preview is written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


PreviewFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE...]", help="Policy files; without any, and without --retire, all of the workspace's `policies/`."
    ),
]


def add_to_group(group: typer.Typer) -> None:
    """Register the command in the group `policy`."""
    group.command("preview")(run)


def run(
    paths: PreviewFiles = None,
    retire: Annotated[
        list[str] | None, typer.Option(metavar="POLICY", help="See what taking it out of force would change.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    style: Annotated[
        PreviewFormat, typer.Option("--format", help="How the result is written on stdout.")
    ] = PreviewFormat.TABLE,
) -> None:
    """Say what an edit of policies would change: what the next audit would open and close, and whom it would ask.

    The files are held against the catalogue as the audit does it, and compared with what stands and with the policies
    in force. It asks nobody, and nothing of it is written; what a finished audit left to be settled is settled first,
    as by every command that reads violations. The exit status is 0 whatever comes out: it is no judgement.

    Example: cratecheck policy preview policies/rights.yaml --format markdown
    """
    from audit_core.clock import utc_now
    from bot.cli.progress import progress
    from bot.proposing.former import must_have_been
    from bot.proposing.previews import previewed
    from bot.proposing.underway import with_what_is_underway
    from bot.roles import Roles
    from bot.workspace import licence_table
    from rules.activation import active
    from rules.lineage import must_carry_on

    edited = policies_in(paths, workspace) if paths or not retire else []
    with opened(workspace) as (settings, store):
        now = utc_now()
        with store.read() as connection:
            in_force = {policy.id: policy for policy in active(connection, now)}
            for policy in edited:
                must_carry_on(in_force.get(policy.id), policy)
                must_have_been(connection, policy, now)
        pairs = [(in_force.get(policy.id), policy) for policy in edited] + _retired(retire or [], edited, in_force)
        _must_fit(edited, in_force, [policy for policy in in_force if policy in (retire or ())])
        licences, roles = licence_table(settings), Roles(settings.groups, settings.people)
        with progress("previewing") as advance:
            previews = [
                with_what_is_underway(
                    store,
                    previewed(
                        store, before=before, after=after, licences=licences, as_of=now, roles=roles, progress=advance
                    ),
                    after=after,
                    licences=licences,
                    as_of=now,
                )
                for before, after in pairs
            ]
    _show(previews, style)


def tell_preview(preview: Mapping[str, Any]) -> None:
    """Write a preview, as `bot.proposing.previews.previewed` gives it, for people."""
    from bot.messages.text import counted
    from bot.reports.preview_words import COLUMNS, cells, channels, headline, lapse, listed_rules, sums, warning

    say(headline(preview))
    if said := warning(preview):
        say(said)
    say(sums(preview))
    rules = listed_rules(preview)
    if rules:
        rows = [dict(zip(COLUMNS, cells(rule), strict=True)) for rule in rules]
        show_rows(rows, COLUMNS, RowFormat.TABLE, empty="")
    for rule in rules:
        say(f"{rule['rule']} in {rule['dataset']}")
        if rule["reason"]:
            say(f"  {clean(rule['reason'])}")
        _tell("opens", [(one["message"], "again" if one["again"] else "") for one in rule["opening"]])
        _tell("closes", [(one["message"], one["how"]) for one in rule["closing"]])
        _tell("lapses", [(one["message"], f"{lapse(one)}, {one['key'][:12]}") for one in rule["lapses"]])
        more = {
            "opened": rule["opens"] + rule["reopens"] - len(rule["opening"]),
            "closed": rule["resolved"] + rule["gone"] + rule["superseded"] - len(rule["closing"]),
            "lapsed": rule["lapsing"] - len(rule["lapses"]),
        }
        if rest := ", ".join(f"{number:,} {word}" for word, number in more.items() if number):
            say(f"  and besides: {rest}")
    told = list(channels(preview))
    say("Slack:" if told else "Slack: nothing would be posted")
    for sentence in told:
        say(f"  {sentence}")
    for note in preview.get("notes", ()):
        say(note)
    if preview["loosening"]:
        say(f"It loosens critical rules ({counted(len(preview['loosening']), 'way')}): two people have to confirm it.")
        for sentence in preview["loosening"]:
            say(f"  {sentence}")


def _tell(what: str, told: list[tuple[str, str]]) -> None:
    for message, how in told:
        say(f"  {what:<7} {clean(message)}{f' ({how})' if how else ''}")


def _retired(
    named: list[str], edited: list[Policy], in_force: Mapping[str, Policy]
) -> list[tuple[Policy | None, Policy | None]]:
    for policy in named:
        if policy not in in_force:
            known = ", ".join(in_force) or "none"
            raise PolicyError(f"no policy {policy!r} is in force", mend=f"In force: {known}.")
        if policy in [one.id for one in edited]:
            raise PolicyError(f"the policy {policy!r} is to be edited and retired", mend="Leave out one of the two.")
    return [(in_force[policy], None) for policy in dict.fromkeys(named)]


def _must_fit(edited: list[Policy], in_force: Mapping[str, Policy], retired: list[str]) -> None:
    """Refuse ids of rules that policies have which stay in force as they are."""
    from rules.activation import clashes

    changed = {policy.id for policy in edited}
    stay = [
        (f"in force in the policy {policy.id}", policy)
        for policy in in_force.values()
        if policy.id not in changed and policy.id not in retired
    ]
    if found := [problem for policy in edited for problem in clashes(policy, stay)]:
        raise Problems(found)


def _show(previews: list[dict[str, Any]], style: PreviewFormat) -> None:
    if style is PreviewFormat.JSON:
        show_value(previews)
    elif style is PreviewFormat.MARKDOWN:
        from bot.reports.preview_markdown import preview_markdown

        # Those that change anything come first: a comment may have to be cut.
        previews.sort(key=lambda one: one["before"] == one["after"])
        sys.stdout.write("\n".join(map(preview_markdown, previews)))
    else:
        for number, preview in enumerate(previews):
            if number:
                say()
            tell_preview(preview)
