"""A right that one process holds for a while: to import, to audit, to post to a channel.

A lease is renewed while its holder works and runs out by itself when the holder dies. One whose holder is a dead
process of this machine is free at once, so that whoever starts again after a crash need not wait.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import leases
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, StoreError

__all__ = ["Lease", "LeaseHeld", "hold", "release", "renew", "try_acquire"]

logger = logging.getLogger(__name__)


class LeaseHeld(StoreError):
    """Another process has the lease."""


class Lease:
    """A lease that is held.

    Attributes
    ----------
    name, holder : str
        What of, and by whom.
    """

    def __init__(self, name: str, holder: str) -> None:
        self.name = name
        self.holder = holder

    def confirm(self, connection: Connection) -> None:
        """See, within a write, that nobody has taken the lease over, and let nobody do so before the write ends.

        Raises
        ------
        StoreError
            If somebody has: this process was stopped for longer than the lease lasts, or its clock is wrong.
        """
        its = select(leases.c.holder).where(leases.c.name == self.name).with_for_update()
        holder = connection.execute(its).scalar()
        if holder != self.holder:
            raise StoreError(
                f"another process took over the {self.name}, because this one was silent for too long",
                mend="What it had not finished is undone. Start it again.",
            )


@contextmanager
def hold(store: Store, name: str, *, clock: Clock = utc_now, ttl_s: float = 30.0) -> Iterator[Lease]:
    """Hold a lease while the block runs.

    Parameters
    ----------
    store : Store
        Where the lease is written.
    name : str
        Such as "import".
    clock : Clock
        What time it is.
    ttl_s : float
        How long the lease outlives its holder, in seconds. It is renewed three times as often.

    Raises
    ------
    LeaseHeld
        If another process holds it, saying which and since when.
    """
    holder = _this_process(clock())
    with store.write() as connection:
        now = clock()
        taken = try_acquire(connection, name, holder, now=now, ttl_s=ttl_s)
        if not taken:
            other = connection.execute(select(leases.c.holder).where(leases.c.name == name)).scalar_one()
            if _is_dead(other):
                logger.info("the %s of a process that died is taken over", name)
                release(connection, name, other)
                taken = try_acquire(connection, name, holder, now=now, ttl_s=ttl_s)
    if not taken:
        raise LeaseHeld(f"another {name} is running: {_described(other)}", mend="Wait for it to end, then try again.")
    ended = threading.Event()
    renewing = threading.Thread(
        target=_keep, args=(store, name, holder, ended, clock, ttl_s), name=f"lease of {name}", daemon=True
    )
    renewing.start()
    try:
        yield Lease(name, holder)
    finally:
        ended.set()
        renewing.join()
        try:
            with store.write() as connection:
                release(connection, name, holder)
        except (
            CratecheckError,
            SQLAlchemyError,
        ) as error:  # on a full disk, say, which is not to hide what went wrong before
            logger.warning("the lease of the %s is not given back, and runs out by itself: %s", name, error)


def try_acquire(connection: Connection, name: str, holder: str, *, now: datetime, ttl_s: float) -> bool:
    """Take a lease if it is free, has run out, or is the holder's own.

    Parameters
    ----------
    connection : Connection
        Of `Store.write`.
    name, holder : str
        What of, and for whom.
    now : datetime
        The present moment, in UTC.
    ttl_s : float
        For how long, in seconds.

    Returns
    -------
    taken : bool
        False if another holds it.
    """
    expires_at = now + timedelta(seconds=ttl_s)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    taken = insert(leases).values(name=name, holder=holder, expires_at=expires_at)
    taken = taken.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": holder, "expires_at": expires_at},
        where=or_(leases.c.expires_at <= now, leases.c.holder == holder),
    )
    return connection.execute(taken.returning(leases.c.name)).first() is not None


def renew(connection: Connection, name: str, holder: str, *, now: datetime, ttl_s: float) -> bool:
    """Prolong a lease that is held; False if another has it now."""
    prolonged = update(leases).where(leases.c.name == name, leases.c.holder == holder)
    return connection.execute(prolonged.values(expires_at=now + timedelta(seconds=ttl_s))).rowcount == 1


def release(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back; nothing happens if another has it."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def _keep(store: Store, name: str, holder: str, ended: threading.Event, clock: Clock, ttl_s: float) -> None:
    while not ended.wait(ttl_s / 3):
        try:
            with store.write() as connection:
                if not renew(connection, name, holder, now=clock(), ttl_s=ttl_s):
                    return  # the worker learns of it by `Lease.confirm`
        except (CratecheckError, SQLAlchemyError) as error:
            logger.warning("the lease of the %s could not be renewed: %s", name, error)


def _this_process(now: datetime) -> str:
    """Name this process so that another on the machine can tell whether it lives."""
    return f"{socket.gethostname()} {_process_space()} {os.getpid()} {secrets.token_hex(4)} {now:%Y-%m-%d %H:%M:%S}"


def _process_space() -> str:
    """Tell apart containers that share a host's name: a process number means something within one space only."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return "-"


def _is_dead(holder: str) -> bool:
    host, space, pid, *_ = [*holder.split(" "), "", "", ""]
    if (host, space) != (socket.gethostname(), _process_space()) or space == "-" or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _described(holder: str) -> str:
    parts = holder.split(" ", 4)
    if len(parts) < 5:
        return holder
    host, _, pid, _, since = parts
    return f"process {pid} on {host}, since {since} UTC"
