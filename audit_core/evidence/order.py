"""An order for evidence: what is to be heard, and where its files lie, so that it can be made in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Connection

from audit_core.audio.files import Root, root_of
from audit_core.catalogue.snapshot import Snapshot
from audit_core.errors import AudioError
from audit_core.evidence.clips import Evidence, clips
from audit_core.evidence.comparison import Comparison, Side, comparison, sides_of
from audit_core.evidence.permission import forbidden
from audit_core.ledger.violations import Violation
from audit_core.rights import LicenceTable
from audit_core.settings import Settings
from audit_core.wording import quoted

__all__ = ["Forbidden", "Order", "filled", "forbidden_by_now", "order"]


class Forbidden(AudioError):
    """Clips that a licence or the settings forbid."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be heard, and where its files lie.

    Attributes
    ----------
    heard : Comparison
    roots : mapping of str to str
        Dataset → the folder or the address of its audio.
    """

    heard: Comparison
    roots: Mapping[str, str]

    @property
    def tracks(self) -> tuple[tuple[str, str], ...]:
        """Whose audio is heard, each as its dataset and its key."""
        return tuple((side.dataset, side.key) for side in (self.heard.a, self.heard.b) if side is not None)


def order(
    connection: Connection, settings: Settings, table: LicenceTable, violation: Violation, snapshot: Snapshot
) -> Order:
    """Order the evidence of a violation.

    Raises
    ------
    Forbidden
        If a licence, or the settings, forbid that copies be passed on.
    AudioError
        If there is nothing to hear, nobody has said where the files lie, or one is missing.
    """
    heard = comparison(connection, violation, snapshot)
    sides = [heard.a] if heard.b is None else [heard.a, heard.b]
    if why := forbidden(sides, table, settings.clips):
        raise Forbidden(why)
    roots: dict[str, str] = {}
    for side in sides:
        root = root_of(connection, settings, side.dataset)
        if root is None:
            raise AudioError(
                f"nobody has said where the audio of {quoted(side.dataset)} lies",
                mend="Say it in cratecheck.toml, under [audio], or import the folder.",
            )
        root.state(side.path)  # if it is missing, that is known at once
        roots[side.dataset] = root.url
    return Order(heard, roots)


def forbidden_by_now(
    connection: Connection,
    settings: Settings,
    table: LicenceTable,
    tracks: Sequence[tuple[str, str]],
    snapshot: Snapshot,
) -> str | None:
    """Say why clips that were made of some tracks may not be passed on any more; None if they may.

    Parameters
    ----------
    tracks : sequence of (str, str)
        Of `Order.tracks`.
    """
    sides = list(sides_of(connection, tracks, snapshot))
    there = {(side.dataset, side.key) for side in sides}
    for dataset, key in tracks:
        if (dataset, key) not in there:
            return f"No clip: {dataset}/{key} is no longer in the catalogue."
    return forbidden(sides, table, settings.clips)


def filled(ordered: Order) -> Evidence:
    """Make what was ordered.

    Raises
    ------
    AudioError
        If a file is missing, can't be decoded, or is shorter than it was.
    """
    opened = {dataset: Root(url) for dataset, url in ordered.roots.items()}

    def open_file(side: Side) -> BinaryIO:
        return opened[side.dataset].open(side.path)

    return clips(ordered.heard, open_file)
