"""The loop that sends what the outbox holds: one lane a channel, held by a lease, paced, and each post once.

Before a post the row says that it is being tried; a row that was tried and not recorded as sent, for we were killed or
Slack did not answer, is first looked up in the channel by the token that every message carries. A reply waits for its
parent. An edit is made when it is sent, so that it shows what is so then.

A channel that does not take our messages is tried again every ten minutes; until then the outbox says why they wait.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final

from slack_sdk import WebClient
from sqlalchemy import ColumnElement, Connection, Select, Update, and_, case, func, literal, or_, select, update

from audit_core.catalogue.leases import Lease, hold, try_acquire
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import leases
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, StoreError
from bot.messages.kit import Message
from bot.outbox import Pending, is_message
from bot.posting import Gone, Later, LockedOut, Place, Refused, Shut, channel_named, edit, is_shared, looked_up, post
from bot.tables import outbox

__all__ = ["Sender"]

logger = logging.getLogger(__name__)

_LEASE_S: Final = 45.0  # longer than a call may take
_POLL_S: Final = 0.5
_LANES: Final = 8
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 600.0
_DOUBLINGS: Final = 10  # to the longest wait and past it
_LOOK_UP_AFTER_S: Final = 15.0  # Slack may still be taking a message whose answer never came
_SHUT_FOR_S: Final = 600.0
_LANE_RESTS_S: Final = 5.0
_LOCKED_OUT_RESTS_S: Final = 60.0

Render = Callable[[Connection, Pending], Message | None]


class Sender:
    """Sends what the outbox holds, from threads of its own, between `start` and `stop`.

    Parameters
    ----------
    store : Store
    client : WebClient
        Of `posting.client_for`: it must not retry by itself.
    render : callable
        Says what a row's message is now; None if there is nothing to say any more.
    before : sequence of callables, optional
        Done before each look into the outbox, as announcing runs that have finished. One that fails holds up no other,
        and nothing that waits.
    pace_s : float
        Between two messages into one channel; Slack takes about one a second.
    look_up_after_s : float
        How long after an attempt whose end is unknown the message is looked for in the channel.
    """

    def __init__(
        self,
        store: Store,
        client: WebClient,
        render: Render,
        *,
        before: Sequence[Callable[[], object]] = (),
        clock: Clock = utc_now,
        pace_s: float = 1.0,
        first_wait_s: float = _FIRST_WAIT_S,
        look_up_after_s: float = _LOOK_UP_AFTER_S,
    ) -> None:
        self._store = store
        self._client = client
        self._render = render
        self._before = before
        self._clock = clock
        self._pace_s = pace_s
        self._first_wait_s = first_wait_s
        self._look_up_after_s = look_up_after_s
        self._channels: dict[str, str] = {}
        self._resting: dict[str, float] = {}
        self._posted: dict[str, float] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lanes = ThreadPoolExecutor(_LANES, thread_name_prefix="lane")
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._stumble: str | None = None
        self._locked_out: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why not all can be announced or sent; None if all is well."""
        return self._stumble or self._locked_out

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is being sent."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._lanes.shutdown()

    def wake(self) -> None:
        """Look into the outbox now: something was put there."""
        self._wake.set()

    def drained(self, timeout_s: float = 10.0) -> bool:
        """Announce what is to be announced, and wait until all is sent that Slack takes; True if so in time."""
        for step in self._before:
            step()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self._wake.set()
            with self._store.read() as connection:
                left = connection.execute(_LEFT.limit(1)).first()
            if left is None and not self._busy:
                return True
            time.sleep(0.02)
        return False

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            stumbles = [stumble for step in (*self._before, self._open_due) if (stumble := _stumble_of(step))]
            self._stumble = "; ".join(stumbles) or None
            self._wake.wait(_POLL_S)

    def _open_due(self) -> None:
        for channel in self._due():
            self._open(channel)

    def _due(self) -> list[str]:
        with self._store.read() as connection:
            return list(connection.scalars(select(outbox.c.channel).where(_PENDING, self._ripe()).distinct()))

    def _ripe(self) -> ColumnElement[bool]:
        now = self._clock()
        rests = select(leases.c.name).where(
            leases.c.name == literal(_REST) + outbox.c.channel, leases.c.expires_at > now
        )
        return and_(or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now), ~rests.exists())

    def _open(self, channel: str) -> None:
        with self._lock:
            if channel in self._busy or self._resting.get(channel, 0.0) > time.monotonic():
                return
            self._busy.add(channel)
        self._lanes.submit(self._lane, channel)

    def _lane(self, channel: str) -> None:
        try:
            with hold(self._store, f"lane:{channel}", clock=self._clock, ttl_s=_LEASE_S) as lease:
                while not self._stopping.is_set() and (row := self._next(channel)) is not None:
                    self._send(row, lease)
                    if self._resting.get(channel, 0.0) > time.monotonic():
                        return
        except StoreError as error:  # another process has the lane, or the database is busy or full
            logger.info("#%s rests: %s", channel, error)
            self._rest(channel, _LANE_RESTS_S)
        except Exception:
            logger.exception("#%s: its lane broke off", channel)
            self._rest(channel, _LANE_RESTS_S)
            raise
        finally:
            with self._lock:
                self._busy.discard(channel)

    def _next(self, channel: str) -> Pending | None:
        wanted = (
            select(*(outbox.c[name] for name in Pending.__dataclass_fields__))
            .select_from(_WITH_PARENT)
            .where(outbox.c.channel == channel, _PENDING, self._ripe(), _POSTABLE)
            .order_by(outbox.c.id)
            .limit(1)
        )
        with self._store.read() as connection:
            row = connection.execute(wanted).one_or_none()
        return Pending(**row._mapping) if row else None

    def _send(self, row: Pending, lease: Lease) -> None:
        try:
            with self._store.read() as connection:
                message = self._render(connection, row)
                thread_ts = _thread_ts(connection, row)
        except StoreError:
            raise
        except Refused as refusal:  # not by Slack: what was asked for may not be said any more
            self._fail(row, str(refusal))
            return
        except Exception as error:  # it must not hold up the channel
            logger.exception("#%s: %s can't be made", row.channel, row.subject)
            self._postpone(row, Later(f"it can't be made: {error}", unsure=False), rests=False)
            return
        if message is None:
            self._record(row, None, row.shown)
            return
        shown = _digest(message)
        try:
            if row.ts is None:
                self._post_once(row, lease, message, thread_ts)
            elif shown != row.shown:
                self._keep_pace(row.channel)
                edit(self._client, Place(row.channel_id or "", row.ts), message)
                self._record(row, None, shown)
            else:
                self._record(row, None, shown)
            self._locked_out = None
        except Gone:
            self._forget(row, thread_ts)
        except Shut as why:
            self._shut(row, str(why))
        except Refused as refusal:
            self._fail(row, str(refusal))
        except Later as later:
            self._postpone(row, later)
        except LockedOut as error:
            self._locked_out = f"Slack does not take the token: {error}"
            logger.error("#%s: nothing can be sent: %s", row.channel, self._locked_out)
            self._untried(row)
            self._rest(row.channel, _LOCKED_OUT_RESTS_S)

    def _post_once(self, row: Pending, lease: Lease, message: Message, thread_ts: str | None) -> None:
        channel_id = self._channel_id(row.channel)
        place: Place | None = None
        if row.attempted_at is not None:
            place = self._looked_up(row, message, channel_id, thread_ts, row.attempted_at)
        if place is None:
            self._keep_pace(row.channel)
            with self._store.write() as connection:
                lease.confirm(connection)
                now = self._clock()
                looked_for = now + timedelta(seconds=self._look_up_after_s)  # should we be killed meanwhile
                tried = _the_same(row).values(attempted_at=row.attempted_at or now, not_before=looked_for)
                if connection.execute(tried).rowcount == 0:
                    return  # its policy names another channel now
            place = post(self._client, channel_id, message, row.token, thread_ts=thread_ts)
        self._record(row, place, _digest(message))

    def _looked_up(
        self, row: Pending, message: Message, channel_id: str, thread_ts: str | None, since: datetime
    ) -> Place | None:
        """Look whether Slack has a message from an earlier attempt: by its token, or by the files that it brings."""
        if not message.files:
            return looked_up(self._client, channel_id, row.token, thread_ts=thread_ts, since=since)
        try:
            shared = is_shared(self._client, message.files[0].id, channel_id)
        except Gone as gone:  # not the thread, as elsewhere, but the file
            raise Refused(str(gone)) from gone
        return Place(channel_id, None) if shared else None

    def _channel_id(self, name: str) -> str:
        if name not in self._channels:
            self._channels[name] = channel_named(self._client, name)
        return self._channels[name]

    def _keep_pace(self, channel: str) -> None:
        wait = self._posted.get(channel, 0.0) + self._pace_s - time.monotonic()
        if wait > 0:
            self._stopping.wait(wait)
        self._posted[channel] = time.monotonic()

    def _record(self, row: Pending, place: Place | None, shown: str | None) -> None:
        # What was asked for while this was on its way is still to be sent.
        now = literal(self._clock(), outbox.c.sent_at.type)
        sent_at = case((outbox.c.asked == row.asked, now), else_=None)
        where = {"channel_id": place.channel_id, "ts": place.ts} if place else {}
        waits_for_channel = outbox.c.channel == row.channel, _PENDING, outbox.c.failed.is_not(None)
        with self._store.write() as connection:
            if place:  # it is open again
                connection.execute(update(outbox).where(*waits_for_channel).values(failed=None, not_before=None))
            recorded = {"sent_at": sent_at, "shown": shown, "attempts": 0, "failed": None, "not_before": None, **where}
            connection.execute(_the_same(row).values(recorded))

    def _forget(self, row: Pending, thread_ts: str | None) -> None:
        """Ask anew for what was deleted in Slack: the message, or, while it was on its way, the head of its thread."""
        again = {"channel_id": None, "ts": None, "shown": None, "attempted_at": None, "not_before": None}
        if row.ts is None:
            logger.warning("#%s: %s was deleted in Slack and is posted again", row.channel, row.parent)
            head = update(outbox).where(outbox.c.subject == row.parent, outbox.c.ts == thread_ts)
            with self._store.write() as connection:
                connection.execute(head.values(sent_at=None, asked=outbox.c.asked + 1, **again))
                connection.execute(_the_same(row).values(attempted_at=None))
            self._postpone(row, Later("its thread is gone", unsure=False), rests=False)
            return
        logger.warning("#%s: %s was deleted in Slack and is posted again", row.channel, row.subject)
        where_parent_is = select(_PARENT.c.channel).where(_PARENT.c.subject == row.parent).scalar_subquery()
        self._change(row, channel=func.coalesce(where_parent_is, row.channel), **again)

    def _shut(self, row: Pending, why: str) -> None:
        """Let all that is to be sent into a channel wait until somebody may have opened it."""
        logger.error("#%s: nothing can be sent: %s", row.channel, why)
        self._channels.pop(row.channel, None)
        self._untried(row)
        wait = {
            "failed": f"#{row.channel}: {why}; tried again every ten minutes",
            "not_before": self._clock() + timedelta(seconds=_SHUT_FOR_S),
        }
        with self._store.write() as connection:
            connection.execute(update(outbox).where(outbox.c.channel == row.channel, _PENDING).values(wait))

    def _untried(self, row: Pending) -> None:
        if row.ts is None:
            self._change(row, attempted_at=row.attempted_at, not_before=None)

    def _postpone(self, row: Pending, later: Later, *, rests: bool = True) -> None:
        wait = later.after_s
        if wait is None:
            wait = min(self._first_wait_s * 2.0 ** min(row.attempts, _DOUBLINGS), _LONGEST_WAIT_S)
        if row.ts is None and later.unsure:
            wait = max(wait, self._look_up_after_s)
        logger.warning("#%s: %s waits %.1f s: %s", row.channel, row.subject, wait, later)
        again: dict[str, Any] = {"not_before": self._clock() + timedelta(seconds=wait), "attempts": row.attempts + 1}
        if row.ts is None and not later.unsure:
            again["attempted_at"] = row.attempted_at
        self._change(row, **again)
        # Slack's own wait is the channel's. After a fault of one message, the next may go before it is tried again.
        if later.after_s is not None:
            with self._store.write() as connection:  # for other processes, and for us after a restart
                try_acquire(connection, f"{_REST}{row.channel}", "Slack", now=self._clock(), ttl_s=wait)
        if rests:
            self._rest(row.channel, wait if later.after_s is not None else min(wait, _LANE_RESTS_S))

    def _fail(self, row: Pending, why: str) -> None:
        logger.error("#%s: %s is refused: %s", row.channel, row.subject, why)
        self._change(row, failed=why, not_before=None)

    def _rest(self, channel: str, seconds: float) -> None:
        self._resting[channel] = time.monotonic() + seconds

    def _change(self, row: Pending, **values: Any) -> None:
        with self._store.write() as connection:
            connection.execute(_the_same(row).values(**values))


