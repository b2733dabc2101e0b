"""Waivers: whether a violation is waived at a moment is one query, used by everything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Select, and_, or_, select

from audit_core.ledger.tables import decisions, findings, runs, waiver_violations, waivers
from audit_core.ledger.violations import CLOSED

__all__ = ["waived_at", "waived_keys"]


def waived_at(moment: datetime) -> Select[tuple[str]]:
    """Select the keys of the violations that are waived at a moment.

    A waiver holds from `since` until before `ends_at`, unless the violation was decided again or closed since: a
    violation that was resolved and comes back asks for a decision of its own.
    """
    granted, later = decisions.alias("granted"), decisions.alias("later")
    decided_again = (
        select(later.c.id)
        .where(
            later.c.violation_key == waiver_violations.c.violation_key,
            later.c.seq > granted.c.seq,
            later.c.at <= moment,
        )
        .exists()
    )
    closed = (
        select(findings.c.key)
        .join(runs, runs.c.id == findings.c.run_id)
        .where(
            findings.c.key == waiver_violations.c.violation_key,
            findings.c.transition.in_(sorted(CLOSED)),
            and_(runs.c.finished_at >= waivers.c.since, runs.c.finished_at <= moment),
        )
        .exists()
    )
    return (
        select(waiver_violations.c.violation_key)
        .join(waivers, waivers.c.decision_id == waiver_violations.c.decision_id)
        .join(granted, granted.c.id == waivers.c.decision_id)
        .where(waivers.c.since <= moment, waivers.c.ends_at > moment, ~or_(decided_again, closed))
        .distinct()
    )


def waived_keys(connection: Connection, moment: datetime) -> frozenset[str]:
    """Read the keys of the violations that are waived at a moment."""
    return frozenset(connection.scalars(waived_at(moment)))
