"""What there is to hear of a violation: one file, or two and where they hold the same.

A violation's evidence names tracks; where their files lie and how they match is read from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from sqlalchemy import Connection, and_, or_, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, datasets, licences, source_terms, tracks
from audit_core.errors import AudioError
from audit_core.evidence.crossings import crossing_tracks
from audit_core.evidence.named import Place, Told, faults, named_tracks, place, told_matches
from audit_core.ledger.violations import Violation
from audit_core.neighbours.match import Stretch, inverted
from audit_core.neighbours.tables import audio_matches
from audit_core.wording import quoted

__all__ = ["Comparison", "Side", "comparison", "sides_of"]

_OTHERS: Final = 8  # of many others, so many are looked at
_SOURCES: Final = licences.alias("of_source")


@dataclass(frozen=True, slots=True)
class Side:
    """A track, and one of its files.

    Attributes
    ----------
    dataset, key : str
        The track.
    title, artist : str or None
    path : str
        Of the file, below the dataset's root.
    packets, pcm : str or None
        What identifies its audio; None if it was not scanned.
    duration_s : float or None
        As decoded.
    problem : str or None
        Why the scan could not hear it: a sentence.
    licences : tuple of str or None
        The texts of the track's licence and of its source's.
    """

    dataset: str
    key: str
    title: str | None
    artist: str | None
    path: str
    packets: str | None = None
    pcm: str | None = None
    duration_s: float | None = None
    problem: str | None = None
    licences: tuple[str | None, ...] = ()

    @property
    def name(self) -> str:
        """The track, for a person."""
        return f"{self.dataset}/{self.key}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One file to hear, or two.

    Attributes
    ----------
    a, b : Side
        b is None if there is but one.
    stretch : Stretch or None
        Where both hold the same, a first. None if that is not known: then each is heard where it is loud.
    identical : bool
        Whether both files hold the very same audio.
    place : {'loud', 'start', 'end'}
        Where a single file is heard.
    """

    a: Side
    b: Side | None = None
    stretch: Stretch | None = None
    identical: bool = False
    place: Place = "loud"


def comparison(connection: Connection, violation: Violation, snapshot: Snapshot) -> Comparison:
    """Find out what there is to hear of a violation.

    Parameters
    ----------
    connection : Connection
        Reads one state of the database throughout.
    violation : Violation
        Of any kind; of `integrity`, one file is heard, else two.
    snapshot : Snapshot
        In which the tracks are looked up.

    Raises
    ------
    AudioError
        If there is nothing to hear: no file is known for the tracks, or they are no longer there.
    """
    first, others = _sides(connection, violation, snapshot)
    if violation.kind == "integrity":
        paths = {path for _, path in faults(violation)}
        return Comparison(next((side for side in first if side.path in paths), first[0]), place=place(violation))
    if not others:
        raise AudioError("no second file is known to compare it with", mend="Is its path in the catalogue?")
    for told in told_matches(violation):
        for a, b in product(first, others):
            if (b.dataset, b.key) == told.other and (a.packets, b.packets) == (told.packets, told.other_packets):
                exact = _related(connection, a, b, snapshot)  # the evidence is rounded: an hour on, that is heard
                return exact if exact.stretch else _as_told(a, b, told)
    found = [_related(connection, a, b, snapshot) for a, b in product(first, others)]
    return max(found, key=_telling)


def _as_told(a: Side, b: Side, told: Told) -> Comparison:
    stretches = [_stretch(one, other_way_round=False) for one in told.stretches]
    identical = any(one.get("score") is None for one in told.stretches)
    return Comparison(a, b, max(stretches, key=lambda one: one.overlap_s), identical=identical)


def _telling(found: Comparison) -> tuple[bool, float]:
    return found.identical, found.stretch.overlap_s if found.stretch else -1.0


