"""Quarantine: which tracks are out, by their key or by their content.

A quarantine is bound to a track's key, so that a track that vanishes and returns stays out, and to the checksums of
its audio, so that every byte-identical copy is out too, in whatever dataset. Checksums are compared within one
algorithm only. What a scan found counts as what the catalogue states: the SHA-256 of the file that a track names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, or_, select, tuple_, union, update

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot, latest_revision
from audit_core.catalogue.tables import assets, checksums, datasets, tracks
from audit_core.ledger.tables import decisions, quarantine_contents, quarantines

__all__ = ["Content", "Target", "content_of", "copies_of", "impose", "lift", "quarantined_tracks", "unreleased"]

Target = tuple[str, str]
"""A track that a quarantine takes out: its dataset's name, and its key."""

Content = tuple[str, str]
"""A checksum: its algorithm, and its value."""

_AUDIO: Final = "audio"
_SCANNED: Final = "sha256"  # the algorithm by which a scan knows a file

# From a file that was heard to the tracks that name it.
_NAMES: Final = and_(assets.c.path == audio_files.c.path, assets.c.role == _AUDIO)
_IS_OF: Final = and_(tracks.c.id == assets.c.track_id, tracks.c.dataset_id == audio_files.c.dataset_id)
_PAGE: Final = 500


def quarantined_tracks(snapshot: Snapshot, *, or_since: bool = False) -> Select[tuple[int]]:
    """Select the ids of a snapshot's tracks that are out.

    Parameters
    ----------
    snapshot : Snapshot
        The revision whose tracks are meant, and the moment at which quarantines are in force: since they were imposed,
        until before they were released.
    or_since : bool
        Count those too that stand now but not yet at that moment, as an export must.

    Returns
    -------
    ids : Select
        Reads the quarantines and what they lead to by indexes, never the catalogue.
    """
    in_force = _in_force(snapshot.as_of, or_since)
    by_key = (
        select(tracks.c.id)
        .select_from(quarantines)
        .join(datasets, datasets.c.name == quarantines.c.dataset)
        .join(tracks, and_(tracks.c.dataset_id == datasets.c.id, tracks.c.key == quarantines.c.track_key))
        .where(in_force, snapshot.holds(tracks))
    )
    by_content = (
        select(tracks.c.id)
        .select_from(quarantines)
        .join(quarantine_contents, quarantine_contents.c.quarantine_id == quarantines.c.id)
        .join(
            checksums,
            and_(
                checksums.c.algorithm == quarantine_contents.c.algorithm,
                checksums.c.value == quarantine_contents.c.value,
            ),
        )
        .join(tracks, tracks.c.id == checksums.c.track_id)
        .where(in_force, snapshot.holds(tracks))
    )
    by_sound = (
        select(tracks.c.id)
        .select_from(quarantines)
        .join(quarantine_contents, quarantine_contents.c.quarantine_id == quarantines.c.id)
        .join(audio_files, audio_files.c.sha256 == quarantine_contents.c.value)
        .join(assets, _NAMES)
        .join(tracks, _IS_OF)
        .where(
            quarantine_contents.c.algorithm == _SCANNED,
            in_force,
            snapshot.holds(audio_files),
            snapshot.holds(tracks),
        )
    )
    return select(union(by_key, by_content, by_sound).subquery("quarantined").c.id)


def _in_force(moment: datetime, or_since: bool) -> ColumnElement[bool]:
    unreleased = quarantines.c.released_at.is_(None)
    then = and_(quarantines.c.since <= moment, or_(unreleased, quarantines.c.released_at > moment))
    return or_(unreleased, then) if or_since else then


def content_of(connection: Connection, targets: Sequence[Target]) -> dict[Target, list[Content]]:
    """Read the checksums that a quarantine of these tracks is bound to.

    Those of a track's audio, stated or found by a scan; if it has none, of all its files. Of a track that has vanished,
    those that it had last. A track without any, or unknown, has an empty list.
    """
    newest = latest_revision(connection)
    found: dict[Target, list[Content]] = {target: [] for target in targets}
    by_dataset: dict[str, list[str]] = defaultdict(list)
    for dataset, key in found:
        by_dataset[dataset].append(key)
    for dataset, keys in by_dataset.items():
        dataset_id = connection.execute(select(datasets.c.id).where(datasets.c.name == dataset)).scalar()
        for start in range(0, len(keys), _PAGE):
            for key, content in _content_of_some(connection, dataset_id, keys[start : start + _PAGE], newest).items():
                found[dataset, key] = content
    return found


