"""Makes the clips that people wish for: one wish at a time, beside all else, and never in the way of a post.

What is heard is made in a process of its own and given to Slack; then a row of the outbox asks that it be shared in the
thread, and the sender does that as it sends a post: at the channel's pace, once. Whatever fails is said in the thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from slack_sdk import WebClient

from audit_core.catalogue.leases import hold
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import AudioError, CratecheckError, StoreError
from audit_core.ledger.violations import with_key
from audit_core.settings import Settings
from bot import wishes
from bot.lookout import Lookout
from bot.posting import Gone, Later, LockedOut, Refused, Shut, delete_file, upload
from bot.wishes import Wish

if TYPE_CHECKING:
    from audit_core.evidence.clips import Evidence
    from audit_core.evidence.order import Order

__all__ = ["Clips", "Make"]

Make = Callable[["Order"], "Evidence"]

logger = logging.getLogger(__name__)

_LEASE_S: Final = 30.0
_ATTEMPTS: Final = 5
_FIRST_WAIT_S: Final = 5.0
_RESTS_S: Final = 30.0


class Clips:
    """Fulfils wishes from a thread of its own, between `start` and `stop`.

    Parameters
    ----------
    settings : Settings
        Where the audio lies, and whether clips of it may be made.
    store : Store
    client : WebClient
        Of `posting.client_for`.
    make : callable, optional
        Makes what is ordered; by default, in a process apart.
    fulfilled : callable
        Called when there is something new to send.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        client: WebClient,
        *,
        make: Make | None = None,
        fulfilled: Callable[[], object] = lambda: None,
        clock: Clock = utc_now,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:
        self._settings = settings
        self._store = store
        self._client = client
        self._make = make
        self._fulfilled = fulfilled
        self._clock = clock
        self._first_wait_s = first_wait_s
        self._ready: tuple[Order, Evidence] | None = None  # made, but not taken by Slack yet
        self._lookout = Lookout("clips", self._look, rests_s=_RESTS_S)

    def start(self) -> None:
        """Begin to look for wishes."""
        self._lookout.start()

    def stop(self) -> None:
        """End at once: what is being made is made again after the next start."""
        self._lookout.stop()

    def wake(self) -> None:
        """Look for wishes now."""
        self._lookout.wake()

    def _look(self) -> None:
        with self._store.read() as connection:
            refused = wishes.any_refused(connection)
            withdrawn = wishes.withdrawn_files(connection)
            wanted = wishes.next_wish(connection, self._clock())
        if refused:
            self._delete(withdrawn)
            with self._store.write() as connection:
                wishes.refused(connection, at=self._clock(), deleted=withdrawn)
            self._fulfilled()
        if wanted is None:
            return
        with hold(self._store, "clips", clock=self._clock, ttl_s=_LEASE_S):
            while not self._lookout.stopping:
                with self._store.read() as connection:
                    wanted = wishes.next_wish(connection, self._clock())
                if wanted is None:
                    return
                self._fulfil(wanted)
                self._fulfilled()

    def _fulfil(self, wanted: Wish) -> None:
        ready, self._ready = self._ready, None
        try:
            ordered = self._ordered(wanted)  # at each attempt: licences change
            made = ready[1] if ready and ready[0] == ordered else self._made(ordered)
            if made is None:
                return
            try:
                with _said_of_slack():
                    self._give(wanted, ordered, made)
            except Later:
                self._ready = ordered, made
                raise
        except Later as later:
            self._try_again(wanted, later)
        except CratecheckError as error:
            if isinstance(error, StoreError):
                raise
            logger.info("no clips of %s: %s", wanted.key, error)
            self._tell(wanted, _sentence(str(error)))
        except Exception as error:
            logger.exception("no clips of %s", wanted.key)
            self._tell(wanted, f"No clips: something went wrong here ({type(error).__name__}); the log says more.")

    def _ordered(self, wanted: Wish) -> Order:
        # Here and not above: the service is to be there before numpy and two thousand licences are read.
        from audit_core.evidence.order import order
        from bot.workspace import licence_table

        table = licence_table(self._settings)
        with self._store.read() as connection:
            violation = with_key(connection, wanted.key)
            if violation is None:
                raise AudioError("the violation is no longer there")
            snapshot = Snapshot(latest_revision(connection), self._clock())
            return order(connection, self._settings, table, violation, snapshot)

    def _made(self, ordered: Order) -> Evidence | None:
        from audit_core.evidence.apart import filled_apart

        return self._make(ordered) if self._make else filled_apart(ordered, stopped=lambda: self._lookout.stopping)

    def _give(self, wanted: Wish, ordered: Order, made: Evidence) -> None:
        stem = wanted.key[:8]
        files = [
            {"id": upload(self._client, f"{stem}-{clip.letter}.mp3", clip.content), "title": clip.title}
            for clip in made.clips
        ]
        picture = upload(self._client, f"{stem}.png", made.picture, alt=made.alt)
        files.append({"id": picture, "title": "Spectrograms" if len(made.clips) > 1 else "Spectrogram"})
        with self._store.write() as connection:
            wishes.note_uploaded(connection, wanted, files, made.says, ordered.tracks, at=self._clock())

    def _delete(self, files: Iterable[str]) -> None:
        """Take out of Slack what may not be heard any more."""
        for file in files:
            try:
                delete_file(self._client, file)
            except Refused as error:
                logger.error("file %s can't be deleted in Slack; somebody has to do it there: %s", file, error)

    def _try_again(self, wanted: Wish, later: Later) -> None:
        if wanted.attempts + 1 >= _ATTEMPTS:
            self._tell(wanted, f"No clips: Slack did not take the files ({later}).")
            return
        wait = later.after_s if later.after_s is not None else self._first_wait_s * 2.0**wanted.attempts
        logger.warning("clips of %s wait %.1f s: %s", wanted.key, wait, later)
        with self._store.write() as connection:
            wishes.postpone(connection, wanted, self._clock() + timedelta(seconds=wait))

    def _tell(self, wanted: Wish, why: str) -> None:
        with self._store.write() as connection:
            wishes.note_failure(connection, wanted, why, at=self._clock())


class _NotTaken(CratecheckError):
    """Files that Slack will not take."""


@contextmanager
def _said_of_slack() -> Iterator[None]:
    """Put into words what Slack will not do, however often it is asked."""
    try:
        yield
    except LockedOut as error:
        raise _NotTaken(
            f"Slack does not let Cratecheck upload files ({error})",
            mend="The app needs the scopes files:write and files:read.",
        ) from error
    except (Refused, Shut, Gone) as error:
        raise _NotTaken(f"Slack does not take the files ({error})") from error


def _sentence(words: str) -> str:
    said = words if words.startswith("No clip") else f"No clips: {words}"
    return said if said.endswith((".", "!", "?")) else f"{said}."
