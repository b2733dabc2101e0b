"""How a violation closes that is not found again: its evidence passes, or its subject is gone or judged no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from audit_core.catalogue.members import among
from audit_core.catalogue.tables import tracks
from audit_core.ledger.transitions import Closing
from audit_core.ledger.violations import Standing, SubjectKind
from rules.grouping import Grouping
from rules.language.policy import Rule
from rules.scope import Scope
from rules.sharing.same_files import held_files
from rules.sharing.same_recordings import held_recordings

__all__ = ["closing"]

_HELD_BY: Final[dict[SubjectKind, SubjectKind]] = {"pair": "track"}


def closing(
    connection: Connection,
    rule: Rule,
    scope: Scope,
    missing: Sequence[Standing],
    *,
    judged: int,
    otherwise: Collection[str] = (),
) -> dict[str, Closing]:
    """Say how violations of a dataset close that were not found again.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    rule : Rule
        Whose violations.
    scope : Scope
        Of their dataset.
    missing : sequence of Standing
        Violations that were not found again.
    judged : int
        How many tracks of the dataset are judged.
    otherwise : collection of str
        Keys of those that were found when the rule asked something that it does not ask any more.

    Returns
    -------
    closing : dict
        By key. Gone: the subject is not in the snapshot, or is out by a quarantine. Superseded: it is there, but the
        policy does not judge it any more, or the rule is of another kind or field now, or asks another thing of it.
        Those that are left out are resolved, and so is a violation of the rule itself. Where nothing is judged, nothing
        is resolved: all is gone with the dataset's tracks, or superseded.
    """
    found = _vanished(connection, rule, scope, missing, otherwise)
    if judged:
        return found
    some = connection.execute(select(tracks.c.id).where(scope.whole()).limit(1)).one_or_none()
    return {one.key: found.get(one.key, "superseded" if some else "gone") for one in missing}


def _vanished(
    connection: Connection, rule: Rule, scope: Scope, missing: Sequence[Standing], otherwise: Collection[str]
) -> dict[str, Closing]:
    field = getattr(rule.spec, "field", None) or getattr(rule.spec, "by", None)
    prefix = f"{field}:" if isinstance(field, str) else ""
    asks = getattr(rule.spec, "asks", lambda subject_kind, discriminator: True)
    found: dict[str, Closing] = {}
    subjects: dict[SubjectKind, list[Standing]] = defaultdict(list)
    for one in missing:
        if one.subject_kind == "rule":
            continue
        of_another = one.subject_kind == "value" and not one.subject.startswith(prefix)
        answered = one.kind == rule.kind and one.key not in otherwise
        if not answered or of_another or not asks(one.subject_kind, one.discriminator):
            found[one.key] = "superseded"
        elif one.subject_kind != "value" or not one.discriminator:  # of the unknown, some may always come back
            subjects[_HELD_BY.get(one.subject_kind, one.subject_kind)].append(one)
    for kind, of_kind in subjects.items():
        asked = {one.subject.removeprefix(prefix) if kind == "value" else one.subject for one in of_kind}
        there = _held(connection, kind, prefix, scope, asked, scope.whole())
        judged = _held(connection, kind, prefix, scope, asked & there, scope.condition())
        for one in of_kind:
            subject = one.subject.removeprefix(prefix) if kind == "value" else one.subject
            if subject not in there:
                found[one.key] = "gone"
            elif subject not in judged:
                found[one.key] = "superseded"
    return found


def _held(
    connection: Connection,
    kind: SubjectKind,
    prefix: str,
    scope: Scope,
    subjects: Collection[str],
    condition: ColumnElement[bool],
) -> set[str]:
    """Find those of some subjects that are a track, or are held by a track, of some tracks."""
    if not subjects:
        return set()
    if kind == "track":
        return set(connection.scalars(select(tracks.c.key).where(condition, among(tracks.c.key, subjects))))
    if kind == "group":
        held = held_files(connection, condition, subjects, scope.heard)
        return held | held_recordings(connection, condition, subjects, scope.heard)
    found = Grouping.of(prefix.removesuffix(":"), scope).held(connection, subjects, condition)
    return found | held_recordings(connection, condition, subjects, scope.heard) if prefix == "recording:" else found
