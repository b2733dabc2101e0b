"""What the catalogue says of which audio is one recording: links found, separations decided, ids held so far."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, func, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.neighbours.groups import Grouping, Link, components, grouped
from audit_core.neighbours.tables import audio_matches, recording_members, recordings, separations

__all__ = ["regrouped"]

_EQUAL: float = float("inf")


def regrouped(connection: Connection, snapshot: Snapshot) -> Grouping:
    """Make the recordings of a snapshot anew, from its matches and all separations.

    Audio is linked by a match that covers most of both and lies above the threshold, and by equal samples. Audio that
    several files hold is a recording by itself.
    """
    apart = [
        tuple(row) for row in connection.execute(select(separations.c.packets_a, separations.c.packets_b).distinct())
    ]
    held = connection.execute(
        select(recording_members.c.packets, recording_members.c.recording, recording_members.c.to_rev)
        .where(recording_members.c.from_rev <= snapshot.revision)
        .order_by(recording_members.c.from_rev, recording_members.c.id)
    )
    now: dict[str, str] = {}
    before: dict[str, list[str]] = defaultdict(list)
    for packets, recording, to_rev in held:
        before[packets].append(recording)
        if to_rev > snapshot.revision:
            now[packets] = recording
    found = components(
        [*_by_matches(connection, snapshot), *_by_samples(connection, snapshot)],
        apart,
        _held_by_several(connection, snapshot),
    )
    return grouped(found, now, before, set(connection.scalars(select(recordings.c.id))))


def _by_matches(connection: Connection, snapshot: Snapshot) -> list[Link]:
    whole = select(audio_matches.c.packets_a, audio_matches.c.packets_b, audio_matches.c.score).where(
        snapshot.holds(audio_matches), audio_matches.c.whole.is_(True), audio_matches.c.candidate.is_(False)
    )
    return [Link(*row) for row in connection.execute(whole)]


def _by_samples(connection: Connection, snapshot: Snapshot) -> list[Link]:
    here = (snapshot.holds(audio_files), audio_files.c.pcm.is_not(None), audio_files.c.packets.is_not(None))
    several = (
        select(audio_files.c.pcm)
        .where(*here)
        .group_by(audio_files.c.pcm)
        .having(func.count(audio_files.c.packets.distinct()) > 1)
    )
    rows = select(audio_files.c.pcm, audio_files.c.packets).where(*here, audio_files.c.pcm.in_(several)).distinct()
    firsts: dict[str, str] = {}
    links = []
    for pcm, packets in connection.execute(rows.order_by(audio_files.c.pcm, audio_files.c.packets)):
        first = firsts.setdefault(pcm, packets)
        if first != packets:
            links.append(Link(first, packets, _EQUAL))
    return links


def _held_by_several(connection: Connection, snapshot: Snapshot) -> list[str]:
    several = (
        select(audio_files.c.packets)
        .where(snapshot.holds(audio_files), audio_files.c.packets.is_not(None))
        .group_by(audio_files.c.packets)
        .having(func.count() > 1)
    )
    return list(connection.scalars(several.order_by(audio_files.c.packets)))
