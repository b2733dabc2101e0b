"""What the exit status of `cratecheck` says."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """What the exit status of `cratecheck` says.

    ======  ==============================================================================
    status  meaning
    ======  ==============================================================================
    0       done, and nothing to complain of
    1       done, and the answer is bad: violations at or above `--fail-on`, a broken chain
    2       a mistake of the user's: a wrong option, file, policy or decision
    3       a fault of ours, or of a service that we depend on
    130     interrupted
    ======  ==============================================================================
    """

    CLEAN = 0
    BAD_ANSWER = 1
    MISTAKE = 2
    FAULT = 3
    INTERRUPTED = 130
