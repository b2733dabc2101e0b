"""What a violation's evidence says of audio: which tracks, which of their files, which faults.

No catalogue is read, and no array is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from audit_core.ledger.violations import Violation

__all__ = ["Place", "Told", "crossing_recording", "faults", "is_audible", "named_tracks", "place", "told_matches"]

Track = tuple[str, str]
Place = Literal["loud", "start", "end"]

_OF_TWO: Final = frozenset({"neighbour", "duplicate", "crossing"})
_OF_ONE: Final = "integrity"
_UNHEARD: Final = frozenset({"unreadable", "undecodable"})


@dataclass(frozen=True, slots=True)
class Told:
    """How another track's audio lies in that of the first, as the evidence tells it.

    Attributes
    ----------
    other : (str, str)
        Dataset and key.
    packets, other_packets : str or None
        Which files.
    stretches : tuple of mapping
        As `audio_match` keeps them, the first track a; of equal audio, one without a score.
    """

    other: Track
    packets: str | None
    other_packets: str | None
    stretches: tuple[Mapping[str, Any], ...]


def is_audible(violation: Violation) -> bool:
    """Tell whether a violation may have something to hear."""
    if violation.kind == _OF_ONE:
        return not {fault for fault, _ in faults(violation)} & _UNHEARD
    if crossing_recording(violation) is not None:
        return True
    return violation.kind in _OF_TWO and len(named_tracks(violation)) > 1


def named_tracks(violation: Violation) -> tuple[Track, ...]:
    """List the tracks that a violation names, each as its dataset and its key: the one that it is about first."""
    evidence = violation.evidence
    named: list[Any] = [violation.subject] if violation.subject_kind in ("track", "pair") else []
    named.append(evidence.get("first"))
    for several in ("to", "others"):
        listed = evidence.get(several)
        named += listed if isinstance(listed, list) else []
    match evidence.get("linked"):
        case {"first": [{"track": str(linked), "through": str(through)}, *_]}:  # an artist, by what another track holds
            named += [linked, through]
    return tuple(dict.fromkeys(track for one in named if (track := _track(one, violation.dataset))))


def crossing_recording(violation: Violation) -> str | None:
    """Name the recording that lies in two splits; None if the violation is about something else."""
    field, _, value = violation.subject.partition(":")
    return value if violation.kind == "crossing" and field == "recording" and value else None


def told_matches(violation: Violation) -> Iterator[Told]:
    """Give how other tracks lie in the first, in the order in which the evidence names them."""
    own = violation.evidence.get("packets")
    others = violation.evidence.get("to")
    for entry in others if isinstance(others, list) else ():
        track = _track(entry, violation.dataset)
        if track and isinstance(entry, dict) and entry.get("stretches"):
            yield Told(track, own, entry.get("packets"), tuple(entry["stretches"]))


def faults(violation: Violation) -> tuple[tuple[str, str | None], ...]:
    """List the faults of a file, each with the file's path if the track has several."""
    listed = violation.evidence.get("faults")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple((str(entry.get("fault")), entry.get("path")) for entry in entries)


def place(violation: Violation) -> Place:
    """Say where a single file is heard: where it is loud, unless it breaks off or is silent."""
    words = {fault for fault, _ in faults(violation)}
    return "end" if "truncated" in words else "start" if "silent" in words else "loud"


def _track(named: Any, dataset: str) -> Track | None:
    match named:
        case str():
            return dataset, named
        case {"key": str(key)}:
            return str(named.get("dataset") or dataset), key
        case _:
            return None
