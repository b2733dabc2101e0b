"""Policy texts: what is active, and every text that ever was, by its SHA-256. What they mean is not known here."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from audit_core.ledger.chain import Via, append, lock
from audit_core.ledger.tables import active_policies, policy_texts

__all__ = ["activate_text", "active_texts", "retire", "text_of", "text_sha256"]


def text_sha256(text: str) -> str:
    """Give the address of a policy's text: the SHA-256, in hex, of its UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def activate_text(connection: Connection, policy: str, text: str, *, actor: str, via: Via, at: datetime) -> str:
    """Make a text the active one of a policy, within the caller's write transaction.

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

    Returns
    -------
    sha256 : str
        The text's address. If this text is active already, nothing is written.
    """
    lock(connection)
    sha256 = text_sha256(text)
    replaced = _active(connection, policy)
    if replaced == sha256:
        return sha256
    if text_of(connection, sha256) is None:
        connection.execute(insert(policy_texts).values(sha256=sha256, policy=policy, text=text))
    if replaced is None:
        row = insert(active_policies).values(policy=policy, sha256=sha256, activated_at=at, activated_by=actor)
        connection.execute(row)
    else:
        row_now = update(active_policies).where(active_policies.c.policy == policy)
        connection.execute(row_now.values(sha256=sha256, activated_at=at, activated_by=actor))
    payload = {"policy": policy, "sha256": sha256, "replaced": replaced}
    append(connection, kind="activation", actor=actor, via=via, at=at, payload=payload)
    return sha256


def retire(connection: Connection, policy: str, *, actor: str, via: Via, at: datetime) -> bool:
    """Let no further audit apply a policy; say whether it was active. Its texts stay."""
    lock(connection)
    replaced = _active(connection, policy)
    if replaced is None:
        return False
    connection.execute(delete(active_policies).where(active_policies.c.policy == policy))
    payload = {"policy": policy, "replaced": replaced}
    append(connection, kind="retirement", actor=actor, via=via, at=at, payload=payload)
    return True


def _active(connection: Connection, policy: str) -> str | None:
    active: str | None = connection.execute(
        select(active_policies.c.sha256).where(active_policies.c.policy == policy)
    ).scalar()
    return active


def active_texts(connection: Connection) -> dict[str, tuple[str, str]]:
    """Read the active policies: by name, in order, the SHA-256 and the text."""
    rows = connection.execute(
        select(active_policies.c.policy, policy_texts.c.sha256, policy_texts.c.text)
        .join(policy_texts, policy_texts.c.sha256 == active_policies.c.sha256)
        .order_by(active_policies.c.policy)
    )
    return {row.policy: (row.sha256, row.text) for row in rows}


def text_of(connection: Connection, sha256: str) -> str | None:
    """Find a policy text by its SHA-256; None if there never was one."""
    text: str | None = connection.execute(select(policy_texts.c.text).where(policy_texts.c.sha256 == sha256)).scalar()
    return text
