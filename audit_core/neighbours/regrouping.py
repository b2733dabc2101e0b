"""Recordings made anew after a person separated some: without any comparison, and so without what compares."""

from __future__ import annotations

import logging

from sqlalchemy import select

from audit_core.catalogue.leases import LeaseHeld, hold
from audit_core.catalogue.revisions import undo_unpublished
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import Via
from audit_core.neighbours.linked import regrouped
from audit_core.neighbours.publishing import Comparison, Found, members_to_change, written
from audit_core.neighbours.tables import separations

__all__ = ["is_to_regroup", "regroup"]

logger = logging.getLogger(__name__)


def is_to_regroup(store: Store, *, clock: Clock = utc_now) -> bool:
    """Tell whether what persons have separated asks for the recordings to be made anew."""
    with store.read() as connection:
        if connection.execute(select(separations.c.at).limit(1)).first() is None:
            return False
        snapshot = Snapshot(latest_revision(connection), clock())
        return bool(members_to_change(connection, snapshot, regrouped(connection, snapshot)))


def regroup(store: Store, *, actor: str, via: Via, clock: Clock = utc_now) -> Comparison | None:
    """Make the recordings anew if what persons have separated asks for it; None if it doesn't, or has to wait.

    It waits while an import or a comparison is running: rules hold apart what was separated all the same.
    """
    if not is_to_regroup(store, clock=clock):
        return None
    try:
        with hold(store, "comparison", clock=clock) as comparison, hold(store, "import", clock=clock) as lease:
            undo_unpublished(store, lease, clock=clock)
            return written(store, comparison, lease, Found(), actor=actor, via=via, clock=clock)
    except LeaseHeld as error:
        logger.info("recordings are made anew later: %s", error)
        return None
