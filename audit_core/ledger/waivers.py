"""Waivers: whether a violation is waived at a moment is one query. And which decisions a failing would outlive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Select, and_, or_, select

from audit_core.ledger.tables import decisions, findings, runs, violations, waiver_violations, waivers
from audit_core.ledger.violations import CLOSED, Violation

__all__ = ["outlived_at", "waived_at", "waived_keys"]


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


def outlived_at(connection: Connection, moment: datetime) -> dict[str, Violation]:
    """Read the violations that are open again if they fail now, by key.

    Those whose waiver has ended at a moment; and those whose quarantine was in force then, so that what it took out is
    not judged. A waiver or a quarantine that came after the moment is not outlived.
    """
    waiver_ended = and_(violations.c.state == "waived", waivers.c.ends_at <= moment)
    out_then = and_(violations.c.state == "quarantined", decisions.c.at <= moment)
    found = (
        select(violations)
        .join(
            decisions, and_(decisions.c.violation_key == violations.c.key, decisions.c.id == violations.c.decision_id)
        )
        .outerjoin(waivers, waivers.c.decision_id == decisions.c.id)
        .where(decisions.c.violation_key == violations.c.key, or_(waiver_ended, out_then))
    )
    return {row.key: Violation.of(row) for row in connection.execute(found)}
