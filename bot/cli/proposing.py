"""`cratecheck policy activate`, `retire`, `proposals`, `confirm`, `reject`, `withdraw`: a policy comes into force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit_core.errors import CratecheckError, Problems
from bot.cli.exit_codes import ExitCode
from bot.cli.output import RowFormat, RowFormatOption, say, show_rows, show_value
from bot.cli.policy_files import Files, policies_in
from bot.cli.previewing import tell_preview
from bot.cli.workspaces import ActorOption, WorkspaceOption, opened

if TYPE_CHECKING:
    from audit_core.catalogue.store import Store
    from audit_core.ledger.proposals import Answer, Proposal
    from bot.proposing.activations import Activations
    from bot.roles import Roles
    from rules.language.policy import Policy

__all__ = ["add_to_group"]

ProposalId = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its id, or the first digits of it.")]
Why = Annotated[str, typer.Option("--reason", help="Why: whoever is to confirm it will ask.")]


def add_to_group(group: typer.Typer) -> None:
    """Register the commands in the group `policy`."""
    group.command()(activate)
    group.command()(retire)
    group.command("proposals")(list_proposals)
    group.command()(confirm)
    group.command()(reject)
    group.command()(withdraw)


def activate(actor: ActorOption, paths: Files = None, reason: Why = "", workspace: WorkspaceOption = Path()) -> None:
    """Propose policies, to come into force once somebody else confirms them.

    Each is checked, its examples are run, and what it would change is shown. Then somebody who has a say in it
    confirms it, on the command line or in Slack: two, where it loosens a critical rule. Audits apply it from then on,
    or from the day that it names. The exit status is 1 if one is refused.

    Example: cratecheck policy activate policies/rights.yaml --reason "As agreed with the label" --as "Ada Adams"
    """
    from bot.proposing.checkout import commit_of

    policies = policies_in(paths, workspace)
    problems: list[CratecheckError] = []
    refused = False
    with _at_work(workspace) as office:
        for policy in policies:
            try:
                found = office.activations.propose(
                    policy.text,
                    policy.id,
                    actor,
                    "cli",
                    reason=reason,
                    origin=_origin(policy, workspace),
                    commit=commit_of(Path(policy.path), policy.text.encode()),
                )
            except Problems as error:
                problems += error.problems
                continue
            if found is None:
                say(f"unchanged: policy {policy.id}, {policy.sha256[:12]}")
            else:
                refused |= office.examined(found).state == "refused"
    if problems:
        raise Problems(problems)
    if refused:
        raise typer.Exit(ExitCode.BAD_ANSWER)


def retire(
    policy: Annotated[str, typer.Argument(help="The policy's id.")],
    actor: ActorOption,
    reason: Why = "",
    workspace: WorkspaceOption = Path(),
) -> None:
    """Propose that a policy go out of force, once somebody else confirms it.

    Its texts stay on record; the next audit then closes its violations as superseded.

    Example: cratecheck policy retire release --reason "The licence pack replaces it" --as "Ada Adams"
    """
    with _at_work(workspace) as office:
        found = office.activations.propose(None, policy, actor, "cli", reason=reason)
        if found is None:
            say(f"unchanged: policy {policy} is retired already")
        else:
            office.examined(found)


def list_proposals(
    proposal: Annotated[
        str | None, typer.Argument(metavar="[PROPOSAL]", help="Show this one whole: its id, or the first digits of it.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were decided or lapsed, too.")] = False,
    workspace: WorkspaceOption = Path(),
    style: RowFormatOption = RowFormat.TABLE,
) -> None:
    """List the proposals that are open; or show one, with what it would change.

    Example: cratecheck policy proposals 3f9a2c1b
    """
    from audit_core.clock import utc_now
    from audit_core.ledger.proposals import proposals

    with _at_work(workspace) as office:
        if proposal is not None:
            found = office.activations.named(proposal)
            if style is RowFormat.JSON:
                show_value({**office.row(found), "preview": found.preview})
            else:
                office.tell(found)
            return
        with office.store.read() as connection:
            rows = [office.row(one) for one in proposals(connection, utc_now(), is_open=not every)]
    columns = ["proposal", "policy", "text", "state", "by", "at", "confirmed", "lapses_at", "reason"]
    show_rows(rows, columns, style, empty="no proposal is open" if not every else "nothing was ever proposed")


def confirm(
    proposals: Annotated[list[str], typer.Argument(metavar="PROPOSAL...", help="Their ids, or the first digits.")],
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="Why: an auditor will ask.")] = "",
    workspace: WorkspaceOption = Path(),
) -> None:
    """Confirm what another person proposed; the last confirmation that it needs puts it in force.

    Example: cratecheck policy confirm 3f9a2c1b --as "Grace Green"
    """
    with _at_work(workspace) as office:
        for found in [office.activations.named(digits) for digits in proposals]:
            if found.state == "examining":
                say(f"The proposal {found.short} was not examined yet. This is what it would change:")
                say()
                office.examined(found)
            else:
                office.answered(found, actor, "confirm", reason)


def reject(
    proposal: ProposalId,
    reason: Annotated[str, typer.Option(help="Why: whoever proposed it will ask.")],
    actor: ActorOption,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Reject what another person proposed.

    Example: cratecheck policy reject 3f9a2c1b --reason "90 days are too long" --as "Grace Green"
    """
    with _at_work(workspace) as office:
        office.answered(office.activations.named(proposal), actor, "reject", reason)


