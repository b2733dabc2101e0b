"""How the sound of a track lies in that of another: what a violation shows of two tracks that hold the same.

The evidence about another track is a JSON object (`Alignment.evidence`): ``packets`` of its audio; ``kind``, a word of
`audit_core.neighbours.kinds` for what the other is to the track that is judged, or "version"; ``score``, of a version
its similarity; and ``stretches``, a list of objects with ``offset_a``, ``offset_b``, ``overlap_s``, ``tempo``,
``pitch`` and ``score``, in which a is always the track that is judged: ``time in b = tempo * time in a + shift``,
``pitch`` in semitones that b is higher. Equal audio has one stretch, over all of it, without a score. What is one
recording by way of others alone has ``packets`` and no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import tracks
from audit_core.neighbours.recordings import heard_tracks
from audit_core.neighbours.tables import audio_matches, version_candidates

__all__ = ["Alignment", "Alignments", "heard_names"]

_INVERTED: Final[Mapping[str, str]] = MappingProxyType(
    {"faster": "slower", "slower": "faster", "higher": "lower", "lower": "higher"}
)
_OTHER_IS: Final[Mapping[str, str]] = MappingProxyType({kind: f"the other is {kind}" for kind in _INVERTED})
_COPY: Final = "exact copy"
_RETAGGED: Final = "same audio re-tagged"
_VERSION: Final = "version"


@dataclass(frozen=True, slots=True)
class Alignment:
    """What another track's audio is to that of the track that is judged.

    Attributes
    ----------
    packets, other : str
        Of both.
    kind : str or None
        A word; None if nothing relates the two directly.
    score : float or None
        None where nothing had to be scored; of a version, how similar the two are.
    overlap_s : float
        Of all stretches, in seconds of the track that is judged.
    stretches : tuple of mapping
        As the evidence has them.
    """

    packets: str
    other: str
    kind: str | None
    score: float | None = None
    overlap_s: float = 0.0
    stretches: tuple[Mapping[str, float | None], ...] = ()

    @property
    def evidence(self) -> dict[str, Any]:
        """Give it as a JSON object, as the head of this file says."""
        told: dict[str, Any] = {"packets": self.other}
        if self.kind is not None:
            told["kind"] = self.kind
        if self.score is not None:
            told["score"] = self.score
        if self.stretches:
            told["stretches"] = [dict(stretch) for stretch in self.stretches]
        return told

    @property
    def bound(self) -> dict[str, Any]:
        """Give what an approval is bound to: the kind, and the overlap to within a factor of two."""
        return {"kind": self.kind, "overlap": round(self.overlap_s).bit_length()} if self.kind else {}


@dataclass(frozen=True, slots=True)
class _Heard:
    packets: str
    sha256: str | None
    pcm: str | None
    duration_s: float


class Alignments:
    """How some tracks lie in others, read at once.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    snapshot : Snapshot
        When.
    numbers : collection of int
        All tracks in question.
    versions : bool
        Whether what may be a version counts too.
    """

    def __init__(
        self, connection: Connection, snapshot: Snapshot, numbers: Collection[int], *, versions: bool = False
    ) -> None:
        self._heard: dict[int, list[_Heard]] = defaultdict(list)
        self._matches: dict[tuple[str, str], Row[Any]] = {}
        self._versions: dict[tuple[str, str], float] = {}
        if not numbers:
            return
        columns = (audio_files.c.packets, audio_files.c.sha256, audio_files.c.pcm, audio_files.c.duration_ms)
        known = and_(among(tracks.c.id, numbers), audio_files.c.packets.is_not(None))
        heard = (
            select(tracks.c.id, *columns)
            .select_from(heard_tracks(snapshot))
            .where(known)
            .order_by(tracks.c.id, audio_files.c.packets)
        )
        for number, packets, sha256, pcm, duration_ms in connection.execute(heard):
            self._heard[number].append(_Heard(packets, sha256, pcm, (duration_ms or 0) / 1000))
        audio = {one.packets for files in self._heard.values() for one in files}
        pairs = and_(among(audio_matches.c.packets_a, audio), among(audio_matches.c.packets_b, audio))
        matches = select(audio_matches).where(
            pairs, snapshot.holds(audio_matches), audio_matches.c.candidate.is_(False)
        )
        self._matches = {(row.packets_a, row.packets_b): row for row in connection.execute(matches)}
        if versions:
            of_both = (version_candidates.c.packets_a, version_candidates.c.packets_b)
            candidates = select(*of_both, version_candidates.c.similarity).where(
                among(of_both[0], audio), among(of_both[1], audio), snapshot.holds(version_candidates)
            )
            self._versions = {(a, b): similarity for a, b, similarity in connection.execute(candidates)}

    def packets(self, number: int) -> str | None:
        """Name the audio of a track; of several, the first by name; None if it was not heard."""
        return self._heard[number][0].packets if number in self._heard else None

    def between(self, number: int, other: int) -> Alignment | None:
        """Find how a track lies in another: of several files, those that match best. None if one was not heard."""
        found = [
            alignment
            for mine in self._heard.get(number, ())
            for theirs in self._heard.get(other, ())
            if (alignment := self._of_files(mine, theirs))
        ]
        return max(found, key=lambda one: (one.kind is not None, one.overlap_s), default=None)

    def _of_files(self, mine: _Heard, theirs: _Heard) -> Alignment:
        same = mine.packets == theirs.packets or (mine.pcm is not None and mine.pcm == theirs.pcm)
        if same:
            kind = _COPY if mine.sha256 is not None and mine.sha256 == theirs.sha256 else _RETAGGED
            duration_s = min(mine.duration_s, theirs.duration_s)
            whole = {
                "offset_a": 0.0,
                "offset_b": 0.0,
                "overlap_s": duration_s,
                "tempo": 1.0,
                "pitch": 0.0,
                "score": None,
            }
            return Alignment(mine.packets, theirs.packets, kind, None, duration_s, (whole,))
        flipped = mine.packets > theirs.packets
        pair = (theirs.packets, mine.packets) if flipped else (mine.packets, theirs.packets)
        if match := self._matches.get(pair):
            return _of_match(match, flipped=flipped)
        if pair in self._versions:
            return Alignment(mine.packets, theirs.packets, _VERSION, round(self._versions[pair], 3))
        return Alignment(mine.packets, theirs.packets, None)


def _of_match(match: Row[Any], *, flipped: bool) -> Alignment:
    mine, theirs = (match.packets_b, match.packets_a) if flipped else (match.packets_a, match.packets_b)
    kind = _INVERTED.get(match.kind, match.kind) if flipped else match.kind
    stretches = tuple(_stretch(one, flipped=flipped) for one in match.stretches)
    overlap_s = match.overlap_s * match.tempo if flipped else match.overlap_s
    return Alignment(mine, theirs, kind, round(match.score, 1), overlap_s, stretches)


def _stretch(stretch: Mapping[str, float], *, flipped: bool) -> dict[str, float | None]:
    offset_a, offset_b, overlap_s = stretch["offset_a"], stretch["offset_b"], stretch["overlap_s"]
    tempo, pitch = stretch["tempo"], stretch["pitch"]
    if flipped:
        offset_a, offset_b, overlap_s, tempo, pitch = offset_b, offset_a, overlap_s * tempo, 1 / tempo, -pitch
    return {
        "offset_a": round(offset_a, 2),
        "offset_b": round(offset_b, 2),
        "overlap_s": round(overlap_s, 2),
        "tempo": round(tempo, 4),
        "pitch": round(pitch, 2) or 0.0,  # no minus zero
        "score": round(stretch["score"], 1),
    }


def heard_names(lying: Alignment | None, count: int, *, told: bool) -> dict[str, str]:
    """Give the names that tell in a sentence how the first of the others was heard.

    Parameters
    ----------
    lying : Alignment or None
        How the track lies in it.
    count : int
        How many others there are.
    told : bool
        Whether the sentence says enough without.
    """
    kind = lying.kind if lying and lying.kind else None
    stretch = lying.stretches[0] if lying and lying.stretches else None
    score = lying.score if lying else None
    overlap = f"{lying.overlap_s:.1f} s" if lying and stretch else "unknown"
    at = _clock(stretch["offset_a"] or 0.0) if stretch else "unknown"
    first = "" if count == 1 else "; with the first, "
    in_words = f"({_OTHER_IS.get(kind, kind)})" if kind else ""
    said = f"{overlap} from {at} {in_words}" if stretch else in_words
    if kind is None or told:
        heard = ""
    elif score is None:
        heard = f"{first or ' '}{in_words}"
    else:
        heard = f"{first or ', '}{said}"
    return {
        "heard": heard,
        "kind": kind or "unknown",
        "overlap": overlap,
        "at": at,
        "score": "none" if score is None else f"{score:g}",
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
