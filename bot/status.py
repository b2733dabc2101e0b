"""How a workspace stands, in numbers: what the catalogue holds, what is open, what waits to be said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import datasets, tracks
from audit_core.clock import Clock, utc_now
from audit_core.ledger.chain import head
from audit_core.ledger.policies import effective
from audit_core.ledger.quarantine import quarantined_tracks
from audit_core.ledger.runs import settle
from audit_core.ledger.tables import runs, violations
from audit_core.neighbours.calibration import quoted_calibration
from bot.tables import job_runs, outbox

__all__ = ["standing"]


def standing(store: Store, clock: Clock = utc_now) -> dict[str, Any]:
    """Read how a workspace stands.

    Returns
    -------
    standing : dict
        JSON: revision; tracks by dataset; quarantined; policies; violations by state; the last audit; how many
        false neighbours are to be expected, in a sentence (None: nothing is compared); posts that wait and that Slack
        refused; scheduled jobs that failed; the ledger's head.
    """
    settle(store, clock=clock)
    with store.read() as connection:
        snapshot = Snapshot(latest_revision(connection), clock())
        number = func.count().label("number")
        held = (
            select(datasets.c.name, number)
            .select_from(datasets.join(tracks, tracks.c.dataset_id == datasets.c.id))
            .where(snapshot.holds(tracks))
            .group_by(datasets.c.name)
            .order_by(datasets.c.name)
        )
        out = select(func.count()).select_from(quarantined_tracks(snapshot).subquery())
        states = select(violations.c.state, number).group_by(violations.c.state).order_by(violations.c.state)
        last = select(runs.c.id, runs.c.finished_at, runs.c.actor).where(runs.c.finished_at.is_not(None))
        run = connection.execute(last.order_by(runs.c.id.desc()).limit(1)).first()
        waiting = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None), outbox.c.failed.is_(None))
        refused = select(outbox.c.failed).where(outbox.c.failed.is_not(None)).distinct().order_by(outbox.c.failed)
        newest = head(connection)
        return {
            "revision": snapshot.revision,
            "tracks": {row.name: row.number for row in connection.execute(held)},
            "quarantined": connection.execute(out).scalar_one(),
            "policies": list(effective(connection, clock())),
            "violations": {row.state: row.number for row in connection.execute(states)},
            "last_audit": f"run {run.id}, {run.finished_at:%Y-%m-%d %H:%M} UTC, by {run.actor}" if run else None,
            "false_neighbours": quoted_calibration(connection, snapshot),
            "posts_waiting": connection.execute(waiting).scalar_one(),
            "posts_refused": list(connection.scalars(refused)),
            "jobs_failed": connection.execute(
                select(func.count()).select_from(job_runs).where(job_runs.c.failed.is_not(None))
            ).scalar_one(),
            "ledger_head": f"{newest.seq}:{newest.hash}",
        }
