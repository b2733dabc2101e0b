"""What is said of proposals, wherever they are met: how their messages are named, and why it is too late to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from audit_core.errors import DecisionRefused
from audit_core.ledger.policies import activated_last
from audit_core.ledger.proposals import Proposal

__all__ = ["closed", "difference_subject", "proposal_of", "proposal_subject"]

_SUBJECT: Final = "proposal/"
_DIFFERENCE: Final = "difference/"


def proposal_subject(number: str) -> str:
    """Name the message of a proposal."""
    return f"{_SUBJECT}{number}"


def difference_subject(number: str) -> str:
    """Name the message in its thread that shows what it changes in the text."""
    return f"{_DIFFERENCE}{number}"


def proposal_of(subject: str) -> str:
    """Read the proposal's id from the name of its message, or of the one in its thread.

    Raises
    ------
    ValueError
        If it names no message of a proposal.
    """
    for kind in (_SUBJECT, _DIFFERENCE):
        if subject.startswith(kind):
            return subject.removeprefix(kind)
    raise ValueError(f"{subject!r} names no message of a proposal")


def closed(connection: Connection, found: Proposal, name: Callable[[str], str]) -> DecisionRefused:
    """Say why a proposal can't be answered: what happened meanwhile.

    Parameters
    ----------
    connection : Connection
    found : Proposal
        In any state but "proposed".
    name : callable
        Gives a person's name.
    """
    anew = "Propose it anew, if it is still wanted."
    which, last = f"the proposal {found.short}", found.answers[-1] if found.answers else None
    if found.state == "examining":
        return DecisionRefused(f"{which} is still being examined", mend="Its preview comes first: try again then.")
    if found.state == "activated" and last is not None:
        return DecisionRefused(
            f"{which} was activated already: {name(last.person)} confirmed it on {last.at:%Y-%m-%d %H:%M} UTC",
            mend="To go back to an earlier text, propose that.",
        )
    if found.state in ("rejected", "withdrawn") and last is not None:
        because = f": {last.reason}" if last.reason else ""
        return DecisionRefused(
            f"{which} was {found.state} by {name(last.person)} on {last.at:%Y-%m-%d %H:%M} UTC{because}", mend=anew
        )
    if found.state == "lapsed":
        what = f"{which} lapsed on {found.lapses_at:%Y-%m-%d %H:%M} UTC: nobody decided in three days"
        return DecisionRefused(what, mend=anew)
    if found.state == "overtaken":
        newest = activated_last(connection, found.policy)
        by = f", by {name(newest.person)} on {newest.at:%Y-%m-%d %H:%M} UTC" if newest else ""
        what = f"{which} was overtaken: the policy {found.policy} was changed since{by}"
        return DecisionRefused(what, mend="Propose it anew, on top of what is in force now.")
    return DecisionRefused(
        f"{which} was refused when it was examined: {found.refused}", mend="Mend it, and propose it anew."
    )
