"""The examination of a proposal: its examples, and what it would change. It takes as long as an audit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from audit_core.catalogue.snapshot import latest_revision
from audit_core.catalogue.store import Store
from audit_core.errors import PolicyError
from bot.proposing.freshness import made_of
from bot.proposing.previews import previewed
from bot.proposing.underway import with_what_is_underway
from bot.roles import Roles
from rules.examples.run import lacks, run_examples
from rules.language.policy import Policy
from rules.preview import Preview, Progress

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["examination"]

_UNREADABLE: Final = "The text in force can't be read by this program, so nobody can tell what the edit loosens."


def examination(
    store: Store,
    *,
    policy: str,
    before: Policy | None,
    after: Policy | None,
    unreadable: bool,
    licences: LicenceTable,
    roles: Roles,
    as_of: datetime,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the examples of a proposed text, and say what it would change.

    Parameters
    ----------
    store, before, after, licences, roles, as_of, progress
        As for `bot.proposing.previews.previewed`.
    policy : str
        The policy's id.
    unreadable : bool
        Whether a text is in force that this program can't read, so that `before` is None.

    Returns
    -------
    preview : dict
        As of `bot.proposing.underway.with_what_is_underway`, with what it is made of: JSON.

    Raises
    ------
    PolicyError
        If an example does not come out as expected, or a rule lacks one that passes or one that fails.
    Problems
        If the history of a rule would be lost.
    """
    if after is not None:
        _demand_examples(after, licences)
    with store.read() as connection:
        made = made_of(connection)  # before it is made: what changes meanwhile is noticed
    if before is None and after is None:
        preview = _nothing(store, policy, as_of)
    else:
        preview = previewed(
            store, before=before, after=after, licences=licences, as_of=as_of, roles=roles, progress=progress
        )
    if unreadable:
        preview = preview | {"loosening": [*preview["loosening"], _UNREADABLE]}
    return with_what_is_underway(store, preview, after=after, licences=licences, as_of=as_of) | made


def _demand_examples(policy: Policy, licences: LicenceTable) -> None:
    wrong = [str(outcome) for outcome in run_examples([policy], licences) if not outcome.ok]
    wrong += map(str, lacks([policy]))
    if wrong:
        raise PolicyError("\n".join(wrong))  # its reader may have no command line


def _nothing(store: Store, policy: str, as_of: datetime) -> dict[str, Any]:
    with store.read() as connection:
        revision = latest_revision(connection)
    found = Preview(policy=policy, before=None, after=None, revision=revision, as_of=as_of, rules=())
    return {**found.as_dict(), "channels": []}
