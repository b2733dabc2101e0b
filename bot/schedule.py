"""The schedule: what policies ask for happens once at each due time, in however many processes, late rather than never.

APScheduler is the alarm clock, with its jobs in memory, made anew from the active policies. When it rings, or at any
look in between, a policy is attended to: what was last due is found from the timing itself, claimed as a (job, due) row
before the work, and done. What was missed while nothing ran is done once, late, and says so; what only had to wait for
an audit to end is not late.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import func, insert, or_, select, update

from audit_core.catalogue.leases import LeaseHeld, hold
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, StoreError
from audit_core.ledger.policies import effective
from audit_core.ledger.tables import runs
from bot.digest import give_out
from bot.due import last_due, trigger_for
from bot.overdue import WEEKLY, overdue_from, remind
from bot.policies import Policies
from bot.tables import job_runs
from rules.language.policy import Policy
from rules.language.schedule import Timing

__all__ = ["Schedule"]

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = timedelta(seconds=30)
_ON_TIME: Final = timedelta(minutes=2)


class Schedule:
    """Does what policies schedule, from threads of its own, between `start` and `stop`.

    Parameters
    ----------
    store : Store
    policies : Policies
    audit : callable
        Audits, by all active policies.
    done : callable, optional
        Called after each job: wakes who announces and sends.
    refresh : callable, optional
        Called at the start and every `refresh_every`: asks Slack who is in its groups.
    names : mapping, optional
        Of people, for digests.
    """

    def __init__(
        self,
        store: Store,
        policies: Policies,
        *,
        audit: Callable[[], object],
        clock: Clock = utc_now,
        done: Callable[[], object] = lambda: None,
        refresh: Callable[[], object] | None = None,
        refresh_every: timedelta = timedelta(minutes=5),
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._policies = policies
        self._audit = audit
        self._clock = clock
        self._done = done
        self._refresh = refresh
        self._refresh_every = refresh_every
        self._names = dict(names or {})
        self._one_audit = threading.Lock()
        self._at_it: dict[str, threading.Lock] = {}  # one a policy
        self._noticed: dict[str, tuple[datetime, datetime]] = {}  # of a job: what is due, and when that was first seen
        self._alarms: dict[str, str] = {}
        self._claimant = f"{socket.gethostname()}:{os.getpid()}"
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # Who belongs to a group is learnt however long an audit takes.
            executors={"default": ThreadPoolExecutor(4), "refresh": ThreadPoolExecutor(1)},
            # Two: while the one is inside an audit, the other finds it so and goes.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 2},
        )

    def start(self) -> None:
        """Set the alarms, and do at once what was missed."""
        self._scheduler.add_job(self.look, "interval", seconds=_LOOK_EVERY.total_seconds(), id="look")
        self._scheduler.add_job(self.look, id="first look")
        if self._refresh is not None:
            every = self._refresh_every.total_seconds()
            self._scheduler.add_job(self._refresh, "interval", seconds=every, id="refresh", executor="refresh")
            self._scheduler.add_job(self._refresh, id="first refresh", executor="refresh")
        self._scheduler.start()

    def stop(self) -> None:
        """Take no more jobs on, and wait for those that run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def look(self) -> None:
        """Set the alarms for the policies that are active now, and attend to each."""
        with self._store.read() as connection:
            policies = self._policies.readable(connection)
        self._set_alarms(policies)
        for policy in sorted(policies):
            try:
                self.attend(policy)
            except Exception:  # it must not hold up the others
                logger.exception("what the policy %s schedules waits", policy)

    def attend(self, policy_id: str) -> None:
        """Do what a policy has due: its audit first, so that its digest tells of it.

        Waits for nobody: what another thread or process is at, or keeps from being done, is left to the next look.
        """
        with self._store.read() as connection:
            policy = self._policies.readable(connection).get(policy_id)
        if policy is None:
            return
        for job, timing in _jobs(policy).items():
            self._waits(job, policy, timing)  # and so is noticed in time, though it may have to wait
        at_it = self._at_it.setdefault(policy_id, threading.Lock())
        if not at_it.acquire(blocking=False):
            return
        try:
            for job, timing in _jobs(policy).items():
                if not self._attended(job, policy, timing):
                    return
        finally:
            at_it.release()

    def _attended(self, job: str, policy: Policy, timing: Timing) -> bool:
        """Do a job if it is due; False if it has to wait."""
        if self._waits(job, policy, timing) is None:
            return True
        is_audit = job.startswith("audit:")
        if is_audit and not self._one_audit.acquire(blocking=False):
            logger.info("%s waits: another audit is running", job)
            return False
        try:
            with hold(self._store, f"job:{job}", clock=self._clock):
                self._do(job, policy, timing)
        except LeaseHeld as held:
            logger.info("%s waits: %s", job, held)
            return False
        except StoreError as error:
            logger.warning("%s waits: %s", job, error)
            return False
        finally:
            if is_audit:
                self._one_audit.release()
        return True

    def _waits(self, job: str, policy: Policy, timing: Timing) -> datetime | None:
        """Find what is due and not done. What a process claimed and died over counts as not done."""
        now = self._clock()
        settled = or_(job_runs.c.finished_at.is_not(None), job_runs.c.failed.is_not(None))
        past = job_runs.c.due <= now  # a clock that once ran ahead holds nothing up
        with self._store.read() as connection:
            its_text = effective(connection, now).get(policy.id)
            last = connection.scalar(
                select(func.max(job_runs.c.due, type_=job_runs.c.due.type)).where(job_runs.c.job == job, settled, past)
            )
        if its_text is None:
            return None
        after = last or its_text.effective_at
        if job.startswith("review:") and (overdue := overdue_from(policy)):
            after = max(after, overdue)
        due = last_due(timing, policy.zone, after=after, until=now)
        if due is not None and self._noticed.get(job, (None, now))[0] != due:
            self._noticed[job] = due, now
        return due

    def _do(self, job: str, policy: Policy, timing: Timing) -> None:
        due = self._waits(job, policy, timing)  # again, now that nobody else is at it
        if due is None:
            return
        late = self._claim(job, due)
        try:
            if job.startswith("audit:"):
                self._run_audit(due)
            elif job.startswith("review:"):
                self._remind(policy, due, late)
            else:
                self._run_digest(policy, due, late)
        except StoreError:
            raise  # the database is busy or full: what was claimed stays to be done
        except CratecheckError as error:
            logger.error("%s, due %s, failed: %s", job, due.isoformat(), error)
            self._close(job, due, failed=str(error))
        except Exception as error:
            logger.exception("%s, due %s, failed", job, due.isoformat())
            self._close(job, due, failed=f"{type(error).__name__}: {error}")
        else:
            self._close(job, due)
            logger.info("%s, due %s, is done%s", job, due.isoformat(), " late" if late else "")
        self._done()

    def _claim(self, job: str, due: datetime) -> bool:
        now = self._clock()
        noticed, at = self._noticed.get(job, (due, now))
        late = (at if noticed == due else now) - due > _ON_TIME
        mine = {"claimed_by": self._claimant, "claimed_at": now, "late": late}
        this = job_runs.c.job == job, job_runs.c.due == due
        with self._store.write() as connection:
            missed = job_runs.c.job == job, job_runs.c.due < due, job_runs.c.finished_at.is_(None)
            connection.execute(
                update(job_runs).where(*missed, job_runs.c.failed.is_(None)).values(failed="its process ended")
            )
            if connection.execute(update(job_runs).where(*this).values(**mine)).rowcount == 0:
                connection.execute(insert(job_runs).values(job=job, due=due, **mine))
        return late

    def _close(self, job: str, due: datetime, *, failed: str | None = None) -> None:
        this = job_runs.c.job == job, job_runs.c.due == due
        with self._store.write() as connection:
            connection.execute(update(job_runs).where(*this).values(finished_at=self._clock(), failed=failed))

    def _run_audit(self, due: datetime) -> None:
        begun, judged_by, now = runs.c.started_at, runs.c.as_of, self._clock()
        since = begun >= due, begun <= now, judged_by >= due, judged_by <= now
        with self._store.read() as connection:
            if connection.execute(select(runs.c.id).where(runs.c.finished_at.is_not(None), *since)).first() is not None:
                return  # an audit applies every active policy: one begun since then has done this
        self._audit()

    def _run_digest(self, policy: Policy, due: datetime, late: bool) -> None:
        with self._store.write() as connection:
            give_out(
                connection,
                policy.id,
                policy.title,
                channel=policy.review.channel,
                due=due,
                now=self._clock(),
                late=late,
                names=self._names,
            )

    def _remind(self, policy: Policy, due: datetime, late: bool) -> None:
        with self._store.write() as connection:
            remind(connection, policy, due=due, now=self._clock(), late=late)

    def _set_alarms(self, policies: Mapping[str, Policy]) -> None:
        wanted = {job: (policy, timing) for policy in policies.values() for job, timing in _jobs(policy).items()}
        for job in [job for job in self._alarms if job not in wanted]:
            self._remove(job)
        for job, (policy, timing) in wanted.items():
            if self._alarms.get(job) != policy.sha256:
                trigger = trigger_for(timing, policy.zone)
                self._scheduler.add_job(self.attend, trigger, [policy.id], id=job, replace_existing=True)
                self._alarms[job] = policy.sha256

    def _remove(self, job: str) -> None:
        del self._alarms[job]
        try:
            self._scheduler.remove_job(job)
        except JobLookupError:
            logger.debug("the alarm of %s was gone", job)


def _jobs(policy: Policy) -> dict[str, Timing]:
    """Name what a policy schedules, with its timing: the audit first; and the word to its owner, past its day."""
    schedule = policy.schedule
    planned = {
        "audit": schedule.run if schedule else None,
        "digest": schedule.digest if schedule else None,
        "review": WEEKLY if policy.review_by else None,
    }
    return {f"{kind}:{policy.id}": timing for kind, timing in planned.items() if timing is not None}
