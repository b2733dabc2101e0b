"""The licence table that ships, read once."""

from __future__ import annotations

import pytest

from audit_core.rights import LicenceTable


@pytest.fixture(scope="session")
def table() -> LicenceTable:
    return LicenceTable.load()
