"""Waivers: whether a violation is waived at a moment is one query.

And which decisions a failing would outlive; and how often one waiver followed another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Select, and_, func, or_, select

from audit_core.ledger.tables import decisions, findings, runs, violations, waiver_violations, waivers
from audit_core.ledger.violations import CLOSED, Violation

__all__ = ["Row", "outlived_at", "waived_at", "waived_in_a_row", "waived_keys"]


def waived_at(moment: datetime) -> Select[tuple[str]]:
    """Select the keys of the violations that are waived at a moment.

    A waiver holds from `since` until before `ends_at`, unless the violation was decided, closed or reopened since: a
    violation that was resolved and comes back asks for a decision of its own, and so does one of another question.
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
    reopened = and_(findings.c.transition == "reopened", findings.c.seen_revision > granted.c.violation_revision)
    closed = (
        select(findings.c.key)
        .join(runs, runs.c.id == findings.c.run_id)
        .where(
            findings.c.key == waiver_violations.c.violation_key,
            or_(findings.c.transition.in_(sorted(CLOSED)), reopened),
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


@dataclass(frozen=True, slots=True)
class Row:
    """Waivers of one violation that followed each other, with no time in between when it was resolved or approved.

    Attributes
    ----------
    until : date or None
        The last day of all that they allowed; None if there is no waiver in the row.
    renewals : int
        How many of them reached past those before. One that merely ends another sooner renews nothing.
    """

    until: date | None = None
    renewals: int = 0

    def extended(self, until: date) -> bool:
        """Tell whether a further waiver would renew those of the row."""
        return self.until is not None and until > self.until


def waived_in_a_row(connection: Connection, key: str, *, before: int) -> Row:
    """Read the waivers of a violation that follow each other up to now.

    A violation that was waived, lapsed and is open again is in the same row. So is one that was closed because its
    subject or its rule was away, or that was quarantined and released: nothing was mended by that.

    Parameters
    ----------
    connection : Connection
    key : str
        The violation's.
    before : int
        A revision of the violation: what was decided about this one or a later one does not count.
    """
    mended = connection.scalar(
        select(func.max(runs.c.finished_at, type_=runs.c.finished_at.type))
        .join(findings, findings.c.run_id == runs.c.id)
        .where(findings.c.key == key, findings.c.transition == "resolved")
    )
    taken = (
        select(decisions.c.verdict, decisions.c.at, waivers.c.until)
        .outerjoin(waivers, waivers.c.decision_id == decisions.c.id)
        .where(decisions.c.violation_key == key, decisions.c.violation_revision < before)
        .order_by(decisions.c.seq)
    )
    row = Row()
    for one in connection.execute(taken):
        if one.verdict in ("approve", "separate"):
            row = Row()
        elif one.until is not None and (mended is None or one.at > mended):
            longer = row.extended(one.until)
            row = Row(max(one.until, row.until or one.until), row.renewals + longer)
    return row
