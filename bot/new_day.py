"""A new day: what parent messages say of days is brought up to date, without an audit in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from bot.outbox import edit_parents
from bot.policies import Policies

__all__ = ["NewDay"]

_QUARTER_S: Final = 900  # no zone's midnight lies between two of them


class NewDay:
    """Asks, when a day begins where a policy is kept and at the first look, that all parent messages be edited.

    An edit that would change nothing is not sent.

    Parameters
    ----------
    store : Store
    policies : Policies
        The policies in force.
    """

    def __init__(self, store: Store, policies: Policies, clock: Clock = utc_now) -> None:
        self._store = store
        self._policies = policies
        self._clock = clock
        self._quarter: int | None = None
        self._days: Mapping[str, date] = {}

    def look(self) -> None:
        """See which day it is. Cheap: the database is read once in a quarter of an hour."""
        now = self._clock()
        quarter = int(now.timestamp()) // _QUARTER_S
        if quarter == self._quarter:
            return
        with self._store.read() as connection:
            in_force = self._policies.readable(connection).values()
        days = {one.id: now.astimezone(one.zone).date() for one in in_force}
        if days != self._days:
            with self._store.write() as connection:
                edit_parents(connection)
        self._days, self._quarter = days, quarter
