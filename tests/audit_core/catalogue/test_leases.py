"""A lease is one process's at a time; it runs out when its holder dies, and at once if that can be seen."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from audit_core.catalogue.leases import Lease, hold, release, renew, try_acquire
from audit_core.catalogue.revisions import open_revision, publish
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import leases, revisions
from audit_core.clock import utc_now
from audit_core.errors import StoreError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_lease_that_is_held_is_refused_with_who_holds_it_since_when(store: Store) -> None:
    with (
        hold(store, "import", clock=lambda: NOON),
        pytest.raises(
            StoreError, match=rf"another import is running: process {os.getpid()} on .*since 2026-11-22 12:00:00"
        ),
        hold(store, "import", clock=lambda: NOON),
    ):
        pass


def test_a_lease_is_free_again_at_the_end_whatever_happened(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), hold(store, "import"):
        _ = 1 / 0
    with hold(store, "import"):
        pass


def test_two_leases_of_other_names_are_held_at_once(store: Store) -> None:
    with hold(store, "import"), hold(store, "audit"):
        pass


def test_a_lease_that_ran_out_goes_to_the_next(store: Store) -> None:
    with store.write() as connection:
        assert try_acquire(connection, "lane", "first", now=NOON, ttl_s=10)
        assert not try_acquire(connection, "lane", "second", now=NOON + timedelta(seconds=9), ttl_s=10)
        assert try_acquire(connection, "lane", "second", now=NOON + timedelta(seconds=10), ttl_s=10)
        assert not renew(connection, "lane", "first", now=NOON, ttl_s=10)
        assert renew(connection, "lane", "second", now=NOON + timedelta(seconds=15), ttl_s=10)
        assert not try_acquire(connection, "lane", "first", now=NOON + timedelta(seconds=24), ttl_s=10)


def test_a_holder_may_take_its_own_lease_again(store: Store) -> None:
    with store.write() as connection:
        assert try_acquire(connection, "lane", "first", now=NOON, ttl_s=10)
        assert try_acquire(connection, "lane", "first", now=NOON, ttl_s=20)


def test_nobody_releases_the_lease_of_another(store: Store) -> None:
    with store.write() as connection:
        try_acquire(connection, "lane", "first", now=NOON, ttl_s=10)
        release(connection, "lane", "second")
        assert not try_acquire(connection, "lane", "second", now=NOON, ttl_s=10)


def test_a_lease_is_renewed_while_it_is_held(store: Store) -> None:
    with hold(store, "import", ttl_s=0.3):
        time.sleep(0.6)
        with pytest.raises(StoreError, match="another import is running"), hold(store, "import", ttl_s=0.3):
            pass


def test_work_under_a_lease_that_was_taken_over_can_not_be_confirmed(store: Store) -> None:
    with hold(store, "import") as lease, store.write() as connection:
        lease.confirm(connection)
        connection.execute(update(leases).values(holder="another"))
        with pytest.raises(StoreError, match="another process took over the import"):
            lease.confirm(connection)
    with store.read() as connection:
        assert connection.execute(select(leases.c.holder)).scalar_one() == "another"


DIE_HOLDING = """
import os, sys
from audit_core.catalogue.leases import hold
from audit_core.catalogue.store import Store
with Store(sys.argv[1]) as store, hold(store, "import", ttl_s=3600):
    os._exit(1)
"""


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once(store: Store, database_url: str) -> None:
    subprocess.run([sys.executable, "-c", DIE_HOLDING, database_url], check=False)
    with store.read() as connection:
        assert connection.execute(select(leases.c.expires_at)).scalar_one() > utc_now()
    with hold(store, "import"):
        pass


@pytest.mark.parametrize("place", [0, 1], ids=["host", "process space"])
def test_a_process_that_can_not_be_seen_from_here_is_waited_for(store: Store, database_url: str, place: int) -> None:
    subprocess.run([sys.executable, "-c", DIE_HOLDING, database_url], check=False)
    with store.write() as connection:
        parts = connection.execute(select(leases.c.holder)).scalar_one().split(" ")
        parts[place] = "elsewhere"
        connection.execute(update(leases).values(holder=" ".join(parts)))
    with pytest.raises(StoreError, match="another import is running"), hold(store, "import"):
        pass


def test_nobody_takes_over_a_lease_within_a_write_that_confirmed_it(store: Store) -> None:
    with store.write() as connection:
        assert try_acquire(connection, "lane", "first", now=NOON, ttl_s=10)
    taken: list[bool] = []

    def take() -> None:
        with store.write() as connection:
            taken.append(try_acquire(connection, "lane", "second", now=NOON + timedelta(seconds=60), ttl_s=10))

    other = threading.Thread(target=take)
    with store.write() as connection:
        Lease("lane", "first").confirm(connection)
        other.start()
        other.join(timeout=0.3)
        assert taken == []
    other.join()
    assert taken == [True]
    with store.write() as connection, pytest.raises(StoreError, match="another process took over"):
        Lease("lane", "first").confirm(connection)


def test_a_revision_that_was_undone_is_not_published(store: Store) -> None:
    with store.write() as connection:
        _, revision = open_revision(connection, "crate", actor="ada", origin="a.csv", at=NOON)
        connection.execute(update(revisions).where(revisions.c.id == revision).values(abandoned_at=NOON))
    with store.write() as connection, pytest.raises(StoreError, match="was undone by another process"):
        publish(connection, revision, counts={}, at=NOON)


def test_a_lease_is_renewed_again_after_the_database_was_out_of_reach(store: Store) -> None:
    with hold(store, "import", ttl_s=0.3) as lease:
        with store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE lease RENAME TO mislaid")
        time.sleep(0.3)
        with store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE mislaid RENAME TO lease")
            before = connection.execute(select(leases.c.expires_at)).scalar_one()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with store.write() as connection:
                lease.confirm(connection)
                if connection.execute(select(leases.c.expires_at)).scalar_one() > before:
                    return
            time.sleep(0.05)
        pytest.fail("it was renewed no more")
