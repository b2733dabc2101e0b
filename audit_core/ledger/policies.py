"""Policy texts: what is in force when, and every text that ever was, by its SHA-256. What they mean is not known here.

Each activation is a row for good. In force at a moment is, of each policy, the last activation among those that are
effective by then: a text that takes force next month leaves the one before in force until then, and one that is
activated after it puts it aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from audit_core.errors import LedgerBroken
from audit_core.ledger.chain import Via, append, instant, lock
from audit_core.ledger.tables import policy_activations, policy_texts

__all__ = [
    "Activated",
    "InForce",
    "activate_text",
    "activated_last",
    "activations",
    "effective",
    "in_force",
    "keep_text",
    "pending",
    "retire",
    "text_of",
    "text_sha256",
    "texts_like",
]


@dataclass(frozen=True, slots=True)
class Activated:
    """A text that was put in force, or a policy that was taken out of force.

    Attributes
    ----------
    seq : int
        Of the ledger's entry.
    sha256 : str or None
        The text's address; None: the policy was retired.
    effective_at : datetime
        From when it counts; never before `at`.
    at, person, via : datetime, str, str
        When, by whom (the last one to confirm it) and through what.
    proposal_id : str or None
        The proposal that was confirmed.
    commit : str or None
        Of the git checkout in which the file lay.
    """

    seq: int
    policy: str
    sha256: str | None
    effective_at: datetime
    at: datetime
    person: str
    via: str
    proposal_id: str | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class InForce(Activated):
    """A text in force, with the text itself."""

    sha256: str
    text: str


def text_sha256(text: str) -> str:
    """Give the address of a policy's text: the SHA-256, in hex, of its UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def keep_text(connection: Connection, policy: str, text: str) -> str:
    """Keep a text under its address, which is given back; the caller's entry in the ledger must name it."""
    sha256 = text_sha256(text)
    if text_of(connection, sha256) is None:
        connection.execute(insert(policy_texts).values(sha256=sha256, policy=policy, text=text))
    return sha256


def activate_text(
    connection: Connection,
    policy: str,
    text: str,
    *,
    actor: str,
    via: Via,
    at: datetime,
    effective_at: datetime | None = None,
    proposal_id: str | None = None,
    commit: str | None = None,
) -> str:
    """Put a text of a policy in force, within the caller's write transaction.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    policy : str
        The policy's name.
    text : str
        Its text, byte for byte as it was read.
    actor, via, at : str, str, datetime
        Who activates it, through what, when.
    effective_at : datetime, optional
        From when it counts, if that is still to come.
    proposal_id, commit : str, optional
        The proposal that was confirmed; the commit that the file was of.

    Returns
    -------
    sha256 : str
        The text's address. If this is what was activated last, nothing is written.
    """
    lock(connection)
    last = activated_last(connection, policy)
    sha256 = text_sha256(text)
    if last is not None and last.sha256 == sha256:
        return sha256
    keep_text(connection, policy, text)
    payload = {"policy": policy, "sha256": sha256, "replaced": last.sha256 if last else None}
    since = max(at, effective_at or at)
    _add(connection, "activation", payload, actor, via, at, since, proposal_id, commit)
    return sha256


def retire(
    connection: Connection,
    policy: str,
    *,
    actor: str,
    via: Via,
    at: datetime,
    proposal_id: str | None = None,
    commit: str | None = None,
) -> bool:
    """Let no further audit apply a policy; say whether it was active. Its texts stay."""
    lock(connection)
    last = activated_last(connection, policy)
    if last is None or last.sha256 is None:
        return False
    _add(
        connection,
        "retirement",
        {"policy": policy, "replaced": last.sha256},
        actor,
        via,
        at,
        at,
        proposal_id,
        commit,
    )
    return True


def _add(
    connection: Connection,
    kind: str,
    payload: Mapping[str, Any],
    actor: str,
    via: Via,
    at: datetime,
    effective_at: datetime,
    proposal_id: str | None,
    commit: str | None,
) -> None:
    further: dict[str, str | None] = {"proposal": proposal_id, "commit": commit}
    if effective_at != at:
        further["effective_at"] = instant(effective_at)
    said = {**payload, **{name: value for name, value in further.items() if value is not None}}
    entry = append(connection, kind=kind, actor=actor, via=via, at=at, payload=said)
    connection.execute(
        insert(policy_activations).values(
            seq=entry.seq,
            policy=payload["policy"],
            sha256=payload.get("sha256"),
            effective_at=effective_at,
            at=at,
            person=actor,
            via=via,
            proposal_id=proposal_id,
            git_commit=commit,
        )
    )


