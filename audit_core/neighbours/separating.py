"""What a person keeps apart by saying that a track is another recording than those it was found to match.

The evidence of a violation about matches names the audio of the track that it begins with (``packets``) and those of
the others (``to``); a recording may have more members than are named, and the track is kept apart from them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from audit_core.catalogue.snapshot import Snapshot
from audit_core.ledger.violations import Violation
from audit_core.neighbours.tables import recording_members

__all__ = ["kept_apart", "separable"]

_Track = tuple[str, str]
"""Its dataset, and its key."""


def separable(violation: Violation) -> dict[_Track, str]:
    """Give the tracks of a violation of which one can be another recording, and the audio of each.

    Returns
    -------
    tracks : dict
        The track that the violation begins with, then the others, as far as they are named. Empty if no comparison of
        audio brought them together, or if all hold the very same audio.
    """
    evidence: Mapping[str, Any] = violation.evidence
    own = evidence.get("packets")
    if not own:
        return {}
    first = (violation.dataset, str(evidence.get("first", violation.subject)))
    others = {
        (one["dataset"], one["key"]): one["packets"] for one in evidence.get("to", ()) if one.get("packets") is not None
    }
    return {first: own, **others} if set(others.values()) - {own} else {}


def kept_apart(
    connection: Connection, violation: Violation, packets: str, snapshot: Snapshot
) -> tuple[tuple[str, str], ...]:
    """Give the pairs of audio that are no longer one recording if a track is another one than the rest.

    Parameters
    ----------
    connection : Connection
    violation : Violation
    packets : str
        The track's audio: one of those that `separable` gives.
    snapshot : Snapshot
        Of when the recordings are.

    Returns
    -------
    pairs : tuple of (packets, packets)
        Sorted, and the smaller first in each.
    """
    held = snapshot.holds(recording_members)
    recording = (
        select(recording_members.c.recording).where(held, recording_members.c.packets == packets).scalar_subquery()
    )
    members = select(recording_members.c.packets).where(held, recording_members.c.recording == recording)
    rest = {*separable(violation).values(), *connection.scalars(members)} - {packets}
    return tuple(sorted((min(packets, other), max(packets, other)) for other in rest))
