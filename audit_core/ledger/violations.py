"""Violations: what a check yields, the key under which it is known for ever, and how they are read.

A key is made of natural keys: of the policy, the rule, the dataset, the subject, and a discriminator such as the other
track of a pair. No score, threshold, severity, message or row number goes into it, so that it stays when they change;
and of the ids that a rule had, it is the first, so that it stays when the rule gets another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select, tuple_

from audit_core.errors import CratecheckError
from audit_core.ledger.chain import canonical
from audit_core.ledger.tables import violations

__all__ = [
    "CLOSED",
    "SEVERITIES",
    "STATES",
    "Found",
    "Mode",
    "Severity",
    "Standing",
    "State",
    "SubjectKind",
    "Violation",
    "content_hash",
    "counts",
    "listed",
    "one",
    "rules_that_stand",
    "sha256_of",
    "standing",
    "violation_key",
    "with_key",
]

State = Literal["open", "approved", "quarantined", "waived", "resolved", "gone", "superseded"]
"""``resolved``: the evidence passes; ``gone``: the subject vanished; ``superseded``: the rule no longer applies."""

Severity = Literal["critical", "high", "medium", "low"]
Mode = Literal["enforce", "observe"]
SubjectKind = Literal["track", "pair", "group", "value", "rule"]

STATES: Final[tuple[State, ...]] = get_args(State)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
CLOSED: Final[frozenset[State]] = frozenset({"resolved", "gone", "superseded"})
"""The states in which nothing is left to decide."""

_SHORTEST_PREFIX: Final = 6
_CANDIDATES: Final = 5


def sha256_of(value: object) -> str:
    """Give the SHA-256, in hex, of a JSON value's canonical form."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def violation_key(
    *, policy: str, rule: str, dataset: str, subject_kind: str, subject: str, discriminator: str = ""
) -> str:
    """Give the key of a violation: 32 hexadecimal digits, the same wherever and whenever it is found."""
    return sha256_of(["violation", policy, rule, dataset, subject_kind, subject, discriminator])[:32]


def content_hash(*, kind: str, severity: str, mode: str, message: str, evidence: Mapping[str, Any]) -> str:
    """Give the hash of what may change about a violation while it stays the same one."""
    return sha256_of([kind, severity, mode, message, evidence])