def withdraw(proposal: ProposalId, actor: ActorOption, reason: Why = "", workspace: WorkspaceOption = Path()) -> None:
    """Take a proposal of one's own back.

    Example: cratecheck policy withdraw 3f9a2c1b --as "Ada Adams"
    """
    with _at_work(workspace) as office:
        office.answered(office.activations.named(proposal), actor, "withdraw", reason)


@contextmanager
def _at_work(workspace: Path) -> Iterator[_Office]:
    from bot.proposing.activations import Activations
    from bot.roles import Roles

    with opened(workspace) as (settings, store):
        roles = Roles(settings.groups, settings.people)
        yield _Office(store, roles, Activations(store, roles, settings), workspace)


class _Office:
    """Where proposals are made and answered, and what came of it is said."""

    def __init__(self, store: Store, roles: Roles, activations: Activations, workspace: Path) -> None:
        self.store = store
        self.activations = activations
        self._roles = roles
        self._where = "" if workspace == Path() else f" -w {workspace}"

    def examined(self, found: Proposal) -> Proposal:
        """Examine a proposal, unless it is, and say what it would change and what to do next."""
        from audit_core.clock import utc_now
        from audit_core.ledger.proposals import proposals
        from bot.cli.progress import progress

        with self.store.read() as connection:
            beside = [one for one in proposals(connection, utc_now(), policy=found.policy) if one.id != found.id]
        with progress("previewing") as advance:
            found = self.activations.examine(found.id, progress=advance)
        self.tell(found)
        for one in beside:
            if self.activations.named(one.id).state == "withdrawn":
                say(f"withdrawn: proposal {one.short}, which this one replaces")
        return found

    def answered(self, found: Proposal, actor: str, answer: Answer, reason: str) -> None:
        """Give an answer, and say what came of it."""
        found = self.activations.answer(found.id, actor, "cli", answer, reason)
        if found.state == "activated":
            self._tell_activated(found)
        elif found.state == "proposed":
            say(f"confirmed: proposal {found.short}, {self._progress(found)}")
            self._tell_next(found)
        elif found.state == "examining":
            say(f"The catalogue has changed since the preview of the proposal {found.short}: it is made anew.")
            say("Look at it, then confirm.")
            say()
            self.examined(found)
        else:
            say(f"{found.state}: proposal {found.short}, policy {found.policy}")

    def tell(self, found: Proposal) -> None:
        """Show a proposal whole."""
        what = f"text {found.sha256[:12]}" if found.sha256 else "to be retired"
        from_file = f", from {found.origin}" if found.origin else ""
        say(f"proposal {found.short}: policy {found.policy}, {what}{from_file}")
        say(f"  proposed by {self._roles.name(found.person)} via {found.via}, {_moment(found.at)}: {found.state}")
        if found.reason:
            say(f"  because: {found.reason}")
        if found.commit:
            say(f"  commit {found.commit}")
        for given in found.answers:
            because = f": {given.reason}" if given.reason else ""
            verb = {"confirm": "confirmed", "reject": "rejected", "withdraw": "withdrawn"}[given.answer]
            say(f"  {verb} by {self._roles.name(given.person)} via {given.via}, {_moment(given.at)}{because}")
        say()
        if found.preview is not None:
            tell_preview(found.preview)
            say()
        if found.refused is not None:
            say("Refused:")
            say(found.refused)
        elif found.state == "activated":
            self._tell_activated(found)
        elif found.is_open:
            self._tell_next(found)

    def row(self, found: Proposal) -> dict[str, Any]:
        """Give a proposal as a row."""
        return {
            "proposal": found.short,
            "policy": found.policy,
            "text": found.sha256[:12] if found.sha256 else "retire",
            "state": found.state,
            "by": self._roles.name(found.person),
            "at": found.at,
            "confirmed": f"{found.confirmed} of {found.confirmations}",
            "lapses_at": found.lapses_at if found.is_open else None,
            "reason": found.reason,
            "id": found.id,
            "sha256": found.sha256,
            "base_sha256": found.base_sha256,
            "via": found.via,
            "origin": found.origin,
            "commit": found.commit,
            "refused": found.refused,
            "decided_at": found.decided_at,
            "effective_at": found.effective_at,
            "answers": [
                {"person": one.person, "answer": one.answer, "at": one.at, "via": one.via, "reason": one.reason}
                for one in found.answers
            ],
        }

    def _progress(self, found: Proposal) -> str:
        return f"{found.confirmed} of {found.confirmations} confirmations"

    def _tell_next(self, found: Proposal) -> None:
        if found.state == "examining":
            say(f"It was not examined yet: `cratecheck policy confirm {found.short}{self._where}` does so.")
            return
        with self.store.read() as connection:
            who = self.activations.approvers.named(connection, found)
            able = self.activations.approvers.able(connection, found)
        missing = found.confirmations - found.confirmed
        lacking = (
            "two confirmations" if missing > 1 else "one more confirmation" if found.confirmed else "a confirmation"
        )
        but = f"other than {self._roles.name(found.person)}"
        say(f"Next: {lacking} by {who}, {but}, until {_moment(found.lapses_at)}:")
        say(f"  cratecheck policy confirm {found.short} --as NAME{self._where}")
        if able is not None and able < found.confirmations:
            people = "nobody may" if able == 0 else "one person alone may"
            say(f"So far {people}: name more in cratecheck.toml, under [groups] or as policy_approvers.")

    def _tell_activated(self, found: Proposal) -> None:
        if found.sha256 is None:
            say(f"retired: policy {found.policy}; the next audit closes its violations")
        else:
            later = found.effective_at is not None and found.decided_at is not None
            since = found.effective_at if later and found.effective_at != found.decided_at else None
            when = f"takes force {_moment(since)}" if since else "the next audit applies it"
            say(f"activated: policy {found.policy}, {found.sha256[:12]}; {when}")


def _moment(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _origin(policy: Policy, workspace: Path) -> str:
    """Name the file as it is named in the workspace; one from elsewhere, by its name alone."""
    from audit_core.wording import writable
    from bot.gestures import Spot

    path = Path(policy.path)
    try:
        name = writable(path.resolve().relative_to(workspace.resolve()).as_posix())
    except ValueError:
        name = writable(path.name)
    return f"./{name}" if Spot.of_origin(name) else name  # no file passes for a place in Slack
