"""Faults that can be switched on: what Slack and the network do on a bad day.

Two kinds: a fault of the Web API (`ApiFault`) strikes a method that the app calls, a fault of delivery
(`DeliveryFault`) strikes what is sent to the app. Both can be limited to a method or payload type, to a
number of times, and to after some that pass.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import ConfigDict

from bot.desk.config import DeskConfig
from bot.desk.failure import SlackFailure
from bot.desk.store import Clock

__all__ = ["ApiFault", "DeliveryFault", "Faults", "Pace"]


@dataclass(frozen=True, slots=True)
class ApiFault:
    """What befalls a call of the Web API.

    Parameters
    ----------
    kind : str
        ``ratelimited`` (429 with ``Retry-After: seconds``), ``server_error`` (500), ``error`` (a failure
        of that name), ``hang`` (never answers, for at most ``seconds``), ``late`` (answers after
        ``seconds``), ``drop`` (the connection breaks off).
    method : str, optional
        The method that it strikes; None strikes all, and uploads and response URLs as ``upload`` and
        ``response_url``.
    times : int, optional
        How often it strikes; None until it is switched off.
    skip : int
        How many calls pass before.
    accepted : bool
        For ``hang``, ``late`` and ``drop``: whether the call takes effect all the same.
    seconds : float
        See ``kind``.
    error : str
        The failure's name, for ``error``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["ratelimited", "server_error", "error", "hang", "late", "drop"]
    method: str | None = None
    times: int | None = 1
    skip: int = 0
    accepted: bool = True
    seconds: float = 1.0
    error: str = "fatal_error"


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """What befalls a delivery to the app.

    Parameters
    ----------
    kind : str
        ``duplicate`` (arrives twice at once), ``late`` (sets out after ``seconds``), ``forged`` (signed
        with another secret), ``old`` (with a timestamp ``seconds`` ago, well signed), ``unsigned``,
        ``lost`` (never arrives).
    payload : str, optional
        The payload type that it strikes, such as ``block_actions``, ``view_submission``,
        ``slash_commands`` or ``events_api``; None strikes all.
    times, skip : int
        As for `ApiFault`.
    seconds : float
        See ``kind``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["duplicate", "late", "forged", "old", "unsigned", "lost"]
    payload: str | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 600.0


_F = TypeVar("_F", ApiFault, DeliveryFault)


class _Armed(Generic[_F]):
    """Faults that wait for their moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_F] = []

    def arm(self, fault: _F) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, name: str) -> _F | None:
        """Give the fault that strikes this time, and count it."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                wanted = fault.method if isinstance(fault, ApiFault) else fault.payload
                if wanted not in (None, name):
                    continue
                if fault.skip:
                    self._faults[place] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times is not None:
                    if fault.times <= 1:
                        del self._faults[place]
                    else:
                        self._faults[place] = replace(fault, times=fault.times - 1)
                return fault
        return None


class Faults:
    """All faults of a desk; none at first."""

    def __init__(self) -> None:
        self.api: _Armed[ApiFault] = _Armed()
        self.deliveries: _Armed[DeliveryFault] = _Armed()

    def arm(self, fault: ApiFault | DeliveryFault) -> None:
        """Switch a fault on."""
        if isinstance(fault, ApiFault):
            self.api.arm(fault)
        else:
            self.deliveries.arm(fault)

    def clear(self) -> None:
        """Switch all faults off."""
        self.api.clear()
        self.deliveries.clear()


class Pace:
    """The limit of about one message a second a channel, when the desk is ``paced``.

    https://docs.slack.dev/apis/web-api/rate-limits: "chat.postMessage generally allows posting one
    message per second per channel"; short bursts pass, so two are let through before the limit holds.
    """

    BURST = 2

    def __init__(self, config: DeskConfig, clock: Clock) -> None:
        self.on = config.paced
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, float]] = {}

    def hold(self, channel: str) -> None:
        """Count a message, or refuse it with ``ratelimited``."""
        if not self.on:
            return
        with self._lock:
            now = self._clock()
            tokens, since = self._tokens.get(channel, (float(self.BURST), now))
            tokens = min(float(self.BURST), tokens + max(0.0, now - since))
            if tokens < 1:
                self._tokens[channel] = (tokens, now)
                raise SlackFailure("ratelimited", status=429, retry_after_s=1)
            self._tokens[channel] = (tokens - 1, now)
