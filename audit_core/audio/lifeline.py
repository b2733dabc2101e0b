"""A process that ends with the one that started it, whatever it is at.

Of its end a process learns by a pipe of which the starter alone holds the other end. The kernel, not a thread, watches
it: a decoder that hangs may let no thread run.
"""

from __future__ import annotations

import fcntl
import os
import signal
from multiprocessing.connection import Connection

__all__ = ["tie"]


def tie(line: Connection) -> None:
    """Let the kernel end this process when the other end of a pipe is closed.

    Parameters
    ----------
    line : Connection
        The reading end, of a pipe through which nothing is sent: `Pipe(duplex=False)`.
    """
    number = line.fileno()
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # which is to end
    fcntl.fcntl(number, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_ASYNC)
    if line.poll():  # it was closed before
        os._exit(1)