def effective(connection: Connection, at: datetime) -> dict[str, Activated]:
    """Read which texts are in force at a moment: by the policies' names, in order."""
    rows = select(policy_activations).where(
        policy_activations.c.seq.in_(_last(at)), policy_activations.c.sha256.is_not(None)
    )
    return {
        row.policy: Activated(**_plain(row)) for row in connection.execute(rows.order_by(policy_activations.c.policy))
    }


def in_force(connection: Connection, at: datetime) -> dict[str, InForce]:
    """Read what is in force at a moment, texts and all: by the policies' names, in order.

    Raises
    ------
    LedgerBroken
        If a text is not what its SHA-256 says.
    """
    rows = (
        select(policy_activations, policy_texts.c.text)
        .outerjoin(policy_texts, policy_texts.c.sha256 == policy_activations.c.sha256)
        .where(policy_activations.c.seq.in_(_last(at)), policy_activations.c.sha256.is_not(None))
        .order_by(policy_activations.c.policy)
    )
    return {row.policy: _with_text(row) for row in connection.execute(rows)}


def pending(connection: Connection, at: datetime) -> list[InForce]:
    """Read what takes force after a moment, as far as nothing was activated since that puts it aside; in that order."""
    later = policy_activations.alias("later")
    put_aside = select(later.c.seq).where(
        later.c.policy == policy_activations.c.policy,
        later.c.seq > policy_activations.c.seq,
        later.c.effective_at <= policy_activations.c.effective_at,
    )
    waiting = (
        select(policy_activations, policy_texts.c.text)
        .outerjoin(policy_texts, policy_texts.c.sha256 == policy_activations.c.sha256)
        .where(policy_activations.c.effective_at > at, policy_activations.c.sha256.is_not(None), ~put_aside.exists())
        .order_by(policy_activations.c.effective_at, policy_activations.c.policy)
    )
    return [_with_text(row) for row in connection.execute(waiting)]


def activated_last(connection: Connection, policy: str) -> Activated | None:
    """Find what was activated last of a policy, in force already or not; None if nothing ever was."""
    newest = select(policy_activations).where(policy_activations.c.policy == policy)
    row = connection.execute(newest.order_by(policy_activations.c.seq.desc()).limit(1)).one_or_none()
    return Activated(**_plain(row)) if row else None


def activations(connection: Connection, policy: str | None = None) -> list[Activated]:
    """Read all activations and retirements, of one policy or of all, the oldest first."""
    rows = select(policy_activations).order_by(policy_activations.c.seq)
    if policy is not None:
        rows = rows.where(policy_activations.c.policy == policy)
    return [Activated(**_plain(row)) for row in connection.execute(rows)]


def _last(at: datetime) -> Select[tuple[int]]:
    by_then = policy_activations.c.effective_at <= at
    return select(func.max(policy_activations.c.seq)).where(by_then).group_by(policy_activations.c.policy)


def _plain(row: Row[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {**row._mapping}
    named.pop("text", None)
    named["commit"] = named.pop("git_commit")
    return named


def _with_text(row: Row[Any]) -> InForce:
    _demand_unaltered(row.policy, row.sha256, row.text)
    return InForce(**_plain(row), text=row.text)


def text_of(connection: Connection, sha256: str) -> str | None:
    """Find a policy text by its SHA-256; None if there never was one.

    Raises
    ------
    LedgerBroken
        If the text is not what its SHA-256 says: it is not to be applied, nor to be shown for what was activated.
    """
    kept = select(policy_texts.c.policy, policy_texts.c.text).where(policy_texts.c.sha256 == sha256)
    row = connection.execute(kept).one_or_none()
    if row is None:
        return None
    _demand_unaltered(row.policy, sha256, row.text)
    text: str = row.text
    return text


def _demand_unaltered(policy: str, sha256: str, text: object) -> None:
    if isinstance(text, str) and hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest() == sha256:
        return
    what = f"the text {sha256[:12]} of the policy {policy} {'is missing' if text is None else 'was altered'}"
    mend = "`cratecheck ledger verify` says more. Restore the database from a backup."
    raise LedgerBroken(f"{what} in the database, and is not applied", mend=mend)


def texts_like(connection: Connection, digits: str) -> dict[str, str]:
    """Find the texts whose SHA-256 begins with some digits: by their SHA-256, the policies."""
    found = select(policy_texts.c.sha256, policy_texts.c.policy).where(
        policy_texts.c.sha256.startswith(digits.lower(), autoescape=True)
    )
    return {row.sha256: row.policy for row in connection.execute(found.order_by(policy_texts.c.sha256))}
