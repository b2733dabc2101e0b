"""What is heard in tracks, for whoever asks about tracks: their audio files, their recordings, what matches them.

A track is heard through its assets of role audio: an asset's path is that of a file of the same dataset. Everything
found by listening is kept under the `packets` of that file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    String,
    Table,
    and_,
    func,
    literal_column,
    not_,
    select,
    union_all,
)

from audit_core.audio.tables import audio_files
from audit_core.catalogue.members import among
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import assets, tracks
from audit_core.neighbours.tables import (
    audio_matches,
    recording_members,
    separations,
    version_candidates,
)

__all__ = [
    "any_audio",
    "audio_name",
    "audio_of_tracks",
    "heard_recording",
    "heard_tracks",
    "matches_both_ways",
    "recording_of_tracks",
    "recordings_with",
    "separated_both_ways",
    "versions_both_ways",
    "whole_between_recordings",
]

_AUDIO: Final = "packets:"
_OF_THE_ROW: Final = frozenset({"id", "from_rev", "to_rev", "row_hash"})


def any_audio(connection: Connection, snapshot: Snapshot) -> bool:
    """Tell whether any file was ever scanned: if not, there is nothing to ask the other selections for."""
    return connection.execute(select(audio_files.c.id).where(snapshot.holds(audio_files)).limit(1)).first() is not None


def heard_tracks(snapshot: Snapshot) -> FromClause:
    """Join tracks, assets, `audio_file` and (where there is one) `recording_member`, as of a snapshot.

    For queries that have conditions on the table of tracks, of which the snapshot is one: it is not asked here.
    """
    of_file = and_(
        audio_files.c.dataset_id == tracks.c.dataset_id,
        audio_files.c.path == assets.c.path,
        snapshot.holds(audio_files),
    )
    member = and_(recording_members.c.packets == audio_files.c.packets, snapshot.holds(recording_members))
    return (
        tracks.join(assets, and_(assets.c.track_id == tracks.c.id, assets.c.role == "audio"))
        .join(audio_files, of_file)
        .join(recording_members, member, isouter=True)
    )


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


def heard_recording() -> ColumnElement[str | None]:
    """Give the expression, over `heard_tracks`, for the recording of a track as the comparison has it.

    That is the id of the recording; of audio that is of none, because nothing else matches it or because it was not
    compared yet, the audio's own name: ``pcm:`` or ``packets:`` and the hash. So equal audio is one recording however
    it was tagged, even before the comparison. NULL of audio that was not heard.

    It tells what belongs together, and changes as more is scanned and compared: what stays is called by
    `audio_name`.
    """
    pcm, packets = (literal_column(f"'{name}:'", String) for name in ("pcm", "packets"))  # no parameters: see GROUP BY
    return func.coalesce(recording_members.c.recording, pcm + audio_files.c.pcm, packets + audio_files.c.packets)


def audio_name() -> ColumnElement[str]:
    """Give the expression, over `heard_tracks`, for the name of a track's own audio: ``packets:`` and the hash."""
    return literal_column(f"'{_AUDIO}'", String) + audio_files.c.packets


def recordings_with(snapshot: Snapshot, names: Collection[str]) -> ColumnElement[bool]:
    """Give the condition, over `heard_tracks`, that a track is of a recording to which some audio belongs.

    Parameters
    ----------
    snapshot : Snapshot
    names : collection of str
        The names of the audio, as `audio_name` gives them.
    """
    packets = {name.removeprefix(_AUDIO) for name in names}
    member = and_(recording_members.c.packets == audio_files.c.packets, snapshot.holds(recording_members))
    named = (
        select(heard_recording())
        .select_from(audio_files.join(recording_members, member, isouter=True))
        .where(snapshot.holds(audio_files), among(audio_files.c.packets, packets))
        .correlate(None)
    )
    return heard_recording().in_(named)


def recording_of_tracks(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select ``track_id``, ``recording`` and ``heard`` (1 or 0): the heard recordings of tracks, and the stated ones.

    A track may have one of each, or several if it has several audio files. The two kinds are named apart: a stated name
    that equals a heard id means nothing.
    """
    own = heard_recording()
    heard = (
        select(tracks.c.id.label("track_id"), own.label("recording"), literal_column("1").label("heard"))
        .select_from(heard_tracks(snapshot))
        .where(snapshot.holds(tracks), own.is_not(None))
    )
    stated = select(tracks.c.id.label("track_id"), tracks.c.recording, literal_column("0").label("heard")).where(
        snapshot.holds(tracks), tracks.c.recording.is_not(None)
    )
    return union_all(heard, stated)


def matches_both_ways(snapshot: Snapshot) -> CompoundSelect[Any]:
    """Select the matches above the threshold twice: ``packets``, ``other``, ``whole`` and ``overlap``.

    The overlap is in seconds of `packets`. What a person has separated is not among them.
    """
    held = and_(
        snapshot.holds(audio_matches), audio_matches.c.candidate.is_(False), not_(_separated(audio_matches, snapshot))
    )
    a, b, whole, overlap = (audio_matches.c[name] for name in ("packets_a", "packets_b", "whole", "overlap_s"))
    return union_all(
        select(a.label("packets"), b.label("other"), whole, overlap.label("overlap")).where(held),
        select(b.label("packets"), a.label("other"), whole, (overlap * audio_matches.c.tempo).label("overlap")).where(
            held
        ),
    )


def whole_between_recordings(snapshot: Snapshot) -> Select[Any]:
    """Select, both ways, ``packets`` and ``other`` of whole matches of which no recording was made.

    So it is with audio that matches two others which a person has separated: it can be of one recording alone, and
    matches the other still.
    """
    pairs = matches_both_ways(snapshot).subquery("whole_pairs")
    members = select(recording_members.c.packets, recording_members.c.recording).where(
        snapshot.holds(recording_members)
    )
    one, other = members.subquery("one"), members.subquery("other")
    together = (
        select(one.c.packets)
        .join(other, other.c.recording == one.c.recording)
        .where(one.c.packets == pairs.c.packets, other.c.packets == pairs.c.other)
        .correlate(pairs)
        .exists()
    )
    return select(pairs.c.packets, pairs.c.other).where(pairs.c.whole.is_(True), not_(together))


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