def copies_of(connection: Connection, targets: Sequence[Target], snapshot: Snapshot) -> tuple[Target, ...]:
    """Find the tracks of a snapshot that hold byte for byte what a quarantine of these tracks is bound to.

    Returns
    -------
    copies : tuple of (dataset, track key)
        Sorted, without the tracks themselves.
    """
    bound = sorted({content for contents in content_of(connection, targets).values() for content in contents})
    found: set[Target] = set()
    for start in range(0, len(bound), _PAGE):
        same = tuple_(checksums.c.algorithm, checksums.c.value).in_(bound[start : start + _PAGE])
        rows = connection.execute(
            select(datasets.c.name, tracks.c.key)
            .select_from(checksums)
            .join(tracks, tracks.c.id == checksums.c.track_id)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(same, snapshot.holds(tracks))
        )
        found.update((row.name, row.key) for row in rows)
        scanned = [value for algorithm, value in bound[start : start + _PAGE] if algorithm == _SCANNED]
        heard = connection.execute(
            select(datasets.c.name, tracks.c.key)
            .select_from(audio_files)
            .join(assets, _NAMES)
            .join(tracks, _IS_OF)
            .join(datasets, datasets.c.id == tracks.c.dataset_id)
            .where(audio_files.c.sha256.in_(scanned), snapshot.holds(audio_files), snapshot.holds(tracks))
        )
        found.update((row.name, row.key) for row in heard)
    return tuple(sorted(found - set(targets)))


def _content_of_some(
    connection: Connection, dataset_id: int | None, keys: Sequence[str], newest: int
) -> Mapping[str, list[Content]]:
    rows_of_tracks = connection.execute(
        select(tracks.c.key, tracks.c.id)
        .where(tracks.c.dataset_id == dataset_id, tracks.c.key.in_(keys), tracks.c.from_rev <= newest)
        .order_by(tracks.c.from_rev)
    )
    last = {row.key: row.id for row in rows_of_tracks}
    key_of = {track_id: key for key, track_id in last.items()}
    # In two steps: in one, SQLite reads through all assets.
    rows = connection.execute(
        select(assets.c.track_id, assets.c.role, checksums.c.algorithm, checksums.c.value)
        .join(checksums, checksums.c.asset_id == assets.c.id)
        .where(assets.c.track_id.in_(list(key_of)))
        .distinct()
        .order_by(checksums.c.algorithm, checksums.c.value)
    )
    audio: dict[str, list[Content]] = defaultdict(list)
    every: dict[str, list[Content]] = defaultdict(list)
    for track_id, role, algorithm, value in rows:
        key = key_of[track_id]
        if role == _AUDIO:
            audio[key].append((algorithm, value))
        if (algorithm, value) not in every[key]:
            every[key].append((algorithm, value))
    for row in connection.execute(_heard(dataset_id, list(key_of), newest)):
        audio[key_of[row.track_id]].append((_SCANNED, row.sha256))
    return {**every, **{key: sorted(set(content)) for key, content in audio.items()}}


def _heard(dataset_id: int | None, track_ids: Sequence[int], newest: int) -> Select[tuple[int, str | None]]:
    """Select what a scan found in the files that tracks name."""
    stands = and_(audio_files.c.from_rev <= newest, audio_files.c.to_rev > newest)
    return (
        select(assets.c.track_id, audio_files.c.sha256)
        .join(audio_files, and_(audio_files.c.dataset_id == dataset_id, _NAMES, stands))
        .where(assets.c.track_id.in_(track_ids), audio_files.c.sha256.is_not(None))
    )


def impose(
    connection: Connection, decision_id: str, content: Mapping[Target, Sequence[Content]], *, since: datetime
) -> None:
    """Take tracks out, from now on, within the transaction of the decision that says so."""
    if not content:
        return
    rows = [
        {"decision_id": decision_id, "dataset": dataset, "track_key": key, "since": since} for dataset, key in content
    ]
    in_order = insert(quarantines).returning(quarantines.c.id, sort_by_parameter_order=True)
    numbers = connection.scalars(in_order, rows).all()
    contents: list[dict[str, Any]] = [
        {"quarantine_id": number, "algorithm": algorithm, "value": value}
        for number, bound in zip(numbers, content.values(), strict=True)
        for algorithm, value in bound
    ]
    if contents:
        connection.execute(insert(quarantine_contents), contents)


def unreleased(connection: Connection, violation_key: str) -> list[str]:
    """Name the decisions about a violation by which tracks are out still, the first decision first."""
    standing = (
        select(quarantines.c.id)
        .where(quarantines.c.decision_id == decisions.c.id, quarantines.c.released_at.is_(None))
        .exists()
    )
    taken = select(decisions.c.id).where(decisions.c.violation_key == violation_key, standing)
    return list(connection.scalars(taken.order_by(decisions.c.seq)))


def lift(connection: Connection, taken: Sequence[str], *, by: str, at: datetime) -> None:
    """Let the tracks back in that some decisions took out, within the transaction of the releasing decision `by`."""
    standing = quarantines.c.decision_id.in_(taken) & quarantines.c.released_at.is_(None)
    connection.execute(update(quarantines).where(standing).values(released_at=at, released_by=by))