@dataclass(frozen=True)
class Found:
    """What a check yields: one subject that fails a rule.

    Attributes
    ----------
    policy, rule, kind, dataset : str
        Which rule, of what kind, in which dataset.
    severity, mode : str
        How grave it is, and whether it is posted (enforce) or counted only (observe).
    subject_kind, subject, discriminator : str
        What fails, by its natural key, and what sets it apart from another failing of the same subject.
    message : str
        The rule's sentence about it, in plain words.
    evidence : dict
        A JSON object: what was measured.
    bound : dict
        The part of the evidence, rounded, that an approval is bound to.
    born : str
        The first id that the rule had, if it is not the one that it has now.
    """

    policy: str
    rule: str
    kind: str
    dataset: str
    severity: Severity
    mode: Mode
    subject_kind: SubjectKind
    subject: str
    message: str
    discriminator: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    bound: dict[str, Any] = field(default_factory=dict)
    born: str = ""

    @cached_property
    def key(self) -> str:
        """The violation's key."""
        return violation_key(
            policy=self.policy,
            rule=self.born or self.rule,
            dataset=self.dataset,
            subject_kind=self.subject_kind,
            subject=self.subject,
            discriminator=self.discriminator,
        )

    @cached_property
    def bound_hash(self) -> str:
        """The hash of the evidence that an approval is bound to."""
        return sha256_of(self.bound)

    @cached_property
    def content_hash(self) -> str:
        """The hash of what may change while the violation stays the same one."""
        return content_hash(
            kind=self.kind, severity=self.severity, mode=self.mode, message=self.message, evidence=self.evidence
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A violation as an audit compares it with what it finds: all but the evidence, of which it needs the hash."""

    key: str
    policy: str
    rule: str
    kind: str
    dataset: str
    severity: Severity
    mode: Mode
    subject_kind: SubjectKind
    subject: str
    discriminator: str
    message: str
    bound_hash: str
    content_hash: str
    state: State
    revision: int


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation as it stands: the fold of its findings and decisions."""

    key: str
    policy: str
    rule: str
    kind: str
    dataset: str
    severity: Severity
    mode: Mode
    subject_kind: SubjectKind
    subject: str
    discriminator: str
    message: str
    evidence: dict[str, Any]
    bound_hash: str
    state: State
    revision: int
    reopened: int
    opened_at: datetime
    changed_at: datetime
    run_id: int
    decision_id: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Violation:
        """Read a row of the violation table."""
        values = row._mapping
        return cls(**{name: values[name] for name in _COLUMNS})


_COLUMNS: Final = tuple(column.name for column in fields(Violation))
_RANK: Final = case(
    {severity: rank for rank, severity in enumerate(SEVERITIES)}, value=violations.c.severity, else_=len(SEVERITIES)
)
_ORDER: Final[tuple[ColumnElement[Any], ...]] = (
    _RANK,
    violations.c.policy,
    violations.c.rule,
    violations.c.dataset,
    violations.c.subject,
    violations.c.discriminator,
    violations.c.key,
)


def standing(connection: Connection, policy: str, *rule: str) -> dict[str, Standing]:
    """Read all violations of a rule, by any of the ids that it has had, whatever their state, by key.

    Findings that are not settled yet are not in it: call `runs.settle` first.
    """
    of_rule = select(violations).where(violations.c.policy == policy, violations.c.rule.in_(rule))
    kept = [column.name for column in fields(Standing) if column.name != "content_hash"]
    return {
        row.key: Standing(
            content_hash=content_hash(
                kind=row.kind, severity=row.severity, mode=row.mode, message=row.message, evidence=row.evidence
            ),
            **{name: row._mapping[name] for name in kept},
        )
        for row in connection.execute(of_rule, execution_options={"yield_per": 1000})
    }


def rules_that_stand(connection: Connection) -> list[tuple[str, str]]:
    """Name the rules, as (policy, rule), that have violations which a retirement would supersede."""
    some = (
        select(violations.c.policy, violations.c.rule)
        .where(violations.c.state.not_in([*CLOSED, "quarantined"]))
        .distinct()
        .order_by(violations.c.policy, violations.c.rule)
    )
    return [(row.policy, row.rule) for row in connection.execute(some)]


def listed(
    connection: Connection,
    *,
    states: Iterable[State] | None = None,
    severities: Iterable[Severity] | None = None,
    policy: str | None = None,
    rule: str | None = None,
    dataset: str | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> list[Violation]:
    """List violations, the gravest first, then by policy, rule, dataset and subject.

    Parameters
    ----------
    connection : Connection
        To read from.
    states, severities, policy, rule, dataset : optional
        What to keep; all, if not given.
    limit : int, optional
        How many at most.
    after : str, optional
        The key of the last one that was listed: go on behind it.

    Returns
    -------
    violations : list of Violation
        In an order that stays.

    Raises
    ------
    CratecheckError
        If there is no violation under the key `after`.
    """
    wanted = select(violations).where(*_filters(states, severities, policy, rule, dataset)).order_by(*_ORDER)
    if after is not None:
        last = connection.execute(select(*_ORDER).where(violations.c.key == after)).one_or_none()
        if last is None:
            raise _unknown(after)
        wanted = wanted.where(tuple_(*_ORDER) > tuple_(*last))
    return [Violation.of(row) for row in connection.execute(wanted.limit(limit))]


def _filters(
    states: Iterable[State] | None,
    severities: Iterable[Severity] | None,
    policy: str | None,
    rule: str | None,
    dataset: str | None,
) -> Iterable[ColumnElement[bool]]:
    if states is not None:
        yield violations.c.state.in_(list(states))
    if severities is not None:
        yield violations.c.severity.in_(list(severities))
    for column, value in (
        (violations.c.policy, policy),
        (violations.c.rule, rule),
        (violations.c.dataset, dataset),
    ):
        if value is not None:
            yield column == value


def with_key(connection: Connection, key: str) -> Violation | None:
    """Find the violation with exactly this key."""
    row = connection.execute(select(violations).where(violations.c.key == key)).one_or_none()
    return Violation.of(row) if row else None


def one(connection: Connection, prefix: str) -> Violation:
    """Find the violation whose key begins so.

    Parameters
    ----------
    connection : Connection
        To read from.
    prefix : str
        A key, or its first six digits at least, in either case of letters.

    Returns
    -------
    violation : Violation
        The only one.

    Raises
    ------
    CratecheckError
        If there is none, or more than one (it lists them), or if the prefix is too short.
    """
    start = prefix.strip().lower()
    if len(start) < _SHORTEST_PREFIX:
        raise CratecheckError(
            f"{prefix!r} is too short for a violation's key", mend="Give its first six digits at least."
        )
    begins = and_(violations.c.key >= start, violations.c.key < start + "g")  # g comes after every hexadecimal digit
    if not set(start) <= set("0123456789abcdef"):
        raise _unknown(prefix)
    rows = connection.execute(select(violations).where(begins).order_by(violations.c.key).limit(_CANDIDATES + 1)).all()
    if not rows:
        raise _unknown(prefix)
    if len(rows) > 1:
        names = [f"{row.key} ({row.policy}/{row.rule}, {row.subject})" for row in rows[:_CANDIDATES]]
        more = ["…"] if len(rows) > _CANDIDATES else []
        raise CratecheckError(
            f"{prefix!r} begins the keys of several violations", mend=f"Give more digits: {', '.join(names + more)}."
        )
    return Violation.of(rows[0])


def _unknown(key: str) -> CratecheckError:
    return CratecheckError(f"there is no violation {key!r}", mend="`cratecheck violations list` shows them all.")


def counts(
    connection: Connection, policy: str, rule: str, dataset: str, *, formerly: Iterable[str] = ()
) -> dict[State, int]:
    """Count the violations of a rule in a dataset by state, under former ids too; a state without any counts 0."""
    numbers = (
        select(violations.c.state, func.count().label("number"))
        .where(violations.c.policy == policy, violations.c.rule.in_([rule, *formerly]), violations.c.dataset == dataset)
        .group_by(violations.c.state)
    )
    counted: dict[str, int] = {row.state: row.number for row in connection.execute(numbers)}
    return {state: counted.get(state, 0) for state in STATES}
