"""Whose subject is no longer there: a violation that is not found again because there is nothing left to find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select

from audit_core.catalogue.members import among
from audit_core.catalogue.tables import tracks
from audit_core.ledger.violations import Standing
from rules.grouping import Grouping
from rules.policy import Rule
from rules.same_files import held_files
from rules.scope import Scope

__all__ = ["vanished"]


def vanished(connection: Connection, rule: Rule, scope: Scope, passing: Sequence[Standing]) -> frozenset[str]:
    """Find the violations of a dataset whose subject is not in the snapshot, or is out by a quarantine.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    rule : Rule
        Whose violations.
    scope : Scope
        Of their dataset.
    passing : sequence of Standing
        Violations that were not found again.

    Returns
    -------
    keys : frozenset of str
        Theirs. A violation of the rule itself is never among them.
    """
    by_kind: dict[str, list[Standing]] = defaultdict(list)
    for violation in passing:
        by_kind["track" if violation.subject_kind == "pair" else violation.subject_kind].append(violation)
    there: dict[str, set[str]] = {}
    if of_tracks := by_kind.get("track"):
        keys = {violation.subject for violation in of_tracks}
        there["track"] = set(connection.scalars(select(tracks.c.key).where(scope.whole(), among(tracks.c.key, keys))))
    if of_groups := by_kind.get("group"):
        there["group"] = held_files(connection, scope.whole(), {violation.subject for violation in of_groups})
    field = getattr(rule.spec, "field", None) or getattr(rule.spec, "by", None)
    if (of_values := by_kind.get("value")) and isinstance(field, str):
        prefix = f"{field}:"
        values = {violation.subject.removeprefix(prefix) for violation in of_values if not violation.discriminator}
        held = Grouping.of(connection, field, scope).held(connection, values)
        there["value"] = {prefix + value for value in held}
        there["value"] |= {violation.subject for violation in of_values if violation.discriminator}
    return frozenset(
        violation.key
        for kind, present in there.items()
        for violation in by_kind[kind]
        if violation.subject not in present
    )
