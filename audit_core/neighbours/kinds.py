"""A word for what two matching files are to each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit_core.neighbours.match import Match

__all__ = ["KINDS", "Facts", "kind", "one_recording"]

KINDS = (
    "exact copy",
    "same audio re-tagged",
    "excerpt",
    "faster",
    "slower",
    "higher",
    "lower",
    "mixed over",
    "remaster",
    "re-encode",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a file beside its peaks; None is unknown, and equals nothing."""

    sha256: str | None
    packets: str | None
    pcm: str | None
    duration_s: float
    codec: str | None
    peaks: int | None


def one_recording(match: Match) -> bool:
    """Tell whether a match makes one recording of two files: it covers most of both, and most of what is heard in each.

    One loop under two melodies covers both wholly, and is but a part of what is heard: that is no recording.
    """
    return match.whole and not _is_mixed_over(match)


def kind(match: Match | None, a: Facts, b: Facts) -> str:
    """Say in a word what `b` is to `a`.

    Parameters
    ----------
    match : Match or None
        What the comparison found; None where the hashes alone tell, for such files are compared once.
    a, b : Facts
        The two files, in the order of the match.

    Returns
    -------
    word : str
        One of `KINDS`. A faster or slower file may be higher or lower too, as a tape played at another speed is.

    Raises
    ------
    ValueError
        If there is no match and no hash is shared.
    """
    if a.sha256 is not None and a.sha256 == b.sha256:
        return "exact copy"
    if (a.packets is not None and a.packets == b.packets) or (a.pcm is not None and a.pcm == b.pcm):
        return "same audio re-tagged"
    if match is None:
        raise ValueError("neither a match nor a common hash: nothing relates these files")
    best = match.stretches[0]
    if not match.whole:
        return "excerpt"
    if abs(math.log(best.tempo)) > _TEMPO_TOLERANCE:
        return "faster" if best.tempo < 1 else "slower"
    if abs(best.pitch) > _PITCH_TOLERANCE:
        return "higher" if best.pitch > 0 else "lower"
    if _is_mixed_over(match):
        return "mixed over"
    return "remaster" if min(best.agreement_a, best.agreement_b) < _REMASTER_BELOW else "re-encode"


def _is_mixed_over(match: Match) -> bool:
    best = match.stretches[0]
    return min(best.agreement_a, best.agreement_b) < _MIXED_BELOW


_TEMPO_TOLERANCE = 0.004
_PITCH_TOLERANCE = 0.15
_MIXED_BELOW = 0.5
_REMASTER_BELOW = 0.7
