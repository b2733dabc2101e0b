"""What is on its way beside a proposal: texts of its policy that are yet to take force, and the other proposals.

A text that is confirmed now puts aside what would take force later, or follows it: either way it takes its place, so
that it loosens what it does not keep of it, as it does of the text in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from audit_core.catalogue.store import Store
from audit_core.errors import Problems
from audit_core.ledger.policies import InForce, pending
from audit_core.ledger.proposals import proposals
from bot.policies import readable_text
from rules.activation import clashes, effective_at
from rules.language.policy import Policy
from rules.lineage import must_carry_on
from rules.loosening import loosening
from rules.preview import preview

if TYPE_CHECKING:  # not at run time: it reads two thousand licences
    from audit_core.rights import LicenceTable

__all__ = ["must_carry_on_pending", "with_what_is_underway"]


def must_carry_on_pending(connection: Connection, after: Policy, at: datetime) -> None:
    """Refuse a text after which a rule would lose the history that it has by then, under a text that comes before it.

    Raises
    ------
    Problems
        As `rules.lineage.must_carry_on`.
    """
    for one in _pending(connection, after.id, at):
        if one.effective_at < effective_at(after, at):
            must_carry_on(readable_text(connection, one.sha256), after)


def with_what_is_underway(
    store: Store, found: Mapping[str, Any], *, after: Policy | None, licences: LicenceTable, as_of: datetime
) -> dict[str, Any]:
    """Add to a preview what the edit means for what is on its way.

    Parameters
    ----------
    store, licences, as_of
        As for `rules.preview.preview`.
    found : mapping
        A preview, as `bot.proposing.previews.previewed` gives it.
    after : Policy or None
        The edited policy; None: it is to be retired.

    Returns
    -------
    preview : dict
        Its ``loosening`` names what is loosened of texts that are yet to take force, too; ``notes`` are sentences.

    Raises
    ------
    Problems
        If the history of a rule would be lost that it has by then.
    """
    since = effective_at(after, as_of) if after else as_of
    loosened: list[str] = list(found["loosening"])
    notes: list[str] = []
    with store.read() as connection:
        texts = [(one, readable_text(connection, one.sha256)) for one in _pending(connection, found["policy"], as_of)]
        rivals = list(_rivals(connection, after, as_of)) if after else []
    for one, text in texts:
        follows = one.effective_at < since
        which = f"the text {one.sha256[:12]} that takes force on {one.effective_at:%Y-%m-%d}"
        notes.append(f"It follows {which}." if follows else f"It puts aside {which}.")
        sentences: Iterable[str]
        if text is None:
            sentences = ["This program can't read it, so nobody can tell what the edit loosens."]
        else:
            sentences = _loosened(store, text, after, licences, as_of, follows=follows)
        loosened += [f"Of {which}: {said}" for said in sentences if said not in found["loosening"]]
    return {**found, "loosening": loosened, "notes": [*notes, *rivals]}


def _pending(connection: Connection, policy: str, at: datetime) -> list[InForce]:
    return [one for one in pending(connection, at) if one.policy == policy]


def _loosened(
    store: Store, before: Policy, after: Policy | None, licences: LicenceTable, as_of: datetime, *, follows: bool
) -> tuple[str, ...]:
    try:
        return preview(store, before=before, after=after, licences=licences, as_of=as_of).loosening
    except Problems:
        if follows:
            raise
        return tuple(loosening(before, after, ()))  # it is never in force: no history comes of it


def _rivals(connection: Connection, after: Policy, at: datetime) -> Iterator[str]:
    for one in proposals(connection, at):
        text = readable_text(connection, one.sha256) if one.policy != after.id else None
        if text is not None and any(clashes(after, [("there", text)])):
            yield (
                f"The proposal {one.short} of the policy {one.policy} has a rule of the same id:"
                " whichever is confirmed first keeps the other out."
            )