_REST: Final = "rest of #"  # a lease that Slack holds while it wants a channel to be left alone
_PARENT = outbox.alias("parent")
_WITH_PARENT = outbox.outerjoin(_PARENT, _PARENT.c.subject == outbox.c.parent)
_PENDING = and_(
    is_message(), outbox.c.sent_at.is_(None), or_(outbox.c.failed.is_(None), outbox.c.not_before.is_not(None))
)
_POSTABLE = or_(outbox.c.parent.is_(None), _PARENT.c.ts.is_not(None))
_LEFT: Select[tuple[int]] = (
    select(outbox.c.id)
    .select_from(_WITH_PARENT)
    .where(
        is_message(), outbox.c.sent_at.is_(None), outbox.c.failed.is_(None), or_(_POSTABLE, _PARENT.c.failed.is_(None))
    )
)


def _stumble_of(step: Callable[[], object]) -> str | None:
    """Do something, and say why it could not be done; None if all is well."""
    try:
        step()
    except CratecheckError as error:
        logger.error("not all can be announced or sent: %s", error)
        return str(error)
    except Exception as error:
        logger.exception("not all can be announced or sent")
        return f"{type(error).__name__}: {error}"
    return None


def _the_same(row: Pending) -> Update:
    """Change a row, unless it was moved to another channel since it was read."""
    return update(outbox).where(outbox.c.id == row.id, outbox.c.token == row.token)


def _thread_ts(connection: Connection, row: Pending) -> str | None:
    if row.parent is None:
        return None
    # By number: the parent may have got another subject since the row was read.
    ts: str | None = connection.scalar(select(_PARENT.c.ts).select_from(_WITH_PARENT).where(outbox.c.id == row.id))
    return ts


def _digest(message: Message) -> str:
    shown = json.dumps([message.text, message.blocks], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()