def _sides(connection: Connection, violation: Violation, snapshot: Snapshot) -> tuple[Sequence[Side], Sequence[Side]]:
    """Give the files of the first track that has some, and those of the others."""
    named = (named_tracks(violation) or crossing_tracks(connection, violation, snapshot))[: 1 + _OTHERS]
    by_track: dict[tuple[str, str], list[Side]] = {track: [] for track in named}
    for side in sides_of(connection, named, snapshot):
        by_track[side.dataset, side.key].append(side)
    there = [sides for sides in by_track.values() if sides]
    if not there:
        key = named[0][1] if named else violation.subject
        raise AudioError(
            f"no file is known for {quoted(key)}", mend="Import its path, and say where the dataset's audio lies."
        )
    return there[0], [side for sides in there[1:] for side in sides]


def sides_of(connection: Connection, named: Sequence[tuple[str, str]], snapshot: Snapshot) -> Iterator[Side]:
    """Give every file of some tracks, each named by its dataset and its key, by the catalogue of now."""
    of_source = and_(source_terms.c.source_id == tracks.c.source_id, snapshot.holds(source_terms))
    here = and_(
        audio_files.c.dataset_id == tracks.c.dataset_id,
        audio_files.c.path == assets.c.path,
        snapshot.holds(audio_files),
    )
    wanted = (
        select(
            datasets.c.name.label("dataset"),
            *(tracks.c[name] for name in ("key", "title", "artist")),
            *(audio_files.c[name] for name in ("packets", "pcm", "duration_ms", "problem", "reason")),
            assets.c.path,
            licences.c.text.label("licence"),
            _SOURCES.c.text.label("licence_of_source"),
        )
        .select_from(tracks)
        .join(datasets, datasets.c.id == tracks.c.dataset_id)
        .join(assets, and_(assets.c.track_id == tracks.c.id, assets.c.role == "audio", assets.c.path.is_not(None)))
        .outerjoin(audio_files, here)
        .outerjoin(licences, licences.c.id == tracks.c.licence_id)
        .outerjoin(source_terms, of_source)
        .outerjoin(_SOURCES, _SOURCES.c.id == source_terms.c.licence_id)
        .where(
            snapshot.holds(tracks), or_(*(and_(datasets.c.name == name, tracks.c.key == key) for name, key in named))
        )
        .order_by(datasets.c.name, tracks.c.key, assets.c.path)
    )
    for row in connection.execute(wanted) if named else ():
        yield Side(
            dataset=row.dataset,
            key=row.key,
            title=row.title,
            artist=row.artist,
            path=row.path,
            packets=row.packets,
            pcm=row.pcm,
            duration_s=row.duration_ms / 1000 if row.duration_ms is not None else None,
            problem=row.reason or row.problem,
            licences=(row.licence, row.licence_of_source),
        )


def _related(connection: Connection, a: Side, b: Side, snapshot: Snapshot) -> Comparison:
    if _same(a.packets, b.packets) or _same(a.pcm, b.pcm):
        lengths = [side.duration_s for side in (a, b) if side.duration_s is not None]
        whole = Stretch(0.0, 0.0, min(lengths, default=float("inf")), 1.0, 0.0, float("inf"))
        return Comparison(a, b, whole, identical=True)
    if a.packets is None or b.packets is None:
        return Comparison(a, b)
    forth = and_(audio_matches.c.packets_a == a.packets, audio_matches.c.packets_b == b.packets)
    back = and_(audio_matches.c.packets_a == b.packets, audio_matches.c.packets_b == a.packets)
    row = connection.execute(select(audio_matches).where(snapshot.holds(audio_matches), or_(forth, back))).first()
    if row is None:
        return Comparison(a, b)
    stretches = [_stretch(one, other_way_round=row.packets_a != a.packets) for one in row.stretches]
    return Comparison(a, b, max(stretches, key=lambda one: one.overlap_s, default=None))


def _stretch(kept: Mapping[str, Any], *, other_way_round: bool) -> Stretch:
    score = float("inf") if kept.get("score") is None else float(kept["score"])
    line = {name: float(kept[name]) for name in ("offset_a", "offset_b", "overlap_s", "tempo", "pitch")}
    stretch = Stretch(**line, score=score)
    return inverted(stretch) if other_way_round else stretch


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
