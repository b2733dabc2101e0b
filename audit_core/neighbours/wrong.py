"""Which pairs of files are known to share nothing: no match, no recording, nothing that their metadata has in common.

Two tracks of one artist, album or work, or of one title, may truly share audio; no pair of theirs is called wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, select

from audit_core.audio.tables import audio_files
from audit_core.catalogue.snapshot import Snapshot
from audit_core.catalogue.tables import track_groups, tracks
from audit_core.neighbours.recordings import heard_tracks
from audit_core.neighbours.tables import audio_matches, recording_members

__all__ = ["wrong_pairs"]

_FIELDS: Final = ("artist", "album", "work", "recording")
_PAGE: Final = 500


def wrong_pairs(connection: Connection, snapshot: Snapshot, packets: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which pairs of some audio are known to be wrong.

    Parameters
    ----------
    connection : Connection
    snapshot : Snapshot
    packets : sequence of str
        The audio, all of which was compared.

    Returns
    -------
    wrong : np.ndarray, shape=(n, n), dtype=bool
        Symmetric; False on the diagonal.
    """
    numbers = {one: number for number, one in enumerate(packets)}
    wrong = np.ones((len(packets), len(packets)), np.bool_)
    np.fill_diagonal(wrong, val=False)
    shared: dict[tuple[str, object], set[int]] = defaultdict(set)
    for field, value, one in _values(connection, snapshot, packets):
        if value is not None:
            shared[field, value.strip().casefold() if isinstance(value, str) else value].add(numbers[one])
    for members in shared.values():
        some = np.fromiter(sorted(members), np.int64)
        wrong[np.ix_(some, some)] = False
    for first in range(0, len(packets), _PAGE):
        page = packets[first : first + _PAGE]
        pairs = select(audio_matches.c.packets_a, audio_matches.c.packets_b).where(
            snapshot.holds(audio_matches), audio_matches.c.candidate.is_(False), audio_matches.c.packets_a.in_(page)
        )
        for a, b in connection.execute(pairs):
            if b in numbers:
                wrong[numbers[a], numbers[b]] = wrong[numbers[b], numbers[a]] = False
    return wrong


def _values(connection: Connection, snapshot: Snapshot, packets: Sequence[str]) -> list[tuple[str, Any, str]]:
    """Read what audio may have in common: field, value, `packets`."""
    own = audio_files.c.packets
    found = []
    for first in range(0, len(packets), _PAGE):
        page = packets[first : first + _PAGE]
        here = (snapshot.holds(tracks), own.in_(page))
        joined = heard_tracks(snapshot)
        groups = joined.join(track_groups, track_groups.c.track_id == tracks.c.id)
        asked: list[Select[Any]] = [
            select(track_groups.c.field, track_groups.c.group_id, own)
            .select_from(groups)
            .where(*here, track_groups.c.field.in_(_FIELDS)),
            select(recording_members.c.recording, recording_members.c.packets).where(
                snapshot.holds(recording_members), recording_members.c.packets.in_(page)
            ),
            select(audio_files.c.pcm, own).where(snapshot.holds(audio_files), own.in_(page)),
            *(
                select(column, own).select_from(joined).where(*here, column.is_not(None))
                for column in (tracks.c.title, tracks.c.isrc)
            ),
        ]
        for number, query in enumerate(asked):
            for row in connection.execute(query.distinct()):
                found.append((row[0], row[1], row[2]) if number == 0 else (f"column {number}", row[0], row[1]))
    return found
