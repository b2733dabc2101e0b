"""What is heard in tracks, for whoever asks about tracks: their audio files, their recordings, what matches them.

A track is heard through its assets of role audio: an asset's path is that of a file of the same dataset. Everything
found by listening is kept under the `packets` of that file.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    and_,
    false,
    func,
    literal_column,
    not_,
    select,
    true,
    union_all,
)

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, tracks
from audit_core.neighbours.tables import (
    audio_matches,
    compared,
    recording_members,
    separations,
    version_candidates,
)

__all__ = [
    "any_audio",
    "audio_of_tracks",
    "compared_audio",
    "heard_recording_of_tracks",
    "matches_both_ways",
    "recording_of_tracks",
    "separated_both_ways",
    "versions_both_ways",
]

_OF_THE_ROW: Final = frozenset({"id", "from_rev", "to_rev", "row_hash"})


def any_audio(connection: Connection, snapshot: Snapshot) -> bool:
    """Tell whether any file was ever scanned: if not, there is nothing to ask the other selections for."""
    return connection.execute(select(audio_files.c.id).where(snapshot.holds(audio_files)).limit(1)).first() is not None


def audio_of_tracks(snapshot: Snapshot) -> Select[Any]:
    """Select ``track_id``, ``asset_id`` and the columns of `audio_file`: a row a track of the snapshot and audio file.

    Tracks whose files were not scanned have none.
    """
    columns = [column for column in audio_files.c if column.name not in _OF_THE_ROW]
    return (
        select(tracks.c.id.label("track_id"), assets.c.id.label("asset_id"), *columns)
        .select_from(tracks)
        .join(assets, and_(assets.c.track_id == tracks.c.id, assets.c.role == "audio"))
        .join(audio_files, and_(audio_files.c.dataset_id == tracks.c.dataset_id, audio_files.c.path == assets.c.path))
        .where(snapshot.holds(tracks), snapshot.holds(audio_files))
    )


def heard_recording_of_tracks(snapshot: Snapshot) -> Select[Any]:
    """Select ``track_id``, ``packets`` and ``recording`` of tracks, as the comparison has it.

    That is the id of the recording; of audio that is of none, because nothing else matches it or because it was not
    compared yet, the audio's own name: ``pcm:`` or ``packets:`` and the hash. So equal audio is one recording however
    it was tagged, even before the comparison.
    """
    audio = audio_of_tracks(snapshot).subquery("audio")
    member = and_(recording_members.c.packets == audio.c.packets, snapshot.holds(recording_members))
    own = func.coalesce("pcm:" + audio.c.pcm, "packets:" + audio.c.packets)
    return (
        select(audio.c.track_id, audio.c.packets, func.coalesce(recording_members.c.recording, own).label("recording"))
        .select_from(audio)
        .join(recording_members, member, isouter=True)
        .where(audio.c.packets.is_not(None))
    )


def recording_of_tracks(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select ``track_id``, ``recording`` and ``heard`` (1 or 0): the heard recordings of tracks, and the stated ones.

    A track may have one of each, or several if it has several audio files. The two kinds are named apart: a stated name
    that equals a heard id means nothing.
    """
    heard = heard_recording_of_tracks(snapshot).subquery("heard")
    stated = select(tracks.c.id.label("track_id"), tracks.c.recording, literal_column("0").label("heard")).where(
        snapshot.holds(tracks), tracks.c.recording.is_not(None)
    )
    return union_all(select(heard.c.track_id, heard.c.recording, literal_column("1").label("heard")), stated)


def compared_audio(snapshot: Snapshot) -> Select[tuple[str]]:
    """Select the `packets` of the audio that was compared with all other: what matches it is known."""
    return select(compared.c.packets).where(snapshot.holds(compared))


def matches_both_ways(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select the matches above the threshold twice: ``packets``, ``other``, and how the two relate.

    Beside these come the columns of `audio_match`, in which `packets` is a if ``flipped`` is false, and else b; and
    ``overlap``, in seconds of `packets`. What a person has separated is not among them.
    """
    held = and_(
        snapshot.holds(audio_matches), audio_matches.c.candidate.is_(False), not_(_separated(audio_matches, snapshot))
    )
    columns = ("kind", "score", "whole", "tempo", "pitch", "stretches")
    shared = [audio_matches.c[name] for name in columns]
    a, b, overlap = audio_matches.c.packets_a, audio_matches.c.packets_b, audio_matches.c.overlap_s
    forth = select(
        a.label("packets"), b.label("other"), false().label("flipped"), overlap.label("overlap"), *shared
    ).where(held)
    back = select(
        b.label("packets"),
        a.label("other"),
        true().label("flipped"),
        (overlap * audio_matches.c.tempo).label("overlap"),
        *shared,
    ).where(held)
    return union_all(forth, back)


def versions_both_ways(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select the pairs that may be versions of one work twice: ``packets``, ``other``, ``embedder``, ``similarity``."""
    a, b = version_candidates.c.packets_a, version_candidates.c.packets_b
    held = and_(snapshot.holds(version_candidates), not_(_separated(version_candidates, snapshot)))
    shared = (version_candidates.c.embedder, version_candidates.c.similarity)
    return union_all(
        select(a.label("packets"), b.label("other"), *shared).where(held),
        select(b.label("packets"), a.label("other"), *shared).where(held),
    )


def separated_both_ways(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select ``packets`` and ``other`` of what persons had separated by the snapshot's moment, each pair twice."""
    by_then = separations.c.at <= snapshot.as_of
    a, b = separations.c.packets_a, separations.c.packets_b
    return union_all(
        select(a.label("packets"), b.label("other")).where(by_then),
        select(b.label("packets"), a.label("other")).where(by_then),
    )


def _separated(pairs: Table, snapshot: Snapshot) -> ColumnElement[bool]:
    return (
        select(separations.c.packets_a)
        .where(
            separations.c.packets_a == pairs.c.packets_a,
            separations.c.packets_b == pairs.c.packets_b,
            separations.c.at <= snapshot.as_of,
        )
        .exists()
    )
