"""`cratecheck audit` and `cratecheck violations`: judge the catalogue, and list what was found."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

import typer

from audit_core.errors import CratecheckError
from bot.cli.exit_codes import ExitCode
from bot.cli.output import Format, FormatOption, RowFormat, RowFormatOption, clean, say, show_rows, show_value
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit_core.catalogue.store import Store
    from audit_core.ledger.violations import Violation
    from audit_core.settings import Settings
    from bot.reports.audit_summary import FailOn
    from rules.run import AuditReport

__all__ = ["add_to"]

W = TypeVar("W", bound=str)

_STDOUT: Final = Path("-")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(audit)
    group = typer.Typer(help="List and show violations.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    group.command()(show)
    app.add_typer(group, name="violations")


def audit(
    actor: ActorOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Evaluate and report; open and close nothing.")] = False,
    fail_on: Annotated[
        Literal["critical", "high", "medium", "low", "never"],
        typer.Option(help="The severity from which open violations, or a rule that can't be judged, fail the command."),
    ] = "critical",
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"], help="With --dry-run: judge as of then, not now."),
    ] = None,
    seed: Annotated[int, typer.Option(help="For whatever is sampled.")] = 0,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a JUnit file: a case for each rule and dataset."),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a summary in Markdown; - writes it on stdout, in place of the table."),
    ] = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> int:
    """Hold the catalogue against the active policies.

    Opens, keeps, reopens and resolves violations; a rule that can't be evaluated counts as no pass and resolves
    nothing. `cratecheck serve` posts what is new to Slack.

    For a job there are --junit and --markdown. In the JUnit file a rule with open violations at or above --fail-on is
    a failure, one that could not be judged an error; one that fails below, or is only observed, is skipped. A file
    that is there is replaced; but to the one that GITHUB_STEP_SUMMARY names, the summary is added.

    Example: cratecheck audit --fail-on high --junit audit.xml --markdown "$GITHUB_STEP_SUMMARY"

    Exit status: 0; 1 if a violation at or above --fail-on is open, a rule could not be evaluated, or a policy judged
    nothing.
    """
    from datetime import UTC

    from audit_core.clock import utc_now
    from audit_core.neighbours.regrouping import regroup
    from bot.cli.files import could_be_written
    from bot.cli.progress import progress
    from bot.reports.audit_summary import failed
    from bot.workspace import licence_table
    from rules.run import audit as held_against

    on_stdout = markdown == _STDOUT
    if on_stdout and style is Format.JSON:
        raise CratecheckError("--markdown - and --format json both write on stdout", mend="Name a file for --markdown.")
    for path in (junit, None if on_stdout else markdown):
        if path is not None:
            could_be_written(path)
    if as_of is not None and not dry_run:
        raise CratecheckError(
            "an audit that counts judges as of now: as of another moment, it would end waivers, for one",
            mend="Add --dry-run to see how it would come out then.",
        )
    moment = utc_now() if as_of is None else as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    with opened(workspace) as (settings, store), progress("auditing") as advance:
        if not dry_run:
            regroup(store, actor=actor, via="cli")
        report = held_against(
            store,
            licences=licence_table(settings),
            as_of=moment,
            seed=seed,
            actor=actor,
            via="cli",
            dry_run=dry_run,
            progress=advance,
        )
        if junit is not None or markdown is not None:
            _write_reports(store, report, fail_on, junit, markdown)
    if style is Format.JSON:
        show_value(report.as_dict())
    elif not on_stdout:
        _tell(report)
    idle = report.idle_policies
    for policy in idle:
        sys.stderr.write(f"policy {policy} applies to no track: it judged nothing\n")
    if not report.outcomes:
        sys.stderr.write("nothing was judged: that is no clean bill\n")
    return ExitCode.BAD_ANSWER if failed(report, fail_on) else ExitCode.CLEAN


def _write_reports(
    store: Store, report: AuditReport, fail_on: FailOn, junit_file: Path | None, markdown_file: Path | None
) -> None:
    """Write the files that a job asked for."""
    from bot.cli.files import append_whole, write_whole
    from bot.reports.audit_summary import summarised
    from bot.reports.junit import junit
    from bot.reports.markdown import markdown

    with store.read() as connection:
        summary = summarised(connection, report, fail_on)
    if junit_file is not None:
        write_whole(junit_file, [junit(summary)])
    if markdown_file == _STDOUT:
        sys.stdout.write(markdown(summary))
    elif markdown_file is not None and str(markdown_file) == os.environ.get("GITHUB_STEP_SUMMARY"):
        append_whole(markdown_file, markdown(summary))
    elif markdown_file is not None:
        write_whole(markdown_file, [markdown(summary)])


def _tell(report: AuditReport) -> None:
    rows = [
        {
            "rule": outcome.rule,
            "dataset": outcome.dataset,
            "severity": outcome.severity,
            "result": "stopped" if outcome.stopped else outcome.result,
            "judged": f"{outcome.judged:,}",
            "failing": f"{outcome.count:,}",
            "changes": ", ".join(f"{number:,} {change}" for change, number in outcome.changes.items()),
        }
        for outcome in report.outcomes
    ]
    show_rows(rows, list(rows[0]) if rows else [], RowFormat.TABLE, empty="no policy is active: nothing was judged")
    for outcome in report.outcomes:
        if outcome.reason:
            say(f"{outcome.rule} on {outcome.dataset}: {clean(outcome.reason)}")
    counted = ", ".join(f"{number:,} {severity}" for severity, number in report.open_by_severity.items() if number)
    say(f"open: {counted or 'nothing'}")
    if report.superseded:
        say(f"superseded: {report.superseded:,}")
    say(f"run {report.run_id} of revision {report.revision}" if report.run_id else "dry run: nothing was written")


def list_(
    state: Annotated[list[str] | None, typer.Option(help="Only these states; repeat it for several.")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Only these severities.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    workspace: WorkspaceOption = Path(),
    style: RowFormatOption = RowFormat.TABLE,
) -> None:
    """List violations, the gravest first; without --state those that are open.

    Example: cratecheck violations list --severity critical --format csv > critical.csv
    """
    from audit_core.ledger.runs import settle
    from audit_core.ledger.violations import SEVERITIES, STATES, listed

    states = [_word(word, STATES, "state") for word in state or ["open"]]
    severities = [_word(word, SEVERITIES, "severity") for word in severity or SEVERITIES]
    with opened(workspace) as (_settings, store):
        settle(store)
        with store.read() as connection:
            if dataset is not None:
                _must_be_there(connection, dataset)
            found = listed(
                connection, states=states, severities=severities, dataset=dataset, rule=rule, limit=limit + 1
            )
    rows = [
        {name: getattr(violation, name) for name in ("key", "state", "severity", "rule", "dataset", "message")}
        | ({} if style is RowFormat.CSV else {"opened_at": violation.opened_at, "reopened": violation.reopened})
        for violation in found[:limit]
    ]
    columns = ["key", "state", "severity", "rule", "dataset", "message"]
    if style is RowFormat.TABLE:
        rows = [row | {"key": str(row["key"])[:12]} for row in rows]
    show_rows(rows, columns, style, empty=f"no violation is {' or '.join(states)}")
    if len(found) > limit:
        sys.stderr.write(f"… and more: --limit {limit * 10} shows more\n")


def _must_be_there(connection: Connection, dataset: str) -> None:
    from sqlalchemy import select

    from audit_core.catalogue.tables import datasets
    from audit_core.wording import did_you_mean, quoted

    known = sorted(connection.scalars(select(datasets.c.name)))
    if dataset not in known:
        raise CratecheckError(f"there is no dataset {quoted(dataset)}", mend=did_you_mean(dataset, known or ["none"]))


def show(
    key: Annotated[str, typer.Argument(help="The violation's key, or its first six digits or more.")],
    clips: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write clips to hear, and a picture of them, into this folder."),
    ] = None,
    workspace: WorkspaceOption = Path(),
    style: FormatOption = Format.TABLE,
) -> None:
    """Show a violation: what was found, the evidence, and all that was decided about it, by whom, under which policy.

    With --clips, what it is about can be heard: of two tracks the same ten seconds, equally loud, and a picture of
    both; of one, where it is loud, or where it breaks off. No clip is made of what a licence forbids to pass on; the
    setting `clips` says what becomes of licences that don't say.

    Example: cratecheck violations show 3f9a2c --clips /tmp/clips
    """
    from audit_core.ledger.decisions import history
    from audit_core.ledger.runs import settle
    from audit_core.ledger.violations import one

    with opened(workspace) as (settings, store):
        settle(store)
        with store.read() as connection:
            violation = one(connection, key)
            decided = history(connection, violation.key)
        heard = _heard(store, settings, violation, clips) if clips is not None else None
    if style is Format.JSON:
        shown = {"violation": asdict(violation), "decisions": [asdict(decision) for decision in decided]}
        show_value(shown | ({"clips": heard} if heard else {}))
        return
    for name in ("key", "state", "severity", "policy", "rule", "dataset", "subject", "message", "reopened"):
        say(f"{name:>9}  {clean(getattr(violation, name))}")
    say(f"   opened  {violation.opened_at:%Y-%m-%d %H:%M} UTC, changed {violation.changed_at:%Y-%m-%d %H:%M} UTC")
    say(" evidence")
    for name, value in violation.evidence.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            say(f"           {name}:")
            for one in value:
                say(f"             {clean(_plain(one))}")
        else:
            say(f"           {name}: {clean(_plain(value))}")
    for decision in decided:
        who = settings.people.get(decision.person, decision.person)
        until = f" until {decision.until}" if decision.until else ""
        say(
            f"  {decision.at:%Y-%m-%d %H:%M} UTC: {decision.verdict}{until} by {clean(who)} via {decision.via},"
            f" policy text {decision.policy_sha256[:12]}, ledger entry {decision.seq}"
        )
        say(f"    {clean(decision.reason)}{f' ({clean(decision.evidence_url)})' if decision.evidence_url else ''}")
    for path, what in (heard or {}).items():
        say(f"  written  {clean(path)}: {clean(what)}")


def _plain(value: object) -> str:
    """Write a value of some evidence for a person: without the signs of any language."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_plain(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return "; ".join(map(_plain, value)) or "none"
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _heard(store: Store, settings: Settings, violation: Violation, folder: Path) -> dict[str, str]:
    """Write the clips of a violation and their picture; give what each file is, by its path."""
    from audit_core.catalogue.snapshot import Snapshot, latest_revision
    from audit_core.clock import utc_now
    from audit_core.evidence.apart import filled_apart
    from audit_core.evidence.order import order
    from bot.workspace import licence_table

    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), utc_now())
        ordered = order(connection, settings, licence_table(settings), violation, snapshot)
    made = filled_apart(ordered)
    if made is None:  # only what can be told to stop is ever stopped
        raise CratecheckError("the clips were not finished", mend="Ask for them again.")
    stem = violation.key[:12]
    files = {folder / f"{stem}-{clip.letter}.mp3": (clip.content, clip.title) for clip in made.clips}
    files[folder / f"{stem}.png"] = (made.picture, made.alt)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, (content, _) in files.items():
            path.write_bytes(content)
    except OSError as error:
        raise CratecheckError(f"can't write the clips: {error}", mend="Name another folder.") from error
    return {str(path): what for path, (_, what) in files.items()}


def _word(word: str, words: Sequence[W], called: str) -> W:
    for known in words:
        if known == word:
            return known
    raise CratecheckError(f"{word!r} is no {called}", mend=f"One of: {', '.join(words)}.")
