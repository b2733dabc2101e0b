"""Brings a database to the shape that this program writes, once, under a lock, when it is opened.

The tables of the conversation stand here too: a database has one history.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from audit_core.errors import StoreError

__all__ = ["HEAD", "migrate"]

logger = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent
_LOCK = 0x63726174  # any number that all our processes share

#: The newest version that this program knows: the versions' file names begin with their numbers.
HEAD = max(found[1] for path in (_FOLDER / "versions").iterdir() if (found := re.match(r"(\d{4})_.+\.py$", path.name)))


def migrate(engine: Engine) -> None:
    """Bring the database to `HEAD`; one process does it, the others wait.

    Raises
    ------
    StoreError
        If the database was written by a newer Cratecheck.
    """
    with engine.connect() as connection:
        if _version(connection, engine) == HEAD:
            return
    with engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _version(connection, engine) != HEAD:
            _upgrade(connection)


def _version(connection: Connection, engine: Engine) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version > HEAD:
        raise StoreError(
            f"{engine.url.render_as_string(hide_password=True)}: written by a newer Cratecheck"
            f" (its version is {version}, this program knows {HEAD})",
            mend="Install the newer Cratecheck.",
        )
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    logger.info("bringing the database to version %s", HEAD)
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
