"""Tables on disk, and the import of them with what no test is about left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from audit_core.catalogue.store import Store
from audit_core.ingest.importer import import_files
from audit_core.ingest.mapping_file import parse_mapping
from audit_core.ingest.report import ImportReport

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Import(Protocol):
    """Imports a file's text or bytes, or a path; `mapping` is YAML, and None has it guessed."""

    def __call__(self, table: str | bytes | Path, mapping: str | None = ..., **options: Any) -> ImportReport: ...


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file: its content, then its name."""

    def write(content: str | bytes, name: str = "tracks.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def imported(store: Store, written: Callable[..., Path]) -> Import:
    """Imports into the dataset "crate", minute by minute."""
    minutes = iter(range(10_000))

    def run(table: str | bytes | Path, mapping: str | None = "key: id", **options: Any) -> ImportReport:
        path = table if isinstance(table, Path) else written(table, options.pop("name", "tracks.csv"))
        settings: dict[str, Any] = {
            "dataset": "crate",
            "mapping": None if mapping is None else parse_mapping(mapping.encode(), "mapping.yaml", name="mapping"),
            "actor": "nadia",
            "via": "cli",
            "clock": lambda: NOON + timedelta(minutes=next(minutes)),
            **options,
        }
        return import_files(store, settings.pop("paths", [path]), **settings)

    return run
