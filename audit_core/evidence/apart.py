"""Evidence made in a process of its own: no file can bring down, or hold up, who asked for it."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from audit_core.errors import AudioError, Location

if TYPE_CHECKING:
    from audit_core.evidence.clips import Evidence
    from audit_core.evidence.order import Order

__all__ = ["TIMEOUT_S", "filled_apart"]

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 180.0
_LOOKS_S: Final = 0.1


def filled_apart(
    ordered: Order, *, timeout_s: float = TIMEOUT_S, stopped: Callable[[], bool] = lambda: False
) -> Evidence | None:
    """Make what was ordered in another process.

    Parameters
    ----------
    ordered : Order
    timeout_s : float
        After which the process is ended.
    stopped : callable
        Whether to end before it is done.

    Returns
    -------
    evidence : Evidence or None
        None if it was stopped.

    Raises
    ------
    AudioError
        As `order.filled`; and if the process took too long, or crashed.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(ordered, theirs), name="clips", daemon=True)
    try:
        process.start()
        theirs.close()
        deadline = time.monotonic() + timeout_s
        while not ours.poll(_LOOKS_S):
            if stopped():
                return None
            if time.monotonic() > deadline:
                raise AudioError(f"the files took longer than {timeout_s:.0f} s to read", mend="Try it again later.")
        try:
            made: Evidence | tuple[str, Location | None, str | None] = ours.recv()
        except EOFError as error:
            raise AudioError(
                "a file brought the decoder down", mend="Scan the files: one of them is damaged."
            ) from error
    finally:
        ours.close()
        if process.is_alive():
            process.join(1.0)
        if process.is_alive():
            process.kill()
        process.join()
        process.close()
    if isinstance(made, tuple):
        what, at, mend = made
        raise AudioError(what, at=at, mend=mend)
    return made


def _work(ordered: Order, answer: Connection) -> None:
    from audit_core.evidence.order import filled

    try:
        answer.send(filled(ordered))
    except AudioError as error:
        answer.send((error.what, error.at, error.mend))
