"""A house in service, on each database in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_core.catalogue.store import Store
from tests.support.conversation import House, house


@pytest.fixture(name="house")
def fixture_house(store: Store, tmp_path: Path) -> Iterator[House]:
    """A workspace in service, with a desk in place of Slack."""
    with house(store, tmp_path) as opened:
        yield opened
