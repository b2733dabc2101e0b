"""What a workspace's settings stand for."""

from __future__ import annotations

from audit_core.rights import LicenceTable
from audit_core.settings import Settings

__all__ = ["licence_table"]


def licence_table(settings: Settings) -> LicenceTable:
    """Load the table of licences: the shipped one, and what the workspace adds to it."""
    return LicenceTable.load(*([settings.licences] if settings.licences else []))
