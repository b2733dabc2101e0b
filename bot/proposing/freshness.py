"""Whether a preview is still of the catalogue and the audit that there are: people confirm what they were shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from audit_core.catalogue.snapshot import latest_revision
from audit_core.ledger.tables import runs

__all__ = ["is_stale", "made_of", "seen_of"]


def seen_of(preview: Mapping[str, Any]) -> str:
    """Name what a preview was made of, for a button: a click on an older preview is noticed."""
    return f"{preview.get('revision')}.{preview.get('run')}"


def is_stale(connection: Connection, preview: Mapping[str, Any]) -> bool:
    """Tell whether the catalogue was changed, or an audit finished, since a preview was made."""
    return any(preview.get(name, now) != now for name, now in made_of(connection).items())


def made_of(connection: Connection) -> dict[str, int]:
    """Give what a preview that is made now is made of: the catalogue's revision, and the last audit (0: none)."""
    newest = select(func.max(runs.c.id)).where(runs.c.finished_at.is_not(None))
    return {"revision": latest_revision(connection), "run": connection.execute(newest).scalar() or 0}
