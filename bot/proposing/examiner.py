"""Examines what was proposed: one proposal at a time, beside all else, and never in the way of a click.

A proposal waits in the database, so that after a crash it is examined by whoever starts next. One that was proposed in
Slack and is refused is told to its proposer there; of one that somebody proposed on the command line, that tells.
What lapses, or is overtaken by a text whose day has come, is so without anybody's doing: its message is edited here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from sqlalchemy import Connection, literal, select

from audit_core.catalogue.leases import hold
from audit_core.catalogue.store import Store
from audit_core.clock import Clock, utc_now
from audit_core.errors import CratecheckError, StoreError
from audit_core.ledger.chain import lock
from audit_core.ledger.policies import activations
from audit_core.ledger.proposals import LAPSES_AFTER, Proposal, examined, proposal
from audit_core.ledger.tables import policy_proposals
from bot.gestures import Spot
from bot.lookout import Lookout
from bot.messages.notice import notice
from bot.messages.text import plain
from bot.outbox import edit_parents
from bot.policies import readable_text
from bot.proposing.activations import Activations
from bot.proposing.proposed import proposal_subject
from bot.tables import outbox

__all__ = ["Examiner"]

logger = logging.getLogger(__name__)

_LEASE_S: Final = 30.0
_RESTS_S: Final = 10.0
_ATTEMPTS: Final = 3
_ENDS_WITHIN_S: Final = 5.0


class Examiner:
    """Examines proposals from a thread of its own, between `start` and `stop`.

    Parameters
    ----------
    store : Store
    activations : Activations
    client : WebClient
        Of `posting.client_for`.
    rests_s : float
        How long to wait after what went wrong.
    """

    def __init__(
        self,
        store: Store,
        activations: Activations,
        client: WebClient,
        *,
        clock: Clock = utc_now,
        rests_s: float = _RESTS_S,
    ) -> None:
        self._store = store
        self._activations = activations
        self._client = client
        self._clock = clock
        self._attempts: dict[str, int] = {}
        self._lookout = Lookout("examiner", self._look, rests_s=rests_s, ends_within_s=_ENDS_WITHIN_S)

    def start(self) -> None:
        """Begin to look for proposals."""
        self._lookout.start()

    def stop(self) -> None:
        """End; what is being examined is examined again after the next start."""
        self._lookout.stop()

    def wake(self) -> None:
        """Look for proposals now."""
        self._lookout.wake()

    def _look(self) -> None:
        self._tell_what_time_ended()
        if not self._activations.waiting():
            return
        with hold(self._store, "examiner", clock=self._clock, ttl_s=_LEASE_S):
            while not self._lookout.stopping and (waiting := self._activations.waiting()):
                self._examine(waiting[0])

    def _examine(self, one: Proposal) -> None:
        try:
            found = self._activations.examine(one.id, progress=self._go_on)
        except StoreError:
            raise
        except _Ending:
            return
        except CratecheckError as error:
            found = self._refuse(one, str(error))
        except Exception as error:
            self._attempts[one.id] = self._attempts.get(one.id, 0) + 1
            if self._attempts[one.id] < _ATTEMPTS:
                raise
            logger.exception("proposal %s can't be examined", one.short)
            found = self._refuse(one, f"something went wrong here ({type(error).__name__}); the log says more")
        self._attempts.pop(one.id, None)
        logger.info("proposal %s of the policy %s: %s", found.short, found.policy, found.state)
        if found.state == "refused":
            self._tell(found)

    def _go_on(self, done: int, total: int | None) -> None:
        if self._lookout.stopping:
            raise _Ending

    def _refuse(self, one: Proposal, why: str) -> Proposal:
        with self._store.write() as connection:
            lock(connection)
            now = self._clock()
            found = proposal(connection, one.id, now)
            if found is not None and found.state == "examining":
                examined(connection, one.id, preview=None, refused=why, actor="cratecheck", via=one.via, at=now)
            return proposal(connection, one.id, now) or one

    def _tell(self, refused: Proposal) -> None:
        """Tell whoever proposed it in Slack, where that was; it failing must not hold up the next proposal."""
        spot = Spot.of_origin(refused.origin)
        if spot is None:
            return
        why = plain(self._by_rule(refused), 1_200)
        words = f"Your proposal for {plain(refused.policy, 80)} is refused. {why[:1].upper()}{why[1:]}"
        said = notice(words)
        try:
            self._client.chat_postEphemeral(
                channel=spot.channel,
                thread_ts=spot.thread_ts,
                user=refused.person,
                text=said.text,
                blocks=list(said.blocks),
            )
        except (SlackClientError, OSError) as error:
            logger.warning("that proposal %s is refused was not told: %s", refused.short, error)

    def _by_rule(self, refused: Proposal) -> str:
        """Write why a proposal is refused with rules in place of lines: the form by which it was written has none."""
        with self._store.read() as connection:
            policy = readable_text(connection, refused.sha256)

        def there(found: re.Match[str]) -> str:
            rules = policy.rules if policy else ()
            above = [rule.id for rule in rules if (rule.location.line or 0) <= int(found[1])]
            return f"rule {above[-1]}" if above else f"line {found[1]}"

        return re.sub(rf"{re.escape(refused.origin)}:(\d+)(?::\d+)?", there, refused.refused or "")

    def _tell_what_time_ended(self) -> None:
        with self._store.read() as connection:
            now = self._clock()
            ended = [
                one.id
                for one, sent_at in _open_and_sent(connection, now)
                if not one.is_open and sent_at < _ended_at(connection, one, now)
            ]
        if ended:
            with self._store.write() as connection:
                for number in ended:
                    edit_parents(connection, proposal_subject(number))


def _open_and_sent(connection: Connection, now: datetime) -> Iterator[tuple[Proposal, datetime]]:
    """Give the proposals that nobody decided and whose message was not sent since they lapsed, and when it was."""
    sent = (
        select(policy_proposals.c.id, policy_proposals.c.at, outbox.c.sent_at)
        .join(outbox, outbox.c.subject == literal(proposal_subject("")) + policy_proposals.c.id)
        .where(policy_proposals.c.state.in_(("examining", "proposed")), outbox.c.sent_at.is_not(None))
    )
    for row in connection.execute(sent).all():
        if row.sent_at < row.at + LAPSES_AFTER and (one := proposal(connection, row.id, now)) is not None:
            yield one, row.sent_at


def _ended_at(connection: Connection, one: Proposal, now: datetime) -> datetime:
    """Tell since when a proposal that nobody decided is over."""
    if one.state == "lapsed":
        return one.lapses_at
    begun = [done.effective_at for done in activations(connection, one.policy) if done.effective_at <= now]
    return max(begun, default=now)


class _Ending(Exception):
    """The service is being stopped."""
