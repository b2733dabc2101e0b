"""Who may listen to what: which violations have something to hear, and the wishes to hear it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from audit_core.audio.tables import audio_roots
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.catalogue.tables import datasets
from audit_core.clock import Clock, utc_now
from audit_core.evidence.named import is_audible
from audit_core.ledger.violations import Violation, with_key
from audit_core.settings import Settings
from bot.wishes import Answer, content_of_clips, dropped, tracks_heard, wish, withdraw

__all__ = ["Listening"]


class Listening:
    """Knows what can be heard, and notes what people wish to hear.

    Parameters
    ----------
    settings : Settings
        Where audio lies, and whether there are clips at all.
    store : Store
    noted : callable
        Called when there is a new wish.
    patience_s : float
        How long to wait for the database: somebody waits for the answer to a click.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        noted: Callable[[], object] = lambda: None,
        clock: Clock = utc_now,
        patience_s: float = 20.0,
    ) -> None:
        self._settings = settings
        self._store = store
        self._noted = noted
        self._clock = clock
        self._patience_s = patience_s

    def audible(self, connection: Connection, violation: Violation) -> bool:
        """Tell whether a violation may have something to hear; whether that is allowed is asked after the click."""
        if self._settings.clips == "never" or not is_audible(violation):
            return False
        if violation.dataset in self._settings.audio:
            return True
        known = select(audio_roots.c.url).join(datasets, datasets.c.id == audio_roots.c.dataset_id)
        return connection.execute(known.where(datasets.c.name == violation.dataset)).first() is not None

    def wish(self, key: str) -> Answer | None:
        """Note a wish, once however many click; None if the violation is no longer there.

        Raises
        ------
        StoreError
            If the database is busy for longer than `patience_s`: nothing is noted then.
        """
        return self._wish(key, again=False)

    def wish_again(self, key: str) -> Answer | None:
        """Note a wish for clips that were deleted in Slack."""
        return self._wish(key, again=True)

    def withdrawn(self, key: str) -> str | None:
        """Withdraw clips that may not be heard any more, for licences change, and say why; None if they may."""
        with self._store.read() as connection:
            violation = with_key(connection, key)
            content = None if violation is None else content_of_clips(connection, violation)
            why = None if content is None else self.forbidden(connection, content)
        if violation is None or why is None:
            return None
        with self._store.write(patience_s=self._patience_s) as connection:
            withdraw(connection, violation, why)
        self._noted()
        return why

    def forbidden(self, connection: Connection, content: Mapping[str, Any]) -> str | None:
        """Say why the clips of a row of the outbox may not be heard now; None if they may."""
        # Here and not above: the service is to be there before numpy and two thousand licences are read.
        from audit_core.evidence.order import forbidden_by_now
        from bot.workspace import licence_table

        snapshot = Snapshot(latest_revision(connection), self._clock())
        table = licence_table(self._settings)
        return forbidden_by_now(connection, self._settings, table, tracks_heard(content), snapshot)

    def _wish(self, key: str, *, again: bool) -> Answer | None:
        with self._store.write(patience_s=self._patience_s) as connection:
            violation = with_key(connection, key)
            if violation is None:
                return None
            if again:
                dropped(connection, violation)
            answer = wish(connection, violation, at=self._clock())
        self._noted()
        return answer
