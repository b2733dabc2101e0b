"""A database of the version before keeps what was activated and retired, and its ledger holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from audit_core.catalogue import migrations
from audit_core.catalogue.store import Store
from audit_core.ledger.chain import append
from audit_core.ledger.policies import Activated, activations, in_force, text_sha256
from audit_core.ledger.verify import verify
from tests.support.ledger import START

TEXTS = {"first": "policy: release\n", "second": "policy: release\ntitle: é\n", "old": "policy: old\n"}
HOUR = timedelta(hours=1)


def steps(connection: Connection) -> None:
    """What the version before wrote: two texts of one policy, and another that was retired."""
    for name, number in (("first", 0), ("old", 1), ("second", 2)):
        policy, sha256 = TEXTS[name].split()[1], text_sha256(TEXTS[name])
        row = {"sha256": sha256, "policy": policy, "text": TEXTS[name]}
        connection.execute(text("INSERT INTO policy_text (sha256, policy, text) VALUES (:sha256, :policy, :text)"), row)
        said = {"policy": policy, "sha256": sha256, "replaced": None}
        append(connection, kind="activation", actor="lena", via="cli", at=START + number * HOUR, payload=said)
    said = {"policy": "old", "replaced": text_sha256(TEXTS["old"])}
    append(connection, kind="retirement", actor="otis", via="slack", at=START + 3 * HOUR, payload=said)
    connection.execute(
        text(
            "INSERT INTO active_policy (policy, sha256, activated_at, activated_by) VALUES ('release', :sha256, 0, 'x')"
        ),
        {"sha256": text_sha256(TEXTS["second"])},
    )


@contextmanager
def as_it_is(url: str) -> Iterator[Connection]:
    """Write to a database that is not brought up to date."""
    parsed = make_url(url)
    on_postgresql = parsed.get_backend_name() == "postgresql"
    engine = create_engine(parsed.set(drivername="postgresql+psycopg") if on_postgresql else parsed)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def before(database_url: str) -> str:
    """The address of a database of version 0002, with something in it."""
    with as_it_is(database_url) as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        steps(connection)
    return database_url


def test_what_was_activated_and_retired_is_carried_over(before: str) -> None:
    with Store(before) as store:
        with store.read() as connection:
            kept = activations(connection)
            now = in_force(connection, START + 4 * HOUR)
        assert verify(store).broken is None
    assert kept[0] == Activated(1, "release", text_sha256(TEXTS["first"]), START, START, "lena", "cli", None, None)
    assert [(one.seq, one.policy, one.person, one.via, one.effective_at) for one in kept[1:]] == [
        (2, "old", "lena", "cli", START + HOUR),
        (3, "release", "lena", "cli", START + 2 * HOUR),
        (4, "old", "otis", "slack", START + 3 * HOUR),
    ]
    assert [one.sha256 for one in kept[1:]] == [text_sha256(TEXTS["old"]), text_sha256(TEXTS["second"]), None]
    assert {policy: one.text for policy, one in now.items()} == {"release": TEXTS["second"]}


def test_a_ledger_that_was_altered_before_is_told_of_after(before: str) -> None:
    with as_it_is(before) as connection:
        connection.execute(text("DELETE FROM active_policy"))
        connection.execute(text("DELETE FROM policy_text WHERE text LIKE '%title%'"))
        connection.execute(text("UPDATE ledger SET payload = 'x' WHERE seq = 2"))
    with Store(before) as store:
        assert str(verify(store).broken).startswith("ledger row 2 does not match its hash")
        with store.read() as connection:
            assert [one.seq for one in activations(connection)] == [1, 4]
